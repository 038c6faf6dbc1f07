"""Point-spread and line-spread functions against integrals, apertures against areas."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

import sightline as sl

WAVES = jnp.array([5000.0, 7000.0])
PSFS = {
    "gaussian": lambda: sl.cubes.GaussianPSF(0.9),
    "gaussian table": lambda: sl.cubes.GaussianPSF([0.9, 0.7], wavelength=[4500.0, 9000.0]),
    "moffat": lambda: sl.cubes.MoffatPSF(0.8, beta=3.0),
    "moffat table": lambda: sl.cubes.MoffatPSF([0.9, 0.7], beta=2.5, wavelength=[4500.0, 9000.0]),
}


@pytest.mark.parametrize("name", PSFS)
def test_psfs_keep_their_contract(name, precision):
    sl.testing.check_psf(PSFS[name]())


def share(profile, i, j):
    """The light that moves i, j spaxels: the profile over two evenly lit spaxels, whose overlap is a pyramid."""

    def under(y, x):
        return profile(np.hypot(x, y)) * (1 - abs(x - i)) * (1 - abs(y - j))

    parts = [(a, b) for a in ((i - 1, i), (i, i + 1)) for b in ((j - 1, j), (j, j + 1))]
    return sum(integrate.dblquad(under, *a, *b, epsabs=1e-11)[0] for a, b in parts)


def test_psfs_are_integrated_over_spaxels():
    point = jnp.zeros((2, 41, 41)).at[:, 20, 20].set(1.0)
    sigma, core, beta = 0.7 / 0.2 / 2.3548200450309493, 0.7 / 0.2 / (2 * np.sqrt(2 ** (1 / 2.5) - 1)), 2.5
    gauss = sl.cubes.GaussianPSF(0.7)(point, WAVES, 0.2)[0]
    moffat = sl.cubes.MoffatPSF(0.7, beta=beta)(point, WAVES, 0.2)[1]
    for i, j in ((0, 0), (1, 0), (2, 3), (9, 4)):
        exact = share(lambda r: np.exp(-0.5 * (r / sigma) ** 2) / (2 * np.pi * sigma**2), i, j)
        assert float(gauss[20 + i, 20 + j]) == pytest.approx(exact, abs=1e-10)
        exact = share(lambda r: (beta - 1) / (np.pi * core**2) * (1 + (r / core) ** 2) ** -beta, i, j)
        assert float(moffat[20 - j, 20 + i]) == pytest.approx(exact, rel=2e-6)


def test_a_gaussian_adds_its_variance_and_keeps_light():
    point = jnp.zeros((1, 61, 61)).at[0, 30, 30].set(1.0)
    image = sl.cubes.GaussianPSF(0.7)(point, WAVES[:1], 0.2)[0]
    away = np.arange(61.0) - 30
    assert float(jnp.sum(image)) == pytest.approx(1, rel=1e-12)
    variance = float(jnp.sum(image, axis=0) @ away**2)
    assert variance == pytest.approx((0.7 / 0.2 / 2.3548200450309493) ** 2 + 1 / 6, rel=1e-9)


@pytest.mark.parametrize("beta", [1.5, 2.5, 4.765, 12.0])
def test_a_moffat_loses_the_wings_that_leave_the_field(beta):
    point = jnp.zeros((1, 81, 81)).at[0, 40, 40].set(1.0)
    image = np.asarray(sl.cubes.MoffatPSF(0.8, beta=beta)(point, WAVES[:1], 0.2)[0])
    core = 0.8 / 0.2 / (2 * np.sqrt(2 ** (1 / beta) - 1))
    away = np.hypot(*np.meshgrid(np.arange(81) - 40, np.arange(81) - 40))
    inside = image[away < 30].sum()
    assert inside == pytest.approx(1 - (1 + (30 / core) ** 2) ** (1 - beta), abs=2e-3)


def test_narrow_psfs_change_nothing(precision):
    image = jnp.asarray(np.random.default_rng(0).uniform(size=(2, 6, 7)), precision)
    np.testing.assert_allclose(sl.cubes.GaussianPSF(1e-4)(image, WAVES, 0.2), image, atol=2e-3)


def test_a_table_of_widths_is_linear_in_wavelength():
    image = jnp.asarray(np.random.default_rng(0).uniform(size=(2, 9, 8)))
    table = sl.cubes.GaussianPSF([0.9, 0.7], wavelength=[5000.0, 9000.0])(image, WAVES, 0.2)
    for k, fwhm in enumerate((0.9, 0.8)):
        np.testing.assert_allclose(table[k], sl.cubes.GaussianPSF(fwhm)(image[k : k + 1], WAVES[:1], 0.2)[0])
    moffat = sl.cubes.MoffatPSF([0.9, 0.7], 3.0, wavelength=[5000.0, 9000.0])(image, WAVES, 0.2)
    np.testing.assert_allclose(moffat[1], sl.cubes.MoffatPSF(0.8, 3.0)(image, WAVES, 0.2)[1], atol=1e-12)
    assert sl.cubes.GaussianPSF([0.9, 0.7], wavelength=[5000.0, 9000.0]).reach([7000.0, 9000.0]) == pytest.approx(2.4)


@pytest.mark.parametrize("beta", [1.05, 1.73, 2.5, 4.765])
def test_margins_hold_the_wings(beta):
    reach = sl.cubes.MoffatPSF(0.8, beta=beta).reach([5000.0])
    core = 0.8 / (2 * np.sqrt(2 ** (1 / beta) - 1))
    beyond = (1 + (reach / core) ** 2) ** (1 - beta)
    if beta == 1.05:
        assert reach == pytest.approx(20 * 0.8)
    elif beta == 4.765:
        assert reach == pytest.approx(3 * 0.8)
    else:
        assert beyond == pytest.approx(0.01, rel=1e-5)


def test_a_psf_that_outgrows_its_margin_is_told():
    """Of a uniform sky nothing is lost to the margin, up to half as much again; wider ones have NaN, not less light."""
    sky = sl.cubes.Channels.regular(5000.0, 2.0, 3)
    for psf in (sl.cubes.GaussianPSF(0.3), sl.cubes.MoffatPSF(0.3, beta=3.0)):
        ifu = sl.cubes.IFU((5, 5), 0.5, sky, psf=psf)
        light = sl.SpectralCube(jnp.ones((3, ifu.field.size)), sky, ifu.field)

        @jax.jit
        def middle(fwhm, ifu=ifu, light=light):
            return eqx.tree_at(lambda one: one.psf.fwhm, ifu, fwhm)(light).image[0, 2, 2]

        assert float(middle(jnp.asarray(0.49))) == pytest.approx(1, abs=0.04)  # 1.5 times the two spaxels followed
        assert np.isfinite(middle(jnp.asarray(0.49)))
        assert np.isnan(middle(jnp.asarray(0.51 if isinstance(psf, sl.cubes.GaussianPSF) else 0.6)))
        assert float(jax.grad(middle)(jnp.asarray(0.3))) < 0
    wide = sl.cubes.IFU((4, 4), 2.0, sky, psf=sl.cubes.GaussianPSF(0.1))  # a margin of 0.3 is a spaxel of 2
    seen = eqx.tree_at(lambda one: one.psf.fwhm, wide, jnp.asarray(0.2))(
        sl.SpectralCube(jnp.ones((3, wide.field.size)), sky, wide.field)
    )
    assert np.all(np.isfinite(seen.flux))
    known = sl.cubes.GaussianPSF(0.3)
    margins = jax.jit(lambda x: [x * sl.cubes.IFU((2, 2), 0.5, sky, psf=known, margin=m).margin for m in (None, 2.0)])
    np.testing.assert_allclose(margins(1.0), [0.9, 2.0], rtol=1e-6)
    with pytest.raises(ValueError, match=r"IFU: psf is traced, and the margin depends on its value: give margin="):
        jax.jit(lambda w: sl.cubes.IFU((5, 5), 0.5, sky, psf=sl.cubes.GaussianPSF(w)).margin)(0.3)
    with pytest.raises(ValueError, match=r"IFU: lsf is traced"):
        jax.jit(lambda w: sl.cubes.IFU((5, 5), 0.5, sky, lsf=sl.cubes.LSF(w)).margin)(2.0)


def test_bad_psfs_are_refused():
    with pytest.raises(ValueError, match=r"GaussianPSF.fwhm = 0.0 must be positive"):
        sl.cubes.GaussianPSF(0.0)
    with pytest.raises(ValueError, match=r"GaussianPSF.fwhm has shape \(2,\): give the wavelengths"):
        sl.cubes.GaussianPSF([0.7, 0.8])
    with pytest.raises(ValueError, match=r"MoffatPSF.fwhm has shape \(2,\), wavelength has 3"):
        sl.cubes.MoffatPSF([0.7, 0.8], wavelength=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"images has shape \(9, 8\)"):
        sl.cubes.GaussianPSF(0.7)(jnp.ones((9, 8)), WAVES, 0.2)
    with pytest.raises(ValueError, match=r"spaxel = -0.2 must be a positive angle"):
        sl.cubes.GaussianPSF(0.7)(jnp.ones((2, 9, 8)), WAVES, -0.2)


def test_resolutions_subtract_in_quadrature(precision):
    wave = np.array([4750.0, 7000.0, 9300.0])
    muse = sl.cubes.PolynomialLSF([6.040, -9.187e-4, 5.866e-8])
    fwhm = 5.866e-8 * wave**2 - 9.187e-4 * wave + 6.040
    np.testing.assert_allclose(muse.width(jnp.asarray(wave)), fwhm, rtol=1e-6)
    found = muse.added(wave, library=2.0, redshift=0.02)
    assert found.dtype == precision
    np.testing.assert_allclose(found, np.sqrt(fwhm**2 - (2.0 * 1.02) ** 2) / 2.3548200450309493, rtol=1e-5)
    np.testing.assert_allclose(sl.cubes.LSF(2.5).added(wave, library=2.5), 0, atol=1e-12)
    np.testing.assert_allclose(sl.cubes.ResolvingPower(2000.0).added(wave), wave / 2000 / 2.3548200450309493, rtol=1e-6)


def test_an_instrument_sharper_than_the_library_is_refused():
    with pytest.raises(ValueError, match=r"sharper than the library at 1 of 3 wavelengths, first at 7000 A: 2.483"):
        sl.cubes.PolynomialLSF([6.040, -9.187e-4, 5.866e-8]).added([4750.0, 7000.0, 9300.0], library=2.51)
    traced = eqx.filter_jit(lambda lsf: lsf.added([5000.0], library=3.0))(sl.cubes.LSF(2.5))
    assert np.isnan(traced[0])


def test_only_channels_must_be_seen():
    """Of R = 2000 the width, 2.5 A at 5000 A, is that of a library of 2.45 A; at 4890 A it would be sharper."""
    library = sl.populations.Library(
        np.arange(4000.0, 7000.0), [1.0, 10.0], [0.0], np.full((1, 2, 3000), 1e-5), "air", fwhm=2.45
    )
    stars = sl.particles.Stars(np.zeros((1, 3)), np.zeros((1, 3)), [1e9], [5.0], [0.0])
    galaxy = sl.Galaxy(stars, library, redshift=0.0, distance=10.0)

    def seen(first):
        channels = sl.cubes.Channels.regular(first, 5.0, 100)
        return sl.cubes.IFU((1, 1), 1.0, channels, lsf=sl.cubes.ResolvingPower(2000.0))

    flux = np.asarray(galaxy(seen(5002.5)).flux)
    np.testing.assert_allclose(flux[:, 0], flux[0, 0], rtol=1e-6)
    np.testing.assert_allclose(eqx.filter_jit(galaxy)(seen(5002.5)).flux, flux, rtol=1e-6)
    with pytest.raises(ValueError, match="sharper than the library"):
        galaxy(seen(4802.5))


def test_widths_of_recorded_lines_hold_a_channel():
    """In a cube a line has the width that was published of recorded ones: its second moment, whatever the channels."""
    wave = np.arange(4900.0, 5100.0, 0.2)
    line = np.exp(-0.5 * ((wave - 5000.0) / 0.5) ** 2)
    library = sl.populations.Library(wave, [1.0], [0.0], line[None, None], "air")
    stars = sl.particles.Stars(np.zeros((1, 3)), np.zeros((1, 3)), [1e9], [1.0], [0.0])
    galaxy = sl.Galaxy(stars, library, redshift=0.0, distance=10.0)
    own = 0.5**2 + 0.2**2 / 6  # of the broken line through the samples
    for lsf, square in (
        (sl.cubes.LSF(2.66, channel=1.04), (2.66 / 2.3548) ** 2),
        (sl.cubes.LSF(2.66), (2.66 / 2.3548) ** 2 + 1.04**2 / 12),
        (sl.cubes.ResolvingPower(5000 / 2.66, channel=2.6), (2.66 / 2.3548) ** 2 + (1.04**2 - 2.6**2) / 12),
    ):
        ifu = sl.cubes.IFU((1, 1), 1.0, sl.cubes.Channels.regular(4950.0, 1.04, 96), lsf=lsf)
        _, _, spread = galaxy(ifu).moments(4960.0, 5040.0, 5000.0)
        assert float(spread[0]) / 299792.458 * 5000.0 == pytest.approx(np.sqrt(square + own), rel=1e-4)
    seen = sl.cubes.LSF(2.66, channel=1.04)
    assert float(seen.width(jnp.array([5000.0]))[0]) == pytest.approx(2.66)
    with pytest.raises(
        ValueError, match=r"widths down to 1 A, and a channel of 2 A alone is 1.36 A wide: give the chan"
    ):
        sl.cubes.LSF(1.0, channel=2.0).added([5000.0])
    assert np.isnan(eqx.filter_jit(lambda lsf: lsf.added([5000.0]))(sl.cubes.LSF(1.0, channel=2.0))[0])


def test_only_channels_that_are_sharper_are_counted():
    library = sl.populations.Library(np.arange(4000.0, 7000.0), [1.0], [0.0], np.ones((1, 1, 3000)), "air", fwhm=2.45)
    ifu = sl.cubes.IFU((1, 1), 1.0, sl.cubes.Channels.regular(4850.0, 5.0, 100), lsf=sl.cubes.ResolvingPower(2000.0))
    with pytest.raises(ValueError, match=r"at 10 of 100 wavelengths, first at 4852.5 A.* channels\[first:last\]"):
        ifu.templates(library, 0.0)


def test_resolutions_are_learnable():
    def total(lsf):
        return jnp.sum(lsf.added([5000.0, 6000.0], library=2.0))

    table = eqx.filter_grad(total)(sl.cubes.LSF([2.5, 2.4], wavelength=[5000.0, 6000.0]))
    np.testing.assert_allclose(table.fwhm, np.array([2.5 / 1.5, 2.4 / np.sqrt(1.76)]) / 2.3548200450309493, rtol=1e-10)
    assert np.isfinite(eqx.filter_grad(total)(sl.cubes.LSF(2.0)).fwhm)


def test_apertures_have_their_areas():
    offset = np.linspace(-20, 20, 801)
    east, north = (grid.ravel() for grid in np.meshgrid(offset, offset))
    pixel = (offset[1] - offset[0]) ** 2
    round_, hexagon = sl.cubes.RoundAperture(30.0), sl.cubes.HexagonalAperture(30.0, position_angle=20.0)
    assert np.sum(round_.inside(east, north)) * pixel == pytest.approx(np.pi * 15**2, rel=2e-3)
    assert np.sum(hexagon.inside(east, north)) * pixel == pytest.approx(1.5 * np.sqrt(3) * 15**2, rel=2e-3)
    turn = np.deg2rad(20.0 + 60 * np.arange(6))
    assert np.all(hexagon.inside(14.99 * np.sin(turn), 14.99 * np.cos(turn)))
    assert not np.any(hexagon.inside(15.01 * np.sin(turn), 15.01 * np.cos(turn)))


def test_images_of_a_batch():
    images = jnp.asarray(np.random.default_rng(0).uniform(size=(3, 2, 6, 5)))
    for psf in (sl.cubes.GaussianPSF(0.7), sl.cubes.MoffatPSF(0.7)):
        mapped = jax.vmap(lambda one, psf=psf: psf(one, WAVES, 0.2))(images)
        np.testing.assert_allclose(mapped[1], psf(images[1], WAVES, 0.2), atol=1e-14)


def test_widths_know_units_of_wavelengths():
    """600 nm are 6000 A, in the middle of a table, and not 600 A, before it begins."""
    u = pytest.importorskip("astropy.units")
    table = {"wavelength": [5000.0, 7000.0]}
    widths = [sl.cubes.LSF([2.8, 2.5], **table), sl.cubes.GaussianPSF([2.8, 2.5], **table)]
    widths.append(sl.cubes.PolynomialLSF([3.55, -1.5e-4]))
    for one in widths:
        for waves in ([600.0] * u.nm, [6000.0]):
            np.testing.assert_allclose(one.width(waves), [2.65], rtol=1e-6)
        with pytest.raises(ValueError, match="wavelength"):
            one.width(3.0 * u.kg)
    np.testing.assert_allclose(sl.cubes.ResolvingPower(2000.0).width(600.0 * u.nm), 3.0, rtol=1e-6)
