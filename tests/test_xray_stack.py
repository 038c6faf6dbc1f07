"""Many spectra of one response as one batch."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl

jax.config.update("jax_enable_x64", True)

EDGES = np.geomspace(0.5, 8.0, 41)
NORMS, COLUMNS = np.geomspace(1e-4, 1e-3, 5), np.linspace(0.0, 0.4, 5)
RESPONSE = sl.counts.Response(EDGES[:-1], EDGES[1:], 100 * np.eye(40), EDGES)


def observed(seed, background=True):
    rng = np.random.default_rng(seed)
    off = sl.counts.Spectrum(rng.poisson(20.0, 40), 2e4 + 1e3 * seed, back_scale=2.0) if background else None
    return sl.counts.Observation(sl.counts.Spectrum(rng.poisson(20.0, 40), 1e4 * (1 + seed)), RESPONSE, off)


def one(column, norm, redshift=0.1):
    absorbed = sl.spectra.RedshiftedFactor(sl.spectra.MorrisonMcCammon(column), redshift)
    return absorbed * sl.spectra.PowerLaw(1.7, norm)


def batch():
    each = sl.spectra.Each(one(0.0, 1.0), vary=("*.norm", "*.column"), size=5)
    leaves = {"spectra.source.spectrum.terms.power_law.norm": NORMS}
    leaves["spectra.source.spectrum.terms.morrison_mc_cammon.factor.column"] = COLUMNS
    model = sl.Model(spectra={"source": each, "sky": sl.spectra.PowerLaw(1.0, 1e-4)})
    space = sl.ParameterSpace(model, {name: dist.Uniform(0, 2).expand([5]) for name in leaves})
    return space.replace({name: jnp.asarray(value) for name, value in leaves.items()})


def singles():
    sky = sl.spectra.PowerLaw(1.0, 1e-4)
    return [sl.Model(spectra={"source": one(c, n), "sky": sky}) for c, n in zip(COLUMNS, NORMS, strict=True)]


def noises(observation):
    yield {"noise": sl.statistics.Poisson()}
    yield {"noise": sl.statistics.ProfiledBackground(observation.background, observation.ratio)}
    yield {"background": "sky"}


def test_a_stack_is_its_observations_one_by_one():
    observations = [observed(seed) for seed in range(5)]
    stacked, model = sl.counts.stack(observations), batch()
    for kind, options in enumerate(noises(stacked)):
        together = sl.CountsLikelihood(stacked, "source", **options)
        assert together.data.shape[-2:] == (5, 40)
        terms = []
        for observation, single in zip(observations, singles(), strict=True):
            own = list(noises(observation))[kind]
            terms.append(float(sl.CountsLikelihood(observation, "source", **own).log_likelihood(single)))
        assert float(together.log_likelihood(model)) == pytest.approx(sum(terms), rel=1e-12)


def test_a_fit_of_shared_and_own_parameters():
    observations = [observed(seed, background=False) for seed in range(3)]
    each = sl.spectra.Each(sl.spectra.PowerLaw(1.0, 1e-3), vary="norm", size=3)
    priors = {"spectra.source.spectrum.index": dist.Uniform(-2, 4)}
    priors["spectra.source.spectrum.norm"] = dist.LogUniform(1e-5, 1e-1).expand([3])
    space = sl.ParameterSpace(sl.Model(spectra={"source": each}), priors)
    posterior = sl.Posterior(space, sl.CountsLikelihood(sl.counts.stack(observations), "source"))
    best = sl.fit(posterior.flat())
    norms = np.asarray(best.parameters["spectra.source.spectrum.norm"])
    np.testing.assert_allclose(norms[1:] * np.array([2, 3]), norms[0], rtol=0.15)  # of exposures 1, 2 and 3


def test_each_gives_what_each_gives():
    each = sl.spectra.Each(sl.spectra.Line(sigma=0.0), vary=("norm", "energy"), size=2)
    assert each(1.0).shape == (2,)
    assert each.photons(6.0, 7.0).tolist() == [1.0, 1.0]
    assert each.jumps().shape == (2 * sl.spectra.Line().jumps().size,)


def test_fluxes_of_a_batch_are_those_of_each():
    laws = sl.spectra.Each(sl.spectra.PowerLaw(index=2.0, norm=1.0), vary=("norm",), size=2)
    laws = eqx.tree_at(lambda one: one.spectrum.norm, laws, jnp.array([1.0, 3.0]))
    one = float(sl.spectra.energy_flux(sl.spectra.PowerLaw(index=2.0, norm=1.0), 1.0, 2.0))
    np.testing.assert_allclose(sl.spectra.energy_flux(laws, 1.0, 2.0), [one, 3 * one], rtol=1e-12)
    np.testing.assert_allclose(sl.spectra.photon_flux(laws, 1.0, 2.0), [0.5, 1.5], rtol=1e-9)
    absorbed = sl.spectra.InterstellarAbsorption(column=0.1) * sl.spectra.PowerLaw(index=2.0, norm=1.0)
    assert isinstance(sl.spectra.Each(absorbed, vary=("*norm",), size=9).jumps(), np.ndarray)  # and not nine times


def test_what_is_no_batch_is_refused():
    with pytest.raises(ValueError, match="matches no leaf"):
        sl.spectra.Each(sl.spectra.PowerLaw(), vary=("nrm",), size=2)
    with pytest.raises(ValueError, match="whole number"):
        sl.spectra.Each(sl.spectra.PowerLaw(), vary=("norm",), size=0)
    with pytest.raises(TypeError, match="no photon spectrum"):
        sl.spectra.Each(sl.spectra.Scale(), vary=("factor",), size=2)
    other = sl.counts.Response(EDGES[:-1], EDGES[1:], 99 * np.eye(40), EDGES)
    changed = sl.counts.Observation(sl.counts.Spectrum(np.ones(40), 1e4), other)
    with pytest.raises(ValueError, match=r"observations\[1\] differs from the first in its response"):
        sl.counts.stack([observed(0, background=False), changed])
    with pytest.raises(ValueError, match="having a background"):
        sl.counts.stack([observed(0), observed(1, background=False)])
    few = sl.counts.stack([observed(seed, background=False) for seed in range(3)])
    with pytest.raises(ValueError, match=r"'source' is 5 spectra, the stack 3 observations"):
        sl.CountsLikelihood(few, "source").mean(batch())
    with pytest.raises(ValueError, match="a stack has none"):
        sl.CountsLikelihood(few, "source", instrument="pn")


def test_the_program_does_not_grow_with_the_spectra():
    """What is compiled for value and gradient has as many operations for 3 spectra as for 30."""

    def operations(size):
        each = sl.spectra.Each(one(0.1, 1e-3), vary=("*.norm", "*.column"), size=size)
        stacked = sl.counts.stack([observed(seed, background=False) for seed in range(size)])
        name = "spectra.source.spectrum.terms.power_law.norm"
        space = sl.ParameterSpace(sl.Model(spectra={"source": each}), {name: dist.Uniform(0, 1).expand([size])})
        posterior = sl.Posterior(space, sl.CountsLikelihood(stacked, "source"))
        task = eqx.filter_jit(lambda post, u: jax.value_and_grad(post.log_density)(u))
        return task.lower(posterior, space.to_unconstrained(space.initial)).as_text().count("\n")

    assert operations(30) == operations(3)


def test_batches_are_saved_and_checked_as_they_are_loaded(tmp_path):
    each = sl.spectra.Each(one(0.1, 1e-3), vary=("*.norm", "*.column"), size=3)
    sl.save(each, tmp_path / "each.npz")
    assert eqx.tree_equal(sl.load(tmp_path / "each.npz"), each)
    negative = eqx.tree_at(lambda e: e.spectrum["power_law"].norm, each, jnp.array([1.0, 1.0, -1.0]))
    sl.save(negative, tmp_path / "negative.npz")
    with pytest.raises(sl.io.FileError, match=r"norm.*bounds"):
        sl.load(tmp_path / "negative.npz")
    whole = eqx.tree_at(lambda e: e.spectrum["power_law"].index, each, jnp.ones(3))  # which does not vary
    sl.save(whole, tmp_path / "whole.npz")
    with pytest.raises(sl.io.FileError, match=r"index has shape \(3,\)"):
        sl.load(tmp_path / "whole.npz")
    short = eqx.tree_at(lambda e: e.spectrum["power_law"].norm, each, jnp.ones(2))
    sl.save(short, tmp_path / "short.npz")
    with pytest.raises(sl.io.FileError, match=r"shape \(2,\), but size = 3"):
        sl.load(tmp_path / "short.npz")
