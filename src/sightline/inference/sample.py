import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._core.given import check_key, check_kind
from .._core.memory import foresee
from .._core.units import refuse_units
from ..statistics import Posterior
from .algorithms import AbstractAlgorithm, check_warmup
from .chains import Chains
from .checkpoint import Checkpoint
from .coordinates import FEW
from .drive import AbstractChain, Task
from .hamiltonian import NUTS
from .opened import opened
from .options import check_counts, check_posterior
from .progress import progress as show
from .result import FitResult
from .starts import begin_at
from .whitening import Whitening


def sample(
    posterior: Posterior,
    key: jax.Array,
    algorithm: AbstractAlgorithm | None = None,
    *,
    start: Any = None,
    chains: int = 4,
    draws: int = 1000,
    warmup: int | None = None,
    thin: int = 1,
    segment: int = 25,
    vectorised: bool = False,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> Chains:
    """Draws from a posterior.

    Chains move in coordinates whitened by the Fisher matrix at the start (up to 300 numbers; unconstrained ones
    beyond), in which a nearly Gaussian posterior is a unit sphere and takes few steps.

    **Arguments:**

    - `key`: a JAX random key.
    - `algorithm`: `sl.NUTS()`, the default, `sl.HMC()`, `sl.MCLMC()`, `sl.RandomWalk()` or `sl.NestedSlice()`.
    - `start`: a `FitResult`, or constrained values, of which those left out are the model's; `None`: a fit is made
      first, of up to 300 numbers. Chains start scattered about it.
    - `chains`, `draws`: how many, and how long each; `warmup`: draws before, to tune the algorithm, 200 or, beyond 300
      numbers, 1000; 0 is right where the posterior is nearly Gaussian and `start` is its maximum, but `sl.MCLMC()`
      needs 50.
    - `thin`: of so many draws one is kept.
    - `checkpoint`: a folder. The run is written to it after as many draws as `segment` says; the same call continues it
      after whatever ended it, and returns the draws that it would have. More `draws` extend it.
    - `vectorised`: all chains in step, which is faster for small models; several devices take as many chains each,
      where these come out even. Large skies are better shared out by rays: `sl.shard`.
    - `progress`: whether to show it; `None`: on a terminal.
    - `posterior`: an `sl.Posterior`.

    **Returns:** `Chains`; printed, it is a table with a verdict.

    **Raises:** `MemoryError` for draws that would not fit; `ValueError` for a start without finite density or
    derivatives, a warm-up too short for the algorithm, or a checkpoint of another run, naming what differs;
    `BlockingIOError` for one where another process runs; `TypeError` for what is no posterior, algorithm or key.

    !!! example
        >>> chains = sl.sample(posterior, jax.random.key(0), chains=2, draws=50, warmup=50)
        >>> chains.parameters["magnetic_field.b0"].shape
        (2, 50)
    """
    check_posterior(posterior)
    algorithm = NUTS() if algorithm is None else algorithm
    check_kind("algorithm", algorithm, AbstractAlgorithm, "one of sightline, e.g. sl.NUTS()")
    check_key(key)
    refuse_units(chains=chains, draws=draws, warmup=warmup, thin=thin, segment=segment)
    few = posterior.space.size <= FEW
    warmup = (200 if few else 1000) if warmup is None else warmup
    check_counts(chains=chains, draws=draws, thin=thin, segment=segment)
    check_warmup(algorithm, warmup)
    kept, size = chains * -(-draws // thin), posterior.space.size
    foresee(kept * size, f"{kept} draws of {size} parameters", "ask for fewer draws or chains, or a larger thin")
    settings = (algorithm, chains, warmup, thin, segment, vectorised)
    with opened(checkpoint, _parts(posterior, key, settings, start)) as saved:
        place = _place(posterior, start, saved) if isinstance(algorithm, AbstractChain) else None
        length = segment if saved is not None else min(segment, draws)
        with show("sampling", warmup + draws, progress) as advance:
            task = Task(posterior, place, key, chains, draws, warmup, thin, length, vectorised, saved, advance)
            found, statistics, notes = algorithm.collect(task)
    return Chains.of(posterior, found, statistics, {"algorithm": repr(algorithm), "warmup": warmup, **notes})


def _parts(posterior: Posterior, key: jax.Array, settings: tuple[Any, ...], start: Any) -> dict[str, Any]:
    """What makes a run that run."""
    return {
        "model": posterior.space,
        "data": posterior.likelihoods,
        "regularisers": posterior.regularisers,
        "key": jax.random.key_data(key),
        "settings": settings,
        "start": start.unconstrained if isinstance(start, FitResult) else start,
    }


def _place(posterior: Posterior, start: Any, saved: Checkpoint | None) -> Whitening:
    """Coordinates about the start; those of the checkpoint where it has them."""
    known = None if saved is None else saved.read("coordinates")
    if saved is not None and known is not None:
        with saved.damaged("coordinates"):
            return Whitening(jnp.asarray(known["origin"]), _optional(known.get("matrix")))
    place = begin_at(posterior, start)
    if saved is not None:
        known = {"origin": place.origin, "matrix": place.matrix}
        saved.write("coordinates", {name: np.asarray(part) for name, part in known.items() if part is not None})
    return place


def _optional(array: Any) -> Any:
    return None if array is None else jnp.asarray(array)
