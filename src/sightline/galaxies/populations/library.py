"""Spectra of simple stellar populations on a grid of metallicities and ages."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.fixed import Fixed
from ..._core.module import default_float, is_concrete
from ..._core.ranks import of_one_rank
from ..._core.safe import held
from ..._core.units import number, numbers, strip_unit
from ..cubes.axis import Axis, as_wavelengths
from ..cubes.channels import check_medium

YOUNGEST = 1e-6
"""Age [Gyr] that stands for 0 where the logarithm is taken."""
OLDEST = 100.0
"""Age [Gyr] above which it is in another unit."""
_YEARS = 1e5  # what is above are years, not Myr, where Gyr are wanted


class Library(eqx.Module):
    """Luminosities of populations of one age and metallicity per mass that was formed: data, nothing of it is learnt.

    Between the nodes luminosities are bilinear in ([M/H], log age), beyond the grid those at its edge. Between samples
    they are linear in wavelength.

    **Arguments:**

    - `wavelength`: (w,), A, rising, at rest.
    - `age`: (a,), Gyr, rising; `metallicity`: (m,), [M/H], dex, rising.
    - `luminosity`: (m, a, w), Lsun A-1 Msun-1, per mass formed.
    - `medium`: of the wavelengths, `"air"` or `"vacuum"`.
    - `fwhm`: spectral resolution, full width at half maximum, A; 0: unlimited.
    - `name`: for summaries.

    **Raises:** `ValueError` for axes that do not rise, shapes that do not fit, and ages above 100 Gyr, and
    luminosities that are negative or not finite.

    !!! example
        >>> library = sl.populations.synthetic()
        >>> library.luminosity(5.0, -0.3).shape == library.wavelength.shape
        True
    """

    _values: tuple[Fixed, Fixed, Fixed, Fixed] = eqx.field(static=True)
    medium: str = eqx.field(static=True)
    fwhm: float = eqx.field(static=True)
    name: str = eqx.field(static=True)

    def __init__(
        self,
        wavelength: Any,
        age: Any,
        metallicity: Any,
        luminosity: Any,
        medium: str,
        fwhm: Any = 0.0,
        name: str = "library",
    ):
        waves = as_wavelengths(wavelength, "wavelength")
        ages, metals = _rising(age, "Gyr", "age"), _rising(metallicity, "", "metallicity")
        if not ages[0] >= 0:
            raise ValueError(f"age begins at {ages[0]:g} Gyr: ages are Gyr, none negative.")
        check_ages(ages, "age")
        if len(metals) > 1 and np.all((metals > 0) & (metals < 0.1)):
            raise ValueError(
                f"metallicity {metals[0]:g} ... {metals[-1]:g} is a mass fraction Z, not [M/H]: give log10(Z/Z_sun)."
            )
        light = numbers(luminosity, "Lsun Angstrom-1 Msun-1", "luminosity")
        self._values = Fixed(waves), Fixed(ages), Fixed(metals), Fixed(light)
        self.medium, self.name = check_medium(medium, "Library"), name
        self.fwhm = number(fwhm, "Angstrom", "fwhm")
        if not 0 <= self.fwhm < np.inf:
            raise ValueError(f"fwhm = {fwhm} must be a finite width [A], 0 for an unlimited resolution.")

    def __check_init__(self) -> None:
        _check_light(self.nodes, (len(self.metallicity), len(self.age), len(self.wavelength)))

    @property
    def wavelength(self) -> np.ndarray:
        """(w,), A, at rest."""
        return self._values[0].values

    @property
    def age(self) -> np.ndarray:
        """(a,), Gyr."""
        return self._values[1].values

    @property
    def metallicity(self) -> np.ndarray:
        """(m,), [M/H], dex."""
        return self._values[2].values

    @property
    def nodes(self) -> np.ndarray:
        """Luminosities of the grid, (m, a, w), Lsun A-1 Msun-1."""
        return self._values[3].values

    @property
    def shape(self) -> tuple[int, int]:
        """Metallicities and ages."""
        return len(self.metallicity), len(self.age)

    @property
    def axis(self) -> Axis:
        """The wavelengths as an axis of samples."""
        return Axis(self.wavelength)

    def corners(self, age: Any, metallicity: Any) -> tuple[Array, Array]:
        """The four nodes about a population, and its weights on them, which sum to 1.

        **Arguments:** `age`: Gyr, (*shape,); `metallicity`: [M/H], (*shape,).

        **Returns:** numbers of the nodes among the (m a) of the grid, and weights, (*shape, 4) each.
        """
        ages, metals = _traced(age, "Gyr", "age"), _traced(metallicity, "", "metallicity")
        young = np.log(np.maximum(self.age, YOUNGEST))
        of_age, of_metal = jnp.asarray(young, ages.dtype), jnp.asarray(self.metallicity, metals.dtype)
        return _corners(of_age, of_metal, jnp.log(jnp.maximum(ages, YOUNGEST)), metals)

    def weights(self, age: Any, metallicity: Any) -> Float[Array, "*shape m a"]:
        """Weights of all nodes for a population of one age and metallicity, (*shape, m, a): they sum to 1.

        **Arguments:** `age`: Gyr; `metallicity`: [M/H]; of one shape.
        """
        places, parts = self.corners(age, metallicity)
        chosen, nodes = of_one_rank(places[..., None], np.arange(np.prod(self.shape), dtype=np.int32))
        flat = jnp.sum(jnp.where(chosen == nodes, parts[..., None], 0), axis=-2)
        return flat.reshape(*flat.shape[:-1], *self.shape)

    def luminosity(self, age: Any, metallicity: Any) -> Float[Array, "*shape w"]:
        """The spectrum of a population of one age and metallicity, (*shape, w), Lsun A-1 Msun-1.

        **Arguments:** `age`: Gyr; `metallicity`: [M/H]; of one shape.

        Ages and metallicities beyond the grid are taken at its edge; their derivative is 0 there.
        """
        places, parts = self.corners(age, metallicity)
        table = jnp.asarray(self.nodes.reshape(-1, len(self.wavelength)), parts.dtype)
        return sum(parts[..., k, None] * table[places[..., k]] for k in range(4))  # pyright: ignore

    def select(
        self,
        ages: Any = None,
        metallicities: Any = None,
        low: Any = None,
        high: Any = None,
    ) -> "Library":
        """A smaller library.

        **Arguments:**

        - `ages`, `metallicities`: the values next to these stay, Gyr and [M/H]; `None`: all.
        - `low`, `high`: wavelengths between these stay, A; `None`: from the first, to the last.

        **Raises:** `ValueError` where nothing is left.
        """
        at = _nearest(self.age, ages, "Gyr", "ages")
        of = _nearest(self.metallicity, metallicities, "", "metallicities")
        start = -np.inf if low is None else number(low, "Angstrom", "low")
        end = np.inf if high is None else number(high, "Angstrom", "high")
        seen = (self.wavelength >= start) & (self.wavelength <= end)
        if np.sum(seen) < 2:
            raise ValueError(f"low = {low}, high = {high}: the library has no spectrum there.")
        light = self.nodes[np.ix_(of, at, np.flatnonzero(seen))]
        waves = self.wavelength[seen]
        return Library(waves, self.age[at], self.metallicity[of], light, self.medium, self.fwhm, self.name)


@jax.jit
def _corners(ages: Array, metallicities: Array, age: Array, metallicity: Array) -> tuple[Array, Array]:
    """Numbers of the four nodes about each value, and the weights on them."""
    a, along = _between(ages, age)
    m, across = _between(metallicities, metallicity)
    count = len(ages)
    a2, m2 = jnp.minimum(a + 1, count - 1), jnp.minimum(m + 1, len(metallicities) - 1)
    places = jnp.stack([m * count + a, m * count + a2, m2 * count + a, m2 * count + a2], axis=-1)
    parts = [(1 - across) * (1 - along), (1 - across) * along, across * (1 - along), across * along]
    return places, jnp.stack(parts, axis=-1)


def _between(nodes: Array, value: Array) -> tuple[Array, Array]:
    """The node below a value and how far it is to the next, 0 to 1; values beyond are put at the end."""
    if len(nodes) == 1:
        return jnp.zeros(value.shape, np.int32), 0 * value
    index = jnp.clip(jnp.searchsorted(nodes, value, side="right") - 1, 0, len(nodes) - 2).astype(np.int32)
    below = nodes[index]
    return index, (held(value, nodes[0], nodes[-1]) - below) / (nodes[index + 1] - below)


def _traced(value: Any, unit: str, name: str) -> Array:
    stripped = strip_unit(value, unit, name)
    return stripped if eqx.is_inexact_array(stripped) else jnp.asarray(stripped, default_float())


def check_ages(age: Any, name: str, cure: str = "Give Gyr, {0} times these.") -> None:
    """Refuses ages above 100 Gyr, where they are known: they are in another unit.

    **Raises:** `ValueError`.
    """
    if not is_concrete(age) or isinstance(age, jax.ShapeDtypeStruct) or age is None:
        return
    oldest = float(np.max(np.asarray(age, np.float64), initial=0.0))
    if oldest > OLDEST:
        unit, factor = ("years", "1e-9") if oldest > _YEARS else ("Myr", "1e-3")
        raise ValueError(f"{name} is up to {oldest:g} Gyr: are these {unit}? {cure.format(factor)}")


def _rising(values: Any, unit: str, name: str) -> np.ndarray:
    found = np.atleast_1d(numbers(values, unit, name))
    if found.ndim != 1 or not len(found) or not np.all(np.isfinite(found)) or np.any(np.diff(found) <= 0):
        raise ValueError(f"{name} must be finite and rising, in a row: turn the grid where it falls.")
    return found


def _check_light(light: np.ndarray, shape: tuple[int, int, int]) -> None:
    if light.shape != shape:
        raise ValueError(f"luminosity has shape {light.shape}, not (metallicities, ages, wavelengths) = {shape}.")
    bad = int(np.sum(~(np.isfinite(light) & (light >= 0))))
    if bad:
        raise ValueError(f"luminosity: {bad} of {light.size} numbers are negative or not finite. Leave them out.")


def _nearest(values: np.ndarray, wanted: Any, unit: str, name: str) -> np.ndarray:
    if wanted is None:
        return np.arange(len(values))
    found = np.atleast_1d(numbers(wanted, unit, name))
    return np.unique(np.argmin(np.abs(values - found[:, None]), axis=1))
