from collections.abc import Sequence
from typing import Any

import numpy as np

from ..parameters import Table
from .options import check_fraction
from .quadrature import Panels
from .summit import Density

Grid = tuple[np.ndarray, np.ndarray]


class Marginal:
    """The posterior of one number on a range, as `sl.scan` finds it.

    - `name`, `unit`, `range`: (low, high).
    - `mode`: where the density is largest; `mean`, `sd`: mean and standard deviation.

    Printed, it is a table.

    **Arguments:** `name`, `unit`; `panels`: the ranges of the quadrature, with what the density is at their nodes;
    `mode`: where that is known, `None`: sought in them.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace({"x": jnp.asarray(0.5)}, {"x": dist.Uniform(0.0, 2.0)})
        >>> one = sl.Likelihood(lambda model: model["x"] * jnp.ones(1), [1.0], sl.statistics.Gaussian([0.1]))
        >>> found = sl.scan(sl.Posterior(space, one), {"x": (0.0, 2.0)})
        >>> f"{found.mean:.3f}, {found.sd:.3f}, {found.upper(0.95):.3f}"
        '1.000, 0.100, 1.164'
    """

    name: str
    unit: str

    def __init__(self, name: str, unit: str, panels: Panels, mode: float | None = None):
        self.name, self.unit, self._panels = name, unit, panels
        self.range: tuple[float, float] = (float(panels.low[0]), float(panels.high[-1]))
        self._total = float(panels.total[0])
        self.mode: float = self._highest() if mode is None else mode
        away = panels.nodes - self.mode
        shift = float(panels.moments(away)[0]) / self._total
        self.mean: float = self.mode + shift
        self.sd: float = max(float(panels.moments((away - shift) ** 2)[0]) / self._total, 0.0) ** 0.5

    def density(self, x: np.ndarray | float) -> np.ndarray:
        """The density at x, 0 beyond the range."""
        return np.maximum(self._panels.at(np.atleast_1d(np.asarray(x, np.float64))), 0) / self._total

    def below(self, x: np.ndarray | float) -> np.ndarray:
        """The probability of less than x."""
        return self._panels.below(np.atleast_1d(np.asarray(x, np.float64))) / self._total

    def grid(self, count: int = 200) -> Grid:
        """Values between which all but 1e-5 of the probability lies, and the density there, (count,) each."""
        x = np.linspace(self._quantile(5e-6), self._quantile(1 - 5e-6), count)
        return x, self.density(x)

    def upper(self, level: float = 0.95) -> float:
        """The value below which the number lies with this probability."""
        check_fraction("level", level)
        return self._quantile(level)

    def lower(self, level: float = 0.95) -> float:
        """The value above which the number lies with this probability."""
        check_fraction("level", level)
        return self._quantile(1 - level)

    def interval(self, level: float = 0.683) -> tuple[float, float]:
        """The shortest interval with this probability, for a density with one maximum; it may end at the range."""
        from scipy.optimize import brentq

        check_fraction("level", level)
        first, last = self.range[0], self._quantile(1 - level)

        def end(start: float) -> float:
            return self._quantile(min(float(self.below(start)[0]) + level, 1.0))

        def rise(start: float) -> float:
            return float((self.density(start) - self.density(end(start)))[0])

        if rise(first) >= 0:
            return first, end(first)
        if rise(last) <= 0:
            return last, self.range[1]
        start = float(brentq(rise, first, last, xtol=1e-14 * (self.range[1] - self.range[0])))
        return start, end(start)

    def summary(self) -> Table:
        """A table: mode, mean, standard deviation, the shortest interval of 68.3 %, and limits of 95 %."""
        return table([self])

    def __repr__(self) -> str:
        return repr(self.summary())

    def _quantile(self, probability: float) -> float:
        from scipy.optimize import brentq

        if probability <= 0 or probability >= 1:
            return self.range[int(probability >= 1)]
        panels = self._panels
        sums = np.cumsum(panels.masses[:, 0]) / self._total
        one = int(np.clip(np.searchsorted(sums, probability), 0, sums.size - 1))
        low, high = float(panels.low[one]), float(panels.high[one])
        short, beyond = (float(self.below(x)[0]) - probability for x in (low, high))
        if short >= 0 or beyond <= 0:  # by rounding
            return low if short >= 0 else high
        reach = 1e-15 * max(abs(low), abs(high))
        return float(brentq(lambda x: float(self.below(x)[0]) - probability, low, high, xtol=max(reach, 1e-300)))

    def _highest(self) -> float:
        """The maximum of the density: the highest node, then the highest between its neighbours."""
        from scipy.optimize import minimize_scalar

        x = np.concatenate([[self.range[0]], self._panels.nodes.ravel(), [self.range[1]]])
        one = int(np.argmax(self._panels.at(x)))
        if one in (0, x.size - 1):
            return float(x[one])
        ends = (float(x[one - 1]), float(x[one + 1]))
        found: Any = minimize_scalar(lambda y: -float(self._panels.at(np.array([y]))[0]), bounds=ends, method="bounded")
        inside, edges = float(found.x), [end for end in ends if end in self.range]
        return max([inside, *edges], key=lambda y: float(self._panels.at(np.array([y]))[0]))


class Joint:
    """The posterior of two numbers on ranges, as `sl.scan` finds it: `joint["r"]` is the `Marginal` of one.

    - `names`; `mode`: where the density is largest, by name; `covariance`: (2, 2); `correlation`.

    Printed, it is a table.

    **Arguments:**

    - `marginals`: of both numbers; `mode`: as above.
    - `product`: the mean of the product of what both are off their means.
    - `density`: of both, of which `height` is the largest logarithm.

    **Raises:** `KeyError` for a name that was not scanned.

    !!! example
        >>> import numpyro.distributions as dist
        >>> both = {"x": dist.Uniform(0.0, 2.0), "y": dist.Uniform(0.0, 2.0)}
        >>> space = sl.ParameterSpace({"x": jnp.asarray(0.5), "y": jnp.asarray(0.5)}, both)
        >>> seen = lambda model: jnp.stack([model["x"] + model["y"], model["x"]])
        >>> data = sl.Likelihood(seen, [2.0, 1.0], sl.statistics.Gaussian([0.1, 0.1]))
        >>> found = sl.scan(sl.Posterior(space, data), {"x": (0, 2), "y": (0, 2)})
        >>> f"{found['x'].sd:.3f}, {found['y'].sd:.3f}, {found.correlation:.3f}"
        '0.100, 0.141, -0.707'
    """

    names: tuple[str, ...]
    mode: dict[str, float]

    def __init__(
        self, marginals: Sequence[Marginal], mode: dict[str, float], product: float, density: Density, height: float
    ):
        self.names, self.mode = tuple(one.name for one in marginals), mode
        self._marginals, self._density, self._height = tuple(marginals), density, height
        first, second = (one.sd for one in marginals)
        self.covariance: np.ndarray = np.array([[first**2, product], [product, second**2]])
        self.correlation: float = product / (first * second)

    def __getitem__(self, name: str) -> Marginal:
        if name not in self.names:
            raise KeyError(f"{name!r} was not scanned: name one of {', '.join(map(repr, self.names))}.")
        return self._marginals[self.names.index(name)]

    def grid(self, count: int = 100) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Values of both, (count,), and the density over its largest, (count, count), where all but 1e-5 lies."""
        x, y = (one.grid(count)[0] for one in self._marginals)
        points = np.stack([part.ravel() for part in np.meshgrid(x, y, indexing="ij")], axis=1)
        return x, y, np.exp(self._density.heights(points) - self._height).reshape(count, count)

    def summary(self) -> Table:
        """A table of both numbers, and their correlation."""
        return table(self._marginals, f"correlation {self.correlation:+.3f}")

    def __repr__(self) -> str:
        return repr(self.summary())


def table(marginals: Sequence[Marginal], notes: str = "") -> Table:
    """One row a number."""
    header = ["parameter", "unit", "mode", "mean", "sd", "68.3 % from", "to", "95 % above", "95 % below"]
    rows = []
    for one in marginals:
        numbers = (one.mode, one.mean, one.sd, *one.interval(0.683), one.lower(0.95), one.upper(0.95))
        rows.append([one.name, one.unit, *(f"{number:.4g}" for number in numbers)])
    return Table(header, rows, notes=notes)
