"""The example of radio and X-rays of the same electrons, through a small detector."""

import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl


@pytest.fixture(scope="module")
def electrons(example):
    """The module of the example."""
    return example("electrons")


@pytest.fixture(scope="module")
def mock(electrons):
    edges = np.geomspace(0.4, 9.0, 41)
    response = sl.counts.Response(edges[:-1], edges[1:], 800 * np.eye(40), edges)
    space = electrons.remnant()
    return space, electrons.observe(space, response, seed=3)


@pytest.mark.long
def test_one_spectrum_of_electrons_is_recovered(electrons, mock):
    space, likelihoods = mock
    best = sl.fit(sl.Posterior(space, likelihoods)).raise_for_status()
    for name, truth in electrons.TRUTH.items():
        assert abs(best.parameters[name] - truth) < 4 * best.standard_deviations[name]
    radio, x_rays, both = electrons.known(space, likelihoods, best)
    assert np.isinf(radio[-1])  # no column
    assert np.all(both < np.minimum(radio, x_rays) * (1 + 1e-6))
    assert both[0] < 0.5 * min(radio[0], x_rays[0])  # the index


def test_the_field_is_not_told_by_the_emission(electrons, mock):
    """B times 4, E_c over 2 and K over 4^((p + 1)/2): the same radio and X-rays."""
    space, likelihoods = mock
    truth = {name: jnp.asarray(value) for name, value in electrons.TRUTH.items()}
    index = truth[electrons.INDEX]
    other = truth | {
        electrons.FIELD: 4 * truth[electrons.FIELD],
        electrons.CUT_OFF: truth[electrons.CUT_OFF] / 2,
        # electrons are normalised at 10 GeV, behind exp(-E/E_c) there
        electrons.NORM: truth[electrons.NORM] * 4 ** (-(index + 1) / 2) * np.exp(-10 / truth[electrons.CUT_OFF]),
    }
    for one in likelihoods:
        np.testing.assert_allclose(one.mean(space.replace(other)), one.mean(space.replace(truth)), rtol=1e-6)
