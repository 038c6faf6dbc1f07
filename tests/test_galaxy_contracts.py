"""Contract checks of galaxies catch what breaks a contract, and name it."""

import jax.numpy as jnp
import pytest

import sightline as sl


class Falling(sl.dust.AbstractLaw):
    low = 1000.0
    high = 30000.0

    def curve(self, wavenumber):
        return wavenumber - 1


class Heavy(sl.stars.AbstractHistory):
    def weights(self, position, ages, metallicities):
        return jnp.ones((metallicities.size, ages.size), ages.dtype)


class Rough(sl.stars.AbstractHistory):
    def weights(self, position, ages, metallicities):
        first = jnp.sqrt(position[0] ** 2 + position[1] ** 2) * 0
        return jnp.zeros((metallicities.size, ages.size), ages.dtype).at[0, 0].set(1 + first)


class Moving(sl.cubes.AbstractPSF):
    def width(self, wavelength):
        return jnp.asarray(1.0)

    def __call__(self, images, wavelength, spaxel):
        return jnp.roll(images, 1, axis=2)


class Bright(sl.cubes.AbstractPSF):
    def width(self, wavelength):
        return jnp.asarray(1.0)

    def __call__(self, images, wavelength, spaxel):
        return 1.1 * images * jnp.abs(images) ** 0.1


def test_histories_of_round_numbers_keep_the_contract():
    """The default [M/H], 0, stood on a node of the library of the check, where weights have no derivative."""
    sl.testing.check_history(sl.stars.SingleAge(3.0))


@pytest.mark.parametrize(
    ("check", "broken", "said"),
    [
        (sl.testing.check_law, Falling(), "not positive at 1"),
        (sl.testing.check_law, sl.dust.PowerLawDust(), r"no sl\.dust\.AbstractLaw"),
        (sl.testing.check_history, Heavy(), "its weights sum to 30, not 1"),
        (sl.testing.check_history, Rough(), "gradient by the position is not finite"),
        (sl.testing.check_psf, Moving(), "a point is moved east or west"),
        (sl.testing.check_psf, Bright(), "it makes light: of 1 there is 1.1"),
    ],
    ids=["negative", "no law", "sum", "gradient", "moved", "bright"],
)
def test_what_breaks_a_contract_is_named(check, broken, said):
    with pytest.raises(AssertionError, match=said):
        check(broken)
