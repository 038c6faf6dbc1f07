"""Many fits in one program, residuals of components, and the choice among numbers of clusters."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.components import Clusters, ComponentSky
from test_separation import BANDS, SKY, mixing

jax.config.update("jax_enable_x64", True)

NPIX = 768
CELLS = np.asarray(sl.components.multiresolution(sl.HealpixSky(8), 1)) % 8  # eight patches, three of twelve pairs up
FINE = np.arange(NPIX) % 4  # four parts of each patch
LABELS = {1: 0 * CELLS, 2: CELLS // 4, 4: CELLS // 2, 8: CELLS, 16: 2 * CELLS + FINE // 2, 32: 4 * CELLS + FINE}
SIGMA = np.asarray(BANDS.sigma(SKY, "QU"))[..., None] * 1e6
NAME = "terms.dust.index.values"


def model(count, values=1.6):
    return mixing(Clusters(np.full(32, values), LABELS[count]))


def truth():
    """Dust whose index has eight values."""
    index = 1.6 + 0.1 * np.random.default_rng(0).normal(size=8)
    return mixing(Clusters(index, LABELS[8]))


def maps(seeds):
    rng = np.random.default_rng(3)
    bright = np.stack([one * (1 + 0.2 * rng.normal(size=(2, NPIX))) for one in (0.6, 3.0, 20.0)])
    clean = np.einsum("bcn,ckn->kbn", truth()(BANDS, NPIX), bright)
    noise = [SIGMA * np.random.default_rng(100 + seed).normal(size=clean.shape) for seed in seeds]
    return bright, np.stack([clean + one for one in noise]) * 1e-6


def build(count):
    _, (data,) = maps([0])
    like = sl.SpectralLikelihood(BANDS, data, noise=SIGMA * 1e-6, unit="K_CMB", convention="COSMO")
    return sl.Posterior(sl.ParameterSpace(model(count), {NAME: dist.Uniform(0.5, 3.0)}), like)


@pytest.fixture(scope="module")
def chosen():
    _, sets = maps(range(7))
    return sl.select(build, list(LABELS), sl.ResidualVariance(sets[:1], sets[1:]))


def test_the_search_finds_the_clusters_that_there_are(chosen):
    assert chosen.best == 8
    assert "gap" in repr(chosen)
    fits = chosen.result.fits
    assert set(fits["status"].values.ravel()) == {"converged"}
    assert int(fits["blind"].sum()) == 24  # the values that no label names
    scores = [one.validate for one in chosen.results]
    assert scores[0] > scores[1] > scores[2] > scores[3]  # foregrounds left in
    assert scores[5] > scores[3]  # noise let in


def test_many_fits_are_those_of_each(chosen):
    _, sets = maps(range(2))
    many = sl.fit_many(build, [4, 8], sets)
    for place, count in enumerate((4, 8)):
        for seed in range(2):
            one = sl.fit(build(count).given([jnp.asarray(sets[seed])]), covariance=0)
            found = many.isel(candidate=place, set=seed)
            np.testing.assert_allclose(found["value"], one.parameters[NAME], atol=1e-9)
            assert int(found["steps"]) == len(one.history)
            assert float(found["log_posterior"]) == pytest.approx(one.log_posterior, rel=1e-9)
            assert one.blind == [str(label) for label in found["parameter"].values[found["blind"].values]]


def test_candidates_that_differ_in_more_than_arrays_are_refused():
    def built(scale):
        space = sl.ParameterSpace({"x": jnp.asarray(0.5)}, {"x": dist.Uniform(0.0, 1.0)})
        law = lambda model: scale * model["x"] * jnp.ones(3)  # noqa: E731
        return sl.Posterior(space, sl.Likelihood(law, np.ones(3), sl.statistics.Gaussian(np.ones(3))))

    with pytest.raises(ValueError, match=r"Candidate 4\.0 differs from the first in more than its arrays"):
        sl.fit_many(built, [2.0, 4.0], np.ones((1, 3)))


def test_what_is_no_sum_of_squares_is_refused():
    counts = sl.Likelihood(lambda model: model["x"] * jnp.ones(3), np.ones(3), sl.statistics.Poisson())
    space = sl.ParameterSpace({"x": jnp.asarray(1.0)}, {"x": dist.Uniform(0.0, 9.0)})
    with pytest.raises(ValueError, match=r"fit_many takes sums of squares: .* one by one, sl\.fit\("):
        sl.fit_many(lambda _: sl.Posterior(space, counts), [1], np.ones((1, 3)))


def test_residuals_are_what_is_wrong(chosen):
    bright, _ = maps(range(1))
    like = build(8).likelihoods[0]
    amplitudes = {
        name: sl.Stokes(0 * one[0], *one * 1e-6, frequency=nu, unit="K_CMB", sky=sl.HealpixSky(8))
        for name, one, nu in zip(("cmb", "dust", "synchrotron"), bright, (100.0, 150.0, 20.0), strict=True)
    }
    sky = ComponentSky(truth(), amplitudes)
    exact = like.residuals_of(truth(), sky)["cmb"]
    assert np.max(np.abs(exact.systematic.Q)) < 1e-18
    wrong = like.residuals_of(model(1), sky)
    moved = dataclasses.replace(truth().terms["dust"], reference=353.0)
    elsewhere = eqx.tree_at(lambda m: m.terms["dust"], truth(), moved)
    with pytest.raises(ValueError, match=r"'dust' at 150\.0 GHz, the model at 353\.0 GHz"):
        like.residuals_of(elsewhere, sky)
    pixel = 5
    matrix = np.asarray(model(1)(BANDS, NPIX))[:, :, pixel]
    weight = 1 / SIGMA[0, :, 0]
    data = np.asarray(truth()(BANDS, NPIX))[:, :, pixel] @ bright[:, 0, pixel]
    solved, *_ = np.linalg.lstsq(matrix * weight[:, None], data * weight, rcond=None)
    for place, name in enumerate(("cmb", "dust", "synchrotron")):
        assert float(wrong[name].systematic.Q[pixel]) * 1e6 == pytest.approx(
            solved[place] - bright[place, 0, pixel], rel=1e-8
        )
        total = wrong[name].systematic.Q + wrong[name].statistical.Q
        np.testing.assert_allclose(wrong[name].total.Q, total, rtol=1e-12)
    clean = np.einsum("bcn,ckn->kbn", truth()(BANDS, NPIX), bright) * 1e-6
    fits = sl.fit_many(build, [4, 8], clean[None])
    shares = []
    for place, count in enumerate((4, 8)):
        parts = like.residuals_of(model(count, fits["value"].values[place, 0]), sky)["cmb"]
        shares.append(float(np.var(parts.systematic.Q) / np.var(parts.total.Q)))
    assert shares[1] < 1e-6 < 1e-3 < shares[0]


def test_a_killed_search_goes_on_with_the_same_bits(tmp_path, monkeypatch):
    from sightline.inference import many

    _, sets = maps(range(2))
    whole = sl.fit_many(build, [1, 2, 4], sets, batch=1)
    fitted, calls = many._fitted, []

    def counted(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return fitted(*arguments)

    monkeypatch.setattr(many, "_fitted", counted)
    with pytest.raises(KeyboardInterrupt):
        sl.fit_many(build, [1, 2, 4], sets, batch=1, checkpoint=tmp_path / "run")
    again = sl.fit_many(build, [1, 2, 4], sets, batch=1, checkpoint=tmp_path / "run")
    assert len(calls) == 4  # two batches were kept
    assert whole.identical(again)


def test_bad_searches_are_named():
    _, sets = maps(range(2))
    with pytest.raises(ValueError, match=r"validate\[0\] is one of train"):
        sl.ResidualVariance(sets, sets[1:])
    with pytest.raises(ValueError, match=r"give \(sets, k, bands, n\)"):
        sl.ResidualVariance(sets, sets[:, :, :3])
    with pytest.raises(ValueError, match="candidates is empty"):
        sl.fit_many(build, [], sets)
    with pytest.raises(ValueError, match="data have shapes"):
        sl.fit_many(build, [1], sets[:, :, :3])
    with pytest.raises(TypeError, match="build is a float: give a function"):
        sl.fit_many(3.0, [1], sets)
    with pytest.raises(TypeError, match="train must be real numbers"):
        sl.ResidualVariance(None, None)

    def ragged(count):
        like = build(count).likelihoods[0]
        space = sl.ParameterSpace(mixing(Clusters(1.6, LABELS[count])), {NAME: dist.Uniform(0.5, 3.0)})
        return sl.Posterior(space, like)

    with pytest.raises(ValueError, match="Candidate 2 has other parameters or arrays of other shapes"):
        sl.fit_many(ragged, [1, 2], sets)


SHARDED = """
import sys
sys.path.insert(0, {tests!r})
import jax, numpy as np
from test_search import build, maps
import sightline as sl
assert len(jax.devices()) == 8
_, sets = maps(range(3))
np.save({path!r}, sl.fit_many(build, [4, 8], sets)["value"].values)

from sightline.inference import many
group = many.stacked([build(4), build(8)], [4, 8])
text = many._walks.lower(group, many._placed([sets]), jax.numpy.asarray(2e-6), 200).compile().compiled.as_text()
assert "num_partitions=8" in text and "all-reduce" in text
assert "all-gather" not in text
"""


@pytest.mark.long
def test_eight_devices_give_what_one_gives(tmp_path):
    path = str(tmp_path / "values.npy")
    code = SHARDED.format(tests=str(Path(__file__).parent), path=path)
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | flags)
    _, sets = maps(range(3))
    np.testing.assert_allclose(np.load(path), sl.fit_many(build, [4, 8], sets)["value"].values, atol=1e-10)
