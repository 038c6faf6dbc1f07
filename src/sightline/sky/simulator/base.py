"""What the rest of the room asks of a simulator."""

import abc
from typing import Any

import equinox as eqx

from ..._core.contracts import AbstractPredictor
from ..._core.types import Scalar, Vector
from ..emission import AbstractBackground, AbstractEmissionOperator, Plasma, TransferCoefficients
from ..fields import AbstractField
from ..geometry import Ray, Sightlines
from ..transfer import AbstractTransfer


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
    def require(self, needs: tuple[str, ...], who: str) -> None:
        """Refuses a simulator without a field that `who` needs."""

    @abc.abstractmethod
    def check(self) -> None:
        """Checks leaves and needs again."""

    @abc.abstractmethod
    def prepare(self) -> "AbstractSimulator":
        """This simulator with the global work of its fields done."""

    @abc.abstractmethod
    def plasma(self, position: Vector) -> Plasma:
        """All fields at one position, (3,) kpc."""

    @abc.abstractmethod
    def coefficients(
        self, plasma: Plasma, ray: Ray, frequency: Scalar, axis: str | None = None
    ) -> TransferCoefficients:
        """The sum over the operators at one point, per kpc."""

    @abc.abstractmethod
    def sightlines(
        self, sky: Any, frequency: Any = None, tolerance: float | None = None, *, energy: Any = None
    ) -> Sightlines:
        """The sightlines of a sky as this model sees them."""
