"""Fits of many data sets with many candidates, as one compiled program."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._core.files import PathLike
from .._core.given import check_kind
from .._core.units import numbers, refuse_units
from ..parameters import labels, ravel
from ..parameters.box import check_box
from ..statistics import Posterior
from ..statistics.likelihood import other_data
from ..statistics.normal import is_squares
from .opened import opened
from .options import check_counts
from .progress import progress as shown
from .projected import ENDS, INFINITE, ProjectedGaussNewton, Walk, walked


class Candidates(NamedTuple):
    """Posteriors of one shape: arrays that differ, stacked; arrays that are the same for all; and all else."""

    own: Any
    shared: Any
    rest: Any


def fit_many(
    build: Callable[[Any], Posterior],
    candidates: Iterable[Any],
    data: Any,
    method: ProjectedGaussNewton | None = None,
    *,
    batch: int = 8,
    checkpoint: PathLike | None = None,
    progress: bool | None = None,
) -> Any:
    """The best parameters of every candidate for every data set, by one program that is compiled once.

    All fits of a batch run together, until the last has ended; those that have ended wait. On several devices data
    sets are shared out among them.

    **Arguments:**

    - `build`: from a candidate to its posterior; those of all candidates have arrays of the same shapes, such as
      labels of clusters padded to one number of values.
    - `candidates`: what tells one model from another: numbers, tuples, names.
    - `data`: (sets, ...): of each set what the only likelihood of a posterior holds, as `likelihood.to_data` gives it;
      of several likelihoods a list with one such array each.
    - `method`: `sl.ProjectedGaussNewton()`.
    - `batch`: candidates at a time; `checkpoint`: a folder, to which each batch is written; the same call goes on
      there.
    - `progress`: print how far it is; `None`: on a terminal.

    **Returns:** an `xarray.Dataset` with dimensions candidate, set, parameter: `value`, `blind` (no datum tells of
    it), and for every fit `log_posterior`, `steps`, `status`.

    **Raises:** `ValueError` without candidates, for candidates that differ from the first in more than the values of
    arrays, or data of another shape; for noise that is no Gaussian of known width and priors that are neither Gaussian
    nor flat; for a checkpoint of other candidates or data; `TypeError` for what is no function or method.

    !!! example
        >>> import numpyro.distributions as dist
        >>> law = lambda model: model["scale"] * model["x"] * jnp.ones(3)
        >>> def build(scale):
        ...     model = {"x": jnp.asarray(0.5), "scale": jnp.asarray(scale)}
        ...     space = sl.ParameterSpace(model, {"x": dist.Uniform(0.0, 1.0)})
        ...     return sl.Posterior(space, sl.Likelihood(law, np.ones(3), sl.statistics.Gaussian(np.ones(3))))
        >>> many = sl.fit_many(build, [2.0, 4.0], np.array([[1.0, 1.0, 1.0], [0.2, 0.4, 0.6]]))
        >>> many["value"].sel(parameter="x").round(6).values.tolist()
        [[0.5, 0.2], [0.25, 0.1]]
    """
    method = ProjectedGaussNewton() if method is None else method
    check_kind("build", build, Callable, "a function that makes a posterior of a candidate")
    check_kind("method", method, ProjectedGaussNewton, "sl.ProjectedGaussNewton()")
    check_counts(batch=batch)
    tried, sets = list(candidates), _sets(data)
    if not tried:
        raise ValueError("candidates is empty: give at least one.")
    posteriors = [build(one) for one in tried]
    check_box(posteriors[0].space)
    _check_squares(posteriors[0])
    group, count = stacked(posteriors, tried), len(sets[0])
    _check_data(posteriors[0], sets)
    parts = {"candidates": (group.own, group.shared, group.rest), "data": sets, "method": (method, batch)}
    found: list[dict[str, np.ndarray]] = []
    placed = _placed(sets)
    with opened(checkpoint, parts) as folder, shown("fits", len(tried), progress) as step:
        for first in range(0, len(tried), batch):
            name, part = f"fits_{first:06}", slice(first, first + batch)
            kept = folder.read(name) if folder is not None else None
            if kept is None:
                kept = _fitted(group, part, placed, method, count)
                if folder is not None:
                    folder.write(name, kept)
            found.append(kept)
            step(len(kept["steps"]))
    return _dataset(found, posteriors[0], tried)


def _check_squares(posterior: Posterior) -> None:
    """Refuses posteriors that are no sums of squares, which other methods fit one by one.

    **Raises:** `ValueError`.
    """
    if not is_squares(posterior):
        raise ValueError(
            "fit_many takes sums of squares: Gaussian noise of known width, priors that are Gaussian or flat. Fit "
            "others one by one, sl.fit(posterior.given([data])), or change the priors."
        )


def stacked(posteriors: Sequence[Posterior], names: Sequence[Any]) -> Candidates:
    """Posteriors of one structure as one, whose arrays that differ have a leading axis.

    **Raises:** `ValueError` for one of other shapes or parameters than the first, naming it.
    """
    split = [eqx.partition(one, eqx.is_array) for one in posteriors]
    arrays, rest = [one for one, _ in split], split[0][1]
    first = jax.tree.leaves(arrays[0])
    for name, posterior, one in zip(names, posteriors, arrays, strict=True):
        shapes = [leaf.shape for leaf in jax.tree.leaves(one)]
        if posterior.space.names != posteriors[0].space.names or shapes != [leaf.shape for leaf in first]:
            raise ValueError(
                f"Candidate {name!r} has other parameters or arrays of other shapes than the first: pad them, e.g. "
                "sl.components.Clusters with as many values for all."
            )
    for name, (_, one) in zip(names, split, strict=True):
        if not _alike(one, rest):
            raise ValueError(
                f"Candidate {name!r} differs from the first in more than its arrays, e.g. in a function of its "
                "likelihood: one program serves all. Take what differs from arrays of the model, or fit one by one."
            )
    same = [
        all(leaf is leaves[0] or np.array_equal(_plain(leaf), _plain(leaves[0])) for leaf in leaves[1:])
        for leaves in zip(*map(jax.tree.leaves, arrays), strict=True)
    ]
    marks = jax.tree.unflatten(jax.tree.structure(arrays[0]), same)
    own = jax.tree.map(lambda mark, *leaves: None if mark else jnp.stack(leaves), marks, *arrays)
    return Candidates(own, jax.tree.map(lambda mark, leaf: leaf if mark else None, marks, arrays[0]), rest)


def _alike(one: Any, other: Any) -> bool:
    """Whether what is no array is the same: functions are where they are one."""
    mine, theirs = (jax.tree.flatten(part) for part in (one, other))
    return mine[1] == theirs[1] and all(a is b or _equal(a, b) for a, b in zip(mine[0], theirs[0], strict=True))


def _equal(one: Any, other: Any) -> bool:
    same = type(one) is type(other) and one == other
    return bool(np.all(same))


def _plain(leaf: Array) -> np.ndarray:
    known = jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
    return np.asarray(known)


def _sets(data: Any) -> list[np.ndarray]:
    """An array a likelihood, whose first axis counts the data sets."""
    refuse_units(data=data)
    return [np.atleast_1d(_plain_numbers(one)) for one in (data if isinstance(data, (list, tuple)) else [data])]


def _plain_numbers(values: Any) -> np.ndarray:
    """Numbers in the precision that they have, NaN where they are masked."""
    found = numbers(values, None, "data")
    return found.astype(values.dtype) if getattr(getattr(values, "dtype", None), "kind", "") == "f" else found


def _check_data(posterior: Posterior, sets: list[np.ndarray]) -> None:
    needed = [one.data.shape for one in posterior.likelihoods]
    given = [one.shape[1:] for one in sets]
    if needed != given or len({len(one) for one in sets}) != 1 or not len(sets[0]):
        raise ValueError(f"data have shapes {[one.shape for one in sets]}: give (sets, ...) with {needed} each.")
    for likelihood, part in zip(posterior.likelihoods, sets, strict=True):
        bad = np.flatnonzero(~np.all(np.isfinite(part.reshape(len(part), -1)), axis=1))
        if bad.size:
            raise ValueError(
                f"data, set {bad[0]}: Likelihood {likelihood.name!r}: data are not finite: leave them out."
            )
        other_data(likelihood, np.min(part, axis=0))  # the smallest of all sets, which a noise of counts may refuse


def _placed(sets: list[np.ndarray]) -> list[Array]:
    """Data on the devices, shared out by set; sets are repeated until every device has as many."""
    devices = jax.devices()
    more = -len(sets[0]) % len(devices)
    padded = [np.concatenate([one, np.repeat(one[-1:], more, axis=0)]) for one in sets]
    mesh = jax.sharding.Mesh(np.array(devices), ("sets",))
    placing = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("sets"))
    return [jax.device_put(jnp.asarray(one), placing) for one in padded]


def _fitted(
    group: Candidates, part: slice, data: list[Array], method: ProjectedGaussNewton, count: int
) -> dict[str, np.ndarray]:
    own = jax.tree.map(lambda leaf: leaf[part], group.own)
    ends = _walks(group._replace(own=own), data, jnp.asarray(method.tolerance), method.steps)
    if not jax.tree.leaves(own):  # all candidates are one
        ends = jax.tree.map(lambda leaf: leaf[None], ends)
    walks, steps, heights = jax.tree.map(lambda leaf: np.asarray(leaf)[:, :count], ends)
    names = {"value": walks.values, "blind": walks.blind, "log_posterior": heights, "status": walks.status}
    return names | {"steps": steps}


@eqx.filter_jit
def _walks(
    group: Candidates, data: list[Array], tolerance: Array, steps: int
) -> tuple[Walk, Int[Array, "..."], Float[Array, "..."]]:
    def walk(own: Any, sets: list[Array]) -> tuple[Walk, Array, Array]:
        posterior = eqx.combine(own, group.shared, group.rest).given(sets)
        start, restored = ravel(posterior.space.initial, posterior.space.names)
        last, steps_taken = walked(posterior, start, tolerance, steps)
        values = restored(last.values)
        status = jnp.where(posterior.space.allows(values), last.status, INFINITE)  # what is tied knows no box
        return last._replace(status=status), steps_taken, posterior.log_posterior(values)

    over_sets = jax.vmap(walk, in_axes=(None, 0))
    if not jax.tree.leaves(group.own):
        return over_sets(group.own, data)
    return jax.vmap(over_sets, in_axes=(0, None))(group.own, data)


def _dataset(found: list[dict[str, np.ndarray]], posterior: Posterior, candidates: list[Any]) -> Any:
    import xarray as xr

    whole = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    if len(whole["steps"]) < len(candidates):  # all were one
        whole = {name: np.repeat(one[:1], len(candidates), axis=0) for name, one in whole.items()}
    ends = np.array([end or "step limit" for end in ENDS])
    each = ("candidate", "set")
    return xr.Dataset(
        {
            "value": ((*each, "parameter"), whole["value"]),
            "blind": ((*each, "parameter"), whole["blind"]),
            "log_posterior": (each, whole["log_posterior"]),
            "steps": (each, whole["steps"]),
            "status": (each, ends[whole["status"]]),
        },
        coords={
            "candidate": [str(one) for one in candidates],
            "parameter": labels(posterior.space.initial, posterior.space.names),
        },
    )
