"""Conditional normalising flows, and how they are trained; the one file that imports flowjax."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .coordinates import relaxed

LAYERS, WIDTH, DEPTH, KNOTS, REACH = 4, 64, 2, 8, 5.0
BATCH, RATE, HELD_OUT = 200, 4e-3, 0.1


class Training(NamedTuple):
    """A flow in training: what is learnt, the state of the optimiser, and the best so far with its loss."""

    learnt: Any
    optimiser: Any
    best: Any
    loss: Array


def import_flowjax() -> Any:
    """flowjax.

    **Raises:** `ImportError` that says how to get it.
    """
    try:
        import flowjax.bijections
        import flowjax.distributions
        import flowjax.flows
    except ImportError as error:
        raise ImportError("sl.amortise needs flowjax: pip install 'sightline[sbi]'.") from error
    return flowjax


def make_flow(key: Array, size: int, features: int, dtype: Any) -> Any:
    """An untrained autoregressive flow of rational-quadratic splines, of `size` numbers, given `features` others.

    **Source:** Durkan et al. 2019, arXiv:1906.04032 (splines); Papamakarios et al. 2017, arXiv:1705.07057 (flow).
    """
    flowjax = import_flowjax()
    with relaxed():
        base = flowjax.distributions.Normal(jnp.zeros(size, dtype))
        spline = flowjax.bijections.RationalQuadraticSpline(knots=KNOTS, interval=REACH)
        sizes = {"flow_layers": LAYERS, "nn_width": WIDTH, "nn_depth": DEPTH, "nn_activation": jax.nn.silu}
        flow = flowjax.flows.masked_autoregressive_flow(
            key, base_dist=base, transformer=spline, cond_dim=features, **sizes
        )
    return flow


def density(flow: Any, z: Float[Array, "batch n"], x: Array) -> Float[Array, " batch"]:
    """Log densities of a flow, given features, each or one for all."""
    import paramax

    with relaxed():
        return paramax.unwrap(flow).log_prob(z, x)


@eqx.filter_jit
def draw(flow: Any, key: Array, x: Float[Array, " features"], draws: int) -> tuple[Array, Array]:
    """Draws of a flow, (draws, n), and their log densities."""
    import paramax

    with relaxed():
        return paramax.unwrap(flow).sample_and_log_prob(key, (draws,), x)


def parts(flow: Any) -> tuple[Any, Any]:
    """What is learnt of a flow, and the rest."""
    import paramax

    return eqx.partition(flow, eqx.is_inexact_array, is_leaf=lambda leaf: isinstance(leaf, paramax.NonTrainable))


def begin(flow: Any, steps: int) -> Training:
    """The start of a training of so many steps."""
    learnt, _ = parts(flow)
    with relaxed():
        state = _adam(steps).init(learnt)
    return Training(learnt, state, learnt, jnp.asarray(jnp.inf))


@eqx.filter_jit
def epoch(flow: Any, training: Training, data: Any, held_out: Any, key: Array, steps: int) -> Training:
    """One pass through simulations, (z, x), in batches; the best by the loss of the held-out ones is kept.

    **Arguments:** `steps`: of the whole training, over which the learning rate falls to 0.
    """
    _, rest = parts(flow)
    size = min(BATCH, data[0].shape[0])
    number = data[0].shape[0] // size
    index = jax.random.permutation(key, data[0].shape[0])[: number * size].reshape(number, size)

    def loss(learnt: Any, z: Array, x: Array) -> Array:
        return -jnp.mean(density(eqx.combine(learnt, rest), z, x))

    def step(state: tuple[Any, Any], rows: Array) -> tuple[tuple[Any, Any], None]:
        learnt, optimiser = state
        slope = eqx.filter_grad(loss)(learnt, *(part[rows] for part in data))
        updates, optimiser = _adam(steps).update(slope, optimiser, learnt)
        return (eqx.apply_updates(learnt, updates), optimiser), None

    with relaxed():
        (learnt, optimiser), _ = jax.lax.scan(step, (training.learnt, training.optimiser), index)
        found = loss(learnt, *held_out)
        better = found < training.loss
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), learnt, training.best)
        return Training(learnt, optimiser, best, jnp.where(better, found, training.loss))


def _adam(steps: int) -> Any:
    import optax

    return optax.chain(optax.clip_by_global_norm(5.0), optax.adam(optax.cosine_decay_schedule(RATE, steps)))
