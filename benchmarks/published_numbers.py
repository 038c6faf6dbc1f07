"""Numbers that papers and other codes print beside those of Sightline: `python benchmarks/published_numbers.py`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from common import RESULTS, save

import sightline as sl
from sightline.processes.synchrotron import synchrotron_functions

EXAMPLES = Path(__file__).parents[1] / "examples" / "results"


@dataclass(frozen=True)
class Number:
    """One published number, to as many digits as its source prints, what it is here, and the test that holds it."""

    what: str
    published: float
    ours: Callable[[], object]
    source: str
    shown: str
    digits: float = 0.005  # relative: half a unit of its last digit, or what its source claims

    def found(self) -> float:
        """The number of Sightline."""
        return float(np.asarray(self.ours()).item())


@dataclass(frozen=True)
class Measured:
    """A number of a file of results, which takes long or needs data, beside that of its source."""

    what: str
    published: str
    file: str
    pattern: str
    source: str
    command: str

    def found(self) -> str:
        """The number as the committed file has it."""
        folder = EXAMPLES if self.command.startswith("examples") else RESULTS
        return re.search(self.pattern, (folder / self.file).read_text("utf-8"))[1]  # pyright: ignore


def at(field: Callable, position: tuple[float, float, float]) -> np.ndarray:
    """A field at one place."""
    return np.asarray(field(jnp.asarray(position)))


def per_hydrogen_alpha(name: str) -> float:
    """H alpha over a line of gas of solar metallicity."""
    lines = sl.populations.NebularLines()
    light = dict(zip(lines.names, lines.luminosity(jnp.asarray(1.0), jnp.asarray(0.0)), strict=True))
    return light["H alpha"] / light[name]


def column(field: Callable, x: float, top: float) -> float:
    """The column of a density from the plane upwards, pc cm^-3."""
    z = np.linspace(0.0, top, 4001)
    place = jnp.stack([jnp.full(z.shape, x), jnp.zeros(z.shape), jnp.asarray(z)], axis=1)
    return 1e3 * np.trapezoid(np.asarray(jax.vmap(field)(place)), z)


def scattered_background() -> float:
    """Photons of the CMB scattered by 1e36 (E/TeV)^-2.1 e^(-E/13 TeV) electrons per eV, at 1 TeV and 1.5 kpc."""
    rest, kpc, tev = 0.51099895e-3, 3.0856776e21, 1e3
    volume = (1e-3 * kpc) ** 3
    spectrum = sl.cosmic_rays.spectra.CutOffPowerLaw(
        1e36 * 1e9 * rest / volume * np.exp(-1 / 13), reference_energy=tev, index=2.1, cut_off_energy=13 * tev
    )
    rays, place = sl.cosmic_rays.WithSpectrum(sl.cosmic_rays.Uniform(1.0), spectrum), jnp.asarray(sl.SUN)
    light = sl.radiation.CMB().photons(place)
    plasma = sl.emission.Plasma(place, cosmic_rays=rays.populations(place), radiation=light)
    ray = jax.tree.map(lambda leaf: leaf[..., 0], sl.Sightlines(sl.Directions(0.0, 90.0)).rays)
    seen = sl.emission.InverseCompton()(plasma, ray, jnp.asarray(tev)).emissivity.I
    return seen / kpc * volume / (1.5 * kpc) ** 2 * 1e-9


def null_of_clusters() -> float:
    """The frequency at which hot gas of clusters is not seen, GHz."""
    low, high = 150.0, 300.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = sl.components.ThermalSZ()(jnp.asarray(middle)) < 0
        low, high = (middle, high) if below else (low, middle)
    return low


JF12, UF23, PT11 = "Jansson & Farrar 2012", "Unger & Farrar 2024", "Pshirkov et al. 2011"
MODELS, DUST, GAS = "tests/models/test_{}.py", "tests/test_dust.py", "tests/test_lines_of_gas.py"
CARDELLI, FITZPATRICK, FERRIERE = "Cardelli et al. 1989, table 3", "Fitzpatrick 1999, table 3", "Ferrière et al. 2021"

NUMBERS = (
    Number(
        "RM of 1 cm⁻³, 1 µG, 1 pc [rad m⁻²]",
        0.812,
        lambda: sl.Simulator(sl.magnetic.Uniform((-1.0, 0.0, 0.0)), sl.electrons.Uniform(1.0)).rotation_measure(
            sl.SourceCatalogue(0.0, 0.0, 1e-3)
        ),
        FERRIERE,
        "tests/test_constants.py",
        6e-4,
    ),
    Number(
        "UF23 base at (1, 1, 1) kpc, B_x [µG]",
        -1.4686,
        lambda: at(sl.magnetic.UF23("base"), (1, 1, 1))[0],
        UF23,
        MODELS.format("uf23"),
        4e-5,
    ),
    Number(
        "the same, B_y", 1.6456, lambda: at(sl.magnetic.UF23("base"), (1, 1, 1))[1], UF23, MODELS.format("uf23"), 4e-5
    ),
    Number(
        "the same, B_z", 0.8357, lambda: at(sl.magnetic.UF23("base"), (1, 1, 1))[2], UF23, MODELS.format("uf23"), 6e-5
    ),
    Number(
        "UF23 base at (1, 3, 2) kpc, B_x [µG]",
        -1.7697,
        lambda: at(sl.magnetic.UF23("base"), (1, 3, 2))[0],
        UF23,
        MODELS.format("uf23"),
        4e-5,
    ),
    Number(
        "JF12 X field beyond 4.8 kpc, elevation [deg]",
        49.0,
        lambda: np.rad2deg(np.arctan2(*at(sl.magnetic.JF12().x_field, (-9.0, 0.0, 2.0))[[2, 0]] * [1, -1])),
        JF12,
        MODELS.format("jf12"),
        1e-5,
    ),
    Number(
        "PT11 ASS disk at the Sun, B [µG]",
        2.0,
        lambda: np.hypot(*at(sl.magnetic.PT11("ASS").disk, (-8.5, 0.0, 0.0))[:2]),
        PT11,
        MODELS.format("pt11"),
        1e-5,
    ),
    Number(
        "NE2001 thick disk, column [pc cm⁻³]",
        33.0,
        lambda: column(sl.electrons.NE2001().thick_disk, -8.5, 15.0),
        "Cordes & Lazio 2002",
        MODELS.format("ne2001"),
        1e-4,
    ),
    Number(
        "CMB, energy density [eV cm⁻³]",
        0.2606,
        lambda: sl.radiation.CMB()(jnp.asarray(sl.SUN)),
        "Fixsen 2009, T = 2.72548 K",
        "tests/test_radiation.py",
        3e-4,
    ),
    Number(
        "thermal SZ, null [GHz]",
        217.5,
        null_of_clusters,
        "Carlstrom et al. 2002, x = 3.830",
        "tests/test_seds.py",
        3e-4,
    ),
    Number(
        "synchrotron function F(0.29)",
        0.918,
        lambda: synchrotron_functions(jnp.asarray([0.29]))[0],
        "Rybicki & Lightman 1979, section 6.4",
        "tests/test_spectrum.py",
        6e-4,
    ),
    Number(
        "Klein-Nishina over Thomson at m_e c²",
        0.431,
        lambda: sl.processes.klein_nishina.cross_section_ratio(jnp.asarray(1.0)),
        "Rybicki & Lightman 1979, eq. 7.5",
        "tests/test_scattering.py",
        1e-3,
    ),
    Number(
        "CMB scattered at 1 TeV [eV⁻¹ cm⁻² s⁻¹]",
        1.36160705e-22,
        scattered_background,
        "naima 0.10.4, approximation of 1 %",
        "tests/test_validation.py",
        0.01,
    ),
    Number("A(R)/A(V) of CCM89", 0.751, lambda: sl.dust.CCM89().ratio(1e4 / 1.43), CARDELLI, DUST, 0.003),
    Number("A(J)/A(V) of CCM89", 0.282, lambda: sl.dust.CCM89().ratio(1e4 / 0.80), CARDELLI, DUST, 0.003),
    # x = 0.46 is printed with two digits: half a unit of the last is 1.61 x 0.005/0.46 of A
    Number("A(K)/A(V) of CCM89, x = 0.46", 0.114, lambda: sl.dust.CCM89().ratio(1e4 / 0.46), CARDELLI, DUST, 0.0175),
    Number("A(4670 Å)/E(B - V) of F99", 3.806, lambda: 3.1 * sl.dust.F99().ratio(4670.0), FITZPATRICK, DUST, 3e-4),
    Number("A(2700 Å)/E(B - V) of F99", 6.265, lambda: 3.1 * sl.dust.F99().ratio(2700.0), FITZPATRICK, DUST, 3e-4),
    Number(
        "H alpha over H beta, case B",
        2.86,
        lambda: per_hydrogen_alpha("H beta"),
        "Osterbrock & Ferland 2006",
        GAS,
        0.002,
    ),
    Number(
        "log L(H alpha) of 1 Msun/yr [erg s⁻¹]",
        41.27,
        lambda: np.log10(
            float(
                sl.populations.NebularLines().luminosity(jnp.asarray(1.0), jnp.asarray(0.0))[
                    list(sl.populations.NebularLines().names).index("H alpha")
                ]
            )
            * 3.828e33
        ),
        "Kennicutt & Evans 2012",
        GAS,
        1e-4,
    ),
    Number(
        "black body, kT = 0.5 keV, at 1 keV",
        8.0525 / (0.5**4 * np.expm1(2.0)),
        lambda: sl.spectra.BlackBody(0.5)(1.0),
        "XSPEC, `bbody`",
        "tests/test_spectra.py",
        1e-6,
    ),
)
"""What is computed in seconds."""

MEASURED = (
    Measured(
        "EPIC-pn spectrum, largest likelihood, C",
        "100.588",
        "xray.md",
        r"likelihood, C \| ([\d.]+)",
        "XSPEC's statistic, an independent fit",
        "benchmarks/xray.py",
    ),
    Measured(
        "its column [1e22 cm⁻²], by NUTS",
        "0.1016",
        "xray_jaxspec.md",
        r"mean of column \| ([\d.]+)",
        "jaxspec 0.4.1",
        "benchmarks/xray_jaxspec.py",
    ),
    Measured(
        "its photon index, by NUTS",
        "2.218",
        "xray_jaxspec.md",
        r"mean of index \| ([\d.]+)",
        "jaxspec 0.4.1",
        "benchmarks/xray_jaxspec.py",
    ),
    Measured(
        "homogeneous sphere, rms error of Q [K]",
        "2.0e-4",
        "sphere.md",
        r"RadialCells, float64 \| 64 \| \S+ \| (\S+)",
        "synax, Diao et al. 2024",
        "benchmarks/sphere.py",
    ),
    Measured(
        "slab of depth 1, transmission of Thomson scattering",
        "0.553096",
        "scattering.md",
        r"Thomson \| 0.553096 \| ([\d.]+)",
        "integral equation",
        "benchmarks/scattering.py",
    ),
    Measured(
        "half-space, polarisation at mu = 0, extrapolated [%]",
        "11.713",
        "scattering.md",
        r"extrapolated to mu = 0 \[%\] \| [\d.]+ \| ([\d.]+)",
        "Chandrasekhar 1960, table XXIV",
        "benchmarks/scattering.py",
    ),
    Measured(
        "half-space, polarisation at mu = 0.1 [%]",
        "7.448",
        "scattering.md",
        r"mu = 0.1 \[%\] \| [\d.]+ \| ([\d.]+)",
        "Chandrasekhar 1960, table XXIV",
        "benchmarks/scattering.py",
    ),
    Measured(
        "half-space, polarisation at mu = 0.5 [%]",
        "2.252",
        "scattering.md",
        r"mu = 0.5 \[%\] \| [\d.]+ \| ([\d.]+)",
        "Chandrasekhar 1960, table XXIV",
        "benchmarks/scattering.py",
    ),
    Measured(
        "gain of energy, kT = 51.1 keV, one scattering",
        "1.5068",
        "scattering.md",
        r"kT = 0.1, 1 scatterings \| 1.5068 \| ([\d.]+)",
        "Pozdnyakov et al. 1983",
        "benchmarks/scattering.py",
    ),
    Measured(
        "variance of ln E over y, kT = 0.01 m_e c²",
        "2",
        "scattering.md",
        r"variance of ln E over y \| 2 \| ([\d.]+)",
        "limit of small kT, of which terms of order kT/m_e c² are left out",
        "benchmarks/scattering.py",
    ),
    Measured(
        "electrons of AMS-02, 10 to 100 GeV, preset over data",
        "1",
        "interstellar_spectrum.md",
        r"AMS-02 \| 10 to 100 \| 39 \| ([\d.]+)",
        "AMS-02, Aguilar et al. 2021",
        "benchmarks/interstellar_spectrum.py",
    ),
    Measured(
        "columns of NE2001 to 140 targets, largest difference [%]",
        "0",
        "columns.md",
        r"NE2001 \| \S+ \| ([\d.]+)",
        "integrals in steps of 1 pc",
        "benchmarks/columns.py",
    ),
)
"""What takes long, or needs data."""


def row(number: Number) -> tuple[str, ...]:
    """A line of the table."""
    found = number.found()
    off = 100 * (found / number.published - 1)
    verdict = "" if abs(off) <= 100 * number.digits else ": **missed**"
    cells = (f"{number.published:.8g}", f"{found:.6g}", f"{off:+.2g} of {100 * number.digits:.2g}{verdict}")
    return (number.what, *cells, number.source, f"`{number.shown}`")


def rows() -> list[tuple[str, ...]]:
    """All lines; those that were measured have no tolerance, and are left to the reader."""
    measured = [(one.what, one.published, one.found(), "", one.source, f"`{one.command}`") for one in MEASURED]
    return [*map(row, NUMBERS), *measured]


def main() -> None:
    """Computes and writes the table."""
    head = ("number", "published", "here", "difference [%] of what is allowed", "source", "also held by")
    save(
        "published_numbers",
        "Published numbers",
        head,
        rows(),
        "Rows without a difference are committed results that take minutes or need data.",
    )


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
