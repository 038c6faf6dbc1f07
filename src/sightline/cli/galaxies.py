"""The command that observes a galaxy."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from .app import Json, Whole, app


@app.command
def cube(
    particles: Path,
    /,
    *,
    output: Path,
    library: str,
    redshift: float,
    instrument: Literal["muse", "manga", "sami", "califa", "nirspec"] = "muse",
    unit: str | None = None,
    medium: Literal["air", "vacuum"] | None = None,
    fwhm: float | None = None,
    shape: Annotated[tuple[int, int] | None, Whole] = None,
    wavelength: tuple[float, float] | None = None,
    inclination: float = 0.0,
    position_angle: float = 0.0,
    centre: Annotated[bool, Parameter(negative=())] = False,
    psf: float | None = None,
    extinction: float | None = None,
    signal_to_noise: float | None = None,
    seed: Annotated[int, Whole] = 0,
    solar: float | None = None,
    plot: Path | None = None,
    precision: Literal["double", "single"] = "double",
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
) -> None:
    """Observe the star particles of a simulated galaxy with an integral-field unit: a cube of spectra.

    Parameters
    ----------
    particles
        .npz or HDF5 file with position [kpc], velocity [km/s], mass formed [Msun], age [Gyr], metallicity [M/H].
    output
        FITS file to write, with DATA, DQ and, with noise, STAT.
    library
        .npz or HDF5 file of spectra of populations, or `synthetic`: made up, of no real stars.
    redshift
        Of the galaxy; its distance is that of Planck 2015.
    instrument
        Spaxels, channels and resolution are those published.
    unit
        Of the spectra of the library; Lsun/Angstrom/Msun by default.
    medium
        Of the wavelengths of the library; needed but for `synthetic`.
    fwhm
        Resolution of the library, A; needed but for `synthetic`.
    shape
        Rows and columns of spaxels, where not those of the whole field.
    wavelength
        Channels between these alone, A as observed.
    inclination
        Of the plane z = 0, deg; 0: face-on.
    position_angle
        Of the axis x, from north towards east, deg.
    centre
        Bring the particles into their own frame first: at the origin, at rest, the disk in z = 0.
    psf
        Full width at half maximum of a Gaussian point-spread function, arcsec.
    extinction
        A_V of dust in front of the galaxy, mag, by the law of Cardelli, Clayton and Mathis 1989.
    signal_to_noise
        Of a channel in the brightest spaxel: noise is added, and its variance written.
    seed
        Of the noise: the same gives the same.
    solar
        For metallicities that are mass fractions: that of the Sun.
    plot
        Figure of the moments to write: .png, .pdf, ...
    precision
        Of the computation and the file.
    overwrite
        Replace existing files.
    json
        Print the report as JSON.
    """
    import jax

    from .cube import Request, run

    given = {name: value for name, value in locals().items() if name in Request._fields}
    with jax.enable_x64(precision == "double"):
        run(Request(**given))
