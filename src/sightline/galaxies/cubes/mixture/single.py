"""The fit of one spectrum."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from ..spectra import Spectra
from .losvd import integral
from .options import Options
from .problem import Problem
from .result import means
from .search import Found, descend, search
from .setup import Setup, beside_lines, differences


class Part(NamedTuple):
    """One spectrum's part of a `Mixture`."""

    kinematics: np.ndarray
    errors: np.ndarray
    population_errors: np.ndarray
    weights: np.ndarray
    light: np.ndarray
    polynomial: np.ndarray
    model: np.ndarray
    used: np.ndarray
    chi2: float
    dof: int
    status: str
    additive: np.ndarray
    lines: int
    unfitted: int = 0


def fitted(one: Spectra, setup: Setup, redshift: float, library: Any, options: Options) -> Part:
    """The best mixture for one spectrum."""
    away = np.ones(len(one.channels), bool)
    if options.emission is not None:
        away = beside_lines(one.channels, redshift, options.emission)
    used = one.kept & setup.inside & away
    lines = int(np.sum(one.kept & setup.inside & ~away))
    if np.sum(used) <= options.free + 1:
        return nothing(used, lines, library, options, "no data")
    problem = _problem(one, used, setup, library, options)
    found = search(problem, options.start, options.limits, options.steps)
    if not np.any(problem.populations(problem.solution(found.vector))):
        return nothing(used, lines, library, options, "no light")
    part = _described(found, problem, setup, used, lines, library)
    return part if not options.draws else _with_scatter(part, found, problem, library, options)


def _problem(one: Spectra, used: np.ndarray, setup: Setup, library: Any, options: Options) -> Problem:
    flux, sigma = one.flux[used], np.sqrt(one.variance[used])  # pyright: ignore
    shape, size = library.nodes.shape[:2], float(np.median(np.abs(flux))) or 1.0
    rows = np.zeros((0, shape[0] * shape[1]))
    if options.smooth > 0:
        rows = differences(shape) * options.smooth / size
    return Problem(
        *(setup.templates, setup.sample[np.flatnonzero(used)], flux, sigma, setup.legendre[:, used], options.moments),
        additive=setup.additive[:, used],
        pull=options.pull,
        penalty=np.pad(rows, ((0, 0), (0, 2 * len(setup.additive)))),
    )


def _described(found: Found, problem: Problem, setup: Setup, used: np.ndarray, lines: int, library: Any) -> Part:
    solution, count = problem.solution(found.vector), problem.moments
    added = problem.added(solution)
    model = problem.spectrum(found.vector, setup.sample, setup.legendre) + added @ setup.additive
    light = problem.populations(solution)
    mass = light / problem.templates.light * integral(found.vector[2:count])
    shape = library.nodes.shape[:2]
    return Part(
        kinematics=found.vector[:count],
        errors=found.errors[:count],
        population_errors=np.full((2, 2), np.nan),
        weights=mass.reshape(shape),
        light=(light / np.sum(light)).reshape(shape),
        polynomial=np.append(1.0, found.vector[count:]),
        model=np.where(setup.inside, model, np.nan),
        used=used,
        chi2=float(np.sum(solution.residual[: len(problem.data)] ** 2)),
        dof=len(problem.data) - len(found.vector) - len(solution.index),
        status=found.status,
        additive=added,
        lines=lines,
    )


def _with_scatter(part: Part, found: Found, problem: Problem, library: Any, options: Options) -> Part:
    """The same with the scatter of fits to the model with new noise for errors."""
    random, count = np.random.default_rng(options.seed), len(problem.data)
    model = problem.data - problem.solution(found.vector).residual[:count] * problem.sigma
    rows, shape = [], library.nodes.shape[:2]
    for _ in range(options.draws):
        noisy = model + problem.sigma * random.normal(size=count)
        drawn = dataclasses.replace(problem, data=noisy, _memory=None)
        vector, _ = descend(drawn, found.vector, options.limits, options.steps)
        light = drawn.populations(drawn.solution(vector))
        both = np.stack([light, light / problem.templates.light]).reshape(2, *shape)
        rows.append([*vector[: problem.moments], *means(both, library.age, library.metallicity).T.ravel()])
    scatter = np.std(rows, axis=0, ddof=1)
    kinematic, rest = scatter[: problem.moments], scatter[problem.moments :]
    return part._replace(errors=kinematic, population_errors=rest.reshape(2, 2))


def nothing(used: np.ndarray, lines: int, library: Any, options: Options, status: str) -> Part:
    """A spectrum with fewer data than numbers to find, or without light."""
    blank, zero = np.full(options.moments, np.nan), np.zeros(library.nodes.shape[:2])
    series, added = np.full(options.degree + 1, np.nan), np.full(options.additive + 1, np.nan)
    model = np.full(used.shape, np.nan)
    parts = blank, blank, np.full((2, 2), np.nan), zero, zero, series, model, used & False
    return Part(*parts, np.nan, 0, status, added, lines, unfitted=int(np.sum(used)))
