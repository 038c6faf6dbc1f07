"""Distributions cut at bounds, for those that numpyro cannot truncate. Imported where it is needed: numpyro is slow."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from numpyro.distributions import Distribution, constraints


def between(low: Any, high: Any, events: int = 0) -> Any:
    """The constraint of numbers between bounds, `None` for no bound, in arrays of so many event dimensions."""
    if low is None:
        found = constraints.real if high is None else constraints.less_than(high)
    else:
        found = constraints.greater_than(low) if high is None else constraints.interval(low, high)
    return constraints.independent(found, events) if events else found


class Bounded(Distribution):
    """A distribution each of whose numbers lies between bounds: p(x)/P(low < x < high).

    Of a distribution without a cumulative function, such as a multivariate one, the density stays p(x).

    **Arguments:** `base_dist`; `low`, `high`: `None` for no bound.
    """

    base_dist: Any
    low: Any
    high: Any

    arg_constraints: ClassVar[dict[str, Any]] = {"low": constraints.dependent, "high": constraints.dependent}
    pytree_data_fields = ("base_dist", "low", "high")

    def __init__(self, base_dist: Any, low: Any = None, high: Any = None):
        self.base_dist, self.low, self.high = base_dist, low, high
        Distribution.__init__(self, base_dist.batch_shape, base_dist.event_shape, validate_args=False)

    @property
    def support(self) -> Any:
        """Numbers between the bounds."""
        return between(self.low, self.high, len(self.event_shape))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        return self.base_dist.log_prob(value) - jnp.log(self._mass())

    def sample(self, key: Any, sample_shape: tuple[int, ...] = ()) -> Any:
        """Draws anew what lies beyond the bounds."""

        def beyond(drawn: Any) -> Any:
            out = ~self.support(drawn)
            return out.reshape(out.shape + (1,) * len(self.event_shape))

        def again(state: Any) -> Any:
            (key, one), drawn = jax.random.split(state[0]), state[1]
            return key, jnp.where(beyond(drawn), self.base_dist.sample(one, sample_shape), drawn)

        key, one = jax.random.split(key)
        start = key, self.base_dist.sample(one, sample_shape)
        return jax.lax.while_loop(lambda state: jnp.any(beyond(state[1])), again, start)[1]

    @property
    def is_normalised(self) -> bool:
        """Whether it is known how much of the distribution lies between the bounds."""
        try:
            jax.eval_shape(self.base_dist.cdf, jnp.ones(self.batch_shape + self.event_shape))
        except RuntimeError:  # numpyro says so that there is none
            return False
        return True

    def _mass(self) -> Any:
        """How much of the distribution lies between the bounds, 1 where that is not known."""
        if not self.is_normalised:
            return jnp.ones(())
        above = 1.0 if self.high is None else self.base_dist.cdf(self.high)
        return above - (0.0 if self.low is None else self.base_dist.cdf(self.low))
