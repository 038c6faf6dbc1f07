"""A prior some of whose numbers are held. Imported where it is needed: numpyro is slow."""

import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import Distribution, biject_to, constraints, transforms

from .vector import filled


def of_numbers(support: Any) -> Any:
    """The support of each number, of a support of arrays."""
    while hasattr(support, "base_constraint"):
        support = support.base_constraint
    return support


class Pinned(Distribution):
    """A distribution of which some numbers, by their places in the ravelled array, have a value; not normalised.

    The unconstrained numbers are a vector of those of the others.

    **Arguments:** `base_dist`: with a support that is one of single numbers; `places`; `values`: within the support.
    """

    base_dist: Any
    places: tuple[int, ...]
    values: tuple[Any, ...]

    arg_constraints: ClassVar[dict[str, Any]] = {}
    pytree_data_fields = ("base_dist", "values")
    pytree_aux_fields = ("places",)

    def __init__(self, base_dist: Any, places: tuple[int, ...], values: tuple[Any, ...]):
        self.base_dist, self.places, self.values = base_dist, places, values
        Distribution.__init__(self, base_dist.batch_shape, base_dist.event_shape, validate_args=False)

    @property
    def support(self) -> Any:
        """That of all numbers, which knows those that are held."""
        return _Support(self.base_dist.support, self.base_dist.shape(), self.places, self.values)

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Any:
        """Draws of the base, with what is held."""
        drawn = self.base_dist.sample(key, sample_shape)
        held = dict(zip(self.places, self.values, strict=True))
        if not sample_shape:
            return filled(drawn, held)
        many = drawn.reshape(-1, *self.shape())
        return jax.vmap(lambda one: filled(one, held))(many).reshape(drawn.shape)

    def log_prob(self, value: Any) -> Any:
        """The density of the base, of all numbers."""
        return self.base_dist.log_prob(value)


class _Support(constraints.Constraint):
    def __init__(self, whole: Any, shape: tuple[int, ...], places: tuple[int, ...], values: tuple[Any, ...]):
        self.whole, self.shape, self.places, self.values = whole, shape, places, values
        self.event_dim = whole.event_dim

    @property
    def base_constraint(self) -> Any:
        """That of one number."""
        return of_numbers(self.whole)

    def __call__(self, value: Any) -> Any:
        return self.whole(value)

    def tree_flatten(self) -> Any:
        known = {"shape": self.shape, "places": self.places, "event_dim": self.event_dim}
        return (self.whole, self.values), (("whole", "values"), known)


class _Insert(transforms.Transform):
    """From the numbers that are free to all of them."""

    def __init__(self, support: _Support):
        self.base, self.values = biject_to(support.base_constraint), support.values
        self.shape, self.places = support.shape, support.places

    def __call__(self, x: Any) -> Any:
        return filled(self.base(self._with(x)), dict(zip(self.places, self.values, strict=True)))

    def _inverse(self, y: Any) -> Any:
        return jnp.ravel(self.base.inv(y))[self._free()]

    def log_abs_det_jacobian(self, x: Any, y: Any, intermediates: Any = None) -> Any:
        whole = self._with(x)
        return jnp.ravel(self.base.log_abs_det_jacobian(whole, self.base(whole)))[self._free()]

    def tree_flatten(self) -> Any:
        return (self.base, self.values), (("base", "values"), {"shape": self.shape, "places": self.places})

    def _with(self, x: Any) -> Any:
        """All unconstrained numbers, with any for those that are held."""
        return jnp.zeros(math.prod(self.shape), x.dtype).at[self._free()].set(x).reshape(self.shape)

    def _free(self) -> np.ndarray:
        return np.setdiff1d(np.arange(math.prod(self.shape)), self.places)


biject_to.register(_Support, _Insert)
