"""A prior one of whose numbers is held. Imported where it is needed: numpyro is slow."""

from typing import Any, ClassVar

import jax.numpy as jnp
from numpyro.distributions import Distribution, biject_to, constraints, transforms


def of_numbers(support: Any) -> Any:
    """The support of each number, of a support of arrays."""
    while hasattr(support, "base_constraint"):
        support = support.base_constraint
    return support


class Pinned(Distribution):
    """A distribution of which one number, by its place in the ravelled array, has a value; it is not normalised.

    The unconstrained numbers are a vector of those of the others.

    **Arguments:** `base_dist`: with a support that is one of single numbers; `place`; `value`: within the support.
    """

    base_dist: Any
    place: int
    value: Any

    arg_constraints: ClassVar[dict[str, Any]] = {}
    pytree_data_fields = ("base_dist", "value")
    pytree_aux_fields = ("place",)

    def __init__(self, base_dist: Any, place: int, value: Any):
        self.base_dist, self.place, self.value = base_dist, place, value
        Distribution.__init__(self, base_dist.batch_shape, base_dist.event_shape, validate_args=False)

    @property
    def support(self) -> Any:
        """That of all numbers, which knows the one that is held."""
        return _Support(self.base_dist.support, self.base_dist.shape(), self.place, self.value)

    def log_prob(self, value: Any) -> Any:
        """The density of the base, of all numbers."""
        return self.base_dist.log_prob(value)


class _Support(constraints.Constraint):
    def __init__(self, whole: Any, shape: tuple[int, ...], place: int, value: Any):
        self.whole, self.shape, self.place, self.value = whole, shape, place, value
        self.event_dim = whole.event_dim

    @property
    def base_constraint(self) -> Any:
        """That of one number."""
        return of_numbers(self.whole)

    def __call__(self, value: Any) -> Any:
        return self.whole(value)

    def tree_flatten(self) -> Any:
        known = {"shape": self.shape, "place": self.place, "event_dim": self.event_dim}
        return (self.whole, self.value), (("whole", "value"), known)


class _Insert(transforms.Transform):
    """From the numbers that are free to all of them."""

    def __init__(self, support: _Support):
        self.base, self.value = biject_to(support.base_constraint), support.value
        self.shape, self.place = support.shape, support.place

    def __call__(self, x: Any) -> Any:
        found = jnp.ravel(self.base(self._with(x)))
        return found.at[self.place].set(jnp.asarray(self.value, found.dtype)).reshape(self.shape)

    def _inverse(self, y: Any) -> Any:
        return jnp.delete(jnp.ravel(self.base.inv(y)), self.place, assume_unique_indices=True)

    def log_abs_det_jacobian(self, x: Any, y: Any, intermediates: Any = None) -> Any:
        whole = self._with(x)
        return jnp.delete(jnp.ravel(self.base.log_abs_det_jacobian(whole, self.base(whole))), self.place)

    def tree_flatten(self) -> Any:
        return (self.base, self.value), (("base", "value"), {"shape": self.shape, "place": self.place})

    def _with(self, x: Any) -> Any:
        """All unconstrained numbers, with any for the one that is held."""
        return jnp.insert(x, self.place, jnp.zeros((), x.dtype)).reshape(self.shape)


biject_to.register(_Support, _Insert)
