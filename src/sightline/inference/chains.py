"""What a sampler returns."""

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._core.files import PathLike, check_writable, replacing
from .._core.sums import SAID, append_sum
from .._version import __version__
from ..parameters import Table, labels
from ..statistics import Posterior
from . import diagnostics
from .coordinates import by_name

SHOWN = 40  # rows of a summary


class Chains:
    """Draws from a posterior, and what they tell.

    - `tree`: an `xarray.DataTree` with the groups `posterior` (a variable for each parameter, with dimensions chain,
      draw and its own) and `sample_stats` (`lp`, the log density of unconstrained parameters, `acceptance_rate`,
      `diverging`, `n_steps`, ... as far as the algorithm has them).
    - `parameters`: by name, (chains, draws, ...); `statistics`: likewise, (chains, draws).
    - `labels`, `units`, `symbols`: of each of the n numbers; `vector`: (chains, draws, n).
    - `means`, `standard_deviations`, `r_hat`, `ess`, `ess_tail`: (n,); `covariance`: (n, n).
    - `converged`, `verdict`: whether the chains agree and are long enough, and why (not).

    Printed, it is a table with the verdict.

    !!! example
        >>> chains.labels
        ['magnetic_field.b0']

    **Source:** rank-normalised r-hat, effective sample sizes and their thresholds: Vehtari et al. 2021, Bayesian
    Anal. 16, 667; by arviz.
    """

    def __init__(self, tree: Any):
        self.tree = tree
        self._names: list[str] = json.loads(tree.attrs["names"])

    @classmethod
    def of(
        cls, posterior: Posterior, found: np.ndarray, statistics: Mapping[str, np.ndarray], notes: Mapping[str, Any]
    ) -> "Chains":
        """The chains of unconstrained draws, (chains, draws, n)."""
        import xarray as xr

        drawn = _constrained(posterior, jnp.asarray(found))
        values = {name: np.asarray(drawn[name]) for name in posterior.space.names}
        told = zip(values.items(), posterior.space.units, posterior.space.symbols, strict=True)
        groups = {
            "posterior": xr.Dataset({name: _variable(name, value, *about) for (name, value), *about in told}),
            "sample_stats": xr.Dataset({name: _variable(name, value) for name, value in statistics.items()}),
        }
        tree = xr.DataTree.from_dict(groups)
        tree.attrs = {"sightline": __version__, "names": json.dumps(list(values)), **notes}
        if np.any(posterior.space.held):
            tree.attrs["held"] = json.dumps([int(one) for one in np.flatnonzero(posterior.space.held)])
        return cls(tree)

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """By name, (chains, draws, ...)."""
        return {name: self.tree["posterior"][name].values for name in self._names}

    @property
    def statistics(self) -> dict[str, np.ndarray]:
        """Of every draw, by name, (chains, draws)."""
        return {str(name): value.values for name, value in self.tree["sample_stats"].data_vars.items()}

    @property
    def labels(self) -> list[str]:
        """A name for every number: `b0`, `arms[3]`."""
        return labels({name: value[0, 0] for name, value in self.parameters.items()}, self._names)

    @property
    def units(self) -> list[str]:
        """The unit of every number."""
        return self._of_each(lambda notes: notes["units"])

    @property
    def symbols(self) -> list[str]:
        """How formulas write every number, `""` where nobody says."""
        return self._of_each(lambda notes: notes.get("symbol", ""))

    def _of_each(self, read: Callable[[Mapping[str, Any]], str]) -> list[str]:
        """What the notes of a variable say, for each of its numbers."""
        variables = [self.tree["posterior"][name] for name in self._names]
        return [read(one.attrs) for one in variables for _ in range(int(np.prod(one.shape[2:])))]

    @functools.cached_property
    def vector(self) -> np.ndarray:
        """All numbers, (chains, draws, n), double precision."""
        parts = [value.reshape(*value.shape[:2], -1) for value in self.parameters.values()]
        return np.concatenate(parts, axis=-1).astype(np.float64)

    @property
    def means(self) -> np.ndarray:
        """(n,)."""
        return self.vector.mean(axis=(0, 1))

    @property
    def standard_deviations(self) -> np.ndarray:
        """(n,)."""
        return self.vector.std(axis=(0, 1), ddof=1)

    @property
    def covariance(self) -> np.ndarray:
        """(n, n)."""
        return np.atleast_2d(np.cov(self.vector.reshape(-1, self.vector.shape[-1]), rowvar=False))

    @functools.cached_property
    def r_hat(self) -> np.ndarray:
        """Rank-normalised split r-hat, (n,)."""
        return diagnostics.r_hat(self.vector)

    @functools.cached_property
    def ess(self) -> np.ndarray:
        """The effective sample size of the bulk, (n,)."""
        return np.minimum(diagnostics.ess(self.vector, "bulk"), self._worth)

    @functools.cached_property
    def ess_tail(self) -> np.ndarray:
        """The effective sample size of the tails, (n,)."""
        return np.minimum(diagnostics.ess(self.vector, "tail"), self._worth)

    @property
    def _worth(self) -> float:
        """How many independent draws the weighted points are worth that draws were taken from, if they were."""
        return float(np.sum(self.tree.attrs.get("worth", np.inf)))

    @property
    def divergences(self) -> int:
        """How many draws diverged."""
        return int(np.sum(self.statistics.get("diverging", 0)))

    @property
    def converged(self) -> bool:
        """Whether nothing speaks against it."""
        return not self._complaints()

    @property
    def verdict(self) -> str:
        """`converged`, or why not and what to do."""
        found = self._complaints()
        return "not converged: " + "; ".join(found) if found else "converged"

    def _complaints(self) -> list[str]:
        known = [self.tree.attrs["complaint"]] if "complaint" in self.tree.attrs else []
        least = np.minimum(self.ess, self.ess_tail)
        free = np.setdiff1d(np.arange(least.size), json.loads(self.tree.attrs.get("held", "[]")))
        free = free if free.size else np.arange(least.size)
        labels = [self.labels[one] for one in free]
        return known + diagnostics.complaints(
            labels, self.r_hat[free], least[free], self.vector.shape[0], self.divergences
        )

    def summary(self) -> Table:
        """A table: mean, standard deviation, r-hat and effective sample size of every number, and the verdict."""
        columns = (self.labels, self.units, self.means, self.standard_deviations, self.r_hat, self.ess, self.ess_tail)
        rows = [
            [label, unit, f"{mean:.6g}", f"{sd:.3g}", f"{r:.4f}", f"{bulk:.0f}", f"{tail:.0f}"]
            for label, unit, mean, sd, r, bulk, tail in zip(*columns, strict=True)
        ][:SHOWN]
        chains, draws, size = self.vector.shape
        notes = [f"and {size - SHOWN} more"] if size > SHOWN else []
        notes += [self.tree.attrs["note"]] if "note" in self.tree.attrs else []
        title = f"{chains} chains of {draws} draws, {self.tree.attrs['algorithm']}"
        header = ["parameter", "unit", "mean", "standard deviation", "r-hat", "ESS", "tail ESS"]
        return Table(header, rows, title, "\n".join([*notes, self.verdict]))

    def __repr__(self) -> str:
        return repr(self.summary())

    def to_arviz(self) -> Any:
        """The same for arviz: `arviz.InferenceData` of its versions before 1.0, the tree itself since."""
        arviz = diagnostics.import_arviz()
        if not diagnostics.before_1(arviz):
            return self.tree
        return arviz.InferenceData(**{name: group.to_dataset() for name, group in self.tree.children.items()})

    def save(self, path: PathLike, overwrite: bool = False) -> None:
        """Writes the tree as netCDF, whole or not at all.

        **Raises:** as `sl.io.check_writable`.

        !!! example
            >>> chains.save("posterior.nc", overwrite=True)
            >>> again = sl.inference.load_chains("posterior.nc")
        """
        check_writable(path, overwrite)
        tree = self.tree.copy()
        tree.attrs = self.tree.attrs | {"checksum": SAID}
        with replacing(path, overwrite) as temporary:
            tree.to_netcdf(temporary, engine="h5netcdf", invalid_netcdf=False)
            append_sum(temporary)


def _variable(name: str, value: np.ndarray, unit: str = "", symbol: str = "") -> tuple[Any, ...]:
    own = [f"{name}_dim_{axis}" for axis in range(value.ndim - 2)]
    value = value.astype(np.int8) if value.dtype == bool else value  # netCDF has no bool
    return (["chain", "draw", *own], value, {"units": unit, "symbol": symbol} if symbol else {"units": unit})


@eqx.filter_jit
def _constrained(posterior: Posterior, found: Array) -> dict[str, Array]:
    """Constrained parameters by name, of unconstrained vectors, (chains, draws, n)."""
    one = lambda vector: posterior.space.to_constrained(by_name(posterior, vector))  # noqa: E731
    return jax.lax.map(lambda chain: jax.lax.map(one, chain, batch_size=100), found)
