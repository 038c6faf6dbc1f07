"""The posterior of one or two numbers by adaptive quadrature."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._core.given import check_kind
from .._core.units import numbers
from ..parameters.box import box
from ..statistics import Posterior
from .options import check_posterior
from .quadrature import Panels, integrate
from .scanned import Joint, Marginal
from .summit import Density, Summit, summits

TOLERANCE = {1: 1e-10, 2: 1e-8}  # of a panel, relative to the whole
STEPS = np.array([0.3, 1.0, 2.0, 3.0, 5.0, 8.0])  # away from the mode, in scales: between them are the first panels
_ROUNDING = 8.0  # units in the last place by which a log density may be wrong


def scan(posterior: Posterior, ranges: Mapping[str, Any]) -> Marginal | Joint:
    """The posterior of one or two numbers on a range: mode, mean, standard deviation, limits, intervals.

    p(x) = exp[log p(x | d)]/int exp[log p(x' | d)] dx',

    by the quadrature of Gauss and Kronrod on panels that are halved where they must be, about the mode and the ends of
    the range. Between nodes the density is a polynomial, so that no step of a grid is in any number. The mode is where
    the derivative is zero, or an end of the range.

    **Arguments:**

    - `posterior`: whose free numbers are those of `ranges`; others are held, `space.pin`.
    - `ranges`: (low, high) by the label of the number, one or two. What reaches beyond the prior is cut there.

    **Returns:** of one number a `Marginal`, with `.mode`, `.mean`, `.sd`, `.upper(0.68)`, `.lower(0.68)` and
    `.interval(0.683)`; of two a `Joint`, with a `Marginal` by label. Printed, they are tables.

    **Raises:** `ValueError` for ranges that are empty or outside the prior, labels that are none, numbers that are free
    and have no range, or a density that is zero everywhere; `TypeError` for what is no posterior, or ranges no dict.

    !!! example
        >>> import numpyro.distributions as dist
        >>> ell = np.arange(2, 200)
        >>> noise = np.full(198, 1e-6)
        >>> data = sl.cosmology.BModes(r=0.0)(ell) + noise
        >>> space = sl.ParameterSpace(sl.cosmology.BModes(), {"r": dist.Uniform(0.0, 1.0)})
        >>> posterior = sl.Posterior(space, sl.BandpowerLikelihood(ell, data, noise=noise, f_sky=0.6))
        >>> found = sl.scan(posterior, {"r": (0, 0.01)})
        >>> abs(found.mode) < 1e-7, f"{found.upper(0.68):.4g}"
        (True, '8.266e-05')

    **Source:** Piessens et al. 1983, QUADPACK (quadrature).
    """
    labels = tuple(ranges)
    low, high = _ranges(posterior, ranges)
    density = Density(posterior, labels, low, high)
    tops = summits(density)
    top = tops[0]
    tolerance = _tolerance(posterior, top, low.size)
    if low.size == 1:
        panels = integrate(lambda x: _relative(density, x[:, None], top), _breaks(density, tops, 0), tolerance)
        return Marginal(labels[0], _unit(posterior, labels[0]), panels, float(top.mode[0]))
    both = [_marginal(density, tops, which, tolerance) for which in range(2)]
    found = [Marginal(label, _unit(posterior, label), panels) for label, panels in zip(labels, both, strict=True)]
    product = both[0].moments(both[0].nodes - found[0].mean)[1] / both[0].total[0]
    return Joint(found, dict(zip(labels, top.mode.tolist(), strict=True)), product, density, top.height)


def _ranges(posterior: Posterior, ranges: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The box, cut at the ends of the priors, (d,) each."""
    check_posterior(posterior)
    check_kind("ranges", ranges, Mapping, 'a dict by name, e.g. {"r": (0.0, 0.01)}')
    if not 1 <= len(ranges) <= 2:
        raise ValueError(f"ranges names {len(ranges)} numbers: scan one or two; sl.sample draws from more.")
    space, found = posterior.space, []
    first, last = (np.asarray(end, np.float64) for end in box(space))
    for label, given in ranges.items():
        name, _ = space.find(label)
        unit = space.units[space.names.index(name)]
        ends = numbers(given, unit, f"ranges[{label!r}]")
        if ends.shape != (2,) or not np.all(np.isfinite(ends)) or not ends[0] < ends[1]:
            raise ValueError(f"ranges[{label!r}] = {given!r} is empty: give (low, high), low < high, both finite.")
        place = space.labels.index(label)
        if space.held[place]:
            raise ValueError(f"ranges[{label!r}]: the number is held by pin: scan a space that does not hold it.")
        cut = np.clip(ends, first[place], last[place])
        if not cut[0] < cut[1]:
            raise ValueError(
                f"ranges[{label!r}] = {given!r} lies outside its prior, {first[place]:g} ... {last[place]:g}."
            )
        found.append(cut)
    free = zip(space.labels, ~space.held, strict=True)
    others = [label for label, moves in free if moves and label not in ranges]
    if others:
        raise ValueError(
            f"{', '.join(others[:3])} {'is' if len(others) == 1 else 'are'} free as well: give a range for it, keep it "
            "out of the ParameterSpace, or take sl.sample."
        )
    return np.array(found).T[0], np.array(found).T[1]


def _tolerance(posterior: Posterior, top: Summit, size: int) -> float:
    """What quadrature can reach: the rounding of a log density is that of the density itself."""
    precision = min(float(np.finfo(value.dtype).eps) for value in posterior.space.initial.values())
    return max(TOLERANCE[size], _ROUNDING * precision * max(abs(top.height), 1.0))


def _breaks(density: Density, tops: list[Summit], which: int) -> np.ndarray:
    """The ends of the first panels along one number."""
    low, high = density.low[which], density.high[which]
    steps = np.concatenate([-STEPS, [0.0], STEPS])
    about = [top.mode[which] + top.scale[which] * steps for top in tops]
    rough = np.concatenate([np.linspace(low, high, 9), *about])
    inside = np.unique(rough[(rough >= low) & (rough <= high)])
    apart = np.diff(inside, prepend=-np.inf) > 1e-13 * (high - low)
    kept = inside[apart]
    kept[-1] = high
    return kept


def _relative(density: Density, points: np.ndarray, top: Summit) -> np.ndarray:
    """Densities over that at the mode, (m, 1)."""
    return np.exp(np.minimum(density.heights(points) - top.height, 700.0))[:, None]


def _marginal(density: Density, tops: list[Summit], which: int, tolerance: float) -> Panels:
    """The marginal density of one number."""
    return integrate(lambda x: _over(density, tops, which, x, tolerance), _breaks(density, tops, which), tolerance)


def _over(density: Density, tops: list[Summit], which: int, x: np.ndarray, tolerance: float) -> np.ndarray:
    """The marginal density of one number, and its product with the mean of the other, (m, 2)."""
    top = tops[0]

    def along(y: np.ndarray) -> np.ndarray:
        pair = np.broadcast_arrays(x[None, :], y[:, None])
        points = np.stack(pair if which == 0 else pair[::-1], axis=-1).reshape(-1, 2)
        return _relative(density, points, top).reshape(y.size, x.size)

    panels = integrate(along, _breaks(density, tops, 1 - which), tolerance)
    return np.stack([panels.total, panels.moments(panels.nodes - top.mode[1 - which])], axis=1)


def _unit(posterior: Posterior, label: str) -> str:
    space = posterior.space
    return space.units[space.names.index(space.find(label)[0])]
