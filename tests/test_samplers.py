"""Samplers: contracts, exact inverses, tables, rejection, quadrature, joint laws."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array
from scipy import integrate, special, stats

import sightline as sl


class Ramp(sl.samplers.AbstractDistribution):
    """C(x) = 1 - (1 - x/a)^2 on [0, a]."""

    domain: ClassVar = {"a": (0.5, 4.0)}
    square_root_end = True

    def support(self, **parameters: Array) -> Any:
        return 0.0, parameters["a"]

    def unit_cumulative(self, l: Array, **parameters: Array) -> Array:
        return l * (2 - l)

    def unit_density(self, l: Array, **parameters: Array) -> Array:
        return 2 * (1 - l)


class RampInverse(sl.samplers.AbstractInverse):
    distribution: Ramp

    def invert(self, u: Array, **parameters: Array) -> Array:
        return parameters["a"] * (1 - jnp.sqrt(1 - u))


def test_a_distribution_has_density_and_cumulative_over_all_numbers(precision):
    x, a = np.array([-1.0, 0.0, 1.0, 2.0, 3.0]), 2.0
    np.testing.assert_allclose(Ramp().cumulative(x, a=a), [0, 0, 0.75, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(Ramp().density(x, a=a), [0, 1, 0.5, 0, 0], atol=1e-6)
    assert Ramp().cumulative(x, a=a).dtype == precision
    assert Ramp().cumulative(x[:, None], a=[1.0, 2.0]).shape == (5, 2)


def test_an_inverse_broadcasts_draws_and_refuses(precision):
    sampler = RampInverse(Ramp())
    np.testing.assert_allclose(sampler([0.0, 0.75, 1.0], a=2.0), [0, 1, 2], rtol=1e-6)
    assert sampler(jnp.full((3, 1), 0.5), a=[1.0, 2.0]).shape == (3, 2)
    assert sampler.draw(jax.random.key(0), a=[1.0, 2.0]).shape == (2,)
    assert sampler.draw(jax.random.key(0), shape=(7,), a=1.0).dtype == precision
    with pytest.raises(ValueError, match=r"u = 1.5: RampInverse .* 0 to 1"):
        sampler([0.5, 1.5], a=1.0)
    with pytest.raises(ValueError, match="a = 5"):
        sampler(0.5, a=5.0)
    with pytest.raises(TypeError, match="without a"):
        sampler(0.5)
    with pytest.raises(TypeError, match="with b"):
        sampler(0.5, a=1.0, b=2.0)
    with pytest.raises(ValueError, match=r"do not go together: u or x \(3,\), a \(2,\)"):
        sampler([0.1, 0.2, 0.3], a=[1.0, 2.0])
    with pytest.raises(TypeError, match="parameters go by keyword"):
        sampler.draw(jax.random.key(0), {"a": 1.0})
    with pytest.raises(TypeError, match=r"key is a int: give .* jax\.random\.key\(0\)"):
        sl.samplers.Rejection(Ramp()).draw(0, a=1.0)
    with pytest.raises(ValueError, match="tolerance = 0 must be positive"):
        sl.samplers.Table.of(Ramp(), 0.0)
    with pytest.raises(TypeError, match="law is a NoneType"):
        sl.samplers.train(None, jax.random.key(0))
    traced = jax.jit(lambda u, a: sampler(u, a=a))
    np.testing.assert_array_equal([traced(-0.1, 1.0), traced(0.5, 9.0), traced(0.75, 4.0)], [np.nan, np.nan, 2])


def test_domains_that_are_no_ranges_are_refused():
    class Bad(sl.samplers.AbstractDensity):
        domain: ClassVar = {"a": (2.0, 1.0)}

        def support(self, a):
            return 0.0, 1.0

        def __call__(self, x, a):
            return x

    with pytest.raises(ValueError, match="low < high"):
        Bad()


class Wedge(sl.samplers.AbstractDensity):
    domain: ClassVar = {"slope": (-2.0, 10.0)}

    def support(self, slope):
        return 0.0, 1.0

    def __call__(self, x, slope):
        return 1 + slope * x


class Hump(sl.samplers.AbstractDensity):
    domain: ClassVar = {"k": (0.5, 3.0)}

    def support(self, k):
        return 0.0, jnp.pi / k

    def __call__(self, x, k):
        return jnp.sin(k * x)


def test_densities_are_integrated_and_inverted(precision):
    sampler = sl.samplers.Exact(sl.samplers.Integrated(Hump()))
    u, k = jnp.asarray([0.0, 0.2, 0.5, 1.0]), 2.0
    tolerance = 1e-9 if precision == "float64" else 2e-3
    np.testing.assert_allclose(sampler(u, k=k)[1:], np.arccos(1 - 2 * np.array([0.2, 0.5, 1.0])) / k, rtol=tolerance)
    by_k = jax.jit(jax.grad(lambda k: sampler(0.2, k=k)))(k)
    np.testing.assert_allclose(by_k, -np.arccos(0.6) / k**2, rtol=1e-5)


def test_densities_that_are_negative_are_refused_with_the_place():
    with pytest.raises(ValueError, match="Wedge at slope = -2 is negative"):
        sl.samplers.Integrated(Wedge())


def test_a_table_and_one_newton_step(tmp_path):
    law = sl.processes.InverseCompton()
    table = sl.samplers.Table.of(law, nodes=(129, 65))
    polished = sl.samplers.Exact(law, guess=table, steps=1)
    generator = np.random.default_rng(1)
    u, b = generator.random(4000), 10 ** generator.uniform(-8, 9, 4000)

    def errors(sampler):
        def one(u, b):
            return law.unit_cumulative(sampler.unit(u, b=b), b=b)

        return np.abs(np.asarray(jax.jit(jax.vmap(one))(jnp.asarray(u), jnp.asarray(b))) - u)

    assert np.max(errors(table)) < 2e-3
    assert np.max(errors(polished)) < 1e-5
    sl.save(polished, tmp_path / "sampler.npz")
    np.testing.assert_array_equal(sl.load(tmp_path / "sampler.npz")(u[:5], b=b[:5]), polished(u[:5], b=b[:5]))
    with pytest.raises(ValueError, match="b = 1e"):
        table(0.5, b=1e10)


def test_a_table_chooses_its_nodes():
    table = sl.samplers.Table.of(Ramp(), tolerance=1e-3)
    u = np.linspace(0, 1, 101)
    np.testing.assert_allclose(table.distribution.cumulative(table(u, a=2.0), a=2.0), u, atol=1e-3)


def test_rejection_draws_the_law():
    law = sl.processes.InverseCompton()
    x = jax.jit(lambda key: sl.samplers.Rejection(law, bound=3.3).draw(key, shape=(20000,), b=10.0))(jax.random.key(3))
    np.testing.assert_allclose(np.mean(x), 0.4767934, atol=4 * 0.3 / 20000**0.5)


class Given(sl.samplers.AbstractDistribution):
    """Even between 0 and the variable before."""

    domain: ClassVar = {"x_1": (0.01, 4.0)}

    def support(self, **parameters: Array) -> Any:
        return 0.0, parameters["x_1"]

    def unit_cumulative(self, l: Array, **parameters: Array) -> Array:
        return l

    def unit_density(self, l: Array, **parameters: Array) -> Array:
        return jnp.ones_like(l)


def test_joint_laws_are_drawn_one_after_another():
    joint = sl.samplers.Joint((RampInverse(Ramp()), sl.samplers.Exact(Given())))
    np.testing.assert_allclose(joint([0.75, 0.5], a=2.0), [1.0, 0.5], rtol=1e-12)
    assert joint.draw(jax.random.key(0), shape=(3,), a=2.0).shape == (3, 2)
    with pytest.raises(ValueError, match="asks for x_1"):
        sl.samplers.Joint((sl.samplers.Exact(Given()), RampInverse(Ramp())))
    with pytest.raises(ValueError, match="must be 2 long"):
        joint([0.5], a=2.0)


def test_samplers_are_checked(precision):
    law = sl.processes.InverseCompton()
    found = sl.testing.check_sampler(sl.samplers.Exact(law))
    assert found.largest < (1e-12 if precision == "float64" else 3e-5)
    sl.testing.check_sampler(sl.samplers.Table.of(law, nodes=(129, 65)))


def test_a_sampler_that_is_wrong_is_found():
    class Wrong(sl.samplers.AbstractInverse):
        distribution: Ramp

        def invert(self, u: Array, **parameters: Array) -> Array:
            return parameters["a"] * u

    with pytest.raises(AssertionError, match=r"is not u to 0\.01 at a = 0\.5"):
        sl.testing.check_sampler(Wrong(Ramp()))


def test_derivatives_that_are_not_those_of_the_draws_are_found():
    class Held(sl.samplers.AbstractInverse):
        """Right draws, whose derivative by a is left out forward and in reverse alike."""

        distribution: Ramp

        def invert(self, u: Array, **parameters: Array) -> Array:
            root = jnp.where(u < 1, jnp.sqrt(jnp.where(u < 1, 1 - u, 1)), 0)
            return jax.lax.stop_gradient(parameters["a"]) * (1 - root)

    with pytest.raises(AssertionError, match="not those of central differences at a = "):
        sl.testing.check_sampler(Held(Ramp()))


def test_newton_that_goes_to_and_fro_is_ended():
    """A bump, for which Newton's rule alone jumps between two places at u = 0.68."""

    class Bump(sl.samplers.AbstractDensity):
        domain = {"a": (0.0, 10.0)}  # noqa: RUF012

        def support(self, a):
            return 0.0, 1.0

        def __call__(self, x, a):
            return 1 + a * jnp.exp(-((x - 0.3) ** 2) / 0.02)

    law = sl.samplers.Integrated(Bump())
    a, u = (one.ravel() for one in np.meshgrid(np.linspace(0, 10, 41), np.linspace(0, 1, 129)))
    found = sl.samplers.Exact(law)(u, a=a)
    np.testing.assert_allclose(law.cumulative(found, a=a), u, atol=1e-13)


def test_joint_laws_of_densities():
    """p ~ x + y on the unit square: C(x) = (x^2 + x)/2, then C(y|x) = (x y + y^2/2)/(x + 1/2)."""
    joint = sl.samplers.Joint.of(lambda x: x[0] + x[1], ((0.0, 1.0), (0.0, 1.0)))
    u = np.array([[0.1, 0.7], [0.5, 0.2], [0.0, 1.0]])
    x, y = np.asarray(joint(u)).T
    np.testing.assert_allclose((x**2 + x) / 2, u[:, 0], atol=1e-9)
    np.testing.assert_allclose((x * y + y**2 / 2) / (x + 0.5), u[:, 1], atol=1e-9)
    slope = jax.jacfwd(lambda u: joint(u))(jnp.asarray([0.5, 0.2]))
    assert np.all(np.isfinite(slope))
    assert slope[0, 1] == 0
    with pytest.raises(ValueError, match="box"):
        sl.samplers.Joint.of(lambda x: x[0], ((1.0, 0.0),))


@pytest.mark.parametrize(
    ("law", "density", "mean", "tolerance"),
    [
        (sl.processes.Planck(), lambda x: x**2 / np.expm1(x) / (2 * special.zeta(3)), 2.7011780, 1e-10),
        (sl.processes.SynchrotronPhoton(), None, 8 / (15 * np.sqrt(3)), 1e-6),
    ],
)
def test_photons_of_black_bodies_and_of_synchrotron_radiation(law, density, mean, tolerance):
    """Means in closed form; distributions by scipy: the integral of F/x over x is 5 pi/3."""
    nodes, weights = np.polynomial.legendre.leggauss(96)
    l = jnp.asarray(0.5 * (1 + nodes))
    p = np.asarray(jax.jit(jax.vmap(law.unit_density))(l)) * 0.5 * weights
    np.testing.assert_allclose(p @ np.asarray(jax.vmap(law.value)(l)), mean, rtol=1e-6)
    np.testing.assert_allclose(p.sum(), 1.0, rtol=1e-6)
    if density is None:

        def density(x):
            return integrate.quad(lambda t: special.kv(5 / 3, t), x, np.inf)[0] / (5 * np.pi / 3)

    for x in (0.1, 1.0, 5.0):
        exact = 1 - integrate.quad(density, x, 60, limit=200, epsabs=1e-13)[0]
        np.testing.assert_allclose(law.cumulative(x), exact, rtol=0, atol=max(tolerance, 1e-7))


@pytest.mark.long
@pytest.mark.parametrize("law", [sl.processes.Planck(), sl.processes.SynchrotronPhoton()], ids=["black body", "field"])
def test_samplers_of_photons_are_checked(law):
    sl.testing.check_sampler(sl.samplers.Exact(law))


@pytest.mark.parametrize("law", ["MaxwellJuttner", "SynchrotronPhoton", "Planck"])
def test_rejection_stays_below_its_bound(law):
    """The largest density per coordinate is found; a bound below it is refused, not drawn under."""
    law = getattr(sl.processes, law)()
    sampler = sl.samplers.Rejection(law)
    parameters = {name: low**0.5 * high**0.5 for name, (low, high) in law.domain.items()}
    drawn = sampler.draw(jax.random.key(0), shape=(4000,), **parameters)
    assert stats.kstest(np.asarray(law.cumulative(drawn, **parameters)), "uniform").pvalue > 1e-3
    with pytest.raises(ValueError, match=r"Rejection.bound = 1.1: the density of .* per unit of its coordinate is"):
        sl.samplers.Rejection(law, bound=1.1)


def test_rejection_of_a_law_without_a_value_wants_its_bound():
    class Slope(sl.samplers.AbstractDensity):
        domain: ClassVar = {"b": (0.5, 2.0)}
        a: jax.Array = sl.param(1.0)

        def support(self, b):
            return 0.0, 1.0

        def __call__(self, x, b):
            return 1 + self.a * b * x

    law, key = sl.samplers.Integrated(Slope()), jax.random.key(0)
    drawn = eqx.filter_jit(lambda one: sl.samplers.Rejection(one, bound=3.0).draw(key, shape=(9,), b=1.0))(law)
    np.testing.assert_allclose(drawn, sl.samplers.Rejection(law, bound=3.0).draw(key, shape=(9,), b=1.0))
    with pytest.raises(ValueError, match="the distribution is traced"):
        eqx.filter_jit(lambda one: sl.samplers.Rejection(one).draw(key, b=1.0))(law)


def test_joint_draws_are_independent():
    joint = sl.samplers.Joint((sl.samplers.Exact(sl.processes.InverseCompton()),))
    b = jnp.asarray([1.0, 2.0, 3.0, 4.0])
    drawn = joint.draw(jax.random.key(0), b=b)
    assert drawn.shape == (4, 1)
    assert np.unique(np.round(sl.processes.InverseCompton().cumulative(drawn[:, 0], b=b), 6)).size == 4
    assert joint.draw(jax.random.key(0), shape=(5,), b=2.0).shape == (5, 1)
    with pytest.raises(TypeError, match="Joint was called with bb: its parameters are b, by keyword"):
        joint.draw(jax.random.key(0), b=b, bb=3.0)


def test_draws_have_their_whole_slope_at_the_last_number():
    """dx/du = 1/p at u = 1, of which a half was given: of p = (1 + 5 x)/3.5 3.5/6."""

    class Even(Wedge):
        domain: ClassVar = {"slope": (0.0, 10.0)}

    line, ring = sl.samplers.Exact(sl.samplers.Integrated(Even())), sl.samplers.Exact(sl.processes.Azimuth())
    assert float(jax.grad(lambda u: line(u, slope=5.0))(1.0)) == pytest.approx(3.5 / 6, rel=1e-6)
    assert float(jax.grad(lambda u: ring(u, modulation=0.5))(1.0)) == pytest.approx(2 * np.pi, rel=1e-6)
    photons = sl.samplers.Exact(sl.processes.KleinNishina())
    slope = jax.grad(lambda u: photons(u, energy=1.0))
    assert float(slope(1.0)) == pytest.approx(float(slope(1 - 1e-9)), rel=1e-6)
