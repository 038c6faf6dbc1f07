"""The contract of an emission operator: transfer coefficients at one point for one frequency."""

import abc
import math
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Bool, Float

from ..._core.given import check_kind
from ..._core.module import Module, is_concrete
from ..._core.points import check_number
from ..._core.types import Scalar
from ..axes import ENERGIES, UNITS
from ..fields.base import AbstractField, children
from ..fields.photons import Photons
from ..fields.population import Population
from ..geometry import Ray, Structures

T = TypeVar("T")


class Plasma(eqx.Module):
    """What an operator sees at one point. A field the simulator does not have is `None`.

    - `position`: (3,) kpc.
    - `magnetic_field`: its components x, y, z kept apart, uG; `ray.project` turns them to the line of sight.
    - `electron_density`: cm^-3; `temperature`: K.
    - `cosmic_rays`: one `Population` per term of the cosmic rays.
    - `radiation`: one `Photons` per term of the radiation field.
    - `extra`: values of the fields given to the simulator by name.

    !!! example
        >>> sl.emission.Plasma(jnp.zeros(3), electron_density=jnp.asarray(0.03)).magnetic_field is None
        True
    """

    position: Float[Array, "..."]
    magnetic_field: tuple[Scalar, Scalar, Scalar] | Any = None
    electron_density: Scalar | Any = None
    cosmic_rays: tuple[Population, ...] | Any = None
    temperature: Scalar | Any = None
    radiation: tuple[Photons, ...] | Any = None
    extra: dict[str, Float[Array, "..."]] = eqx.field(default_factory=dict)


class StokesVector(eqx.Module):
    """I, Q, U, V of one thing at one place, (), or of the cells of a ray, (cells,), in the IAU basis.

    `None` is a zero that the solver compiles without.

    **Arguments:** `I`, `Q`, `U`, `V`: of emission K kpc^-1, of absorption kpc^-1, of a background K; `None` where there
    is none.

    !!! example
        >>> float(sl.emission.StokesVector(I=jnp.asarray(2.0)).I)
        2.0
    """

    I: Float[Array, "*cells"] | None = None
    Q: Float[Array, "*cells"] | None = None
    U: Float[Array, "*cells"] | None = None
    V: Float[Array, "*cells"] | None = None


class FaradayVector(eqx.Module):
    """Faraday conversion rho_Q, rho_U and rotation rho_V, () or (cells,).

    **Arguments:** `Q`, `U`, `V`: rho_Q, rho_U, rho_V, rad kpc^-1; `None` where there is none.

    !!! example
        >>> float(sl.emission.FaradayVector(V=jnp.asarray(0.5)).V)
        0.5
    """

    Q: Float[Array, "*cells"] | None = None
    U: Float[Array, "*cells"] | None = None
    V: Float[Array, "*cells"] | None = None


class TransferCoefficients(eqx.Module):
    """Coefficients of polarised radiative transfer at one point and frequency, all per kpc; they add.

    - `emissivity`: K (Rayleigh-Jeans) per kpc; of an axis of energies, GeV^-1 cm^-2 s^-1 sr^-1 per kpc.
    - `absorption`: per kpc.
    - `rotation`: rad per kpc in Stokes space: rho_V = 2 d chi/ds = 2 lambda^2 dRM/ds.
    - `depolarisation`: per kpc, by which the mean of Q and U fades where unresolved fields scatter their rotation.

    !!! example
        >>> emitted = sl.emission.StokesVector(I=jnp.asarray(1.0))
        >>> sl.emission.TransferCoefficients(emissivity=emitted).absorption is None
        False
    """

    emissivity: StokesVector = StokesVector()
    absorption: StokesVector = StokesVector()
    rotation: FaradayVector = FaradayVector()
    depolarisation: Float[Array, "*cells"] | None = None

    def __add__(self, other: "TransferCoefficients") -> "TransferCoefficients":
        return TransferCoefficients(
            add_parts(self.emissivity, other.emissivity),
            add_parts(self.absorption, other.absorption),
            add_parts(self.rotation, other.rotation),
            add(self.depolarisation, other.depolarisation),
        )


def add(left: Array | None, right: Array | None) -> Array | None:
    """The sum of two coefficients, `None` being zero."""
    return left if right is None else right if left is None else left + right


def add_parts(left: T, right: T) -> T:
    """The sum of two vectors of the same class, `None` being zero."""
    return type(left)(**{name: add(value, getattr(right, name)) for name, value in vars(left).items()})


def check_returned(found: T, kind: type[T], who: Any) -> T:
    """What an operator, a background or a solver returns: of a class, and each of its parts one number, ().

    **Raises:** `TypeError` for another class; `ValueError` for arrays.
    """
    name = type(who).__name__
    check_kind(f"What {name} returns", found, kind, f"a sl.emission.{kind.__name__}")
    for part in jax.tree.leaves(found):
        check_number(part, name)
    return found


class AbstractEmissionOperator(Module):
    """A process that emits, absorbs or rotates: subclass it, name what it `needs`, write `__call__` for one point.

    Its `axis` says what it is given: `"frequency"`, GHz, for K (Rayleigh-Jeans) per kpc, or `"energy"`, GeV, for
    photons GeV^-1 cm^-2 s^-1 sr^-1 per kpc. A simulator sums those of the axis that it is asked for.

    !!! example
        >>> class Dust(sl.emission.AbstractEmissionOperator):
        ...     emissivity: Float[Array, ""] = sl.param(1e-3, doc="K/kpc per cm^-3 at 100 GHz")
        ...     needs = ("electron_density",)
        ...
        ...     def __call__(self, plasma, ray, frequency):
        ...         brightness = self.emissivity * plasma.electron_density * (frequency / 100) ** 1.6
        ...         return sl.emission.TransferCoefficients(emissivity=sl.emission.StokesVector(I=brightness))
    """

    needs: eqx.AbstractClassVar[tuple[str, ...]]
    axis: ClassVar[str] = "frequency"
    """`"frequency"` or `"energy"`."""
    frequencies: ClassVar[tuple[float, float]] = (0.0, math.inf)
    """GHz, where its coefficients hold; a simulator refuses others."""
    energies: ClassVar[tuple[float, float]] = ENERGIES
    """GeV, where those of axis `"energy"` hold."""
    indices: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    """Spectral indices of power laws for which it is made; a simulator warns of others."""

    def covers(self, frequency: Float[Array, "*shape"]) -> Bool[Array, "*shape"]:
        """Whether the coefficients hold at frequencies, GHz, or energies, GeV."""
        low, high = self.frequencies if self.axis == "frequency" else self.energies
        return (frequency >= low * (1 - 1e-6)) & (frequency <= high * (1 + 1e-6))

    def check_frequency(self, frequency: Float[Array, "*shape"]) -> None:
        """Refuses frequencies, GHz, or energies, GeV, at which the coefficients do not hold; traced ones pass.

        **Raises:** `ValueError`.
        """
        low, high = self.frequencies if self.axis == "frequency" else self.energies
        if not is_concrete(frequency):
            return
        numbers = np.asarray(frequency)  # in NumPy: under jit an operation on known numbers is traced too
        if np.any((numbers < low * (1 - 1e-6)) | (numbers > high * (1 + 1e-6))):
            raise ValueError(
                f"{type(self).__name__} holds from {low:g} to {high:g} {UNITS[self.axis]}, not at {self.axis} = "
                f"{frequency} {UNITS[self.axis]}: leave such values out, or give them an operator of their own."
            )

    @abc.abstractmethod
    def __call__(self, plasma: Plasma, ray: Ray, frequency: Scalar) -> TransferCoefficients:
        """The coefficients of `plasma` seen along `ray` at `frequency` [GHz], or at an energy [GeV]."""

    def exponents(self, plasma: Plasma) -> TransferCoefficients | None:
        """Exponents a of coefficients proportional to nu^a, of the same parts as these; `None`: they are no powers.

        Where they do not change from place to place, by what they are made of, fields and operators are evaluated for
        one frequency alone.
        """
        del plasma
        return None

    def structures(self, told: Mapping[str, Structures]) -> Structures:
        """Where it acts and where it jumps: by default wherever one of the fields does that it needs or holds.

        **Arguments:** `told`: what the fields it needs tell of, by name.
        """
        return Structures.join(*told.values(), *(field.structures() for field in children(self)))


def of_fields(told: Mapping[str, Structures], random: AbstractField | None = None) -> Structures:
    """Where the product of all fields acts, a random magnetic field added to the regular one."""
    added = {} if random is None else {"magnetic_field": Structures.join(told["magnetic_field"], random.structures())}
    return Structures.product(*(dict(told) | added).values())
