"""The simulator: fields and emission operators composed into one differentiable sky."""

import warnings
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._core.module import Module, check_tree, default_float, is_concrete, setting
from ._core.types import Scalar, Vector
from ._core.units import strip_unit
from .emission import AbstractBackground, AbstractEmissionOperator, Plasma, StokesVector, TransferCoefficients
from .emission.base import add_parts
from .fields import AbstractField
from .fields.base import prepare_children
from .geometry import Ray, Sightlines, as_sightlines, map_rays
from .observables import AbstractLineIntegral, DispersionMeasure, EmissionMeasure, RotationMeasure
from .stokes import Stokes
from .transfer import AbstractTransfer, CellTransfer

_CURES = {
    "magnetic_field": "magnetic_field=sl.magnetic.LSA()",
    "electron_density": "electron_density=sl.electrons.ExponentialDisk()",
    "cosmic_rays": "cosmic_rays=sl.cosmic_rays.ExponentialDisk()",
    "temperature": "temperature=sl.temperature.Uniform(7000.0)",
}
Lines = Any  # a sky, or Sightlines


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return () if value is None else tuple(value) if isinstance(value, (tuple, list)) else (value,)


class Simulator(Module):
    """What an instrument sees of a medium: a PyTree whose inexact-array leaves are exactly the parameters and grids.

    **Arguments:**

    - `magnetic_field`: uG; `electron_density`: cm^-3; `cosmic_rays`: see `sl.cosmic_rays`; `temperature`: K;
      all optional.
    - `emission`: the emission operators, summed.
    - `background`: what shines from behind, one or several, e.g. `sl.emission.CMB()`.
    - `fields`: further fields by name, for operators of your own: they find them in `plasma.extra`.
    - `transfer`: the solver.
    - `chunk`: rays evaluated at a time; memory grows with it, speed hardly.

    **Raises:** at construction: `ValueError` where an operator needs a field that is missing; `TypeError` where a
    field does not return the shape its place demands.

    !!! example
        >>> simulator = sl.Simulator(
        ...     magnetic_field=sl.magnetic.LSA(),
        ...     electron_density=sl.electrons.ExponentialDisk(),
        ...     cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        ...     emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
        ... )
        >>> simulator(sl.HealpixSky(nside=8), frequency=[0.408, 23.0]).I.shape
        (2, 768)
    """

    magnetic_field: AbstractField | None = None
    electron_density: AbstractField | None = None
    cosmic_rays: AbstractField | None = None
    emission: tuple[AbstractEmissionOperator, ...] = eqx.field(default=(), converter=_as_tuple)
    temperature: AbstractField | None = None
    background: tuple[AbstractBackground, ...] = eqx.field(default=(), converter=_as_tuple)
    fields: dict[str, AbstractField] = eqx.field(default_factory=dict, kw_only=True)
    transfer: AbstractTransfer = eqx.field(default=CellTransfer(), kw_only=True)
    chunk: int = setting(256, bounds=(1, None), kw_only=True)

    def __check_init__(self) -> None:
        _check_types(self)
        _check_shapes(self)
        for operator in self.emission:
            self.require(operator.needs, type(operator).__name__)

    def require(self, needs: tuple[str, ...], who: str) -> None:
        """Raises `ValueError`, with the cure, unless this simulator has every field that `who` needs."""
        for name in needs:
            if (getattr(self, name) if name in _CURES else self.fields.get(name)) is None:
                cure = _CURES.get(name, f"fields={{{name!r}: ...}}")
                raise ValueError(f"{who} needs {name}, which this Simulator does not have: give it e.g. {cure}.")

    def check(self) -> None:
        """Checks leaves and needs again: `eqx.tree_at` skips the checks of construction.

        **Raises:** `TypeError` for leaves that are no arrays of the right shape, `ValueError` for missing fields.
        """
        check_tree(self)
        for operator in self.emission:
            self.require(operator.needs, type(operator).__name__)

    def prepare(self) -> "Simulator":
        """This simulator with the global work of its fields done (synthesis, tables); calls do it themselves."""
        return prepare_children(self)

    def plasma(self, position: Vector) -> Plasma:
        """All fields at one position, (3,) kpc."""
        field, rays = _at(self.magnetic_field, position), self.cosmic_rays
        return Plasma(
            position,
            magnetic_field=None if field is None else tuple(jnp.unstack(field)),
            electron_density=_at(self.electron_density, position),
            cosmic_rays=None if rays is None else rays.populations(position),
            temperature=_at(self.temperature, position),
            extra={name: field(position) for name, field in self.fields.items()},
        )

    def coefficients(self, plasma: Plasma, ray: Ray, frequency: Scalar) -> TransferCoefficients:
        """The sum over the operators at one point, per kpc, for `frequency`, () GHz."""
        total = TransferCoefficients()
        for operator in self.emission:
            total = total + operator(plasma, ray, frequency)
        return total

    def __call__(self, sky: Lines, frequency: Any) -> Stokes:
        """Stokes parameters of the sky.

        **Arguments:**

        - `sky`: a sky, or `Sightlines` for other cells or observers.
        - `frequency`: GHz or an astropy quantity; a number or a sequence.

        **Returns:** `Stokes`, (npix,) each for a number, (nfreq, npix) for a sequence; K (Rayleigh-Jeans), COSMO.

        **Raises:** `ValueError` for frequencies that are not positive or no operators; `TypeError` for leaves that
        are no arrays.
        """
        self.check()
        if not self.emission and not self.background:
            raise ValueError(
                "This Simulator has no emission operators: give it e.g. emission=(sl.emission.Synchrotron(),)."
            )
        lines, frequencies = as_sightlines(sky), _check_frequency(frequency)
        values, rotation = _observe(self, _arrays(lines), jnp.atleast_1d(frequencies))
        _warn_rotation(rotation, jnp.atleast_1d(frequencies))
        parts = {name: lines.sky.reduce(value) for name, value in values.items()}
        stokes = Stokes(
            **parts, frequency=jnp.atleast_1d(frequencies), unit="K_RJ", convention="IAU", sky=lines.sky
        ).to_convention("COSMO")
        return stokes if frequencies.ndim else stokes[0]

    def rotation_per_cell(self, sky: Lines, frequency: Any) -> Float[Array, "*frequencies"]:
        """The largest Faraday rotation of P within one cell, |2 chi' D| [rad], per frequency; accurate below 1."""
        self.check()
        lines, frequencies = as_sightlines(sky), _check_frequency(frequency)
        _, rotation = _observe(self, _arrays(lines), jnp.atleast_1d(frequencies))
        return rotation.reshape(frequencies.shape)

    def integrate(self, integral: AbstractLineIntegral) -> Float[Array, " pixels"]:
        """A line integral of this model, (npix,)."""
        self.check()
        self.require(integral.needs, type(integral).__name__)
        lines = integral.sightlines
        return lines.sky.reduce(_integrate(self, eqx.tree_at(lambda i: i.sightlines, integral, _arrays(lines))))

    def rotation_measure(self, sky: Lines) -> Float[Array, " pixels"]:
        """RM, (npix,) rad m^-2, to the end of the rays or to the sources, positive for B towards the observer."""
        return RotationMeasure(sky)(self)

    def dispersion_measure(self, sky: Lines) -> Float[Array, " pixels"]:
        """DM, (npix,) pc cm^-3, to the end of the rays or to the sources."""
        return DispersionMeasure(sky)(self)

    def emission_measure(self, sky: Lines) -> Float[Array, " pixels"]:
        """EM, (npix,) pc cm^-6, to the end of the rays or to the sources."""
        return EmissionMeasure(sky)(self)

    def trace(self, sky: Lines, frequency: Any) -> "Trace":
        """Every intermediate quantity along one ray, at one frequency.

        **Arguments:** `sky`: of a single direction, e.g. `sl.Directions(30.0, 2.0)`; `frequency`: a number, GHz.

        **Raises:** `ValueError` for several rays or frequencies.
        """
        lines, nu = as_sightlines(sky), _check_frequency(frequency)
        if lines.size != 1 or nu.ndim:
            raise ValueError(
                f"trace follows one ray at one frequency, not {lines.size} rays and {nu.size} frequencies."
            )
        stokes = self(lines, nu)
        return Trace(*_trace(self.prepare(), lines, nu), stokes=stokes)


class Trace(eqx.Module):
    """What happens along one ray, cell by cell from the observer outwards.

    - `distance`, `widths`: (cells,) kpc; `position`: (3, cells) kpc, of the middles.
    - `plasma`, `coefficients`: as the operators saw and returned them, arrays of (cells,).
    - `optical_depth`: of all nearer cells; `rotation`: angle [rad] of P by all nearer cells; (cells,).
    - `stokes`: what arrives, as the simulator returns it.
    """

    distance: Float[Array, " cells"]
    widths: Float[Array, " cells"]
    position: Float[Array, "3 cells"]
    plasma: Plasma
    coefficients: TransferCoefficients
    optical_depth: Float[Array, " cells"]
    rotation: Float[Array, " cells"]
    stokes: Stokes


def _at(field: AbstractField | None, position: Vector) -> Float[Array, "..."] | None:
    return None if field is None else field(position)


def _check_types(simulator: Simulator) -> None:
    if not isinstance(simulator.chunk, (int, np.integer)):
        raise TypeError(f"Simulator.chunk = {simulator.chunk!r} must be a whole number of rays.")
    taken = [name for name in simulator.fields if name in _CURES]
    if taken:
        raise ValueError(f"Simulator: fields[{taken[0]!r}] has a place of its own: pass {taken[0]}=... instead.")
    places = {name: getattr(simulator, name) for name in _CURES} | {
        f"fields[{k!r}]": v for k, v in simulator.fields.items()
    }
    kinds = [(name, field, AbstractField) for name, field in places.items() if field is not None]
    kinds += [(f"emission[{i}]", item, AbstractEmissionOperator) for i, item in enumerate(simulator.emission)]
    kinds += [(f"background[{i}]", item, AbstractBackground) for i, item in enumerate(simulator.background)]
    kinds += [("transfer", simulator.transfer, AbstractTransfer)]
    for name, value, kind in kinds:
        if not isinstance(value, kind):
            found = value.__name__ + ", a class: call it" if isinstance(value, type) else type(value).__name__
            raise TypeError(f"Simulator: {name} must be an {kind.__name__}, not {found}.")


def _check_shapes(simulator: Simulator) -> None:
    point = jax.ShapeDtypeStruct((3,), default_float())
    for name, shape in {
        "magnetic_field": (3,),
        "electron_density": (),
        "temperature": (),
        "cosmic_rays": (),
    }.items():
        field = getattr(simulator, name)
        if isinstance(field, AbstractField):
            found = eqx.filter_eval_shape(lambda f, x: f.prepare()(x), field, point)
            if getattr(found, "shape", None) != shape:
                raise TypeError(
                    f"Simulator: {name} must return shape {shape} at one position, "
                    f"{type(field).__name__} returns {found}."
                )
    if isinstance(simulator.cosmic_rays, AbstractField):
        found = eqx.filter_eval_shape(lambda f, x: f.prepare().populations(x), simulator.cosmic_rays, point)
        if any(population.index.shape != () for population in found):
            raise TypeError("Simulator: the index of the cosmic rays must be a number or a scalar field.")


def _check_frequency(frequency: Any) -> Array:
    value = strip_unit(frequency, "GHz", "frequency")
    value = value if not is_concrete(value) else np.asarray(value, np.float64)
    if value.ndim > 1 or not value.size:
        raise ValueError(f"frequency must be a number or a non-empty sequence, not of shape {value.shape}.")
    if is_concrete(value) and not np.all(np.isfinite(value) & (value > 0)):
        raise ValueError(f"frequency = {frequency} must be finite and positive, in GHz.")
    return jnp.asarray(value, default_float())


def _arrays(lines: Sightlines) -> Sightlines:
    """The lines without their sky, which compiled code does not see."""
    return eqx.tree_at(lambda s: s.sky, lines, None)


@eqx.filter_jit
def _observe(simulator: Simulator, lines: Sightlines, frequency: Array) -> tuple[dict[str, Array], Array]:
    simulator = simulator.prepare()

    def observe(ray: Ray) -> tuple[dict[str, Array], Array]:
        coefficients, widths = _coefficients(simulator, lines, ray, frequency)
        stokes = jax.vmap(lambda c, nu: _solve(simulator, c, widths, ray, nu))(coefficients, frequency)
        rate = coefficients.rotation.V
        turn = jnp.zeros_like(frequency) if rate is None else jnp.max(jnp.abs(rate) * widths, axis=-1)
        return {name: part for name, part in vars(stokes).items() if part is not None}, jax.lax.stop_gradient(turn)

    values, rotation = map_rays(observe, lines.rays, simulator.chunk)
    return values, jnp.max(rotation, axis=-1)


def _coefficients(
    simulator: Simulator, lines: Sightlines, ray: Ray, frequency: Array
) -> tuple[TransferCoefficients, Array]:
    """Coefficients, (nfreq, cells), and widths [kpc], (cells,), of one ray: the fields are evaluated once."""

    def cell(x: Scalar, y: Scalar, z: Scalar) -> TransferCoefficients:
        plasma = simulator.plasma(jnp.stack([x, y, z]))
        return jax.vmap(lambda nu: simulator.coefficients(plasma, ray, nu))(frequency)

    coordinates = _coordinates(lines, ray)
    return jax.vmap(cell, out_axes=-1)(*coordinates), ray.length * jax.lax.stop_gradient(lines.widths)


def _coordinates(lines: Sightlines, ray: Ray) -> list[Float[Array, " cells"]]:
    """x, y and z [kpc] of the middles of the cells, kept apart: XLA then fuses them into the fields."""
    distance = ray.length * jax.lax.stop_gradient(lines.midpoints)
    return [ray.origin[axis] + distance * ray.direction[axis] for axis in range(3)]


def _solve(
    simulator: Simulator, coefficients: TransferCoefficients, widths: Array, ray: Ray, frequency: Scalar
) -> StokesVector:
    behind = StokesVector()
    for background in simulator.background:
        behind = add_parts(behind, background(ray, frequency))
    return simulator.transfer(coefficients, widths, behind)


@eqx.filter_jit
def _integrate(simulator: Simulator, integral: AbstractLineIntegral) -> Float[Array, " rays"]:
    simulator, lines = simulator.prepare(), integral.sightlines

    def integrate(ray: Ray) -> Scalar:
        def cell(x: Scalar, y: Scalar, z: Scalar) -> Scalar:
            return integral.integrand(simulator.plasma(jnp.stack([x, y, z])), ray)

        values = jax.vmap(cell)(*_coordinates(lines, ray))
        return ray.length * jnp.sum(values * jax.lax.stop_gradient(lines.widths))

    return map_rays(integrate, lines.rays, simulator.chunk)


@eqx.filter_jit
def _trace(simulator: Simulator, lines: Sightlines, frequency: Scalar) -> tuple[Any, ...]:
    ray = jax.tree.map(lambda leaf: leaf[..., 0], lines.rays)
    coordinates, widths = _coordinates(lines, ray), ray.length * lines.widths
    plasma = jax.vmap(lambda x, y, z: simulator.plasma(jnp.stack([x, y, z])), out_axes=-1)(*coordinates)
    coefficients = jax.vmap(lambda p: simulator.coefficients(p, ray, frequency), in_axes=-1, out_axes=-1)(plasma)
    absorption, rotation = coefficients.absorption.I, coefficients.rotation.V

    def nearer(rate: Array | None) -> Array:
        return jnp.zeros_like(widths) if rate is None else jnp.cumsum(rate * widths) - rate * widths

    distance, position = ray.length * lines.midpoints, jnp.stack(coordinates)
    return distance, widths, position, plasma, coefficients, nearer(absorption), nearer(rotation)


class RotationWarning(UserWarning):
    """Q and U are not converged: `rotation` is the largest Faraday rotation [rad] of P within one cell."""

    rotation: float = 0.0


def _warn_rotation(rotation: Array, frequency: Array) -> None:
    if not is_concrete(rotation) or not is_concrete(frequency) or not jnp.any(rotation > 1):
        return
    worst = int(jnp.argmax(rotation))
    warning = RotationWarning(
        f"Faraday rotation turns P by up to {rotation[worst]:.3g} rad within one cell at {frequency[worst]:g} GHz: "
        "above about 1 rad Q and U are bounded but not converged. Use more cells, or finer ones near the observer "
        "(growth)."
    )
    warning.rotation = float(rotation[worst])
    warnings.warn(warning, stacklevel=3)
