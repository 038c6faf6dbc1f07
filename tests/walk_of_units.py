"""Every public argument that takes numbers is given kilograms: it must refuse them by name. Prints what does not.

Run as a script, where no type checker is between a user and the library. A new public name is walked without being
named here, unless it has an argument of a new name without a default: then give that an example.
"""

import inspect
import warnings

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from astropy.coordinates import SkyCoord

import sightline as sl
from sightline.sky.fields.cosmic_rays import spectra

KILOGRAMS = 3.0 * u.kg

# What takes no numbers, by the name of its argument: models, options, names and files.
WORDS = """
sky sightlines simulator model models posterior space likelihood likelihoods observable method algorithm start key keys
path overwrite name names title label labels notes note doc symbol default unit convention coordsys instrument
parameters units
regular profile mean median reference line continuum field fields function network spectrum
criterion candidates build optimiser
progress checkpoint kwargs options settings instruments nuisance priors ties stokes emission background transfer
cosmic_rays electron_density magnetic_field random striation extra disk halo components poloidal terms parts operator
solver pattern quantity ranks header rows leaves results what plane stretch figure evaluate outside interpolation
coordinates cells need needs on_defect pulsars b1950 catalogue adjoint predictive chains more table tables latents
kept regularisers held_out inside columns rm variant first second other iterable component truths choices classes
observation source on off channels response responses area rule table selected label blocks instrument convolution row
observations vary band electrons mixing sed amplitudes bandpasses bands ranges foregrounds free
stars gas dust library lines orientation cosmology plane lsf psf aperture assignment how medium law dust_to_gas opacity
velocity_field history arm setup disperser calibration cube radiation injection
emissivity distribution guess sampler density_of samplers process region tallies lost scatterings packets
spectra mask rotated spaxels tree mesh folder wcs
"""
NOT_NUMBERS = set(WORDS.split())
# Arguments that mean numbers in one place and something else in another.
ELSEWHERE = {
    *(f"SamplerReport.{name}" for name in ("rms", "largest", "kolmogorov")),  # results
    *(f"Neural.{name}" for name in ("weights", "biases", "history")),  # of layers
    *(f"NASCaRP.{name}" for name in ("weights", "biases")),
    *(f"Tallied.{name}" for name in ("I", "Q", "U", "error", "error_Q", "error_U")),  # results
    "Simulator.temperature",
    "write_grid.grid",  # a field
    "read_pulsars.distance",  # which distances: a word
    "read_faraday_sky.error",  # of a column
    *(f"read_stokes_cubes.{name}" for name in ("q", "u", "i", "frequencies")),  # paths
    "Likelihood.noise",  # a distribution
    *(f"{name}.distance" for name in ("RotationMeasure", "DispersionMeasure", "EmissionMeasure", "Column")),
    *(f"{name}.distance" for name in ("WeightedMean", "FaradaySpectrum")),  # the name of a nuisance
    *(f"{name}.offset" for name in ("MapLikelihood", "Brightness")),  # the same
    "WeightedMean.weight",  # a function
    "Gaussian.scatter",
    "StudentT.scatter",  # of a nuisance
    "Censored.upper",  # booleans
    "Censored.lower",
    *(f"YMW16{name}.shape" for name in ("Arms", "ThickDisk", "ThinDisk")),  # a module
    "VectorPotentialGrid.flux",  # what prepare() fills
    "spectra.PointSpectrum.energies",
    *(f"{name}.mass" for name in ("ExponentialDisk", "Sersic", "Stars", "Gas")),  # kilograms are a mass
    "CubeLikelihood.scatter",  # of a nuisance
    *(
        "Photons.density",
        "dilogarithm.z",
        "Transport.density",
        "Tallied.I",
        "Tallied.Q",
        "Tallied.U",
        "Tallied.error",
        "Seen.lost",
    ),  # within compiled code
    "CubeLikelihood.data",  # a cube
    "CubeLikelihood.mask",
    *(f"{name}.density" for name in ("Component",)),  # a field
    "Component.velocity",
    *(f"{name}.options" for name in ("muse", "manga", "sami", "califa", "nirspec")),
}
# What the library makes and hands over, never a user: results, and what passes between rooms as plain arrays.
RESULTS = """
DataSet
Fisher FitResult Trace Chains Calibration Approximation Selection Ray Plasma StokesVector FaradayVector
TransferCoefficients Population Photons Structures ErrorEstimate
BrightnessMap ElectronFlux FaradaySky Pulsars RotationMeasures Preset Entry Table
LeaveOneOut BinnedMean map_rays vmap_rays Profile difference labels ravel evaluate
Forecast AngularPower Joint Marginal Synthesis Mixture
Assignment Emitters Frame PrincipalTable
FoldedCounts SourceAndBackground Amortised Derived Goodness TableData TableParameter TableGrid Rows Amplitudes Residuals
"""
MADE = set(RESULTS.split())


def _examples():
    sky, source = sl.HealpixSky(1), sl.spectra.PowerLaw()
    response = sl.counts.Response([1.0, 2.0, 3.0], [2.0, 3.0, 4.0], np.eye(3), [1.0, 2.0, 3.0, 4.0])
    observation = sl.counts.Observation(sl.counts.Spectrum([3, 5, 1], 1e4), response)
    lines = sl.Sightlines(sky, cells=sl.BoxCells(cells=4))
    stokes = sl.Stokes(*[jnp.ones((2, 12))] * 3, frequency=[1.0, 2.0], sky=sky)
    simulator = sl.Simulator(sl.magnetic.LSA(), sl.electrons.Uniform(), emission=())
    measure = sl.observables.DispersionMeasure(lines)
    sources = sl.SourceLikelihood(measure, data=np.ones(12), error=1.0)
    prior = {"electron_density.n0": dist.Uniform(0.0, 1.0)}
    space = sl.ParameterSpace(simulator, prior)
    return {
        "sky": sky, "sightlines": lines, "stokes": stokes, "simulator": simulator, "model": simulator, "tree": sky,
        "observable": measure, "likelihood": sources, "likelihoods": (sources,), "space": space, "priors": prior,
        "posterior": sl.Posterior(space, [sources]), "key": jax.random.key(0), 
        "keys": jax.random.split(jax.random.key(0), 2),
        "field": sl.magnetic.LSA(), "reference": sl.magnetic.LSA(), "function": lambda *_: jnp.zeros(()),
        "network": lambda x: x[0], "profile": sl.electrons.Uniform(), "median": sl.electrons.Uniform(),
        "spectrum": spectra.PowerLaw(), "quantity": lambda *_: jnp.ones(()), "pattern": "values", "parts": (),
        "poloidal": sl.magnetic.UF23PoloidalHalo(), "path": "nothing.fits", "operator": sl.emission.FreeFree(),
        "solver": sl.transfer.CellTransfer(), "optimiser": None, 
        "data": np.ones(12), "error": 1.0, "bins": np.zeros(12, int), "noise": 1.0, "sigma": 1.0,
        "frequency": 1.0, "l": 0.0, "b": 0.0, "distance": 1.0, "nside": 1, "shape": (4, 4, 4), "extent": (1.0, 1.0),
        "half_widths": (20.0, 20.0, 5.0), "values": np.ones((4, 4, 4)), "edges": (0.0, 1.0, 2.0), "depth": [0.0, 1.0],
        "width": 1.0, "fwhm": 10.0, "radius": 20.0, "good": np.ones(12), "intensity": np.ones(4),
        "polarised": np.ones(4),
        "weights": np.ones(2), "nominal": 1.5, "covariance": np.tile(np.eye(3), (12, 1, 1)),
        "positions": np.ones((2, 3)),
        "scale": 1.0, "bounds": (0.0, 1.0), "weight": 1.0, "softening": 1.0, "factor": 2.0, "offset": (0.0, 0.0, 0.0),
        "rotation": np.eye(3), "matrix": np.eye(3), "seeds": np.ones((1, 3)), "energies": (1.0, 10.0, 100.0),
        "density": np.ones(3), "potential_x": np.ones((3, 4, 4)), "potential_y": np.ones((4, 3, 4)),
        "potential_z": np.ones((4, 4, 3)), "minimum_lorentz_factor": 10.0, "held_out": 0.5, "starts": 2, "fields": (),
        "position": np.ones(3), "energy": 1.0, "flux": 1.0, "count": 2, "inside": lambda x: x[0] > 0,
        "candidates": {}, "criterion": None, "build": lambda *_: None, "columns": {},
        "rows": [], "header": [], "names": (), "what": None, "more": (), "chains": None, "predictive": {},
        "figure": None, "name": "JF12", "models": (), "leaves": {},
        "observation": observation, "source": "source", "response": response, "label": [1, 2, 3],
        "low": 1.0, "high": 2.0,
        "on": observation.on, "counts": [3, 5, 1], "table": None, "convolution": None, "amplitude": 1.0, "cutoff": 3.0,
        "strength": 0.1, "column": 0.1, "fraction": 0.5, "rate": [1.0, 2.0], "ratio": [1.0, 1.0, 1.0],
        "exposure": 1e4, "channels": [1.0, 2.0, 3.0, 4.0], "decay": 1.0, "folding": 2.0, "component": source,
        
        "observations": None, "band": None,
        "electrons": spectra.PowerLaw(), "labels": [0, 1, 1], "ratios": (1.0, 0.5), "sed": sl.components.PowerLaw(),
        "mixing": sl.components.MixingMatrix(cmb=sl.components.CMB()),
        "amplitudes": {"cmb": sl.Stokes(*np.ones((3, 12)), frequency=1.0, unit="K_CMB", sky=sky)},
        "ell": [2.0], "freedom": [1.0], "ranges": {"electron_density.n0": (0.0, 1.0)},
        "bands": sl.instruments.Bands([100.0, 143.0, 217.0], 1.0),
        "foregrounds": {"dust": sl.Stokes(*np.ones((3, 12)), frequency=353.0, unit="K_CMB", sky=sky)},
        "cross_section": [1e-22, 1e-23], "minimum": 3.0, "blocks": (),
    }  # fmt: skip


LAW = sl.spectra.PowerLaw()
BANDS = sl.instruments.Bands([30.0, 100.0, 300.0], 1.0)
FITTED = sl.Posterior(
    sl.ParameterSpace({"x": jnp.asarray(0.5)}, {"x": dist.Uniform(0.0, 1.0)}),
    sl.Likelihood(lambda model: model["x"] * jnp.ones(12), np.ones(12), sl.statistics.Gaussian(np.ones(12))),
)
CHANNELS = sl.cubes.Channels.regular(5000.0, 2.0, 40)
SPECTRA = sl.cubes.Spectra(np.ones(40), CHANNELS, np.ones(40))
CUBE = sl.SpectralCube(np.ones((40, 4)), CHANNELS, sl.cubes.Spaxels((2, 2), 0.2))
SIMULATOR = sl.Simulator(sl.magnetic.LSA(), emission=())
PARAMETER = sl.io.TableParameter("kT", False, 1.0, 0.5, 0.5, 2.0, 2.0, np.array([0.5, 2.0]))
BINS = {"low": np.array([1.0, 2.0]), "high": np.array([2.0, 3.0]), "spectra": np.ones((2, 2))}
TABLES = {kind: sl.io.TableData("t", kind, True, (PARAMETER,), (), **BINS) for kind in ("additive", "multiplicative")}
PLACES = {  # where the example of a name does not fit
    "Spectra.flux": np.ones(40), "Spectra.channels": CHANNELS, "fit_mixture.spectra": SPECTRA, "medium": "air",
    "fit_mixture.library": sl.populations.synthetic(step=20.0), "cube": CUBE, "spaxel.data": CUBE,
    "spaxel.place": (1, 1),
    "Directions.l": [0.0], "ImagePlane.shape": (2, 2), "Stokes.I": np.ones(12), "Stokes.Q": np.ones(12),
    "Stokes.U": np.ones(12), "Bandpass.frequency": (1.0, 2.0), "rotation_measure_spread.frequency": [1.0, 2.0],
    "map.values": np.ones(12), "SpectrumGrid.values": np.ones((3, 4, 4, 4)), 
    "HealpixRadialGrid.values": np.ones((12, 2)),
    "magnetic.Grid.values": np.ones((3, 4, 4, 4)), "magnetic.HealpixRadialGrid.values": np.ones((3, 12, 2)),
    "NeighbourBeam.fwhm": 10.0, "add_noise.polarised": 1.0,
    "MapLikelihood.data": np.ones((3, 12)),
    "Likelihood.noise": sl.statistics.Gaussian(np.ones(12)),
    "Turbulent.shape": (8, 8, 4), "Line.frequency": (100.0, 217.0), "Clusters.values": 1.0,
    "PixelMap.values": [1.0, 2.0],
    "binned.values": [1.0, 2.0], "Bands.depth": 1.0,
    "Channels.low": [1.0, 2.0, 3.0], "Channels.high": [2.0, 3.0, 4.0], "Response.low": [1.0, 2.0, 3.0],
    "Response.high": [2.0, 3.0, 4.0], "TabulatedAbsorption.energy": [1.0, 2.0], 
    "PartialCovering.factor": sl.spectra.Scale(),
    "RedshiftedFactor.factor": sl.spectra.Scale(), "GaussianBackground.sigma": [1.0, 1.0],
    **{f"{name}.spectrum": LAW for name in ("energy_flux", "photon_flux", "luminosity", "Redshifted")},
    "equivalent_width.line": LAW, "equivalent_width.continuum": LAW,
    "spectra.components.spectrum": LAW, "fakeit.model": sl.Model(spectra={"source": LAW}),
    "SpectralLikelihood.data": np.ones((2, 3, 12)), "SpectralLikelihood.bands": BANDS,
    "GaussianMap.latents": np.zeros(9), "GaussianMap.mean": -3.0, "PredictedSky.simulators": {"synchrotron": SIMULATOR},
    "PredictedSky.mixing": sl.components.MixingMatrix(cmb=sl.components.CMB()),
    "ResidualVariance.train": np.ones((1, 2, 3, 12)), "ResidualVariance.validate": np.zeros((1, 2, 3, 12)),
    "fit_many.candidates": [1], "fit_many.build": lambda _: FITTED,
    "PrincipalComponents.table": sl.spectra.PrincipalTable.of([0.0, 0.0], [[0.1, -0.1]]),
    "PrincipalComponents.coefficients": [0.0],
    "TableModel.table": TABLES["additive"], "TableFactor.table": TABLES["multiplicative"],
    "BandpowerLikelihood.data": [2e-6], "Template.values": [2e-6],
    **{f"{name}.stokes": sl.Stokes(*np.ones((3, 12)), frequency=1.0) for name in ("angular_power", "pseudo_power")},
    "forecast.bands": sl.instruments.Bands([95.0, 143.0, 217.0, 353.0], 1.0),  # as many as numbers a pixel
    "forecast.mixing": sl.components.MixingMatrix(cmb=sl.components.CMB(), dust=sl.components.ModifiedBlackbody()),
    "Cooled.injection": spectra.PowerLaw(), "temperature": 30.0, "energy_density": 1.0,
    "PowerLaw.index": 2.0, "Greybody.temperature": 30.0, "Greybody.energy_density": 1.0,
    "Monochromatic.energy_density": 1.0, "radiation.spectra.PowerLaw.energy_density": 1.0,
    "radiation.spectra.Tabulated.values": (1.0, 2.0, 1.0), "radiation.Grid.values": np.ones((3, 4, 4, 4)),
    "radiation.WithSpectrum.spectrum": sl.radiation.spectra.Greybody(30.0, 1.0),
    "read_stokes_cubes.q": "nothing.fits", "read_stokes_cubes.u": "nothing.fits", "write_stokes_cubes.folder": ".",
    "write_stokes_cubes.stokes": sl.Stokes(*np.ones((3, 2, 1)), frequency=[1, 2], sky=sl.ImagePlane((1, 1), (1, 1))),
    "fakeit.name": "source", "Convolved.spectrum": LAW, "Each.spectrum": LAW, "Normalised.spectrum": LAW,
}  # fmt: skip


class Wedge(sl.samplers.AbstractDensity):
    domain = {"slope": (0.0, 1.0)}  # noqa: RUF012

    def support(self, slope):
        return 0.0, 1.0

    def __call__(self, x, slope):
        return 1 + slope * x


WEDGE = Wedge()
SPAXELS, CHANNELS = sl.cubes.Spaxels((1, 2), 1.0), sl.cubes.Channels.regular(5000.0, 2.0, 3)
STARS = sl.particles.Stars(np.zeros((1, 3)), np.zeros((1, 3)), [1e6], [5.0], [0.0])
NODES = {"wavelength": [5000.0, 6000.0], "age": [1.0, 2.0], "metallicity": [0.0], "luminosity": np.ones((1, 2, 2))}
EXAMPLES = {
    "stars": STARS, "library": sl.populations.synthetic(), "redshift": 0.02, "plane": SPAXELS, "spaxel": 0.5,
    "diameter": 10.0, "coefficients": [2.0], "power": 2000.0,
    "cube": sl.SpectralCube(np.ones((3, 2)), CHANNELS, SPAXELS),
    "wavelength": [5000.0, 6000.0], "east": [0.1], "north": [0.1], "psf": sl.cubes.GaussianPSF(1.0),
    "law": sl.dust.CCM89(), "velocity": np.zeros((1, 3)),
    "mass": [1e6], "age": [5.0], "metallicity": [0.0], "radii": [1.0, 2.0], "speeds": [1.0, 2.0], "ages": [1.0, 5.0],
    "history": sl.stars.SingleAge(5.0), "medium": "air", "instrument": "muse", "unit": "Lsun/Angstrom/Msun",
    "star_formation_rate": [0.1], "away": [1.0], "gas_spaxel": [0], "gas_away": [0.5], "amount": [0.2],
    "spectra": np.ones((2,)), "start": 5000.0, "step": 2.0, "z": 0.5, "b": 1.0, "temperature": 30.0,
    "energy_density": 0.5, "index": 2.0, "injection": spectra.PowerLaw(1.0, 2.0),
    "directions": [(0.0, 0.0, 1.0)], "emissivity": sl.electrons.Uniform(1.0),
    "distribution": sl.processes.InverseCompton(), "density_of": WEDGE, "samplers": sl.processes.InverseCompton(),
    "weights": (np.ones((1, 2)),), "biases": (np.ones(1),), "rms": 1.0, "largest": 1.0,
    "kolmogorov": 1.0, "sampler": sl.samplers.Exact(sl.processes.InverseCompton()),
    "process": sl.scattering.Isotropic(), "region": sl.scattering.Slab(), "tallies": {},
    "I": 1.0, "Q": 1.0, "U": 1.0, "error": 1.0, "error_Q": 1.0, "error_U": 1.0,
    "lost": 0, "scatterings": 0.0, "packets": 1,
}  # fmt: skip
PLACES |= {
    "samplers.Neural.history": np.ones(1),
    "train.law": sl.processes.InverseCompton(), "train.key": jax.random.key(0),
    "SpectralCube.flux": np.ones((3, 2)), "SpectralCube.channels": CHANNELS, "IFU.channels": CHANNELS,
    "cubes.Channels.edges": [5000.0, 5002.0], "rebin.edges": [5100.0, 5200.0], "CubeLikelihood.data": 
    sl.SpectralCube(np.ones((3, 2)), CHANNELS, SPAXELS, np.ones((3, 2))), "column.spaxel": [0], "IFU.shape": (2, 2),
    "Spaxels.shape": (2, 2), "Stars.position": np.zeros((1, 3)), "Gas.position": np.zeros((1, 3)), "SingleAge.age": 5.0,
    **{f"Library.{name}": value for name, value in NODES.items()}, "Component.density": sl.stars.ExponentialDisk(),
    "TabulatedLines.table": [[1.0, 2.0]], "add_noise.sigma": 1.0, "Stars.age": [5.0],
}  # fmt: skip
GIVEN = {"MapLikelihood": {"unit": "K_RJ", "convention": "COSMO", "noise": 1.0}}
GIVEN["MapLikelihood"] |= {"frequency": 1.0, "data": np.ones((3, 12))}
GIVEN |= {"Stokes": {"frequency": 1.0}, "Brightness": {"frequency": 1.0}, "EnergyBand": {"edges": (1.0, 2.0)}}
GIVEN |= {"Directions": {"b": [0.0]}, "SourceCatalogue": {"b": [0.0], "distance": [1.0]}}
GIVEN["read_grid"] = {"layout": "crpropa", "shape": (2, 2, 2), "half_widths": (1.0, 1.0, 1.0)}
GIVEN["write_grid"] = {"grid": sl.magnetic.Grid(np.ones((3, 2, 2, 2)))}
GIVEN["galactocentric"] = {"coordinates": SkyCoord(0.0 * u.deg, 0.0 * u.deg, 1.0 * u.kpc, frame="galactic")}
GIVEN["SpectralLikelihood"] = {"unit": "K_CMB", "convention": "COSMO"}
GIVEN |= {name: {"key": jax.random.key(0)} for name in ("Turbulent", "GaussianProcess")}
PAIRED = {
    "MapLikelihood.covariance": {"noise": None},
    **{f"{name}.energy": {"frequency": None} for name in ("MapLikelihood", "Stokes", "Brightness")},
    "assign.length": {"how": "gaussian"},
    "write_stokes_cubes.position": {"distance": 1.0},
}


def public():
    """Public classes and functions by the name they have in `sl`."""
    seen, stack, found = set(), [("sl", sl)], {}
    while stack:
        path, module = stack.pop(0)
        for name in sorted(set(dir(module)) - {"sky"}):  # public names do not follow the folders
            item = getattr(module, name)
            if name.startswith("_") or not getattr(item, "__module__", getattr(item, "__name__", "")).startswith(
                "sightline"
            ):
                continue
            if inspect.ismodule(item):
                if hasattr(item, "__path__") and item.__name__ not in seen and "cli" not in item.__name__:
                    seen.add(item.__name__)
                    stack.append((f"{path}.{name}", item))
            elif callable(item) and id(item) not in seen:
                seen.add(id(item))
                found[f"{path}.{name}"] = item
    return found


def looked_up(table, place, argument):
    """The entry of the longest name, `magnetic.Grid.values` before `Grid.values` before `values`."""
    parts = [*place.split("."), argument]
    names = [".".join(parts[i:]) for i in range(len(parts))]
    return next((table[name] for name in names if name in table), None)


def is_number(place, parameter):
    name, default = parameter.name, parameter.default
    if name in NOT_NUMBERS or any(f"{place}.{name}".endswith(f".{one}") for one in ELSEWHERE):
        return False
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return False
    if isinstance(default, (str, bool)) or parameter.annotation in (str, bool):
        return False
    if default is parameter.empty:
        return True
    return not (callable(default) or isinstance(default, dict)) and "factory" not in repr(default)


def failures(place, item, examples):
    short = place.rpartition(".")[2]
    try:
        parameters = inspect.signature(item).parameters.values()
    except ValueError:
        return
    given = dict(GIVEN.get(short, {}))
    for one in parameters:
        if one.default is one.empty and one.name not in given and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            example = looked_up(PLACES, place, one.name)
            example = examples.get(one.name, EXAMPLES.get(one.name)) if example is None else example
            if example is None and one.name not in examples:
                yield f"{place}: give an example of {one.name}"
                return
            given[one.name] = example
    for one in parameters:
        if not is_number(place, one):
            continue
        arguments = given | PAIRED.get(f"{short}.{one.name}", {}) | {one.name: KILOGRAMS}
        positional = [arguments.pop(p.name) for p in parameters if p.kind is p.POSITIONAL_ONLY]
        try:
            item(*positional, **arguments)
        except (ValueError, TypeError) as error:
            if one.name not in str(error) or "kg" not in str(error):
                yield f"{place}({one.name}): {type(error).__name__}: {str(error)[:150]}"
        except Exception as error:
            yield f"{place}({one.name}): {type(error).__name__}: {str(error)[:150]}"
        else:
            yield f"{place}({one.name}): accepted"


def main():
    warnings.simplefilter("ignore")
    examples, walked = _examples(), 0
    for place, item in public().items():
        short = place.rpartition(".")[2]
        made = short in MADE or short.startswith("Abstract") or (inspect.isclass(item) and issubclass(item, Exception))
        if not made and not inspect.isabstract(item):
            walked += 1
            for line in failures(place, item, examples):
                print(line)
    assert walked > 100, walked


if __name__ == "__main__":
    main()
