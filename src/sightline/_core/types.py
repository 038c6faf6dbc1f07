"""Array types of the public interface: one point, one ray, one frequency."""

from jaxtyping import Array, Float

Scalar = Float[Array, ""]
Vector = Float[Array, "3"]

Number = float | int
Bounds = tuple[Number | None, Number | None]
