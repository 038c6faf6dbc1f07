"""A density that is constant over the support of a prior. Imported where it is needed: numpyro is slow."""

from typing import Any

from numpyro.distributions import ImproperUniform


class Flat(ImproperUniform):
    """The improper density that is constant over the support of a prior, which starts of fits are still drawn from.

    **Arguments:** `origin`: the prior.
    """

    pytree_data_fields = ("support", "origin")

    def __init__(self, origin: Any):
        self.origin = origin
        ImproperUniform.__init__(self, origin.support, origin.batch_shape, origin.event_shape)
