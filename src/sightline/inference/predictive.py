from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._core.given import check_key, check_kind
from .._core.units import refuse_units
from ..statistics import Posterior
from .chains import Chains
from .derived import of_posterior
from .options import check_counts, check_posterior


def posterior_predictive(
    posterior: Posterior, chains: Chains, key: jax.Array, draws: int = 100
) -> dict[str, np.ndarray]:
    """Data that the posterior would have given, noise included: p(d' | d) = integral of p(d' | theta) p(theta | d).

    **Arguments:** `chains`: draws from the posterior; `key`: a JAX random key; `draws`: how many, spread over all;
    `posterior`: an `sl.Posterior`.

    **Returns:** by the name of the likelihood, (draws, ...) in the shape and unit of its data.

    **Raises:** `ValueError` for more draws than there are, or chains of other parameters; `TypeError` for what is no
    posterior, chains or key.

    !!! example
        >>> predicted = sl.posterior_predictive(posterior, chains, jax.random.key(1), draws=10)
    """
    check_key(key)
    check_counts(draws=draws)
    chosen = spread(posterior, chains, draws)
    found = _predict(posterior, chosen, jax.random.split(key, draws))
    return {name: np.asarray(value) for name, value in found.items()}


def spread(posterior: Posterior, chains: Chains, draws: int | None) -> dict[str, jax.Array]:
    """So many of the draws of chains, spread over all; `None`: all.

    **Returns:** by name, (draws, ...).

    **Raises:** as `posterior_predictive`.
    """
    refuse_units(draws=draws)
    check_posterior(posterior)
    check_kind("chains", chains, Chains, "what sl.sample returns")
    known = of_posterior(posterior, chains.parameters)
    total = chains.vector.shape[0] * chains.vector.shape[1]
    count = total if draws is None else draws
    check_counts(draws=count)
    if count > total:
        raise ValueError(f"draws = {draws} must be between 1 and the {total} that the chains have.")
    index = np.linspace(0, total - 1, count).astype(int)
    return {name: jnp.asarray(value.reshape(-1, *value.shape[2:])[index]) for name, value in known.items()}


@eqx.filter_jit
def _predict(posterior: Posterior, values: Any, keys: jax.Array) -> Any:
    return jax.lax.map(lambda pair: posterior.predict(*pair), (values, keys))
