"""Walls without a closed form: where a function of position changes its sign along a ray."""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..._core.types import Scalar, Vector

_SAMPLES = 128  # of a ray, between which a function changes its sign once or is not seen to
_GROWTH = 20.0  # of the distances between them, from the observer outwards
_TURNS = 6  # of a function that are looked into for two crossings between samples
_MOST = 8  # crossings of one wall by one ray
_STEPS = 12  # of the Illinois method; the distances between samples shrink superlinearly


class AbstractLevel(eqx.Module):
    """A body without a closed form for its crossings, by how deep a point lies in it; all leaves are arrays.

    !!! example
        >>> class Torus(sl.fields.AbstractLevel):
        ...     radius: jax.Array
        ...     width: jax.Array
        ...
        ...     def __call__(self, position):
        ...         x, y, z = position
        ...         return self.width - jnp.hypot(jnp.hypot(x, y) - self.radius, z)
        >>> sl.fields.Structures.bodies(Torus(jnp.array([5.0]), jnp.array([0.5])), 1).size
        4
    """

    @abc.abstractmethod
    def __call__(self, position: Vector) -> Scalar:
        """Positive inside the body and negative outside, continuous, of a position, (3,) kpc."""


class Levels(eqx.Module):
    """Walls where levels are zero.

    - `bodies`: one level whose leaves have n values in front; `matrix`, `offset`: the place of a point x in their frame
      is A x + d, (3, 3) and (3,) kpc; `number` n.
    """

    bodies: AbstractLevel
    matrix: Float[Array, "3 3"]
    offset: Float[Array, "3"]
    number: int = eqx.field(static=True)

    @property
    def size(self) -> int:
        """How many crossings, each of two ends, a ray may have."""
        return self.number * _MOST // 2

    def seen_through(self, matrix: Float[Array, "3 3"], offset: Vector) -> "Levels":
        """Where they are for a field that is evaluated at A x + d: A, (3, 3), and d, (3,) kpc."""
        moved = jnp.matmul(self.matrix, matrix, precision="highest")
        return Levels(self.bodies, moved, self.offset + _times(self.matrix, offset), self.number)

    def roots(
        self, origin: Vector, direction: Vector, length: Scalar
    ) -> tuple[Float[Array, "n 8"], Bool[Array, "n 8"]]:
        """Distances [kpc] of the first crossings of every body within a length, and whether each is one."""
        start, course = self.offset + _times(self.matrix, origin), _times(self.matrix, direction)
        scale = length / (_GROWTH - 1)
        steps = jnp.arange(_SAMPLES + 1, dtype=origin.dtype) / _SAMPLES
        distances = scale * jnp.expm1(jnp.log(jnp.asarray(_GROWTH, origin.dtype)) * steps)

        def of_body(body: AbstractLevel) -> tuple[Array, Array]:
            depths = jax.vmap(body, in_axes=1)

            def at(place: Array) -> Array:
                return depths(start[:, None] + course[:, None] * place[None])

            return _sign_changes(at, distances)

        return jax.vmap(of_body)(self.bodies)


def _times(matrix: Float[Array, "3 3"], vector: Vector) -> Vector:
    """Their product in full precision, which matrix units of accelerators do not have by default."""
    return jnp.sum(matrix * vector[None], axis=-1)


def _sign_changes(
    function: Callable[[Array], Array], places: Float[Array, " samples"]
) -> tuple[Float[Array, "8"], Bool[Array, "8"]]:
    """The first sign changes of a function between places, by the Illinois method, and whether each is one."""
    values = function(places)
    for _ in range(2):
        places, values = _with_turns(function, places, values)
    changes = (values[1:] > 0) != (values[:-1] > 0)
    first = jnp.nonzero(changes, size=_MOST, fill_value=0)[0]
    found = jnp.arange(_MOST) < jnp.sum(changes)

    def step(state: tuple[Array, ...], _: None) -> tuple[tuple[Array, ...], None]:
        low, high, below, above = state
        place = (low * above - high * below) / jnp.where(above == below, 1, above - below)
        place = jnp.clip(place, jnp.minimum(low, high), jnp.maximum(low, high))
        value = function(place)
        same = (value > 0) == (above > 0)  # then the other end stays, with half its value
        return (jnp.where(same, low, high), place, jnp.where(same, 0.5 * below, above), value), None

    ends = (places[first], places[first + 1], values[first], values[first + 1])
    (_, place, *_), _ = jax.lax.scan(step, ends, None, length=_STEPS)
    return place, found


def _with_turns(
    function: Callable[[Array], Array], places: Float[Array, " samples"], values: Float[Array, " samples"]
) -> tuple[Array, Array]:
    """The samples, and the vertices of parabolas where it turns back before zero: it may cross zero twice there."""
    before, here, after = values[:-2], values[1:-1], values[2:]
    turns = ((jnp.abs(here) < jnp.abs(before)) & (jnp.abs(here) <= jnp.abs(after))) & (before * after > 0)
    _, middle = jax.lax.top_k(jnp.where(turns & (before * here > 0), -jnp.abs(here), -jnp.inf), _TURNS)
    first, last = places[middle], places[middle + 2]
    vertex = jnp.clip(_vertex(places, values, middle), first, last)
    places = jnp.concatenate([places, vertex])
    values = jnp.concatenate([values, function(vertex)])
    order = jnp.argsort(places)
    return places[order], values[order]


def _vertex(places: Array, values: Array, middle: Array) -> Array:
    """Where the parabolas through three samples each turn; the middle one where they are straight."""
    low, centre, high = places[middle], places[middle + 1], places[middle + 2]
    rise, fall = values[middle + 1] - values[middle], values[middle + 1] - values[middle + 2]
    left, right = centre - low, high - centre
    bend = rise * right + fall * left
    shift = 0.5 * (fall * left * left - rise * right * right) / jnp.where(bend == 0, 1, bend)
    return jnp.where(bend == 0, centre, centre - shift)
