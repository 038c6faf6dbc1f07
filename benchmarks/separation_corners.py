"""Steps to the optimum of faint skies from the middle of the box and from its corners, over realisations."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize
from separation_methods import PROBLEMS, fitted, posterior

import sightline as sl
from sightline.parameters import ravel
from sightline.parameters.box import box

FAINT = {name.removeprefix("the same, "): given for name, given in PROBLEMS.items() if given[1] > 1}
SEEDS, COUNTS = range(10), (8, 2, 4)
SAME = 1e-3  # in log L


def places():
    """The middle, the eight corners that are alike for numbers of a kind, and eight others."""
    alike = [np.repeat(ends, COUNTS) for ends in itertools.product((0.0, 1.0), repeat=len(COUNTS))]
    others = np.random.default_rng(0).integers(0, 2, (8, sum(COUNTS))).astype(float)
    return [np.full(sum(COUNTS), 0.5), *alike, *others]


@eqx.filter_jit
def slope(one, vector):
    _, back = ravel(one.space.initial, one.space.names)
    return jax.value_and_grad(lambda x: -one.log_posterior(back(x)))(vector)


def scipy_fit(one, start, low, high):
    """What L-BFGS-B of scipy ends at: -log p and the numbers."""
    first = float(slope(one, jnp.asarray(start))[0])

    def both(x):
        value, gradient = slope(one, jnp.asarray(x))
        return float(value) - first, np.asarray(gradient)

    options = {"ftol": 1e-16, "gtol": 1e-8, "maxiter": 5000, "maxfun": 5000}
    found = minimize(
        both, start, jac=True, method="L-BFGS-B", bounds=list(zip(low, high, strict=True)), options=options
    )
    return found.fun + first, found.x


def row(problem, given, seed):
    """Fits of one realisation from everywhere, and L-BFGS-B from there, too."""
    one = posterior(*given, seed=seed)
    low, high = (np.asarray(end) for end in box(one.space))
    ours = [fitted(one, sl.ProjectedGaussNewton(), share, low, high) for share in places()]
    theirs = [scipy_fit(one, low + share * (high - low), low, high) for share in places()]
    best = max(ours, key=lambda result: result.log_posterior)
    oracle, x = min(theirs, key=lambda pair: pair[0])
    held = [name for name, number, a, b in zip(one.space.labels, x, low, high, strict=True) if number in (a, b)]
    steps = [len(result.history) for result in ours]
    tops = [best.log_posterior - result.log_posterior < SAME for result in ours]
    cells = (
        problem,
        seed,
        steps[0],
        f"{min(steps[1:])} to {max(steps[1:])}",
        f"{best.log_posterior + oracle:.1g}",
        f"{len(held)}, {'the same' if best.bounds.active == held else 'others'}",
        f"{sum(tops)} of {len(tops)}",
        sum(result.status != "converged" for result in ours),
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def corners():
    """A table: steps from the middle and from 16 corners, beside L-BFGS-B from the same starts."""
    lines = [
        "| problem | realisation | steps from the middle | from corners | log L above L-BFGS-B | at bounds, beside it "
        "| starts that end there | not converged |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [row(problem, given, seed) for problem, given in FAINT.items() for seed in SEEDS]
    notes = (
        f"The best of {len(places())} starts, of L-BFGS-B from the same. Where fewer starts end there, the "
        f"others end at a second maximum, more than {SAME:g} lower; from the middle of realisation 1 the way leads "
        "past the saddle between them."
    )
    return "## Faint skies, from the middle and from corners\n\n" + "\n".join(lines) + f"\n\n{notes}\n"
