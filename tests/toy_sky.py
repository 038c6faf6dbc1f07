"""A sky of forty lines that knows nothing of the others: counts along a straight line, seen by a detector."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jaxtyping import Array, Float

import sightline as sl

jax.config.update("jax_enable_x64", True)

X = jnp.linspace(0.0, 4.0, 60)  # keV


class Line(sl.AbstractPredictor):
    """Rate a + b x."""

    a: Float[Array, ""] = sl.param(20.0, bounds=(0, None))
    b: Float[Array, ""] = sl.param(5.0)

    def __call__(self, x):
        return self.a + self.b * x


class Detector(sl.AbstractDevice):
    """Counts what an exposure lets through."""

    exposure: Float[Array, ""] = sl.param(2.0, unit="s", bounds=(0, None))

    def __call__(self, rate):
        return self.exposure * rate


class Counts(sl.Module):
    """The observable: expected counts of some of the places."""

    x: Float[Array, " n"]
    axis = "energy [keV]"

    @property
    def coordinates(self):
        return self.x

    def __call__(self, model):
        return model.instruments["detector"](model.simulator(self.x))

    def restrict(self, index):
        return Counts(self.x[index])


def posterior(seed=0, x=X):
    model = sl.Model(Line(), instruments={"detector": Detector()})
    data = jax.random.poisson(jax.random.key(seed), Counts(x)(model)).astype(float)
    priors = {"simulator.a": dist.LogNormal(3.0, 0.5), "simulator.b": dist.Normal(4.0, 2.0)}
    likelihood = sl.Likelihood(Counts(x), data, sl.statistics.Poisson(), name="counts")
    return sl.Posterior(sl.ParameterSpace(model, priors), likelihood)


def with_prior_width(width):
    """The same data, and a prior of the slope that is narrow about 0 or wide."""
    one = posterior()
    priors = {"simulator.a": dist.LogNormal(3.0, 0.5), "simulator.b": dist.Normal(0.0, width)}
    return sl.Posterior(sl.ParameterSpace(one.space.model, priors), one.likelihoods)
