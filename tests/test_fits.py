"""Fits of many parameters, runs that are continued, held-out data, and every bad input."""

import dataclasses
import errno
import os
import typing
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import optax
import pytest

import sightline as sl
from interrupting import stopped_after
from sightline.inference.journal import Journal
from sightline.inference.options import check_counts
from sightline.statistics import Gaussian, Likelihood, Poisson

RANDOM = np.random.default_rng(5)


class Grid(eqx.Module):
    """Data that are means over neighbours of a grid."""

    width: int = eqx.field(static=True)

    def __call__(self, model):
        parts = [jnp.roll(model["grid"], shift) for shift in range(self.width)]
        return jnp.mean(jnp.stack(parts), axis=0)


def grid_posterior(data, sigma, size, width=3, prior=1.0):
    space = sl.ParameterSpace({"grid": jnp.zeros(size)}, {"grid": dist.Normal(0.0, prior)})
    return sl.Posterior(space, Likelihood(Grid(width), data, Gaussian(np.full(size, sigma))))


def test_many_parameters_reach_the_closed_solution(precision):
    """(A^T A/sigma^2 + 1) x = A^T d/sigma^2, in Fourier space since A is a convolution."""
    size, sigma = 20_000, 0.2
    kernel = np.zeros(size)
    kernel[:3] = 1 / 3
    transfer = np.fft.fft(kernel)
    data = np.fft.ifft(transfer * np.fft.fft(RANDOM.normal(size=size))).real + sigma * RANDOM.normal(size=size)
    filtered = np.conj(transfer) * np.fft.fft(data) / sigma**2 / (np.abs(transfer) ** 2 / sigma**2 + 1)
    result = sl.fit(grid_posterior(data, sigma, size), sl.LBFGS(tolerance=1e-3)).raise_for_status()
    assert result.status == "converged"
    assert result.parameters["grid"].dtype == precision
    error = np.asarray(result.parameters["grid"]) - np.fft.ifft(filtered).real
    assert np.sqrt(np.mean(error**2)) < (1e-4 if precision == "float64" else 2e-3)
    assert np.all(np.diff(result.history) <= 1e-6 * result.history[0])
    assert result.fisher is None


def test_a_line_search_of_optax_is_used():
    data = RANDOM.normal(size=50)
    posterior = grid_posterior(data, 0.5, 50)
    method = sl.inference.Optax(optax.lbfgs(memory_size=10), steps=30)
    whole = sl.fit(posterior, sl.LBFGS(tolerance=1e-30, steps=30), covariance=0)
    result = sl.fit(posterior, method, covariance=0)
    assert result.status == "finished"
    common = min(len(whole.history), 30)
    np.testing.assert_array_equal(result.history[:common], whole.history[:common])


def simulated(data_key=1):
    simulator = sl.Simulator(magnetic_field=sl.magnetic.LSA(), electron_density=sl.electrons.Uniform(0.01))
    observable = sl.observables.RotationMeasure(sl.Sightlines(sl.HealpixSky(1), cells=sl.BoxCells(cells=6)))
    data = observable(simulator) + jax.random.normal(jax.random.key(data_key), (12,))
    space = sl.ParameterSpace(simulator, {"magnetic_field.b0": dist.Uniform(0.0, 10.0)})
    return sl.Posterior(space, sl.SourceLikelihood(observable, np.asarray(data), 1.0))


def test_an_interrupted_fit_continues_with_the_same_bits(tmp_path, monkeypatch):
    """Random batches, a schedule and held-out data; that another call is another run; where a fit has ended."""
    posterior, other = simulated(), simulated(2)
    method, start = (
        sl.Adam(optax.cosine_decay_schedule(0.1, 40), steps=40, batch=5, every=7),
        {"magnetic_field.b0": 2.0},
    )
    options = {"start": start, "key": jax.random.key(0), "held_out": other, "starts": 2}
    whole = sl.fit(posterior, method, **options)
    for steps in (1, 13, 40):
        with stopped_after(monkeypatch, steps):
            sl.fit(posterior, method, checkpoint=tmp_path / "run", **options)
    result = sl.fit(posterior, method, checkpoint=tmp_path / "run", **options)
    for found, expected in [(result.history, whole.history), (result.held_out, whole.held_out)]:
        np.testing.assert_array_equal(found, expected)
    assert result.parameters == whole.parameters
    assert result.starts == whole.starts
    assert len(result.held_out) == 6
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "step", None)
        again = sl.fit(posterior, method, checkpoint=tmp_path / "run", **options)
    assert again.parameters == whole.parameters
    changes = [
        ("method", {"method": sl.Adam(0.1, steps=40, batch=5)}),
        ("start", {"start": {"magnetic_field.b0": 2.5}}),
        ("start", {"starts": 3}),
        ("key", {"key": jax.random.key(1)}),
        ("held_out", {"held_out": None}),
        ("data", {"posterior": simulated(3)}),
        ("model", {"posterior": eqx.tree_at(lambda p: p.space.model.magnetic_field.psi0, posterior, jnp.asarray(2.0))}),
    ]
    for part, change in changes:
        with pytest.raises(ValueError, match=rf"holds another run: ({part}|{part}, start) differ"):
            sl.fit(**({"posterior": posterior, "method": method, "checkpoint": tmp_path / "run"} | options | change))


def test_rounds_continue_from_the_last_one(tmp_path, monkeypatch):
    posterior, start = simulated(), {"magnetic_field.b0": 9.9}
    for name, method in [("lm", sl.LevenbergMarquardt()), ("bfgs", sl.BFGS())]:
        whole = sl.fit(posterior, method, start=start)
        with stopped_after(monkeypatch, len(whole.history) - 1):
            sl.fit(posterior, method, start=start, checkpoint=tmp_path / name)
        result = sl.fit(posterior, method, start=start, checkpoint=tmp_path / name)
        np.testing.assert_array_equal(result.history, whole.history)
        assert result.parameters == whole.parameters


def test_a_full_disk_ends_a_fit_that_later_continues(tmp_path, monkeypatch):
    data = RANDOM.normal(size=20)
    posterior, method, folder = grid_posterior(data, 0.5, 20), sl.LBFGS(tolerance=1e-9), tmp_path / "run"
    whole = sl.fit(posterior, method)
    sync, written = os.fsync, []

    def full(descriptor):
        written.append(descriptor)
        if len(written) > 4:  # two files and their folder
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="what was there before is intact"):
            sl.fit(posterior, method, checkpoint=folder)
    assert sorted(path.name for path in folder.iterdir()) == ["run.json", "start_0000.npz"]
    result = sl.fit(posterior, method, checkpoint=folder)
    np.testing.assert_array_equal(result.history, whole.history)
    np.testing.assert_array_equal(result.parameters["grid"], whole.parameters["grid"])


def test_held_out_data_end_a_fit_that_learns_the_noise():
    """A grid under a wide prior fits its noise in the end; the best for other noise comes before."""
    truth = np.convolve(RANDOM.normal(size=200), np.ones(20) / 5, "same")
    noisy = [truth + RANDOM.normal(size=200) for _ in range(2)]
    posterior, other = (grid_posterior(data, 1.0, 200, width=1, prior=30.0) for data in noisy)
    method = sl.Adam(0.02, steps=2000, patience=5, every=10)
    result = sl.fit(posterior, method, held_out=other).raise_for_status()
    assert result.status == "stopped early"
    assert len(result.history) == 10 * len(result.held_out) < 2000
    assert np.argmax(result.held_out) == len(result.held_out) - 6
    assert float(other.log_likelihood(result.parameters)) == pytest.approx(max(result.held_out))
    assert max(result.held_out) > result.held_out[-1]
    both = sl.fit(posterior, sl.LBFGS(patience=2, every=1), held_out=other)
    assert both.status == "stopped early"
    assert "stopped early after" in repr(both)
    for options, message in [
        ({"method": method}, "patience needs held-out data"),
        ({"method": sl.BFGS(), "held_out": other}, "held_out is for methods that go step by step"),
        ({"method": method, "held_out": simulated()}, "of the same parameters"),
    ]:
        with pytest.raises(ValueError, match=message):
            sl.fit(posterior, **options)


def test_progress_of_a_fit(capsys):
    posterior = grid_posterior(RANDOM.normal(size=10), 1.0, 10)
    sl.fit(posterior, sl.Adam(steps=4), progress=True, starts=2, key=jax.random.key(0))
    text = capsys.readouterr().err
    assert "fit 1/2: 1/4, loss " in text
    assert "fit 2/2: 4/4, loss " in text
    sl.fit(posterior, progress=False)
    assert capsys.readouterr().err == ""


METHODS = [sl.Adam(steps=3), sl.LBFGS(), sl.BFGS(), sl.LevenbergMarquardt()]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_a_gradient_that_is_not_finite_is_traced_to_parameter_and_ray(method):
    """sqrt at 0 has a finite value and no derivative: for one datum, whose direction is named."""

    class Kink(sl.fields.AbstractField):
        n0: jax.Array = sl.param(1.0)
        edge: jax.Array = sl.param(0.0)

        def __call__(self, position):
            kinked = (position[2] > 0) & (position[1] > 2.0)
            return self.n0 + jnp.where(kinked, jnp.sqrt(self.edge), 0.0)

    sky = sl.Directions(l=[0.0, 90.0, 180.0], b=[-20.0, 30.0, 10.0])
    observable = sl.observables.DispersionMeasure(sl.Sightlines(sky, cells=sl.RadialCells(cells=4, distance=5.0)))
    space = sl.ParameterSpace(sl.Simulator(electron_density=Kink()), {"electron_density.*": dist.Normal(0.0, 1.0)})
    likelihood = sl.SourceLikelihood(observable, np.ones(3), 1.0, name="pulsars")
    with pytest.raises(
        ValueError,
        match=r"with respect to electron_density\.edge is not finite for \d data, the first of them datum \(\d,\) of "
        r"'pulsars', towards l = ",
    ):
        sl.fit(sl.Posterior(space, likelihood), method)


def test_numbers_that_become_infinite_later_are_explained():
    space = sl.ParameterSpace({"a": jnp.asarray(1.0), "b": jnp.asarray(1.0)}, {"*": dist.Normal(0.0, 10.0)})
    likelihood = Likelihood(
        lambda m: jnp.array([1.0, 0.0]) * m["b"] + jnp.log(m["a"]), [-9.0, -9.0], Gaussian([1.0, 1.0])
    )
    result = sl.fit(sl.Posterior(space, likelihood), sl.Adam(0.5, steps=100))
    assert result.status == "diverged"
    with pytest.raises(
        sl.FitError, match=r"respect to a.* is not finite, nor is the density of 2 data, the first .*\(0,\)"
    ):
        result.raise_for_status()


def test_a_gradient_that_only_reverse_mode_loses():
    @jax.custom_jvp
    def odd(x):
        return x

    odd.defjvp(lambda primals, tangents: (primals[0], jnp.nan * tangents[0]))
    space = sl.ParameterSpace({"a": jnp.asarray(1.0)}, {"a": dist.Normal(0.0, 1.0)})
    counts = Likelihood(lambda m: jnp.exp(odd(m["a"])) * jnp.ones(2), [3.0, 4.0], Poisson(), name="counts")
    with pytest.raises(
        ValueError, match=r"respect to a is not finite for 2 data, the first of them datum \(0,\) of 'counts'"
    ):
        sl.fit(sl.Posterior(space, counts), sl.Adam(steps=2))


def test_a_fit_without_a_covariance_is_not_lost():
    """What has no forward mode, or no derivative at the maximum, has been fitted all the same."""

    @jax.custom_vjp
    def line(a):
        return a * jnp.arange(1.0, 4.0)

    line.defvjp(lambda a: (line(a), None), lambda _, slope: (slope @ jnp.arange(1.0, 4.0),))
    space = sl.ParameterSpace({"a": jnp.asarray(1.9)}, {"a": dist.Normal(0.0, 10.0)})
    data = Likelihood(lambda m: line(m["a"]), np.array([2.0, 4.0, 6.0]), Gaussian(np.ones(3)))
    with pytest.warns(sl.inference.FisherWarning, match="The fit has no covariance: .*forward-mode"):
        result = sl.fit(sl.Posterior(space, data), sl.Adam(0.01, steps=50))
    assert result.fisher is None
    assert float(result.parameters["a"]) == pytest.approx(2.0, abs=0.05)


def test_bad_maps_are_refused():
    sky, shape = sl.HealpixSky(2), (2, 48)
    good, known = np.ones(shape), {"parameters": "QU", "unit": "K_RJ", "convention": "COSMO"}
    for data, noise, options, message in [
        (np.full(shape, np.nan), 1.0, {}, "data hold no finite value"),
        (good, 0.0, {}, "noise must be finite and positive; 96 of 96 are not, the first is 0.0"),
        (good, -1.0, {}, "noise must be finite and positive; 96 of 96 are not, the first is -1.0"),
        (good, np.where(np.arange(48) == 3, -2.0, 1.0), {}, "2 of 96 are not, the first is -2.0"),
        (good, 1.0, {"mask": np.zeros(48, bool)}, "No pixel is left"),
        (good, np.inf, {}, "No pixel is left"),
        (np.ones((2, 192)), 1.0, {}, "192 pixels, as at NSIDE 4, the sky 48, at NSIDE 2"),
        (good, 1.0, {"mask": np.ones(192, bool)}, r"mask has shape \(192,\) for 48 pixels"),
    ]:
        with pytest.raises(ValueError, match=message):
            sl.MapLikelihood(sky, 23.0, data, noise, **(known | options))
    with pytest.raises(TypeError, match="instrument is a GaussianBeam: give its name"):
        sl.MapLikelihood(sky, 23.0, good, 1.0, instrument=sl.GaussianBeam(1.0), **known)
    with pytest.raises(TypeError, match="offset is a float: give its name"):
        sl.MapLikelihood(sky, 23.0, good, 1.0, offset=1.0, **known)
    stokes = sl.Stokes(*jnp.ones((3, 48)), frequency=23.0, sky=sl.HealpixSky(2, nest=True))
    with pytest.raises(ValueError, match="The data are at NSIDE 2 in NESTED order, the sky at NSIDE 2 in RING order"):
        sl.MapLikelihood(sky, 23.0, stokes, 1.0)


def test_priors_beyond_physical_bounds_warn():
    disk = sl.electrons.ExponentialDisk()
    with pytest.warns(
        sl.parameters.BoundsWarning, match=r"scale_radius, Uniform\(low=-5, high=20\), reaches beyond .* \[0, inf\]"
    ):
        sl.ParameterSpace(disk, {"scale_radius": dist.Uniform(-5.0, 20.0)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for prior in (
            dist.Uniform(0.0, 20.0),
            dist.Normal(9.0, 1.0),
            dist.LogNormal(0.0, 1.0),
            dist.LogUniform(1.0, 20.0),
        ):
            sl.ParameterSpace(disk, {"scale_radius": prior})


@pytest.fixture(scope="module")
def well():
    """A posterior of few, strongly correlated and very differently scaled parameters."""
    design = RANDOM.normal(size=(60, 3)) @ np.array([[1.0, 0.9, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 30.0]])
    data = 50 + design @ np.array([1.0, -2.0, 0.1]) + RANDOM.normal(size=60)

    def bend(model):
        x = model["x"]
        return 50 + jnp.asarray(design, x.dtype) @ jnp.stack([x[0], x[1] + 0.02 * x[0] ** 2, x[2]])

    def build():
        space = sl.ParameterSpace({"x": jnp.zeros(3)}, {"x": dist.Normal(0.0, 10.0)})
        return sl.Posterior(space, Likelihood(bend, data, Gaussian(np.full(60, 1.0))))

    return build


ALL_METHODS = [
    sl.LevenbergMarquardt(),
    sl.BFGS(),
    sl.LBFGS(),
    sl.Adam(0.05, steps=400),
    sl.inference.Optax(optax.adam(0.05), steps=400),
]


def test_a_fit_from_a_result_ends_at_once_with_every_method(well, precision):
    posterior = well()
    best = sl.fit(posterior)
    assert best.status == "converged"
    for method in ALL_METHODS[:4]:
        for start in (best, best.parameters):
            again = sl.fit(posterior, method, start=start)
            assert again.status == "converged", method
            assert len(again.history) <= 4, method
            assert abs(again.log_posterior - best.log_posterior) < 1e-2


def test_sampling_goes_on_from_a_fit_that_went_on(well):
    posterior, method = well(), sl.BFGS()
    again = sl.fit(posterior, method, start=sl.fit(posterior, method).raise_for_status()).raise_for_status()
    chains = sl.sample(posterior, jax.random.key(0), sl.RandomWalk(), start=again, chains=2, draws=20, warmup=20)
    assert np.all(np.isfinite(chains.vector))


def edged(start, centre):
    """Three data of one number with a prior of finite range."""
    space = sl.ParameterSpace({"x": jnp.asarray(0.5)}, {"x": dist.Uniform(0.0, 1.0)})
    posterior = sl.Posterior(
        space, Likelihood(lambda m: m["x"] * jnp.ones(3, m["x"].dtype), [centre] * 3, Gaussian([0.1] * 3))
    )
    return posterior, {"x": jnp.asarray(start)}


def test_the_flat_edge_of_a_prior_is_a_maximum_only_where_the_density_rises_to_it(precision):
    posterior, wrong = edged(1e-6, 0.5)
    for method in (sl.LBFGS(steps=30), sl.Adam(0.05, steps=30)):
        found = sl.fit(posterior, method, start=wrong, covariance=0)
        assert len(found.history) > 10
        assert found.status != "converged" or float(found.parameters["x"]) == pytest.approx(0.5, abs=1e-2)
    posterior, right = edged(1 - 1e-6, 2.0)
    for method in (sl.LBFGS(steps=30), sl.Adam(0.05, steps=30)):
        found = sl.fit(posterior, method, start=right, covariance=0)
        assert (found.status, found.edges) == ("converged", ["x"])
        assert len(found.history) <= 4


def test_a_fit_that_is_killed_before_it_sees_its_maximum_sees_it_when_it_continues(well, tmp_path, monkeypatch):
    posterior, method = well(), ALL_METHODS[3]
    best = sl.fit(posterior)
    whole = sl.fit(posterior, method, start=best)
    for steps in (2, 3):
        with stopped_after(monkeypatch, steps):
            sl.fit(posterior, method, start=best, checkpoint=tmp_path / f"{steps}")
        again = sl.fit(posterior, method, start=best, checkpoint=tmp_path / f"{steps}")
        np.testing.assert_array_equal(again.history, whole.history)
        assert (again.status, again.parameters["x"].tolist()) == ("converged", whole.parameters["x"].tolist())


def test_least_squares_need_no_reverse_mode():
    def power(model):
        x = model["x"]
        return jax.lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] * x), (0, jnp.ones_like(x)))[1][None]

    space = sl.ParameterSpace({"x": jnp.asarray(1.5)}, {"x": dist.Uniform(0.5, 5.0)})
    result = sl.fit(sl.Posterior(space, Likelihood(power, [8.0], Gaussian([0.1]))), sl.LevenbergMarquardt())
    assert float(result.raise_for_status().parameters["x"]) == pytest.approx(2.0, abs=1e-4)


def test_every_method_reaches_the_maximum_from_afar(well, precision):
    """What ends a fit that is at its maximum does not end one that is not."""
    posterior = well()
    best = sl.fit(posterior)
    for method in ALL_METHODS[1:3]:
        found = sl.fit(posterior, method, start={"x": jnp.array([3.0, 5.0, -2.0])}).raise_for_status()
        assert found.status == "converged"
        assert len(found.history) < 60
        assert abs(found.log_posterior - best.log_posterior) < 1e-2
    near = {"x": best.parameters["x"] + jnp.array([0.3, 0.0, 0.0], best.parameters["x"].dtype)}
    for method in ALL_METHODS:
        assert sl.fit(posterior, method, start=near).log_posterior > best.log_posterior - 0.05


def test_bfgs_converges_in_single_precision_where_rounding_hides_its_steps():
    """chi^2 of 10^7 changes by one where the parameters move by a standard deviation: float32 does not see it."""
    with jax.enable_x64(False):
        data = np.concatenate([RANDOM.normal(size=1000), np.full(1000, 100.0)])
        space = sl.ParameterSpace({"x": jnp.zeros(())}, {"x": dist.Normal(0.0, 10.0)})

        def mean(model):
            return jnp.where(jnp.arange(2000) < 1000, model["x"], 0.0)

        posterior = sl.Posterior(space, Likelihood(mean, data, Gaussian(np.full(2000, 1.0))))
        for start in (0.0, 0.5, float(np.mean(data[:1000]))):
            result = sl.fit(posterior, sl.BFGS(), start={"x": jnp.asarray(start)})
            assert result.status == "converged"
            assert len(result.history) < 40
            assert abs(result.parameters["x"] - np.mean(data[:1000])) < 0.2 / np.sqrt(1000)


NAN = float("nan")


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: sl.Adam(-0.1), "Adam.learning_rate"),
        (lambda: sl.Adam(0.0), "Adam.learning_rate"),
        (lambda: sl.Adam(NAN), "Adam.learning_rate"),
        (lambda: sl.Adam("fast"), "Adam.learning_rate"),
        (lambda: sl.Adam(optax.constant_schedule(-1.0)), "Adam.learning_rate"),
        (lambda: sl.Adam(steps=0), "Adam.steps"),
        (lambda: sl.Adam(steps=2.5), "Adam.steps"),
        (lambda: sl.Adam(steps=True), "Adam.steps"),
        (lambda: sl.Adam(steps=None), "Adam.steps"),
        (lambda: sl.Adam(batch=0), "Adam.batch"),
        (lambda: sl.Adam(every=0), "Adam.every"),
        (lambda: sl.inference.Optax(optax.sgd(0.1), steps=-1), "Optax.steps"),
        (lambda: sl.LBFGS(tolerance=-1.0), "LBFGS.tolerance"),
        (lambda: sl.LBFGS(tolerance="x"), "LBFGS.tolerance"),
        (lambda: sl.LBFGS(memory=0), "LBFGS.memory"),
        (lambda: sl.BFGS(tolerance=NAN), "BFGS.tolerance"),
        (lambda: sl.BFGS(steps=0), "BFGS.steps"),
        (lambda: sl.LevenbergMarquardt(tolerance=0.0), "LevenbergMarquardt.tolerance"),
        (lambda: sl.LevenbergMarquardt(steps=1.5), "LevenbergMarquardt.steps"),
        (lambda: sl.NUTS(target_acceptance=1.5), "NUTS.target_acceptance"),
        (lambda: sl.NUTS(target_acceptance=0.0), "NUTS.target_acceptance"),
        (lambda: sl.NUTS(target_acceptance=1.0), "NUTS.target_acceptance"),
        (lambda: sl.NUTS(max_doublings=0), "NUTS.max_doublings"),
        (lambda: sl.HMC(target_acceptance=-0.1), "HMC.target_acceptance"),
        (lambda: sl.HMC(target_acceptance=1.0), "HMC.target_acceptance"),
        (lambda: sl.HMC(leapfrogs=1.5), "HMC.leapfrogs"),
        (lambda: sl.RandomWalk(target_acceptance=NAN), "RandomWalk.target_acceptance"),
        (lambda: sl.RandomWalk(target_acceptance=1), "RandomWalk.target_acceptance"),
        (lambda: sl.MCLMC(energy_variance=0.0), "MCLMC.energy_variance"),
        (lambda: sl.NestedSlice(live=1), "NestedSlice.live"),
        (lambda: sl.NestedSlice(live=10.5), "NestedSlice.live"),
        (lambda: sl.NestedSlice(dying=0), "NestedSlice.dying"),
        (lambda: sl.NestedSlice(slices=0), "NestedSlice.slices"),
        (lambda: sl.inference.MeanField(learning_rate=-1.0), "MeanField.learning_rate"),
        (lambda: sl.inference.FullRank(learning_rate=0), "FullRank.learning_rate"),
        (lambda: sl.inference.FullRank(steps=0), "FullRank.steps"),
        (lambda: sl.inference.LowRank(learning_rate=NAN), "LowRank.learning_rate"),
        (lambda: sl.inference.LowRank(rank=0), "LowRank.rank"),
        (lambda: sl.inference.Pathfinder(iterations=0), "Pathfinder.iterations"),
        (lambda: sl.inference.Pathfinder(samples=2.5), "Pathfinder.samples"),
    ],
)
def test_options_out_of_range_are_refused_by_name(build, name):
    with pytest.raises(ValueError, match=name):
        build()


WHOLE, REAL = (0, -1, 2.5, NAN, "3", True), (0, -1.0, NAN, float("inf"), "x", True)
RANGES = {
    "target_acceptance": (0, 1, 1.5, -0.1, NAN, "x", True),
    "learning_rate": (*REAL, optax.constant_schedule(-1.0), optax.constant_schedule(NAN)),
    "optimiser": (0.1, None),
}


def options():
    """Every option of every public method, algorithm and approximation, and what it must refuse."""
    bases = (sl.inference.AbstractMethod, sl.inference.AbstractAlgorithm, sl.inference.AbstractApproximation)
    for name, kind in vars(sl.inference).items():
        if isinstance(kind, type) and issubclass(kind, bases) and not name.startswith("Abstract"):
            needed = {"optimiser": optax.sgd(0.1)} if name == "Optax" else {}
            for field in dataclasses.fields(kind):
                if field.init and field.type is not str:
                    whole = int in (field.type, *typing.get_args(field.type))
                    for value in RANGES.get(field.name, WHOLE if whole else REAL):
                        yield kind, needed, field.name, value


def test_every_option_of_every_public_class_is_refused_by_name():
    seen = set()
    for kind, needed, name, value in options():
        with pytest.raises(ValueError, match=rf"{kind.__name__}\.{name}\b"):
            kind(**(needed | {name: value}))
        seen.add(f"{kind.__name__}.{name}")
    assert {"Adam.learning_rate", "Optax.optimiser", "NUTS.target_acceptance", "LBFGS.tolerance"} < seen
    assert len(seen) > 35


def test_counts_are_refused_by_name(well):
    posterior, key = well(), jax.random.key(0)
    for name in ("chains", "draws", "thin", "segment"):
        for value in (0, -1, True):
            with pytest.raises(ValueError, match=f"{name} = "):
                sl.sample(posterior, key, **{name: value})
    with pytest.raises(ValueError, match="warmup = -1"):
        sl.sample(posterior, key, warmup=-1)
    for name in ("replicas", "draws", "thin", "together"):
        with pytest.raises(ValueError, match=f"{name} = 0"):
            sl.sbc(posterior, key, **{name: 0})
    for name, value in (("starts", 0), ("covariance", -1)):
        with pytest.raises(ValueError, match=f"{name} = "):
            sl.fit(posterior, key=key, **{name: value})
    for value in (2.5, NAN, "3", None):
        with pytest.raises(ValueError, match=r"draws = .* must be a whole number"):
            check_counts(draws=value)
