"""What a simulator is made of, what it has at one point, and what the rest of the room asks of it."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._core.contracts import AbstractPredictor
from ..._core.types import Scalar, Vector
from ..emission import AbstractBackground, AbstractEmissionOperator, Plasma, TransferCoefficients
from ..emission.base import check_returned
from ..fields import AbstractField
from ..fields.base import copies
from ..geometry import Ray, Sightlines
from ..transfer import AbstractTransfer

CURES = {
    "magnetic_field": "magnetic_field=sl.magnetic.LSA()",
    "electron_density": "electron_density=sl.electrons.ExponentialDisk()",
    "cosmic_rays": "cosmic_rays=sl.cosmic_rays.ExponentialDisk()",
    "temperature": "temperature=sl.temperature.Uniform(7000.0)",
    "radiation": "radiation=sl.radiation.CMB()",
}


class AbstractSimulator(AbstractPredictor):
    """Fields and operators that make a sky; `Simulator` is the one there is."""

    magnetic_field: eqx.AbstractVar[AbstractField | None]
    electron_density: eqx.AbstractVar[AbstractField | None]
    cosmic_rays: eqx.AbstractVar[AbstractField | None]
    emission: eqx.AbstractVar[tuple[AbstractEmissionOperator, ...]]
    temperature: eqx.AbstractVar[AbstractField | None]
    radiation: eqx.AbstractVar[AbstractField | None]
    background: eqx.AbstractVar[tuple[AbstractBackground, ...]]
    fields: eqx.AbstractVar[dict[str, AbstractField]]
    transfer: eqx.AbstractVar[AbstractTransfer]
    chunk: eqx.AbstractVar[int]

    @abc.abstractmethod
    def check(self) -> None:
        """Checks leaves and needs again."""

    @abc.abstractmethod
    def prepare(self) -> "AbstractSimulator":
        """This simulator with the global work of its fields done."""

    @abc.abstractmethod
    def sightlines(
        self, sky: Any, frequency: Any = None, tolerance: float | None = None, *, energy: Any = None
    ) -> Sightlines:
        """The sightlines of a sky as this model sees them."""

    def require(self, needs: tuple[str, ...], who: str) -> None:
        """Raises `ValueError`, with the cure, unless this simulator has every field that `who` needs."""
        for name in needs:
            if (getattr(self, name) if name in CURES else self.fields.get(name)) is None:
                cure = CURES.get(name, f"fields={{{name!r}: ...}}")
                raise ValueError(f"{who} needs {name}, which this Simulator does not have: give it e.g. {cure}.")

    def plasma(self, position: Vector) -> Plasma:
        """All fields at one position, (3,) kpc."""
        place, rays, radiation = copies(position), self.cosmic_rays, self.radiation
        field = _at(self.magnetic_field, place())
        return Plasma(
            position,
            magnetic_field=None if field is None else tuple(jnp.unstack(field)),
            electron_density=_at(self.electron_density, place()),
            cosmic_rays=None if rays is None else rays.populations(place()),
            temperature=_at(self.temperature, place()),
            radiation=None if radiation is None else radiation.photons(place()),
            extra={name: field(place()) for name, field in self.fields.items()},
        )

    def coefficients(
        self, plasma: Plasma, ray: Ray, frequency: Scalar, axis: str | None = None
    ) -> TransferCoefficients:
        """The sum over the operators at one point, per kpc, for `frequency`, () GHz, or an energy, () GeV.

        Operators of one axis are summed: of `axis`, `None` standing for that of all, or for `"frequency"` where there
        are both.
        """
        total, known = TransferCoefficients(), {operator.axis for operator in self.emission}
        chosen = axis or (known.pop() if len(known) == 1 else "frequency")
        for operator in self.emission:
            if operator.axis == chosen:
                total = total + check_returned(operator(plasma, ray, frequency), TransferCoefficients, operator)
        return total

    def exponents(self, plasma: Plasma) -> TransferCoefficients | None:
        """Exponents of the frequency in the `coefficients`; `None`: some are no powers of it, or several add up, or
        there are operators of both axes."""
        total, parts = TransferCoefficients(), 0
        for operator in self.emission:
            found = operator.exponents(plasma)
            if found is None or operator.axis != self.emission[0].axis:
                return None
            total, parts = total + found, parts + len(jax.tree.leaves(found))
        return total if len(jax.tree.leaves(total)) == parts else None


def _at(field: AbstractField | None, position: Vector) -> Float[Array, "..."] | None:
    return None if field is None else field(position)


def as_tuple(value: Any) -> tuple[Any, ...]:
    """One thing, several or none, `None`, as a tuple."""
    return () if value is None else tuple(value) if isinstance(value, (tuple, list)) else (value,)
