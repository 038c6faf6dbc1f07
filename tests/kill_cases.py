"""Runs that are killed at random moments: `python kill_cases.py CASE FOLDER KILLS SEED` prints what came of it as JSON.

Processes are forked from this one, which has imported everything and computed nothing: what they have in common are
modules alone. The first run compiles for itself; the others share a cache of compiled programs.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

import sightline as sl
from sightline import cli
from sightline.statistics import Gaussian, Likelihood

PATIENCE = 600.0  # seconds after which a run hangs
TIMES = np.linspace(0.0, 3.0, 50)


def curve(model):
    """A damped oscillation."""
    t = jnp.asarray(TIMES, model["phase"].dtype)
    return model["height"] * jnp.exp(-model["rates"][0] * t) * jnp.cos(model["rates"][1] * t + model["phase"])


def posterior(flat=False, seed=0):
    """Noisy data of it."""
    truth = {"height": jnp.asarray(2.0), "rates": jnp.array([1.0, 3.0]), "phase": jnp.asarray(0.3)}
    start = {"height": jnp.asarray(1.0), "rates": jnp.array([0.5, 2.5]), "phase": jnp.asarray(0.0)}
    height = dist.Uniform(0.0, 9.0) if flat else dist.LogNormal(0.0, 1.0)
    priors = {"height": height, "rates": dist.Uniform(0.0, 5.0), "phase": dist.Normal(0.0, 1.0)}
    data = np.asarray(curve(truth)) + 0.05 * np.random.default_rng(seed).normal(size=50)
    return sl.Posterior(sl.ParameterSpace(start, priors), Likelihood(curve, data, Gaussian(np.full(50, 0.05))))


def fit(method, flat=False, held=False, starts=40):
    def run(folder):
        other, key = {"held_out": posterior(flat, seed=1)} if held else {}, jax.random.key(1)
        result = sl.fit(posterior(flat), method, starts=starts, key=key, checkpoint=folder / "run", **other)
        found = {name: np.asarray(value) for name, value in result.parameters.items()}
        heights = np.array([height for _, height in result.starts])
        return found | {"history": result.history, "held_out": result.held_out, "heights": heights}

    return run


def sample(algorithm, draws, **options):
    def run(folder):
        given = {"chains": 2, "warmup": 100, "vectorised": True} | options
        start = {"height": 2.0, "rates": np.array([1.0, 3.0]), "phase": 0.3}
        key, saved = jax.random.key(5), folder / "run"
        chains = sl.sample(posterior(), key, algorithm, start=start, draws=draws, checkpoint=saved, **given)
        return {"vector": chains.vector, **chains.statistics}

    return run


def simulate(folder):
    """The command, which has no checkpoint: its file is whole or not there."""
    output = folder / "sky.fits"
    tokens = ["simulate", "--frequency", "0.4", "23", "--nside", "8", "--cells", "64", "--noise", "1e-6"]
    assert cli.main([*tokens, "--output", str(output), "--overwrite"]) == 0
    stokes = sl.io.read_map(output)
    return {name: np.asarray(getattr(stokes, name)) for name in "IQU"}


CASES = {
    "simulate": simulate,
    "LevenbergMarquardt": fit(sl.LevenbergMarquardt(tolerance=1e-6), flat=True),
    "BFGS": fit(sl.BFGS(tolerance=1e-6)),
    "LBFGS": fit(sl.LBFGS(tolerance=1e-30)),
    "Adam": fit(sl.Adam(1e-3, steps=3000, every=100), held=True, starts=1),
    "NUTS": sample(sl.NUTS(), 3000),
    "NUTS, chain by chain": sample(sl.NUTS(), 1500, vectorised=False),
    "HMC": sample(sl.HMC(), 3000),
    "MCLMC": sample(sl.MCLMC(), 4000),
    "RandomWalk": sample(sl.RandomWalk(), 4000),
    "NestedSlice": sample(sl.NestedSlice(live=100, dying=5), 500, segment=5),
}
"""What is run, in a folder of its own; it returns all that it found."""


def run(case, folder, wait, cache=None):
    """A new process that runs a case, and `wait(process, begun)`s for it; its exit code, negative for a signal."""
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    process = os.fork()
    if not process:
        code = 1
        try:
            sys.stdout = sys.stderr = (folder / "said.txt").open("a")
            print(f"{case} begins", flush=True)
            if cache is not None:
                jax.config.update("jax_compilation_cache_dir", str(cache))
                jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
            found = CASES[case](folder)
            with sl.io.replacing(folder / "result.npz", overwrite=True) as temporary:
                np.savez(temporary, **found)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    wait(process, begun)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def finish(process, begun):
    """Waits for the end of a process."""


def killer(folder, generator, longest, suffix):
    """Waits until a process has written a file of this suffix, and for a random time, and kills it."""

    def wait(process, begun):
        before = _newest(folder, suffix)
        while _newest(folder, suffix) == before and not _ended(process):
            assert time.monotonic() - begun < PATIENCE, "it hangs"
            time.sleep(0.002)
        end = time.monotonic() + generator.uniform(0.0, longest)
        while time.monotonic() < end and not _ended(process):
            time.sleep(0.001)
        os.kill(process, signal.SIGKILL)

    return wait


def _ended(process):
    """Whether a process has ended; it is waited for later."""
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _newest(folder, suffix):
    """When something was last written."""
    files = [file for file in _files(folder) if file.suffix == suffix and not file.name.startswith(".")]
    return max((file.stat().st_mtime_ns for file in files), default=0)


def _files(folder):
    return [Path(root) / name for root, _, names in os.walk(folder) for name in names]


def check_whole(folder):
    """That every file under its own name can be read."""
    for file in _files(folder):
        if file.suffix == ".npz" and not file.name.startswith(".part-"):
            with np.load(file) as arrays:
                dict(arrays)


def same(folder, expected):
    """Whether a run has ended with the bits of another, and left nothing unfinished behind."""
    with np.load(folder / "result.npz") as file:
        found = dict(file)
    left = [file.name for file in _files(folder) if file.name.startswith(".")]
    equal = {name: found[name].tobytes() == value.tobytes() for name, value in expected.items()}
    return found.keys() == expected.keys() and all(equal.values()) and not left


def kill(case, folder, kills, seed):
    """Kills a case so many times, in as many runs as that takes, each of which is ended and compared.

    **Returns:** kills, runs, and how many of these had the bits of one that was left alone.
    """
    generator, cache = random.Random(seed), folder / "cache"
    assert run(case, folder / "whole", finish) == 0, (folder / "whole" / "said.txt").read_text()
    with np.load(folder / "whole" / "result.npz") as file:
        expected = dict(file)
    assert run(case, folder / "warm", finish, cache) == 0
    begun = time.monotonic()
    assert run(case, folder / "timed", finish, cache) == 0
    longest, suffix = time.monotonic() - begun, ".txt"
    if case != "simulate":  # whatever has a checkpoint gets on with every kill
        longest, suffix = longest / kills, ".npz"
    runs = [same(folder / "warm", expected), same(folder / "timed", expected)]
    done = 0
    while done < kills:
        place = folder / f"run_{len(runs)}"
        while done < kills:
            code = run(case, place, killer(place, generator, longest, suffix), cache)
            assert code in (0, -signal.SIGKILL), (place / "said.txt").read_text()
            check_whole(place)
            done += code != 0
            if code == 0:
                break
        assert run(case, place, finish, cache) == 0, (place / "said.txt").read_text()
        runs.append(same(place, expected))
        shutil.rmtree(place)
    return {"case": case, "kills": done, "runs": len(runs), "same": sum(runs)}


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message=r"os\.fork\(\) was called")
    _, name, where, count, seed = sys.argv
    print(json.dumps(kill(name, Path(where), int(count), int(seed))))
