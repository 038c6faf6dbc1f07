"""Runs that are killed at random moments and started again end with the bits of uninterrupted ones."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kill_cases import CASES
from killing import interrupted, uninterrupted


def kill(case, folder, kills):
    script = Path(__file__).with_name("kill_cases.py")
    command = [sys.executable, str(script), case, str(folder), str(kills), "0"]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def test_simulate(tmp_path):
    found = kill("simulate", tmp_path, 2)
    assert found["kills"] == 2
    assert found["same"] == found["runs"] >= 3


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_twenty_kills(tmp_path, case):
    found = kill(case, tmp_path, 20)
    assert found["kills"] == 20
    assert found["same"] == found["runs"] >= 3


FITS = """
import sys
from pathlib import Path
import jax, jax.numpy as jnp, numpy as np, numpyro.distributions as dist
import sightline as sl
from sightline.statistics import Gaussian, Likelihood

folder = Path(sys.argv[1])
times = np.linspace(0.0, 3.0, 50)
truth = {"height": 2.0, "rates": np.array([1.0, 3.0]), "phase": 0.3}

def curve(model, t):
    return model["height"] * jnp.exp(-model["rates"][0] * t) * jnp.cos(model["rates"][1] * t + model["phase"])

def observable(model):
    return curve(model, jnp.asarray(times, model["phase"].dtype))

start = {"height": jnp.asarray(1.0), "rates": jnp.array([0.5, 2.5]), "phase": jnp.asarray(0.0)}
priors = {"height": dist.LogNormal(0.0, 1.0), "rates": dist.Uniform(0.0, 5.0), "phase": dist.Normal(0.0, 1.0)}
noise = np.random.default_rng(0)
data = np.asarray(observable(jax.tree.map(jnp.asarray, truth))) + 0.05 * noise.normal(size=50)
held = data + 0.05 * noise.normal(size=50)
space = sl.ParameterSpace(start, priors)
posterior, other = (sl.Posterior(space, Likelihood(observable, d, Gaussian(np.full(50, 0.05)))) for d in (data, held))
flat = sl.ParameterSpace(start, priors | {"height": dist.Uniform(0.0, 9.0)})
squares = sl.Posterior(flat, posterior.likelihoods)

found = {}
for name, one, method, options in [
    ("adam", posterior, sl.Adam(1e-3, steps=1000, every=100), {"held_out": other}),
    ("lbfgs", posterior, sl.LBFGS(tolerance=1e-30, steps=400), {}),
    ("marquardt", squares, sl.LevenbergMarquardt(tolerance=1e-6), {"starts": 5, "key": jax.random.key(1)}),
]:
    result = sl.fit(one, method, checkpoint=folder / name, covariance=0, **options)
    found |= {f"{name}.{key}": np.asarray(value) for key, value in result.parameters.items()}
    found |= {f"{name}.history": result.history, f"{name}.held_out": result.held_out}
    found |= {f"{name}.starts": np.array([height for _, height in result.starts])}
np.savez(folder / "result.npz", **found)
"""


def test_fits(tmp_path):
    names = ("adam/start_0000", "adam/start_0000", "lbfgs/start_0000", "marquardt/start_0000", "marquardt/start_0002")
    moments = [(f"{name}.npz", 0.02 if "lbfgs" in name else 0.3) for name in names]
    with np.load(uninterrupted(FITS, tmp_path / "whole")) as file:
        whole = dict(file)
    path, kills = interrupted(FITS, tmp_path / "killed", moments)
    assert kills >= 4
    with np.load(path) as file:
        assert set(file) == set(whole)
        for name, value in whole.items():
            np.testing.assert_array_equal(file[name], value, err_msg=name)
    assert len(whole["adam.history"]) == 1000
    assert len(whole["adam.held_out"]) == 10
    assert abs(whole["marquardt.height"] - 2.0) < 0.1


SAMPLES = """
import sys
from pathlib import Path
import jax, jax.numpy as jnp, numpy as np, numpyro.distributions as dist
import sightline as sl
from sightline.statistics import Gaussian, Likelihood

folder = Path(sys.argv[1])
space = sl.ParameterSpace({"a": jnp.asarray(1.0), "b": jnp.asarray(2.0)}, {"*": dist.LogNormal(0.0, 1.0)})
data = Likelihood(lambda m: m["a"] * jnp.arange(1.0, 9.0) + m["b"], np.arange(8) + 3.0, Gaussian(np.ones(8)))
chains = sl.sample(sl.Posterior(space, data), jax.random.key(5), start={"a": 1.0}, chains=2, draws=1500, warmup=100,
    checkpoint=folder / "run", vectorised=True)
np.savez(folder / "result.npz", vector=chains.vector, **chains.statistics)
"""


@pytest.mark.long
def test_samples(tmp_path):
    moments = [("run/state.npz", 0.05)] * 5
    with np.load(uninterrupted(SAMPLES, tmp_path / "whole")) as file:
        whole = dict(file)
    path, kills = interrupted(SAMPLES, tmp_path / "killed", moments)
    assert kills >= 4
    with np.load(path) as file:
        for name, value in whole.items():
            np.testing.assert_array_equal(file[name], value, err_msg=name)
    assert whole["vector"].shape == (2, 1500, 2)


SEARCH = """
import sys
from pathlib import Path
import jax, numpy as np, numpyro.distributions as dist
import sightline as sl
from sightline.components import CMB, Clusters, MixingMatrix, ModifiedBlackbody

jax.config.update("jax_enable_x64", True)
folder = Path(sys.argv[1])
bands = sl.instruments.Bands([40.0, 100.0, 140.0, 280.0], [37.0, 7.0, 5.0, 14.0])
fine = np.arange(768) // 64

def model(count, index):
    dust = ModifiedBlackbody(Clusters(np.full(12, index), fine * count // 12), 18.5, 150.0)
    return MixingMatrix(cmb=CMB(), dust=dust)

clean = np.einsum("bcn,c->bn", model(12, 1.6)(bands, 768), [0.6, 3.0])
sets = clean + 0.02 * np.random.default_rng(0).normal(size=(3, 2, 4, 768))

def build(name):
    like = sl.SpectralLikelihood(bands, sets[0], noise=np.full((4, 1), 0.02), unit="uK_CMB", convention="COSMO")
    start = model(1 + name % 12, 1.5 + 0.001 * name)
    return sl.Posterior(sl.ParameterSpace(start, {"terms.dust.index.values": dist.Uniform(0.5, 3.0)}), like)

sets = np.stack([build(0).likelihoods[0].to_data(one, "uK_CMB", "COSMO") for one in sets])
found = sl.fit_many(build, range(24), sets, batch=1, checkpoint=folder / "run")
np.savez(folder / "result.npz", **{name: found[name].values for name in found})
"""


@pytest.mark.long
def test_searches(tmp_path):
    moments = [(f"run/fits_{count:06}.npz", 0.01) for count in (2, 8, 15)]
    with np.load(uninterrupted(SEARCH, tmp_path / "whole")) as file:
        whole = dict(file)
    path, kills = interrupted(SEARCH, tmp_path / "killed", moments)
    assert kills == 3
    with np.load(path) as file:
        assert set(file) == set(whole)
        for name, value in whole.items():
            np.testing.assert_array_equal(file[name], value, err_msg=name)
    assert set(whole["status"].ravel()) == {"converged"}
