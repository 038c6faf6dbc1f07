"""What interstellar absorption is made of, and published tables of it.

`python benchmarks/absorption.py --tbabs xsect_tbabs_wilm.fits --authors cosplot_table.txt`, files of the packages
astromodels and pyxsis; without them the comparison is left out.
"""

import argparse
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from common import save

from sightline.xray.spectra.absorption import InterstellarAbsorption, abundances, atoms, grains, light
from sightline.xray.spectra.absorption.interstellar import cross_section

jax.config.update("jax_enable_x64", True)

ENERGIES = (0.1, 0.2, 0.3, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0)  # keV
BANDS = ((0.1, 0.3), (0.3, 0.52), (0.58, 0.69), (0.76, 1.8), (1.88, 5.0), (5.0, 10.0), (10.0, 20.0))
NEON = (0.864, 0.872)
FINE = ((0.52, 0.58), (0.69, 0.76), NEON, (1.84 * 0.98, 1.84 * 1.02))
OTHERS = ("P", "Ti", "Mn")  # that XSPEC's table does not have


def parts(kev: np.ndarray) -> dict[str, np.ndarray]:
    """Cross sections per hydrogen nucleus, Mb: of the gas alone, and what each refinement adds."""
    energy, elements = 1e3 * kev, abundances.interstellar()
    sections = {name: abundances.atom(name, energy) for name in elements}
    simple = light.helium(energy) - atoms.cross_section("He", energy)
    bare = sum(one.abundance * (1 - one.gas) * sections[name] for name, one in elements.items())
    return {
        "gas": sum(one.abundance * sections[name] for name, one in elements.items()),
        "helium": elements["He"].abundance * simple,
        "molecules": 0.1 * light.molecular_hydrogen(energy) - 0.2 * sections["H"],
        "grains": grains.cross_section(elements, sections) - bare,
    }


def effects() -> list[list[str]]:
    """Rows of the table: gas alone, and the changes in percent."""
    kev = np.array(ENERGIES)
    found, whole = parts(kev), cross_section(1e3 * kev)[0]
    gas = found.pop("gas")
    changes = [100 * part / gas for part in (*found.values(), whole - gas)]
    return [
        [f"{energy:g}", f"{1e6 * section * energy**3:.1f}", *(f"{change:+.2f}" for change in row)]
        for energy, section, *row in zip(kev, gas, *changes, strict=True)
    ]


def read_tbabs(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Energies, keV, and cross sections, Mb, of XSPEC's `tbabs`."""
    from astropy.io import fits

    table = fits.getdata(path, 1)
    return table["ENERGY"].astype(float), 1e-4 * table["SIGMA"].astype(float)


def read_authors(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Energies, keV, and cross sections with grains, Mb, of the model's authors."""
    energy, _, shielded, *_ = np.loadtxt(path, unpack=True)
    return energy, 1e18 * shielded


def compare(energy: np.ndarray, published: np.ndarray, without: tuple[str, ...] = ()) -> list[str]:
    """Largest and median differences in each band, in percent, outside fine structure and bins that hold an edge."""
    apart = np.min(np.abs(energy[:, None] / InterstellarAbsorption(1.0).jumps() - 1), axis=1) > 1e-3
    for low, high in FINE:
        apart &= ~((energy > low) & (energy < high))
    missing = sum(abundances.interstellar()[name].abundance * abundances.atom(name, 1e3 * energy) for name in without)
    change = 100 * np.abs((cross_section(1e3 * energy)[0] - missing) / published - 1)
    inside = [change[apart & (energy > low) & (energy < high)] for low, high in BANDS]
    return [f"{np.max(one):.2f} ({np.median(one):.2f})" if one.size else "-" for one in inside]


def _neon(path: str | None) -> str:
    """What the K edge of neon does to what a detector sees, through 1e22 cm-2."""
    if not path:
        return ""
    energy, published = read_tbabs(path)
    inside = (energy > 0.83) & (energy < 0.91)
    found, wanted = (np.mean(np.exp(-1e4 * one[inside])) for one in (cross_section(1e3 * energy)[0], published))
    return (
        f"\n\nAt the K edge of neon the largest difference is {_largest(energy, published):.0f} % of sigma; "
        f"the mean transmission of 1e22 cm-2 from 0.83 to 0.91 keV differs by {100 * (found / wanted - 1):+.2f} %."
    )


def _largest(energy: np.ndarray, published: np.ndarray) -> float:
    inside = (energy > NEON[0]) & (energy < NEON[1])
    return float(np.max(np.abs(100 * (cross_section(1e3 * energy)[0] / published - 1))[inside]))


def cost() -> float:
    """Processor time of the factor at 4000 energies, over that of exp(-N E^-3 ln E)."""
    energy = jnp.geomspace(0.1, 20.0, 4000).reshape(2, 2000)
    found = [_seconds(function, energy) for function in (InterstellarAbsorption(1.0), _simple)]
    return found[0] / found[1]


def _simple(energy: jax.Array) -> jax.Array:
    return jnp.exp(-jnp.log(energy) / energy**3)


def _seconds(function: Callable, energy: jax.Array) -> float:
    compiled, times = jax.jit(jax.vmap(jax.vmap(function))), []
    for _ in range(101):
        start = time.process_time()
        compiled(energy).block_until_ready()
        times.append(time.process_time() - start)
    return float(np.median(times))


def main() -> None:
    """Runs all and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tbabs")
    parser.add_argument("--authors")
    options = parser.parse_args()
    rows = []
    if options.tbabs:
        rows.append(["XSPEC's tbabs, wilm", *compare(*read_tbabs(options.tbabs))])
        rows.append([f"the same, here without {', '.join(OTHERS)}", *compare(*read_tbabs(options.tbabs), OTHERS)])
    if options.authors:
        rows.append(["the authors, 2015", *compare(*read_authors(options.authors))])
    names = ["published table", *(f"{low:g}-{high:g} keV" for low, high in BANDS)]
    lines = [" | ".join(["", *row, ""]).strip() for row in (names, ["---"] * len(names), *rows)] if rows else []
    notes = (
        "Per hydrogen nucleus. Gas alone is the sum of neutral atoms of Wilms et al. 2000; helium is that of Yan et "
        "al. 1998 against Verner et al. 1996 and is part of gas alone; molecules take 20 % of the hydrogen nuclei out "
        "of atoms; grains shield what they hold. All: what molecules and grains change together.\n\n"
        "Largest and, in brackets, median differences from published tables, percent of the cross section, outside "
        "the fine structure that these have measured (0.52-0.58 keV, 0.69-0.76 keV, 0.864-0.872 keV, the K edge of "
        "neon, and 2 % about 1.84 keV) and bins within 0.1 % of an edge:\n\n"
        + "\n".join(lines)
        + _neon(options.tbabs)
        + f"\n\nThe factor at 4000 energies costs {cost():.2f} times exp(-ln E/E^3) there, float64."
    )
    header = ["energy [keV]", "gas alone, E^3 sigma [1e-24 cm2 keV3]", "helium [%]", "molecules [%]", "grains [%]"]
    save("absorption", "What interstellar absorption is made of", [*header, "all [%]"], effects(), notes)


if __name__ == "__main__":
    main()
