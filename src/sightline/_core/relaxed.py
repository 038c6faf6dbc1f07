"""What other libraries need of JAX, whatever the user has forbidden."""

import contextlib
from collections.abc import Iterator

import jax


@contextlib.contextmanager
def relaxed() -> Iterator[None]:
    """Types may mix within and shapes of different rank be broadcast, as interpax, optax and blackjax have it."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield
