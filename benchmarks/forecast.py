"""Forecasts beside fits to noise: `python benchmarks/forecast.py`.

Foregrounds fall as l^-2.5 in power. What fits leave of them in the CMB, W(fit) d_foreground, and the noise of the CMB
are compared with `sl.forecast`, summed over degrees with 2l + 1; then r of the cleaned maps with sigma(r).
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from common import parse, save

import sightline as sl

jax.config.update("jax_enable_x64", True)

BANDS = sl.instruments.load("LiteBIRD")
NAMES = ("terms.dust.index", "terms.dust.temperature", "terms.synchrotron.index")
BOX = (dist.Uniform(0.5, 3.0), dist.Uniform(10.0, 40.0), dist.Uniform(-7.0, -0.5))


def mixing():
    dust = sl.components.ModifiedBlackbody(1.6, 18.5, 150.0)
    return sl.components.MixingMatrix(
        cmb=sl.components.CMB(), dust=dust, synchrotron=sl.components.PowerLaw(-3.1, 0.0, 20.0)
    )


def foreground(rng, nside, rms, frequency):
    """Maps of Q and U of a Gaussian sky, uK_CMB, of this rms."""
    from sightline.sky.harmonics.synthesis import packed_degrees

    lmax = 2 * nside
    degrees = packed_degrees(lmax)
    scale = np.where(degrees > 1, np.maximum(degrees, 2) ** -1.25, 0.0)
    maps = np.asarray(sl.harmonics.Synthesis(nside, lmax, 2)(jnp.asarray(rng.normal(size=(2, degrees.size)) * scale)))
    maps = rms * maps / maps.std()
    return sl.Stokes(0 * maps[0], *maps, frequency=frequency, unit="uK_CMB", sky=sl.HealpixSky(nside))


def main():
    options = parse(__doc__, nside=8, seeds=400)
    nside, seeds = options.nside, options.seeds
    rng, sky, truth = np.random.default_rng(0), sl.HealpixSky(nside), mixing()
    foregrounds = {"dust": foreground(rng, nside, 3.0, 150.0), "synchrotron": foreground(rng, nside, 20.0, 20.0)}
    expected = sl.forecast(truth, BANDS, foregrounds)
    matrix, ell = np.asarray(truth(BANDS, sky.size)), expected.ell
    maps = sum(
        matrix[:, truth.components.index(name)] * np.stack([one.Q, one.U])[:, None] for name, one in foregrounds.items()
    )
    clean = sl.SpectralLikelihood(BANDS, maps, unit="uK_CMB", convention="COSMO", sky=sky)
    posterior = sl.Posterior(sl.ParameterSpace(truth, dict(zip(NAMES, BOX, strict=True))), clean)
    sigma = np.asarray(BANDS.sigma(sky, "QU"))[..., None]
    found, left, noise = [], [], []
    for _ in range(seeds):
        drawn = posterior.given([clean.data + jnp.asarray(sigma * rng.normal(size=clean.data.shape))])
        result = sl.fit(drawn, covariance=0, progress=False)
        found.append([float(result.parameters[name]) for name in NAMES])
        both = (one.amplitudes(result.model)["cmb"] for one in (clean, drawn.likelihoods[0]))
        own, whole = (sl.harmonics.angular_power(one).BB[ell] for one in both)
        left.append(own)
        noise.append(whole - own)
    rows = []
    for name, mean, one in (
        ("residual foregrounds", left, expected.residual),
        ("noise of the CMB", noise, expected.noise),
    ):
        ratios = np.sum((2 * ell + 1) * np.array(mean), axis=1) / np.sum((2 * ell + 1) * one)
        rows.append([f"{name}, BB", f"{ratios.mean():.3f} +- {ratios.std() / seeds**0.5:.3f}"])
    scatter = np.std(found, axis=0, ddof=1) / expected.standard_deviations
    error = (2 * seeds) ** -0.5
    rows += [
        [f"scatter of {name}", f"{one:.3f} +- {one * error:.3f}"] for name, one in zip(NAMES, scatter, strict=True)
    ]
    modes = np.std(_limits(expected, rng, seeds), ddof=1) / expected.sigma_r
    rows.append(["scatter of the mode of r, which may be negative", f"{modes:.3f} +- {modes * error:.3f}"])
    title = f"Forecasts beside fits: NSIDE {nside}, {seeds} draws of the noise"
    save("forecast", title, ["quantity", "fits over forecast"], rows, f"```text\n{expected}\n```")


def _limits(expected, rng, seeds):
    """Modes of r for bandpowers drawn about the expected ones."""
    total, ell = expected.lensing + expected.noise + expected.residual, expected.ell
    modes = []
    for _ in range(seeds):
        half = (2 * ell + 1) / 2
        data = total * rng.gamma(half) / half
        like = sl.BandpowerLikelihood(ell, data, expected.noise, 1.0, residual=expected.residual)
        space = sl.ParameterSpace(sl.cosmology.BModes(), {"r": dist.Uniform(-0.01, 0.01)})
        modes.append(sl.scan(sl.Posterior(space, like), {"r": (-0.0005, 0.01)}).mode)
    return modes


if __name__ == "__main__":
    main()
