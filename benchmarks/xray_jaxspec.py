"""Effective draws per processor second, beside jaxspec's: `python benchmarks/xray_jaxspec.py --peer PYTHON`.

PYTHON is an interpreter that has jaxspec 0.4.1. Model, data, priors, start and number of draws are the same; runs are
made in turn. Needs SIGHTLINE_DATA.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(os.environ.get("SIGHTLINE_DATA", ".")) / "xray" / "xmm_epic_pn"
START = {"column": 0.10, "index": 2.2, "law": 2.85e-4, "temperature": 0.76, "black": 0.19}
WARMUP, CHAINS = 500, 4


def effective(draws: dict[str, np.ndarray]) -> float:
    """The smallest effective size of all parameters."""
    import arviz as az

    return float(min(np.min(one.values) for one in az.ess(az.convert_to_dataset(draws)).data_vars.values()))


def timed(run: Any) -> dict[str, float]:
    """Effective draws and processor seconds of a first run, which compiles, and of a second."""
    found = {}
    for which, seed in (("first", 1), ("second", 2)):
        start = time.process_time()
        draws = run(seed)
        found[f"{which}_seconds"] = time.process_time() - start
        found[f"{which}_effective"] = effective(draws)
    return found | {f"mean {name}": float(np.mean(values)) for name, values in draws.items()}


def ours(draws: int) -> dict[str, float]:
    """NUTS of sightline."""
    import jax
    import xray

    import sightline as sl

    posterior = xray.absorbed(xray.read())
    ends = {"column": "column", "index": "index", "law": "power_law.norm", "temperature": "temperature"}
    ends["black"] = "black_body_radius.norm"
    names = {key: next(one for one in posterior.space.names if one.endswith(end)) for key, end in ends.items()}
    start = {name: START[key] for key, name in names.items()}

    def run(seed: int) -> dict[str, np.ndarray]:
        chains = sl.sample(
            posterior, jax.random.key(seed), start=start, draws=draws, chains=CHAINS, warmup=WARMUP, progress=False
        )
        return {key: np.asarray(chains.parameters[name]) for key, name in names.items()}

    return timed(run)


def peer(draws: int, table: str) -> dict[str, float]:
    """NUTS of numpyro on the model of jaxspec, whose cross sections are those of a file."""
    import jax
    import jaxspec.model.multiplicative as factors
    import numpyro.distributions as dist
    from jaxspec.data import ObsConfiguration
    from jaxspec.fit import BayesianModel
    from jaxspec.model.additive import Blackbodyrad, Powerlaw
    from jaxspec.model.background import SubtractedBackground
    from numpyro.infer import MCMC, NUTS, init_to_value

    factors._load_xsect = lambda name: np.load(table)
    files = (FOLDER / one for one in ("PN_spectrum_grp20.fits", "PN.rmf", "PN.arf", "PNbackground_spectrum.fits"))
    observation = ObsConfiguration.from_pha_file(*map(str, files), low_energy=0.5, high_energy=8.0)
    model = factors.Wabs() * (Powerlaw() + Blackbodyrad())
    prior = {
        "spectrum.wabs_1.nh": dist.Uniform(0, 1),
        "spectrum.powerlaw_1.alpha": dist.Uniform(0, 5),
        "spectrum.powerlaw_1.norm": dist.LogUniform(1e-7, 1e-1),
        "spectrum.blackbodyrad_1.kT": dist.Uniform(0.05, 3),
        "spectrum.blackbodyrad_1.norm": dist.LogUniform(1e-3, 1e4),
    }
    found = BayesianModel(model, prior, observation, background_model=SubtractedBackground())
    start = dict(zip(prior, map(float, START.values()), strict=True))
    kernel = NUTS(found.numpyro_model, init_strategy=init_to_value(values=start))
    chain = MCMC(kernel, num_warmup=WARMUP, num_samples=draws, num_chains=CHAINS, progress_bar=False)

    def run(seed: int) -> dict[str, np.ndarray]:
        chain.run(jax.random.PRNGKey(seed))
        values = chain.get_samples(group_by_chain=True)
        return {key: np.asarray(values[name]) for key, name in zip(START, prior, strict=True)}

    return timed(run)


def measured(python: str, role: str, draws: int, table: str) -> dict[str, float]:
    """One role in a process of its own."""
    command = [python, __file__, "--role", role, "--draws", str(draws), "--table", table]
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"JAX_ENABLE_X64": "1"})
    if run.returncode:
        raise RuntimeError(run.stderr[-2000:])
    return json.loads(run.stdout.splitlines()[-1])


def sections() -> np.ndarray:
    """Energies and cross sections of Morrison & McCammon, (2, n), for the other code to interpolate."""
    import jax

    import sightline as sl

    energy = np.geomspace(0.03, 20.0, 20_000)
    absorption = sl.spectra.MorrisonMcCammon(1.0)
    return np.stack([energy, np.asarray(jax.vmap(absorption.sections)(energy))[:, 0]])


def ratio(pairs: list[list[dict[str, float]]], which: str) -> list[str]:
    """Effective draws per second of both, and the median of their ratios."""
    rates = np.array([[one[f"{which}_effective"] / one[f"{which}_seconds"] for one in pair] for pair in pairs])
    quotient = rates[:, 0] / rates[:, 1]
    ours, other = (f"{one:.0f}" for one in np.median(rates, axis=0))
    return [ours, other, f"{np.median(quotient):.1f} ({quotient.min():.1f} to {quotient.max():.1f})"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", default=sys.executable, help="an interpreter that has jaxspec")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--role", choices=("ours", "peer"))
    parser.add_argument("--table", default="")
    options = parser.parse_args()
    if options.role:
        print(json.dumps(ours(options.draws) if options.role == "ours" else peer(options.draws, options.table)))
        return
    from common import save

    with tempfile.TemporaryDirectory() as folder:
        table = os.path.join(folder, "sections.npy")
        np.save(table, sections())
        who = ((sys.executable, "ours"), (options.peer, "peer"))
        pairs = [[measured(*one, options.draws, table) for one in who] for _ in range(options.rounds)]
    rows = [
        ["compilation included", *ratio(pairs, "first")],
        ["compiled before", *ratio(pairs, "second")],
    ]
    means = [[f"{one[f'mean {key}']:.4g}" for one in pairs[0]] for key in START]
    rows += [[f"mean of {key}", *pair, ""] for key, pair in zip(START, means, strict=True)]
    notes = (
        f"Smallest effective size over processor seconds of {CHAINS} chains of {options.draws} draws after {WARMUP}, "
        f"medians of {options.rounds} rounds in turn: absorbed power law and black body, the background scaled."
    )
    save("xray_jaxspec", "NUTS on EPIC-pn beside jaxspec 0.4.1", ["", "sightline", "jaxspec", "ratio"], rows, notes)


if __name__ == "__main__":
    main()
