"""Bad inputs over all skies, as a user would write them: `test_refusals.py` runs each and writes what it is told."""

BEGIN = """
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float

import sightline as sl

sky = sl.HealpixSky(nside=1)
simulator = sl.Simulator(
    magnetic_field=sl.magnetic.LSA(),
    electron_density=sl.electrons.ExponentialDisk(),
    cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
    emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
)
stokes = sl.Stokes(np.ones(12), np.ones(12), np.ones(12), frequency=23.0, sky=sky)
channels = sl.cubes.Channels.regular(5000.0, 2.0, 8)
cube = sl.SpectralCube(np.ones((8, 4)), channels, sl.cubes.Spaxels((2, 2), 0.2))
stars = sl.particles.Stars(np.zeros((2, 3)), np.zeros((2, 3)), [1e6, 1e6], [1.0, 5.0], [0.0, 0.0])
library = sl.populations.synthetic()
response = sl.counts.Response([1.0, 2.0], [2.0, 3.0], np.eye(2), [1.0, 2.0, 3.0])
"""

CASES = {
    "Fields, skies and simulators": [
        "sl.magnetic.LSA(b0=3.0 * u.kg)",
        "sl.magnetic.LSA(b0=[1.0, 2.0])",
        "sl.magnetic.LSA(b0='strong')",
        "sl.magnetic.LSA(b0=np.nan)",
        "sl.electrons.ExponentialDisk(n0=-0.03)",
        "sl.electrons.ExponentialDisk(scale_height=0.0)",
        "sl.magnetic.UF23('basic')",
        "sl.magnetic.Grid(np.ones((4, 4, 4, 3)), half_widths=(1.0, 1.0, 1.0))",
        "sl.magnetic.Grid(np.ones((3, 4, 4, 4)), half_widths=(1.0, -1.0, 1.0))",
        "sl.magnetic.LSA()(jnp.zeros((5, 3)))",
        "sl.Simulator(magnetic_field=sl.magnetic.LSA() + sl.electrons.ExponentialDisk())",
        "sl.Simulator(magnetic_field=sl.magnetic.LSA() * sl.magnetic.LSA())",
        "sl.magnetic.LSA() + 3.0",
        "sl.magnetic.Turbulent((8, 8, 4), (20.0, 20.0, 5.0), outer_scale=1.0, key=jax.random.key(0))",
        "sl.HealpixSky(nside=3)",
        "sl.HealpixSky(nside=1, pixels=[12])",
        "sl.HealpixSky(nside=1, pixels=[1, 1])",
        "sl.HealpixSky(nside=1, supersample=3)",
        "sl.Directions(l=[10.0, 20.0], b=[5.0, 95.0])",
        "sl.Directions(l=[10.0, 20.0, 30.0], b=[5.0, 6.0])",
        "sl.Directions(10.0)",
        "sl.SourceCatalogue(l=[10.0, 20.0], b=[5.0, 6.0], distance=[1.0, -2.0])",
        "sl.ImagePlane(shape=(4, 0), extent=(10.0, 10.0))",
        "sl.Sightlines(sky, cells=sl.BoxCells(cells=64), observer=(50.0, 0.0, 0.0))",
        "sl.Sightlines(sky, cells=sl.RadialCells(cells=0))",
        "sl.Simulator(emission=sl.emission.Synchrotron())(sky, 23.0)",
        "sl.Simulator(magnetic_field=sl.electrons.Uniform())",
        "simulator(sky, frequency=-1.0)",
        "simulator(sky, frequency=23.0 * u.K)",
        "simulator(sky)",
        "simulator(sky, energy=1.0)",
        "sl.presets.load('UF23-bse')",
    ],
    "Maps, units and files": [
        "stokes.to('Kelvin')",
        "stokes.to_convention('HEALPix')",
        "stokes + stokes.to('K_CMB')",
        "stokes + stokes.to_convention('IAU')",
        "stokes * stokes",
        "stokes.quantity('P')",
        "sl.Stokes(np.ones(12), np.ones(12), np.ones(6), frequency=23.0)",
        "sl.Stokes(np.ones(12), np.ones(12), np.ones(12))",
        "sl.Stokes(*np.ones((3, 12)), frequency=23.0, sky=sl.HealpixSky(2))",
        "sl.io.read_map('nothing.fits')",
        "sl.io.read_map('https://example.org/map.fits')",
        "sl.io.write_map('sky.fits', np.ones(12))",
        "sl.io.write_columns('rm.fits', sky, {'RM': np.ones(12)})",
        "sl.io.read_grid('grid.dat', layout='hammurabi')",
        "sl.io.write_grid('grid.h5', sl.magnetic.LSA())",
        "sl.datasets.path('haslam408')",
        "sl.datasets.fetch('planck_143')",
    ],
    "Parameters and inference": [
        "sl.ParameterSpace(simulator, {'magnetic_field.b': dist.Uniform(0.0, 1.0)})",
        "sl.ParameterSpace(simulator, {})",
        "sl.ParameterSpace(simulator, {'*.b0': dist.Uniform(2.0, 3.0)})",
        "sl.ParameterSpace(simulator, {'electron_density.n0': dist.Uniform(-2.0, -1.0)})",
        "sl.ParameterSpace(simulator, {'*.b0': dist.Uniform(0.0, 9.0), 'magnetic_field.*': dist.Normal(0.0, 1.0)})",
        "sl.ParameterSpace(simulator, {'*.b0': dist.Uniform(0.0, 9.0)}).replace({'magnetic_field.psi0': 1.0})",
        "sl.MapLikelihood(sky, 23.0, np.ones((2, 12)), 1.0, parameters='QU')",
        "sl.MapLikelihood(sky, 23.0, stokes, -1.0)",
        "sl.MapLikelihood(sky, 30.0, stokes, 1.0)",
        "sl.MapLikelihood(sl.HealpixSky(2), 23.0, stokes, 1.0)",
        "sl.table(3.0)",
        "sl.fit(3.0)",
        "sl.sample(3.0, jax.random.key(0))",
        "sl.Model(nuisance={'a b.c': 'text'})",
    ],
    "X-ray spectra": [
        "sl.spectra.PowerLaw(index=1.8, norm=-1.0)",
        "sl.spectra.BlackBody(temperature=0.0)",
        "sl.spectra.InterstellarAbsorption(column=-0.1)",
        "sl.spectra.PowerLaw() * sl.spectra.PowerLaw()",
        "sl.spectra.PowerLaw() + sl.spectra.InterstellarAbsorption(column=0.1)",
        "sl.spectra.Redshifted(sl.spectra.PowerLaw(), redshift=-2.0)",
        "sl.spectra.energy_flux(sl.spectra.PowerLaw(), 5.0, 2.0)",
        "sl.counts.Response([1.0, 2.0], [2.0, 3.0], np.eye(3), [1.0, 2.0, 3.0])",
        "sl.counts.Response([2.0, 1.0], [3.0, 2.0], np.eye(2), [1.0, 2.0, 3.0])",
        "sl.CountsLikelihood(sl.counts.Observation(sl.counts.Spectrum([1, -2], exposure=1e4), response), 'a')",
        "sl.counts.Response([1.0, 2.0], [2.0, 3.0], -np.eye(2), [1.0, 2.0, 3.0])",
        "sl.counts.Spectrum([1, 2], exposure=0.0)",
        "sl.counts.Observation(sl.counts.Spectrum([1, 2, 3], exposure=1e4), response)",
        "sl.counts.fakeit(sl.Model(spectra={'a': sl.spectra.PowerLaw()}), 'b', response, 1e4, jax.random.key(0))",
        "sl.io.read_observation('source.pha')",
    ],
    "Components of the microwave sky": [
        "sl.components.ModifiedBlackbody(temperature=-20.0)",
        "sl.components.PowerLaw(reference=0.0)",
        "sl.GaussianBeam(fwhm=-1.0)",
        "sl.components.MixingMatrix(cmb=sl.magnetic.LSA())",
        "sl.instruments.Bands([100.0, 143.0], depth=[1.0, 2.0, 3.0])",
        "sl.instruments.Bands([100.0, -143.0], depth=1.0)",
        "sl.instruments.load('LiteBird2')",
        "sl.components.Clusters([1.0, 2.0], np.array([0, 1, 2]))",
        "sl.SpectralLikelihood(sl.instruments.Bands([100.0, 143.0], depth=1.0), np.ones((3, 2, 12)), 'QU')",
        "sl.harmonics.angular_power(np.ones(12))",
    ],
    "Galaxies": [
        "sl.particles.Stars(np.zeros((2, 3)), np.zeros((2, 3)), [1e6, -1e6], [1.0, 5.0], [0.0, 0.0])",
        "sl.particles.Stars(np.zeros((2, 3)), np.zeros((3, 3)), [1e6, 1e6], [1.0, 5.0], [0.0, 0.0])",
        "sl.Galaxy(stars, library, redshift=-0.1)",
        "sl.Galaxy(stars, 'MILES', redshift=0.1)",
        "sl.dust.Screen(sl.dust.CCM89(), -1.0)",
        "sl.Orientation(inclination=np.inf)",
        "sl.cubes.Channels.regular(5000.0, -2.0, 8)",
        "sl.cubes.Channels([5000.0, 4999.0])",
        "sl.cubes.IFU((4, 4), spaxel=0.0, channels=channels)",
        "sl.cubes.GaussianPSF(fwhm=-1.0)",
        "sl.populations.read('library.npz', unit='Lsun', medium='air')",
        "sl.cubes.add_noise(cube, jax.random.key(0))",
    ],
    "Gamma rays, samplers and scattering": [
        "simulator(sky, energy=[0.1, -1.0])",
        "sl.samplers.Exact(sl.processes.KleinNishina())(1.5, energy=1.0)",
        "sl.radiation.Disk(temperature=-3000.0, energy_density=1.0)",
        "sl.Simulator(emission=sl.emission.InverseCompton())(sky, energy=1.0)",
        "sl.Stokes(*np.ones((3, 12)), energy=1.0).to('K_RJ')",
        "sl.Stokes(*np.ones((3, 12)), energy=1.0, frequency=23.0)",
        "sl.samplers.Exact(sl.magnetic.LSA())",
        "sl.scattering.Slab(thickness=-1.0)",
        "sl.cosmic_rays.ExponentialDisk(index=9.0)",
        "sl.temperature.Uniform(-1.0)",
        "sl.scattering.Transport(sl.magnetic.LSA(), sl.scattering.Thomson(), sl.scattering.Slab(), None)",
        "sl.cosmic_rays.spectra.PowerLaw(index=np.nan)",
    ],
    "The command line": [
        "simulate --frequency 23",
        "simulate --frequency -3 --output sky.fits",
        "simulate --frequency 23 --nside 100 --output sky.fits",
        "simulate --frequency 23 --output sky.png",
        "simulate --frequency 23 --model JF13 --output sky.fits",
        "simulate --frequency 23 --cells 10 --tolerance 0.1 --output sky.fits",
        "simulate --observable rm --frequency 23 --output rm.fits",
        "simulte --frequency 23",
        "fit nothing.toml",
        "cube stars.npz --output cube.fits --library lib.npz --redshift 0.1",
        "data path haslam",
        "cite magnetic.JF13",
    ],
}
"""Code that is refused, by the sky or the part that it belongs to; of the command line what follows `sightline`."""
