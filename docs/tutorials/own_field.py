# %% [markdown]
# # A field of one's own
# A field is written for one point. It adds, scales, differentiates and vectorises like the published ones.
# %%
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

import sightline as sl


class Toroidal(sl.fields.AbstractField):
    """B = b0 e^(-|z|/h) phi^, fading inside 1 kpc."""

    b0: Float[Array, ""] = sl.param(2.0, unit="uG")
    scale_height: Float[Array, ""] = sl.param(1.0, unit="kpc", bounds=(0, None))

    def __call__(self, position):
        x, y, z = position
        strength = self.b0 * jnp.exp(-jnp.abs(z) / self.scale_height) / jnp.sqrt(1 + x * x + y * y)
        return strength * jnp.stack([-y, x, 0 * z])


sl.testing.check_field(Toroidal())
# %% [markdown]
# The check looks at values and gradients on the axis, in the plane, at the centre and far away. Now a sum with a
# published field:
# %%
field = sl.magnetic.LSA() + 0.3 * Toroidal()
print(field)
sl.plot.quiver(field, at=0.2)
# %% [markdown]
# Its rotation measures, and their derivative by the scale height:
# %%
lines = sl.Sightlines(sl.HealpixSky(nside=8), cells=sl.RadialCells(cells=64))


def spread(height):
    field = sl.magnetic.LSA() + 0.3 * Toroidal(scale_height=height)
    return sl.Simulator(field, sl.electrons.ExponentialDisk()).rotation_measure(lines).std()


print(jax.value_and_grad(spread)(jnp.asarray(1.0)))
