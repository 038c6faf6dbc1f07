"""A real spectrum of EPIC-pn, 0.5 to 8 keV as filed: reference values of other codes, and of a fine quadrature."""

import jax
import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from photons import by_quadrature

jax.config.update("jax_enable_x64", True)


@pytest.fixture(scope="module")
def observation(data):
    return sl.io.read_observation(data / "xray" / "xmm_epic_pn" / "PN_spectrum_grp20.fits").select(0.5, 8.0)


def test_a_power_law_has_the_statistics_that_sherpa_finds(observation):
    """C without the background, W with it; and the least W of a free power law."""
    law = sl.Model(spectra={"source": sl.spectra.PowerLaw(1.7, 1e-4)})
    priors = {"*.index": dist.Uniform(0.0, 5.0), "*.norm": dist.LogUniform(1e-6, 1e-2)}
    space = sl.ParameterSpace(law, priors)
    alone = sl.CountsLikelihood(observation, "source", noise=sl.statistics.Poisson())
    assert float(alone.deviance(law)) == pytest.approx(9175.8529, abs=1e-3)
    with pytest.warns(match="34 of 102 background bins hold fewer than 5 counts"):
        noise = sl.statistics.ProfiledBackground(observation.background, observation.ratio)
    profiled = sl.CountsLikelihood(observation, "source", noise=noise)
    assert float(profiled.deviance(law)) == pytest.approx(8142.4645, abs=1e-3)
    best = sl.fit(sl.Posterior(space, profiled).flat(), covariance=0)
    assert best.chi2 == pytest.approx(556.768, abs=1e-3)
    assert float(best.parameters["spectra.source.index"]) == pytest.approx(1.5658, abs=1e-4)


def test_an_absorbed_sum_has_the_counts_of_forty_nodes(observation):
    source = sl.spectra.PowerLaw(1.8, 1e-4) + sl.spectra.BlackBodyRadius(0.35, 0.5)
    spectrum = sl.spectra.MorrisonMcCammon(0.15) * source
    likelihood = sl.CountsLikelihood(observation, "source", noise=sl.statistics.Poisson())
    found = np.asarray(likelihood.mean(sl.Model(spectra={"source": spectrum})))
    assert found.sum() == pytest.approx(2967.3120, abs=1e-4)
    exact = np.asarray(observation.folding.fold(by_quadrature(spectrum, observation.folding)))
    np.testing.assert_allclose(found, exact, rtol=1e-8)
