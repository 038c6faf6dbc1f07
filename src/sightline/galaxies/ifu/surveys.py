"""Instruments and surveys as they are published: facts with their sources."""

import dataclasses
from typing import Any

from ..cubes import Channels
from .aperture import AbstractAperture, HexagonalAperture, RoundAperture
from .ifu import IFU
from .lsf import LSF, AbstractLSF, PolynomialLSF, ResolvingPower
from .psf import AbstractPSF, GaussianPSF, MoffatPSF

Shape = tuple[int, int]

_MUSE = (6.040, -9.187e-4, 5.866e-8)  # A, 1, 1/A
_NIRSPEC = {  # lowest and highest wavelength and step of cubes, A, and resolving power in the middle; 0: the table
    "PRISM": (6e3, 5.3e4, 50.0, 0.0),
    "G140M": (9.7e3, 1.84e4, 6.36, 1000.0),
    "G235M": (1.66e4, 3.07e4, 10.68, 1000.0),
    "G395M": (2.87e4, 5.10e4, 17.94, 1000.0),
    "G140H": (9.7e3, 1.82e4, 2.35, 2700.0),
    "G235H": (1.66e4, 3.05e4, 3.96, 2700.0),
    "G395H": (2.87e4, 5.14e4, 6.65, 2700.0),
}
_PRISM = {  # A, and resolving power there
    **{6e3: 64.0, 7e3: 48.9, 8e3: 40.1, 9e3: 34.8, 1e4: 31.8, 1.1e4: 30.4, 1.2e4: 30.1, 1.3e4: 30.6, 1.4e4: 31.9},
    **{1.6e4: 35.9, 1.8e4: 41.6, 2e4: 48.7, 2.25e4: 59.2, 2.5e4: 71.6, 3e4: 101.2, 3.5e4: 137.3},
    **{4e4: 179.9, 4.5e4: 229.3, 5e4: 285.8, 5.3e4: 323.2},
}


@dataclasses.dataclass(frozen=True)
class _Facts:
    shape: Shape
    spaxel: float
    channels: Channels
    lsf: AbstractLSF
    psf: AbstractPSF | None = None
    aperture: AbstractAperture | None = None


def _ifu(facts: _Facts, shape: Any, own: dict[str, Any]) -> IFU:
    """An instrument of these facts, but for what a user says."""
    known = {"channels": facts.channels, "lsf": facts.lsf, "psf": facts.psf, "aperture": facts.aperture}
    given = known | {"assignment": "cloud"} | own
    return IFU(facts.shape if shape is None else shape, given.pop("spaxel", facts.spaxel), **given)


def _spanning(low: float, high: float, step: float, medium: str) -> Channels:
    """Channels whose middles are from `low` to `high`."""
    return Channels.regular(low - 0.5 * step, step, round((high - low) / step) + 1, medium)


def muse(shape: Any = None, **options: Any) -> IFU:
    """MUSE in its wide field: 300 x 300 spaxels of 0.2 arcsec, 4750 to 9350 A in steps of 1.25 A, air.

    FWHM = 5.866e-8 w^2 - 9.187e-4 w + 6.040 A, of recorded lines, which hold a channel. There is no point-spread
    function unless `psf=` is given: seeing is of a night.

    **Arguments:** `shape`: rows and columns, where not the whole field; `options`: those of `sl.cubes.IFU`, which
    replace what is published.

    **Returns:** an `sl.cubes.IFU`.

    **Source:** Bacon et al. 2010, SPIE 7735, 08; resolution: Bacon et al. 2017, A&A 608, A1, equation 8.

    !!! example
        >>> ifu = sl.cubes.muse(shape=(30, 30), psf=sl.cubes.GaussianPSF(fwhm=0.7))
        >>> len(ifu.channels), round(float(ifu.lsf.width(jnp.array([7000.0]))[0]), 3)
        (3681, 2.483)
    """
    channels = _spanning(4750.0, 9350.0, 1.25, "air")
    return _ifu(_Facts((300, 300), 0.2, channels, PolynomialLSF(_MUSE, channel=1.25)), shape, options)


def manga(shape: Any = None, diameter: float = 32.0, **options: Any) -> IFU:
    """MaNGA cubes of linear steps: spaxels of 0.5 arcsec, 3622 to 10353 A in steps of 1 A, vacuum.

    Resolving power 1560 at 3700 A to 2270 at 6000 A, then, in the red arm, 1850 to 2650 at 9000 A, of recorded lines,
    which hold a channel. Point-spread function of reconstructed cubes: a Gaussian of 2.54 arcsec. A hexagon of 12 to 32
    arcsec is seen.

    **Arguments:** `shape`: rows and columns; by default such that the hexagon is inside; `diameter`: of the bundle,
    from corner to corner, arcsec; `options`: as `muse`.

    **Returns:** an `sl.cubes.IFU`.

    **Source:** Bundy et al. 2015, ApJ 798, 7; resolution: Smee et al. 2013, AJ 146, 32; cubes: Law et al. 2016, AJ 152,
    83.

    !!! example
        >>> sl.cubes.manga(diameter=12.0).plane.shape
        (34, 34)
    """
    aperture = HexagonalAperture(diameter)
    side = 2 * int(aperture.diameter + 0.5) + 10
    lsf = ResolvingPower((1560.0, 2270.0, 1850.0, 2650.0), wavelength=(3700.0, 5999.0, 6001.0, 9000.0), channel=1.0)
    channels = _spanning(3622.0, 10353.0, 1.0, "vacuum")
    return _ifu(_Facts((side, side), 0.5, channels, lsf, GaussianPSF(2.54), aperture), shape, options)


def sami(arm: str = "blue", shape: Any = None, **options: Any) -> IFU:
    """SAMI cubes: 50 x 50 spaxels of 0.5 arcsec, 2048 channels, round bundles of 15 arcsec, air.

    Blue arm: steps of 1.04 A, FWHM 2.66 A, nominal range 3750 to 5750 A. Red arm: 0.57 A, 1.59 A, 6300 to 7400 A.
    Widths are of recorded lines, which hold a channel. The channels are wider than the nominal range, in whose middle
    they are here; in files the first differs by galaxy. Point-spread function: a Gaussian of 2.16 arcsec, nominal.

    **Arguments:** `arm`: `"blue"` or `"red"`; the rest as `muse`; `shape`: spaxels along north and east, `None`: all;
    `options`: as of `muse`.

    **Returns:** an `sl.cubes.IFU`.

    **Raises:** `ValueError` for another arm.

    **Source:** Croom et al. 2012, MNRAS 421, 872; Green et al. 2018, MNRAS 475, 716; resolution: Scott et al. 2018,
    MNRAS 481, 2299; shape and steps of cubes: data release 3, core data products (2021).

    !!! example
        >>> len(sl.cubes.sami("red").channels)
        2048
    """
    arms = {"blue": (4750.0, 1.04, 2.66), "red": (6850.0, 0.57, 1.59)}
    middle, step, fwhm = _choice("arm", arm, arms)
    channels = Channels.regular(middle - 1024 * step, step, 2048, "air")
    facts = _Facts((50, 50), 0.5, channels, LSF(fwhm, channel=step), GaussianPSF(2.16), RoundAperture(15.0))
    return _ifu(facts, shape, options)


def califa(setup: str = "V500", shape: Any = None, **options: Any) -> IFU:
    """CALIFA cubes: 73 x 78 spaxels of 1 arcsec, a hexagon of 74 x 64 arcsec, air.

    V500: 3749 to 7501 A in steps of 2 A, FWHM 6.0 A. V1200: 3650 to 4840 A, 0.7 A, 2.3 A. Widths are of recorded lines,
    which hold a channel. Point-spread function: a Moffat function of 2.5 arcsec, beta 1.73.

    **Arguments:** `setup`: `"V500"` or `"V1200"`; the rest as `muse`; `shape`: spaxels along north and east, `None`:
    all; `options`: as of `muse`.

    **Returns:** an `sl.cubes.IFU`.

    **Raises:** `ValueError` for another setup.

    **Source:** Sanchez et al. 2012, A&A 538, A8; cubes and point-spread function: Garcia-Benito et al. 2015, A&A 576,
    A135.

    !!! example
        >>> [len(sl.cubes.califa(setup).channels) for setup in ("V500", "V1200")]
        [1877, 1701]
    """
    setups = {"V500": (3749.0, 7501.0, 2.0, 6.0), "V1200": (3650.0, 4840.0, 0.7, 2.3)}
    low, high, step, fwhm = _choice("setup", setup, setups)
    psf, aperture = MoffatPSF(2.5, beta=1.73), HexagonalAperture(74.0)
    return _ifu(
        _Facts((73, 78), 1.0, _spanning(low, high, step, "air"), LSF(fwhm, channel=step), psf, aperture), shape, options
    )


def nirspec(disperser: str = "G140H", shape: Any = None, **options: Any) -> IFU:
    """The integral-field unit of NIRSpec: 30 x 30 spaxels of 0.1 arcsec, 0.6 to 5.3 um by disperser, vacuum.

    Resolving power of the prism: a table, 64 at 0.6 um, 30 at 1.2 um, 323 at 5.3 um, as before launch, of a slit that
    is evenly lit: two pixels wide. Gratings have a constant width, the wavelength in the middle over the nominal
    resolving power: 1000 of M, 2700 of H. These are of the optics, before channels average. Ranges and steps are
    nominal, too. There is no point-spread function unless `psf=` is given.

    **Arguments:** `disperser`: `"PRISM"`, `"G140M"`, `"G235M"`, `"G395M"`, `"G140H"`, `"G235H"` or `"G395H"`, each with
    its long-pass filter, of G140 that is F100LP; the rest as `muse`; `shape`: spaxels along north and east, `None`:
    all; `options`: as of `muse`.

    **Returns:** an `sl.cubes.IFU`.

    **Raises:** `ValueError` for another disperser.

    **Source:** Jakobsen et al. 2022, A&A 661, A80; Boker et al. 2022, A&A 661, A82; prism: dispersion curves of the
    JWST documentation, "NIRSpec Dispersers and Filters".

    !!! example
        >>> sl.cubes.nirspec("G235H").channels.medium
        'vacuum'
    """
    low, high, step, power = _choice("disperser", disperser, _NIRSPEC)
    table = ResolvingPower(tuple(_PRISM.values()), wavelength=tuple(_PRISM))
    lsf = LSF(0.5 * (low + high) / power) if power else table
    return _ifu(_Facts((30, 30), 0.1, _spanning(low, high, step, "vacuum"), lsf), shape, options)


def _choice(name: str, value: Any, choices: dict[str, tuple[float, ...]]) -> tuple[float, ...]:
    if value not in choices:
        raise ValueError(f"{name} = {value!r}: choose one of {', '.join(map(repr, choices))}.")
    return choices[value]
