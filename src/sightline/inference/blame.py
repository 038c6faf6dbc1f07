"""Which parameters and which data make a gradient infinite."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..parameters import labels, ravel
from ..statistics import Posterior
from .jacobian import information
from .places import datum, place


def blame(posterior: Posterior, unconstrained: Any) -> str:
    """What is not finite in the gradient of the log posterior, and which data are the reason; empty where all is."""
    names = posterior.space.names
    slope = np.asarray(ravel(_slope(posterior, unconstrained), names)[0])
    bad = np.flatnonzero(~np.isfinite(slope))
    if not bad.size:
        return ""
    shown = [labels(unconstrained, names)[i] for i in bad[:6]]
    shown += ["..."] if bad.size > 6 else []
    text = f"The derivative of the log posterior with respect to {', '.join(shown)} is not finite"
    return f"{text}{_reason(posterior, unconstrained, int(bad[0]))}"


def check_gradient(posterior: Posterior, unconstrained: Any) -> None:
    """Refuses a start without finite derivatives.

    **Raises:** `ValueError`, naming parameters and data.
    """
    found = blame(posterior, unconstrained)
    if found:
        raise ValueError(f"{found}: start elsewhere, or look at the field there with sl.testing.check_field.")


@eqx.filter_jit
def _slope(posterior: Posterior, unconstrained: Any) -> Any:
    space = posterior.space
    return jax.grad(lambda u: posterior.log_posterior(space.to_constrained(u)))(unconstrained)


@eqx.filter_jit
def _column(posterior: Posterior, unconstrained: Any, number: Array) -> Array:
    """Derivatives of all data with respect to one parameter, in forward mode."""
    vector, back = ravel(unconstrained, posterior.space.names)
    along = jnp.zeros_like(vector).at[number].set(1)
    values = posterior.space.to_constrained
    return jax.jvp(lambda u: information(posterior, values(back(u))), (vector,), (along,))[1]


def _reason(posterior: Posterior, unconstrained: Any, number: int) -> str:
    for likelihood, terms in zip(
        posterior.likelihoods, posterior.pointwise(posterior.space.to_constrained(unconstrained)).values(), strict=True
    ):
        rows = np.flatnonzero(~np.isfinite(np.ravel(terms)))
        if rows.size:
            return f", nor is the density of {rows.size} data, the first of them {datum(likelihood, int(rows[0]))}"
    rows = np.flatnonzero(~np.isfinite(np.asarray(_column(posterior, unconstrained, jnp.asarray(number)))))
    if rows.size:
        return f" for {rows.size} data, the first of them {place(posterior, int(rows[0]))}"
    return ", in reverse mode only, or in a prior or regulariser: no datum of the model has such a derivative"


def check_finite(matrix: np.ndarray, posterior: Posterior, unconstrained: Any) -> None:
    """Refuses derivatives that are not finite, naming parameters and data.

    **Raises:** `ValueError`.
    """
    bad = ~np.isfinite(matrix)
    if not bad.any():
        return
    check_gradient(posterior, unconstrained)  # forward mode loses more columns than are to blame
    names = np.array(labels(unconstrained, posterior.space.names))[bad.any(axis=0)]
    first = place(posterior, int(np.flatnonzero(bad.any(axis=1))[0]))
    raise ValueError(
        f"The derivative with respect to {', '.join(names[:6])} is not finite for {int(bad.any(axis=1).sum())} data, "
        f"the first of them {first}: start elsewhere, or look at the field there with sl.testing.check_field."
    )
