"""Least squares in a box: Gauss-Newton steps of the numbers that no bound holds."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._core.module import setting
from ..parameters import labels, ravel
from ..parameters.box import box, check_box
from ..statistics import Posterior
from ..statistics.normal import normal
from ..statistics.squares import Normal
from .blame import blame
from .journal import State
from .method import CONVERGED, DIVERGED, STEP_LIMIT, AbstractMethod, Context, Outcome
from .secant import secant

DENSE = 100  # numbers up to which the curvature is a matrix
FIRST, LARGEST = 1e-3, 1e10
MORE, LESS = 4.0, 10.0
"""Damping, relative to the diagonal of the curvature: at first, that which nothing helps beyond, and by how much it
grows where f rises, and falls from step to step."""
_ACCURACY, _INNER = 1e-6, 300  # of conjugate gradients, and their steps
_ROUNDING = 8.0  # units in the last place by which a sum of squares may seem to rise
_NEAR = 1.0  # gain in the log density up to which a step tells of the curvature where it ends
RUNNING, REACHED, STALLED, INFINITE = 0, 1, 2, 3
ENDS = ("", CONVERGED, STEP_LIMIT, DIVERGED)

Vector = Float[Array, " n"]
Near = Callable[[Posterior, Vector], Normal]


class Walk(NamedTuple):
    """A fit on its way: the vector of constrained values, its damping, and how it stands.

    - `least`: f = -log p, but for a constant, at the last values; `decrement`: g_F H_FF^-1 g_F, twice the gain still
      to be had; `status`; `blind`: numbers that no datum tells of.
    - `before`, `slope`: values that the last step came from, and the gradient there; the present values where it tells
      of no curvature.
    """

    values: Vector
    least: Float[Array, ""]
    damping: Float[Array, ""]
    decrement: Float[Array, ""]
    status: Int[Array, ""]
    blind: Bool[Array, " n"]
    before: Vector
    slope: Vector


def begin(values: Vector) -> Walk:
    """A fit at its start."""
    infinity, first = jnp.asarray(jnp.inf, values.dtype), jnp.asarray(FIRST, values.dtype)
    seen, still = jnp.zeros(values.shape, bool), jnp.zeros_like(values)
    return Walk(values, infinity, first, infinity, jnp.asarray(RUNNING), seen, values, still)


def advance(posterior: Posterior, walk: Walk, tolerance: Float[Array, ""], near: Near = normal) -> Walk:
    """One step: as little damped as lets f fall.

    Numbers at a bound that f would have them cross stay there; the others move by -H_FF^-1 g_F and stop at the bounds.
    Near the end H is corrected by how the gradient changed along the last step.

    **Arguments:** `near`: f, g and H at a place.
    """
    low, high = box(posterior.space)
    at = near(posterior, walk.values)
    held = ((walk.values <= low) & (at.gradient > 0)) | ((walk.values >= high) & (at.gradient < 0))
    at = secant(at, walk.values - walk.before, at.gradient - walk.slope)
    system, epsilon = _system(at, ~held), jnp.finfo(walk.values.dtype).eps
    noise = _ROUNDING * epsilon * jnp.abs(at.value)
    highest = at.value + noise

    def tried(damping: Array) -> tuple[Vector, Array, Array]:
        step = _newton(at, system, damping)
        trial = jnp.clip(walk.values + step, low, high)
        return trial, near(posterior, trial).value, -jnp.vdot(at.gradient, step)

    def damped(state: Any) -> Any:
        more = state[0] * MORE
        return more, *tried(more)

    first = (walk.damping, *tried(walk.damping))
    last = jax.lax.while_loop(lambda state: ~(state[2] <= highest) & (state[0] < LARGEST), damped, first)
    damping, trial, least, _ = last
    small = first[3] < jnp.maximum(tolerance, epsilon * jnp.abs(at.value))
    undamped = walk.damping <= 10 * epsilon
    lower, same = least <= highest, jnp.abs(least - at.value) <= noise
    rounding = same & (first[3] >= walk.decrement / 2)  # whole steps that neither gain nor come nearer
    on = lower | (small & ~undamped)  # where nothing is lower by rounding, the whole step has yet to be judged
    status = jnp.where(undamped & (small | rounding), REACHED, jnp.where(on, RUNNING, STALLED))
    status = jnp.where(jnp.isfinite(at.value) & jnp.all(jnp.isfinite(at.gradient)), status, INFINITE)
    next_ = jnp.where(small, epsilon, jnp.maximum(damping / LESS, epsilon)).astype(damping.dtype)
    values, gain = jnp.where(lower, trial, walk.values), at.value - least
    before = jnp.where((gain > noise) & (jnp.maximum(gain, first[3] / 2) < _NEAR), walk.values, values)
    moved = Walk(values, jnp.where(lower, least, at.value), next_, first[3], status, system.blind, before, at.gradient)
    return jax.tree.map(lambda new, old: jnp.where(walk.status == RUNNING, new, old), moved, walk)


def walked(
    posterior: Posterior, values: Vector, tolerance: Float[Array, ""], steps: int, near: Near = normal
) -> tuple[Walk, Int[Array, ""]]:
    """A fit from its start to its end, as one program, and the steps it took."""

    def more(state: tuple[Walk, Array]) -> Bool[Array, ""]:
        return (state[0].status == RUNNING) & (state[1] < steps)

    def on(state: tuple[Walk, Array]) -> tuple[Walk, Array]:
        return advance(posterior, state[0], tolerance, near), state[1] + 1

    return jax.lax.while_loop(more, on, (begin(values), jnp.zeros((), int)))


class System(NamedTuple):
    """The normal equations of the numbers that are free, scaled to a unit diagonal.

    - `matrix`: the curvature, where there are few numbers; `scale`: 0 for what is not free; `blind`: has no curvature.
    """

    matrix: Float[Array, "n n"] | None
    scale: Vector
    blind: Bool[Array, " n"]


def _system(at: Normal, free: Bool[Array, " n"]) -> System:
    size, dtype = at.gradient.size, at.gradient.dtype
    matrix = jax.vmap(at.product)(jnp.eye(size, dtype=dtype)) if size <= DENSE else None
    diagonal = at.diagonal if matrix is None else jnp.diagonal(matrix)
    if diagonal is None:
        return System(None, free.astype(dtype), jnp.zeros_like(free))
    blind = diagonal <= 0
    scale = jnp.where(free & ~blind, jax.lax.rsqrt(jnp.where(blind, 1, diagonal)), 0)
    return System(None if matrix is None else scale[:, None] * matrix * scale, scale, blind)


def _newton(at: Normal, system: System, damping: Array) -> Vector:
    """-(H + damping diag H)^-1 g of the free numbers, 0 of the others."""
    scale = system.scale
    side = -scale * at.gradient
    if system.matrix is not None:
        lifted = system.matrix + jnp.diag(jnp.where(scale > 0, damping, 1))
        return scale * jax.scipy.linalg.solve(lifted, side, assume_a="pos")

    def product(v: Vector) -> Vector:
        return scale * at.product(scale * v) + damping * v

    return scale * jax.scipy.sparse.linalg.cg(product, side, tol=_ACCURACY, maxiter=_INNER)[0]


class ProjectedGaussNewton(AbstractMethod):
    """Gauss and Newton's method in the box of the priors: least squares whose maximum may lie on bounds.

    Numbers at a bound that the density would have them cross are held there, those left of the bound move by

    d theta = -(H + lambda diag H)^-1 g,  g = J^T r,  H = J^T J,

    and are cut at the box; lambda falls where the density rises, and grows where it does not. Up to 100 numbers H is a
    matrix, beyond conjugate gradients solve with its products. Near the end, where a step gains less than 1 in the log
    density, the change of g along it corrects H for the curvature of the residuals, which J^T J leaves out: without it
    fits of faint signals creep. It ends by the decrement g H^-1 g of the free numbers, twice the gain in the log
    density that is still to be had: it has no unit and no scale. What is below the rounding of the log density itself
    counts as nothing, and it ends where whole steps only meet rounding.

    Where it ends on bounds is in `FitResult.bounds`, numbers that no datum tells of are in `FitResult.blind`: they
    stay where they were. A start may lie on a bound.

    **Arguments:** `tolerance`: the decrement; `steps`: at most.

    !!! example
        >>> import numpyro.distributions as dist
        >>> space = sl.ParameterSpace({"x": jnp.asarray(0.5)}, {"x": dist.Uniform(0.0, 1.0)})
        >>> data = sl.Likelihood(lambda model: model["x"] * jnp.ones(2), [1.1, 1.5], sl.statistics.Gaussian([0.1, 0.1]))
        >>> result = sl.fit(sl.Posterior(space, data), sl.ProjectedGaussNewton())
        >>> float(result.parameters["x"]), result.bounds.multipliers
        (1.0, {'x': 60.0...})

    **Source:** Bertsekas 1982, SIAM J. Control Optim. 20, 221; Marquardt 1963, J. SIAM 11, 431;
    Al-Baali & Fletcher 1985, J. Oper. Res. Soc. 36, 405.
    """

    tolerance: float = setting(2e-6, positive=True)
    steps: int = setting(200, bounds=(1, None))

    def start(self, posterior: Posterior, values: Any) -> Any:
        """See `AbstractMethod`: bounds are no trouble."""
        return posterior.space.complete(values)

    def run(self, posterior: Posterior, unconstrained: Any, context: Context) -> Outcome:
        """See `AbstractMethod`."""
        if context.held_out is not None:
            raise ValueError(
                "held_out is for methods that go step by step: sl.Adam(), sl.LBFGS(), sl.inference.Optax()."
            )
        check_box(posterior.space)
        vector, back = ravel(context.start, posterior.space.names)
        state = context.journal.begin(begin(vector)._asdict())
        while not state.status:
            state = context.journal.keep(self._step(posterior, state))
            context.journal.step(state.history[-1])
        walk = Walk(**state.arrays)
        values = back(jnp.asarray(walk.values))
        names = np.asarray(labels(values, posterior.space.names))
        outcome = Outcome(posterior.space.to_unconstrained(values), *state[1:])
        return outcome._replace(constrained=values, blind=names[np.asarray(walk.blind)].tolist())

    def _step(self, posterior: Posterior, state: State) -> State:
        walk = _advance(posterior, Walk(**state.arrays), jnp.asarray(self.tolerance))
        history = [*state.history, float(walk.least)]
        status = {RUNNING: "", REACHED: CONVERGED, STALLED: STEP_LIMIT, INFINITE: DIVERGED}[int(walk.status)]
        reason = ""
        if status == DIVERGED:
            _, back = ravel(posterior.space.initial, posterior.space.names)
            reason = blame(posterior, posterior.space.to_unconstrained(back(walk.values)))
        if status == STEP_LIMIT:
            reason = (
                f"no step raises the density, and {float(walk.decrement) / 2:.2g} of its logarithm is still expected"
            )
        if not status and len(history) >= self.steps:
            status = STEP_LIMIT
        return State(walk._asdict(), history, [], status, reason)


_advance = eqx.filter_jit(advance)
