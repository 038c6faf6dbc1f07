"""What to cite for an X-ray spectrum: its components, and the statistics of its likelihood."""

import inspect

import numpy as np
import numpyro.distributions as dist
import pytest

import sightline as sl
from sightline.citation.bibliography import ALWAYS, _entries

PAPERS = {
    "Wilms2000": "ApJ}, volume = {542}, pages = {914}",
    "Verner1996": "ApJ}, volume = {465}, pages = {487}",
    "Yan1998": "ApJ}, volume = {496}, pages = {1044}",
    "Morrison1983": "ApJ}, volume = {270}, pages = {119}",
    "Cash1979": "ApJ}, volume = {228}, pages = {939}",
    "Wachter1979": "ApJ}, volume = {230}, pages = {274}",
    "Kaastra2016": "volume = {587}, pages = {A151}",
}


def keys(text):
    return {line.partition("{")[2].rstrip(",") for line in text.splitlines() if line.startswith("@")}


def test_an_absorbed_power_law_names_wilms():
    model = sl.Model(spectra={"source": sl.spectra.InterstellarAbsorption(0.1) * sl.spectra.PowerLaw(1.8, 1e-4)})
    text = sl.citation(model)
    assert keys(text) == {*ALWAYS, "Wilms2000", "Verner1995", "Verner1996", "Yan1998"}
    assert "On the absorption of {X}-rays in the interstellar medium" in text


@pytest.mark.parametrize("key", PAPERS)
def test_papers_have_their_volume_and_page(key):
    assert PAPERS[key] in _entries()[key]


def test_every_key_of_a_component_is_an_entry():
    rooms = (sl.spectra, sl.counts, sl.statistics)
    classes = [one for room in rooms for _, one in inspect.getmembers(room, inspect.isclass)]
    cited = {key for one in classes for key in getattr(one, "cites", ())}
    assert cited <= set(_entries())
    assert {"Band1993", "Massaro2004", "Mitsuda1984", "Titarchuk1994", "Kaastra2016", "Wachter1979"} <= cited


def test_a_posterior_cites_its_statistics_too():
    edges = np.array([0.5, 1.0, 2.0, 4.0])
    response = sl.counts.Response(edges[:-1], edges[1:], 100 * np.eye(3), channels=edges)
    observation = sl.counts.Observation(sl.counts.Spectrum([9, 8, 7], 1e4), response)
    space = sl.ParameterSpace(
        sl.Model(spectra={"source": sl.spectra.PowerLaw()}), {"spectra.source.index": dist.Uniform(0.0, 4.0)}
    )
    plain = sl.Posterior(space, sl.CountsLikelihood(observation, "source"))
    assert keys(sl.citation(plain)) == {*ALWAYS, "Cash1979", "Kaastra2017"}
    profiled = sl.CountsLikelihood(observation, "source", noise=sl.statistics.ProfiledBackground([9.0] * 3, [0.5] * 3))
    assert keys(sl.citation(sl.Posterior(space, profiled))) == {*ALWAYS, "Wachter1979"}
