"""A magnetic field on a grid from a noisy sky: plain Adam learns the noise, a prior predicts what it has not seen.

    python examples/grid_mock.py --output DIR

The mock is that of Diao et al. 2024 (arXiv:2410.01136, section 4): LSA, thermal electrons of YMW16 on a grid, cosmic
rays of the WMAP analysis; I, Q and U at 2.4 GHz with 1 mK of noise, NSIDE 64, 512 cells; 128 x 128 x 32 nodes.

- *plain*: every node is free, 200 steps of Adam, as in the paper.
- *regularised*: B = an axially symmetric Gaussian process + a Cartesian one on the same nodes, whitened, by L-BFGS. It
  is told that there is no field within 3 kpc of the centre and beyond 20 kpc, as is the plain fit. The lengths of the
  first and the rms of the second process are chosen by fits to a quarter of the pixels, for how well they predict the
  others.

Pixels: 80 % to fit, 10 % for validation, 10 % for a test. Splits and seeds are fixed below; the test pixels, the second
realisation of the noise and 1.2 GHz are looked at once, after everything was chosen.
"""

import argparse
import time
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import healpy as hp
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from grid_mock_report import draw, write

import sightline as sl

FITTED, PREDICTED, HALF = 2.4, 1.2, (20.0, 20.0, 5.0)  # GHz, GHz, kpc
SEED, TEST, VALIDATION, ADAM, LEARNING_RATE = 20261121, 0.1, 0.1, 200, 0.02
LENGTHS = ((5.0, 1.0, 1.5), (10.0, 1.0, 2.0), (20.0, 1.0, 3.0), (40.0, 1.0, 3.0))  # kpc, rad, kpc
DEVIATIONS = (0.1, 0.03, 0.01)  # uG
RMS, LOCAL = 0.7, (3.0, 3.0, 1.0)  # uG of the axial process; kpc of the other


class Start(sl.fields.AbstractField):
    """Where all fits begin: 1 uG along the circles about the centre."""

    def __call__(self, position):
        x, y, _ = position
        radius = jnp.sqrt(x * x + y * y + 1e-6)
        return jnp.stack([-y / radius, x / radius, jnp.zeros_like(x)])


def annulus(position):
    """Where the field is."""
    square = position[0] ** 2 + position[1] ** 2
    return (square >= 9.0) & (square <= 400.0)


class Perpendicular(sl.observables.AbstractObservable):
    """The two components of B across the ray, weighted by the emission of the truth: int j B ds/int j ds, (2,) uG."""

    sightlines: sl.Sightlines
    truth: sl.Simulator
    distance: str | None = sl.setting(None)
    needs: ClassVar = ("magnetic_field",)
    sequential: ClassVar = False

    def along(self, simulator, ray, points, widths):
        def cell(x, y, z):
            place = jnp.stack([x, y, z])
            true = jnp.stack(ray.project(self.truth.plasma(place).magnetic_field)[:2])
            found = jnp.stack(ray.project(simulator.plasma(place).magnetic_field)[:2])
            return self.truth.cosmic_rays(place) * jnp.sum(true**2), found

        weight, across = jax.vmap(cell)(*points)
        weight = weight * widths
        return weight @ across / jnp.sum(weight)


class Mock(NamedTuple):
    """The truth and what was observed of it."""

    simulator: sl.Simulator
    lines: sl.Sightlines
    noise: float
    maps: dict[str, Any]
    parts: dict[str, np.ndarray]


def gridded(field: Any, shape: tuple[int, int, int]) -> jax.Array:
    """A field on the nodes of a grid, components first."""
    positions = jnp.asarray(sl.grids.nodes(shape, HALF).reshape(-1, 3))
    values = jax.lax.map(field, positions, batch_size=8192)
    return jnp.moveaxis(values, 0, -1).reshape(*values.shape[1:], *shape)


def observe(nside: int, cells: int, noise: float, electrons: tuple[int, int, int]) -> Mock:
    """The mock, two realisations of the noise, and the split of the pixels."""
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.Grid(gridded(sl.electrons.YMW16().prepare(), electrons), half_widths=HALF),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
    )
    lines = sl.Sightlines(sl.HealpixSky(nside), cells=sl.BoxCells(cells=cells))
    keys, drawn = jax.random.split(jax.random.key(SEED), 3), np.random.default_rng(SEED).random(hp.nside2npix(nside))
    wanted = {"fitted": FITTED, "second": FITTED, "predicted": PREDICTED}
    see = eqx.filter_jit(lambda s, frequency: s(lines, frequency))
    maps = {
        name: sl.instruments.add_noise(see(simulator, jnp.asarray(nu)), noise, key)
        for (name, nu), key in zip(wanted.items(), keys, strict=True)
    }
    parts = {"test": drawn < TEST, "validation": (drawn >= TEST) & (drawn < TEST + VALIDATION)}
    return Mock(simulator, lines, noise, maps, parts | {"train": drawn >= TEST + VALIDATION})


def data(mock: Mock, name: str, part: str | None = None) -> Any:
    """The likelihood of a map in a part of the sky."""
    mask = None if part is None else mock.parts[part]
    frequency = PREDICTED if name == "predicted" else FITTED
    return sl.MapLikelihood(mock.lines, frequency, mock.maps[name], mock.noise, mask=mask)


@eqx.filter_jit
def _deviance(likelihood: Any, model: sl.Simulator) -> jax.Array:
    return likelihood.deviance(model)


def chi2(likelihood: Any, model: sl.Simulator) -> float:
    """chi^2 for each datum."""
    return float(_deviance(likelihood, model)) / likelihood.size


def posterior(mock: Mock, field: Any, priors: dict[str, Any], part: str) -> sl.Posterior:
    """Of the map that is fitted, in a part of the sky; electrons and cosmic rays are evaluated once."""
    model = eqx.tree_at(lambda s: s.magnetic_field, mock.simulator, field)
    return sl.Posterior(sl.ParameterSpace(model, priors), data(mock, "fitted", part)).hold()


def plain(mock: Mock, nodes: tuple[int, int, int]) -> Any:
    """Adam on every node; nodes are masked like the field."""
    grid = sl.magnetic.Grid(gridded(Start(), nodes), half_widths=HALF)
    anything = dist.ImproperUniform(dist.constraints.real, (), grid.values.shape)
    priors = {"magnetic_field.field.values": anything}
    target = posterior(mock, sl.fields.Masked(grid, inside=annulus), priors, "train")
    return sl.fit(target, sl.Adam(LEARNING_RATE, steps=ADAM), covariance=0)


def processes(nodes: tuple[int, int, int], lengths: tuple[float, ...], deviation: float) -> Any:
    """The symmetric process and, unless `deviation` is 0, the other."""
    axial = sl.magnetic.GaussianProcess(
        (nodes[0] // 2 + 1, 1, nodes[2] + 1), HALF, mean=Start(), rms=RMS, lengths=lengths, coordinates="cylindrical"
    )
    parts = {"axial": axial}
    if deviation:
        parts["local"] = sl.magnetic.GaussianProcess(nodes, HALF, rms=deviation, lengths=LOCAL)
    return sl.fields.Masked(sl.fields.Sum(**parts), inside=annulus)


def free(field: Any) -> dict[str, Any]:
    """The priors of the latents."""
    terms = {f"magnetic_field.field.terms.{name}.latents": term for name, term in field.field.terms.items()}
    return {name: dist.Normal(0.0, 1.0).expand(term.latents.shape).to_event() for name, term in terms.items()}


def regularised(mock: Mock, field: Any, steps: int) -> Any:
    """L-BFGS on the latents; of all iterates the one that is best for the validation pixels."""
    fitted, held_out = (posterior(mock, field, free(field), part) for part in ("train", "validation"))
    return sl.fit(fitted, sl.LBFGS(steps=steps, memory=20), covariance=0, held_out=held_out)


def thinned(mock: Mock, share: int) -> Mock:
    """One of so many of the pixels to fit, the others and the validation pixels to judge by."""
    some = np.random.default_rng(SEED + 1).random(mock.parts["train"].size) < 1 / share
    train = mock.parts["train"] & some
    return mock._replace(parts={"train": train, "validation": ~train & ~mock.parts["test"]})


def choose(mock: Mock, nodes: tuple[int, int, int], steps: int) -> tuple[Any, list[tuple[Any, float, float]]]:
    """The prior that predicts pixels that were not fitted best: first the lengths, then the rms of the deviation."""
    few = thinned(mock, 4)
    fitted, held_out = (data(few, "fitted", part) for part in ("train", "validation"))

    def build(candidate: tuple[tuple[float, ...], float]) -> sl.Posterior:
        field = processes(nodes, *candidate)
        return posterior(few, field, free(field), "train")

    criterion = sl.Validation(held_out, sl.LBFGS(steps=steps, memory=20))
    first = sl.select(build, [(lengths, 0.0) for lengths in LENGTHS], criterion)
    print(first, flush=True)
    second = sl.select(build, [(first.best[0], deviation) for deviation in DEVIATIONS], criterion)
    print(second, flush=True)
    tried = [
        (candidate, chi2(fitted, result.model), chi2(held_out, result.model))
        for one in (first, second)
        for candidate, result in zip(one.candidates, one.results, strict=True)
    ]
    return max((first, second), key=lambda one: max(one.scores)).best, tried


def scores(mock: Mock, model: sl.Simulator) -> dict[str, float]:
    """chi^2 a datum of all that was and was not fitted; the error of B across the sightlines, up to its sign, uG."""
    found = {"fitted pixels": chi2(data(mock, "fitted", "train"), model)}
    found["the same pixels, other noise"] = chi2(data(mock, "second", "train"), model)
    found["test pixels"] = chi2(data(mock, "fitted", "test"), model)
    found["1.2 GHz, all pixels"] = chi2(data(mock, "predicted"), model)
    see = eqx.filter_jit(lambda observable, model: observable(model))
    observable = Perpendicular(mock.lines, mock.simulator)
    true, seen = (np.asarray(see(observable, one)) for one in (mock.simulator, model))
    square = np.minimum(np.sum((seen - true) ** 2, axis=0), np.sum((seen + true) ** 2, axis=0))
    return found | {"rms error of B_perp [uG]": float(np.sqrt(np.mean(square)))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("grid_mock"))
    parser.add_argument("--nside", type=int, default=64)
    parser.add_argument("--cells", type=int, default=512)
    parser.add_argument("--nodes", type=int, default=128)
    parser.add_argument("--noise", type=float, default=1e-3, help="K")
    parser.add_argument("--steps", type=int, default=150, help="of L-BFGS")
    options = parser.parse_args()
    nodes, clock = (options.nodes, options.nodes, options.nodes // 4), [time.perf_counter()]
    mock = observe(
        options.nside, options.cells, options.noise, (2 * options.nodes, 2 * options.nodes, options.nodes // 2)
    )
    fits = {"plain": plain(mock, nodes)}
    clock.append(time.perf_counter())
    print("plain", clock[-1] - clock[0], fits["plain"].history[-1], flush=True)
    (lengths, deviation), tried = choose(mock, nodes, options.steps)
    clock.append(time.perf_counter())
    fits["regularised"] = regularised(mock, processes(nodes, lengths, deviation), options.steps)
    clock.append(time.perf_counter())
    found = {name: scores(mock, fit.model) for name, fit in fits.items()}
    print(found)
    options.output.mkdir(parents=True, exist_ok=True)
    text = write(options, found, tried, (lengths, deviation), fits, np.diff(clock))
    (options.output / "grid_mock.md").write_text(text, encoding="utf-8")
    draw(mock, {name: fit.model for name, fit in fits.items()}, options.output / "grid_mock.png")


if __name__ == "__main__":
    main()
