"""Real spectra fitted by mixtures of populations: bins of MUSE beside the published fit, and spectra of MaNGA.

`python benchmarks/mixture.py`; needs SIGHTLINE_DATA with the folders ifu and ssp.
"""

import dataclasses
import os
import time
from pathlib import Path

import numpy as np
from astropy.io import fits
from common import parse, save

import sightline as sl

DATA = Path(os.environ.get("SIGHTLINE_DATA", Path(__file__).parents[2] / "shared" / "data"))
SKY = 5577.34
"""The brightest line of the night sky, A in air as observed."""


def miles(medium: str = "air") -> sl.populations.Library:
    path = DATA / "ssp" / "miles_kb_baSTI_ssp_grid.npz"
    return sl.populations.read(path, unit="Lsun/Angstrom/Msun", medium=medium, fwhm=2.51)


def muse_fwhm(wavelength: np.ndarray) -> np.ndarray:
    """FWHM of MUSE [A] (Bacon et al. 2017, A&A 608, A1, equation 8)."""
    return 5.866e-8 * wavelength**2 - 9.187e-4 * wavelength + 6.040


def bins(count: int) -> list[list[str]]:
    """The bins of MUSE, three times: as sharp as the library, at MUSE's width, with smooth weights."""
    folder, stem = DATA / "ifu", "NGC0000Example"
    found = sl.io.read_spectra(folder / f"{stem}_BinSpectra.fits", medium="air")
    published = fits.getdata(folder / f"{stem}_sfh-bestfit.fits", "BESTFIT")["BESTFIT"]
    first = np.arange(found.flux.shape[1]) == 0
    theirs = np.sum(((found.flux - published) ** 2 / found.variance)[:, 1:], axis=1)[:count]
    width = muse_fwhm(found.channels.centres)
    ways = {"width of the library": {}, "width of MUSE": {"fwhm": width}, "the same, regularisation 30": {}}
    ways["the same, regularisation 30"] = {"fwhm": width, "regularisation": 30.0}
    rows = []
    for name, options in ways.items():
        start = time.process_time()
        ours = sl.cubes.fit_mixture(found[:count], miles(), moments=4, degree=4, mask=first, **options)
        spent = (time.process_time() - start) / count
        ratio, used = ours.chi2 / theirs, np.sum(ours.light > 1e-4, axis=(1, 2))
        rows.append(
            [
                f"MUSE, {count} bins, {name}",
                f"{ratio.min():.3f} ... {ratio.max():.3f} of the published",
                f"{ours.velocity.min():.0f} ... {ours.velocity.max():.0f}",
                f"{ours.dispersion.min():.1f} ... {ours.dispersion.max():.1f}",
                f"{ours.h4.min():.2f} ... {ours.h4.max():.2f}",
                f"{used.min()} ... {used.max()}",
                f"{spent:.2f} s",
            ]
        )
    return rows


def sky(channels: sl.cubes.Channels) -> np.ndarray:
    """Where the sky's line is, whose remains the inverse variances do not tell of."""
    return np.abs(channels.to("air").centres - SKY) < 15.0


def fibres() -> list[list[str]]:
    """Spectra of MaNGA: in air, at the sky's line masked, and with the library called vacuum."""
    found = sl.io.read_spectra(DATA / "ifu" / "MaNGA_test_spectra.fits.gz", medium="vacuum")
    rows = []
    for number in (0, 1, 3):
        one = dataclasses.replace(found[number], fwhm=None)  # that of the file is sharper than MILES
        ways = {"": ("air", {}), ", degree 4 added": ("air", {"additive": 4})}
        ways |= {", 5577 A masked": ("air", {"mask": sky(one.channels)}), ", library called vacuum": ("vacuum", {})}
        for name, (medium, extra) in ways.items():
            start = time.process_time()
            limits = {"low": 3750.0, "high": 7200.0, "emission": 800.0}
            options = limits | {"moments": 4, "degree": 8} | extra
            ours = sl.cubes.fit_mixture(one, miles(medium), **options)
            spent = time.process_time() - start
            rows.append(
                [
                    f"MaNGA {number}{name}",
                    f"{ours.chi2 / ours.used.sum():.3f} a pixel",
                    f"{ours.velocity:.1f} +- {ours.errors[0]:.1f}",
                    f"{ours.dispersion:.1f} +- {ours.errors[1]:.1f}",
                    f"{ours.h4:.2f}",
                    str(int(np.sum(ours.light > 1e-4))),
                    f"{spent:.2f} s",
                ]
            )
    return rows


def main() -> None:
    options = parse(__doc__, bins=28)
    if not (DATA / "ifu").is_dir():
        print("skipped: needs SIGHTLINE_DATA with the folders ifu and ssp")
        return
    save(
        "mixture",
        "Mixtures of populations fitted to real spectra",
        ["data", "chi^2", "V [km/s]", "sigma [km/s]", "h4", "populations", "processor time a spectrum"],
        bins(options.bins) + fibres(),
        "MILES library (Vazdekis et al. 2010), 636 populations. Bins: pixels 1 to 582, moments 4, degree 4; the "
        "published fit (pPXF, moments 4, degree 4, regularised) has chi^2 over degrees of freedom of about 10, so that "
        "its errors are too small. MaNGA: 3750 to 7200 A at rest, 800 km/s about lines of gas left out, degree 8, "
        "velocity relative to the Z of the file; the width is that of the library, from which MaNGA's differs by less "
        "than 1 A. What is left of one line of the sky makes a fifth of the chi^2 of spectrum 1.",
    )


if __name__ == "__main__":
    main()
