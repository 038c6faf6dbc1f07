"""Which leaves are free, their priors, and the way to unconstrained numbers and back."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from jaxtyping import Array, Float
from scipy import stats

import sightline as sl
from sightline.parameters import find_leaves
from sightline.statistics import Gaussian, Likelihood


@pytest.fixture(scope="module")
def model():
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA() + sl.magnetic.Uniform((1.0, 2.0, 3.0)),
        electron_density=sl.electrons.ExponentialDisk(),
        emission=(sl.emission.FaradayRotation(),),
    )
    nuisance = {"offset": 0.5, "distance": jnp.array([1.0, 2.0])}
    return sl.Model(simulator, instruments={"beam": sl.GaussianBeam(fwhm=7.0)}, nuisance=nuisance)


def test_names_are_dotted_paths(model):
    names = list(find_leaves(model))
    assert "simulator.magnetic_field.terms.lsa.b0" in names
    assert {"instruments.beam.fwhm", "nuisance.distance"} < set(names)
    assert list(find_leaves((jnp.zeros(1), [jnp.ones(2)]))) == ["0", "1.0"]
    assert find_leaves(sl.magnetic.LSA())["psi0"].metadata["unit"] == "deg"


def test_patterns(model):
    def where(m):
        return m.nuisance["offset"], m.instruments["beam"].gain

    space = sl.ParameterSpace(model, {"*.lsa.psi*": dist.Normal(20.0, 9.0), where: dist.Normal(0.8, 1.0)})
    field = "simulator.magnetic_field.terms.lsa"
    assert space.names == (f"{field}.psi0", f"{field}.psi1", "nuisance.offset", "instruments.beam.gain")
    assert space.units == ("deg", "deg", "", "")
    assert space.size == 4
    assert sl.ParameterSpace(model.simulator, {"magnetic_field.terms.lsa.b0": dist.Uniform(0, 2)}).size == 1


def test_values_go_into_the_model_and_back(model):
    space = sl.ParameterSpace(model, {"nuisance.*": dist.Normal(0.0, 1.0)})
    changed = space.replace({"nuisance.distance": [3.0, 4.0]})
    np.testing.assert_array_equal(changed.nuisance["distance"], [3.0, 4.0])
    assert changed.nuisance["offset"] == 0.5
    assert eqx.tree_equal(space.replace(space.initial), model)
    assert space.labels == ["nuisance.distance[0]", "nuisance.distance[1]", "nuisance.offset"]
    again = eqx.tree_at(lambda s: s.model, space, changed)
    assert again.initial["nuisance.distance"][1] == 4


PRIORS = {
    "uniform": (dist.Uniform(0.0, 10.0), stats.uniform(0, 10)),
    "normal": (dist.Normal(1.0, 2.0), stats.norm(1, 2)),
    "log-normal": (dist.LogNormal(0.5, 1.0), stats.lognorm(1.0, scale=np.exp(0.5))),
    "half-normal": (dist.HalfNormal(2.0), stats.halfnorm(0, 2)),
    "truncated": (dist.TruncatedNormal(1.0, 2.0, low=0.0, high=5.0), stats.truncnorm(-0.5, 2, loc=1, scale=2)),
    "log-uniform": (dist.LogUniform(0.1, 10.0), stats.loguniform(0.1, 10)),
    "gamma": (dist.Gamma(2.0, 3.0), stats.gamma(2, scale=1 / 3)),
}


@pytest.mark.parametrize("name", PRIORS)
def test_density_and_jacobian(name):
    prior, expected = PRIORS[name]
    space = sl.ParameterSpace({"x": jnp.asarray(1.3)}, {"x": prior})
    np.testing.assert_allclose(space.log_prior({"x": 2.2}), expected.logpdf(2.2), rtol=1e-10)
    u = space.to_unconstrained({"x": 2.2})
    np.testing.assert_allclose(space.to_constrained(u)["x"], 2.2, rtol=1e-12)
    slope = jax.jacfwd(lambda v: space.to_constrained({"x": v})["x"])(u["x"])
    np.testing.assert_allclose(space.log_jacobian(u), jnp.log(jnp.abs(slope)), rtol=1e-9, atol=1e-12)
    # the density of the unconstrained number has area 1
    grid = jnp.linspace(-60.0, 60.0, 24001)
    density = jax.vmap(lambda v: space.log_prior(space.to_constrained({"x": v})) + space.log_jacobian({"x": v}))(grid)
    assert float(jnp.trapezoid(jnp.exp(density), grid)) == pytest.approx(1, abs=1e-6)


def test_priors_of_arrays():
    tree = {"x": jnp.array([0.3, 0.7]), "weights": jnp.array([0.2, 0.3, 0.5]), "y": jnp.ones((2, 2))}
    priors = {
        "x": dist.MultivariateNormal(jnp.zeros(2), jnp.array([[2.0, 0.3], [0.3, 1.0]])),
        "weights": dist.Dirichlet(jnp.ones(3)),
        "y": dist.Normal(0.0, jnp.array([1.0, 2.0])),
    }
    space = sl.ParameterSpace(tree, priors)
    u = space.to_unconstrained(space.initial)
    assert u["weights"].shape == (2,)
    assert u["y"].shape == (2, 2)
    assert space.size == 9
    np.testing.assert_allclose(space.to_constrained(u)["weights"], tree["weights"], rtol=1e-12)
    normal = stats.norm(0, [[1, 2], [1, 2]]).logpdf(1.0).sum()
    joint = stats.multivariate_normal([0, 0], [[2, 0.3], [0.3, 1]]).logpdf([0.3, 0.7])
    np.testing.assert_allclose(space.log_prior(tree), normal + joint + np.log(2), rtol=1e-12)
    assert space.log_prior({"weights": jnp.array([0.5, 0.5, 0.5])}) == -jnp.inf
    assert space.residuals(tree) is None
    gaussian = sl.ParameterSpace(tree, {"x": priors["x"], "y": priors["y"]})
    tree = gaussian.initial
    residuals = gaussian.residuals(tree)
    far = {"x": jnp.array([2.0, -1.0]), "y": 3 * tree["y"]}
    drop = gaussian.log_prior(tree) - gaussian.log_prior(far)
    np.testing.assert_allclose(drop, 0.5 * (sum(gaussian.residuals(far) ** 2) - sum(residuals**2)), rtol=1e-12)


@pytest.mark.parametrize(
    "prior", [dist.Normal(1.0, 2.0), dist.HalfNormal(2.0), dist.TruncatedNormal(1.0, 2.0, low=0.0), dist.Uniform(0, 9)]
)
def test_residuals_are_the_prior(prior):
    space = sl.ParameterSpace({"x": jnp.array([1.0, 2.0])}, {"x": prior})
    one, other = ({"x": jnp.array(x)} for x in ([1.0, 2.0], [4.0, 3.0]))
    drop = space.log_prior(one) - space.log_prior(other)
    square = (jnp.sum(space.residuals(values) ** 2) for values in (other, one))
    np.testing.assert_allclose(drop, 0.5 * (next(square) - next(square)), atol=1e-12)


def test_transformations(model, precision):
    model = jax.tree.map(lambda leaf: leaf.astype(precision), model)
    priors = {"nuisance.offset": dist.Uniform(0, 1), "nuisance.distance": dist.LogNormal(0.0, 1.0)}
    space = sl.ParameterSpace(model, priors)

    def density(space, u):
        values = space.to_constrained(u)
        moved = space.replace(values).nuisance["distance"]
        return space.log_prior(values) + space.log_jacobian(u) + jnp.sum(moved)

    u = space.to_unconstrained(space.initial)
    value, slope = eqx.filter_jit(jax.value_and_grad(density, argnums=1))(space, u)
    assert value.dtype == precision
    assert all(bool(jnp.all(jnp.isfinite(part))) for part in slope.values())
    draws = jax.vmap(space.sample)(jax.random.split(jax.random.key(0), 500))
    assert draws["nuisance.distance"].shape == (500, 2)
    assert draws["nuisance.offset"].dtype == precision
    assert abs(float(jnp.mean(draws["nuisance.offset"])) - 0.5) < 0.06
    models = eqx.filter_vmap(space.replace)(draws)
    assert models.nuisance["distance"].shape == (500, 2)
    both = jax.vmap(space.log_prior)(draws)
    np.testing.assert_allclose(both[3], space.log_prior(jax.tree.map(lambda x: x[3], draws)), rtol=1e-5)


def test_gradient_outside_the_support_is_finite():
    space = sl.ParameterSpace({"x": jnp.asarray(1.0)}, {"x": dist.Gamma(2.0, 3.0)})
    assert space.log_prior({"x": -1.0}) == -jnp.inf
    assert jnp.isfinite(jax.grad(lambda x: space.log_prior({"x": x}))(-1.0))


def test_values_beyond_physical_bounds_are_refused(precision):
    """Where they are put into a model; densities of them are -inf, and numbers that are traced are for the prior."""
    space = sl.ParameterSpace(sl.electrons.ExponentialDisk(), {"n0": dist.HalfNormal(1.0)})
    with pytest.raises(ValueError, match=r"n0 = -1 cm-3 is outside its bounds \[0, inf\] cm-3"):
        space.replace({"n0": -1.0})
    assert float(space.replace({"n0": 0.0}).n0) == 0
    assert float(jax.jit(lambda n0: space.replace({"n0": n0}).n0)(-1.0)) == -1
    assert float(space.log_prior({"n0": -1.0})) == -np.inf
    edges = sl.ParameterSpace(sl.magnetic.JF12Disk(), {"pitch": dist.Uniform(0.0, 90.0)})
    end = np.asarray(90.0, edges.initial["pitch"].dtype)
    assert float(edges.replace({"pitch": np.nextafter(end, 2 * end)}).pitch) >= 90  # rounding
    with pytest.raises(ValueError, match=r"pitch = 90\.1 deg is outside its bounds"):
        edges.replace({"pitch": 90.1})


def test_ties(model):
    tree = {"a": jnp.asarray(1.0), "b": jnp.asarray(2.0), "c": jnp.asarray(3.0)}
    ties = {"b": "a", "c": lambda values: 2 * values["a"]}
    space = sl.ParameterSpace(tree, {"a": dist.Uniform(0.0, 10.0)}, ties=ties)
    assert space.replace({"a": 4.0}) == {"a": 4.0, "b": 4.0, "c": 8.0}
    assert float(jax.grad(lambda a: sum(space.replace({"a": a}).values()))(1.0)) == 4
    assert "follows a" in repr(space.summary())
    assert "follows a function" in repr(space.summary())
    free = {"a": dist.Uniform(0.0, 10.0)}
    for bad, message in [
        ({"a": "a"}, "tied and free"),
        ({"b": "c"}, "'c', which is not free"),
        ({"q": "a"}, "'q' matches no leaf"),
        ({"b": lambda values: jnp.ones(2) * values["a"]}, r"has shape \(\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            sl.ParameterSpace(tree, free, ties=bad)


def test_a_tie_by_name_copies_no_number_of_another_unit():
    lines = sl.spectra.Line(1.0, 0.1, 1.0) + sl.spectra.WavelengthLine(10.0, 0.1, 1.0)
    free, tied = {"terms.line.sigma": dist.Uniform(0.01, 1.0)}, "terms.wavelength_line.sigma"
    with pytest.raises(ValueError, match=r"is in Angstrom, terms\.line\.sigma, to which it is tied, in keV"):
        sl.ParameterSpace(lines, free, {tied: "terms.line.sigma"})
    space = sl.ParameterSpace(lines, free, {tied: lambda values: 0.5 * values["terms.line.sigma"]})
    assert float(space.replace({"terms.line.sigma": 0.2}).terms["wavelength_line"].sigma) == pytest.approx(0.1)


def test_priors_whose_variance_numpyro_has_not():
    """They start where they are told to; what lies on an end is moved inside."""
    transform = dist.transforms.AffineTransform(1.0, 2.0)
    priors = [dist.Laplace(0.5, 1.0), dist.Logistic(0.5, 1.0), dist.StudentT(3.0, 1.0, 1.0), dist.Levy(0.0, 1.0)]
    for prior in (*priors, dist.TransformedDistribution(dist.Normal(0.0, 1.0), transform)):
        space = sl.ParameterSpace(sl.electrons.ExponentialDisk(), {"scale_height": prior})
        assert np.isfinite(space.log_prior({"scale_height": 0.7}))
        assert 0 < float(space.inwards({"scale_height": 0.0})["scale_height"]) < 0.1


@pytest.mark.parametrize("height", [-1.0, 0.0, np.nan])
def test_ties_begin_within_physical_bounds(height):
    """A scale height is positive, as construction has it; no prior would keep a tied one there."""
    ties = {"scale_height": lambda values: height + 0 * values["n0"]}
    with pytest.raises(ValueError, match=r"scale_height would be .* by its tie, outside of positive"):
        sl.ParameterSpace(sl.electrons.ExponentialDisk(), {"n0": dist.Uniform(0.0, 1.0)}, ties)


def test_ties_beyond_physical_bounds_have_no_density():
    space = sl.ParameterSpace(
        sl.electrons.ExponentialDisk(scale_height=1.0),
        {"scale_radius": dist.Uniform(1.0, 40.0)},
        ties={"scale_height": lambda values: values["scale_radius"] - 2.0},
    )
    assert np.isfinite(space.log_prior({"scale_radius": 3.0}))
    assert float(space.log_prior({"scale_radius": 1.5})) == -np.inf
    assert np.isfinite(jax.grad(lambda x: space.log_prior({"scale_radius": x}))(1.5))


def test_values_of_the_model_are_no_trouble_where_others_are_traced():
    priors = {"n0": dist.Uniform(0.001, 1.0), "scale_radius": dist.Uniform(1.0, 40.0)}
    ties = {"scale_height": lambda values: 0.1 * values["scale_radius"]}
    space = sl.ParameterSpace(sl.electrons.ExponentialDisk(), priors, ties=ties)
    assert float(jax.jit(lambda x: space.replace({"n0": x}).n0)(0.5)) == 0.5
    assert float(jax.jit(lambda x: x * space.replace({}).n0)(2.0)) == 2 * float(space.model.n0)
    assert np.isfinite(jax.jit(lambda x: space.log_prior({"n0": x}))(0.5))
    assert float(space.log_prior({"scale_radius": -1.0})) == -np.inf


def test_ties_see_old_values_of_what_is_tied_where_bounds_are_checked():
    space = sl.ParameterSpace(
        sl.stars.Sersic(index=4.0, axis_ratio=0.9),
        {"mass": dist.Uniform(1e9, 1e11)},
        ties={"axis_ratio": lambda v, m: 0.01 * m.axis_ratio, "index": lambda v, m: 0.5 * m.axis_ratio + 0.2},
    )
    np.testing.assert_allclose(space.replace({}).index, 0.65)
    assert np.isfinite(space.log_prior({}))


def test_ties_by_glob_pass_over_their_source():
    model = {"terms": {name: {"index": jnp.asarray(2.0)} for name in "abc"}}
    free = {"terms.a.index": dist.Uniform(0.0, 9.0)}
    space = sl.ParameterSpace(model, free, ties={"terms.*.index": "terms.a.index"})
    assert {float(term["index"]) for term in space.replace({"terms.a.index": 3.0})["terms"].values()} == {3.0}
    assert [tie.name for tie in space.ties] == ["terms.b.index", "terms.c.index"]
    both = {**free, "terms.b.index": dist.Uniform(0.0, 9.0)}
    with pytest.raises(ValueError, match=r"terms\.b\.index is tied and free"):
        sl.ParameterSpace(model, both, ties={"terms.*.index": "terms.a.index"})
    with pytest.raises(ValueError, match=r"matches only 'terms\.a\.index', to which it is tied"):
        sl.ParameterSpace(model, free, ties={"terms.a.*": "terms.a.index"})


def test_ties_that_read_the_model():
    """A mass that others add up to, of which one is not free; and a tie with a default is one of values alone."""
    model = {"a": jnp.asarray(1.0), "b": jnp.asarray(2.0), "rest": jnp.asarray(0.0), "power": jnp.asarray(0.0)}

    def rest(values, model):
        return 10 - values["a"] - model["b"] + 0 * model["a"]

    ties = {"rest": rest, "power": lambda values, exponent=2: values["a"] ** exponent}
    space = sl.ParameterSpace(model, {"a": dist.Uniform(0.0, 5.0)}, ties=ties)
    found = space.replace({"a": 3.0})
    assert (float(found["rest"]), float(found["power"])) == (5.0, 9.0)
    assert float(jax.grad(lambda a: space.replace({"a": a})["rest"])(1.0)) == -1
    assert space.free() == {"a": True, "b": False, "rest": True, "power": True}
    seen = sl.ParameterSpace(model, {"a": dist.Uniform(0.0, 5.0)}, ties={"rest": lambda _, model: 2 * model["a"]})
    assert float(seen.replace({"a": 3.0})["rest"]) == 6
    with pytest.raises(ValueError, match=r"rest has shape \(\), what it is tied to has \(2,\)"):
        sl.ParameterSpace(model, {"a": dist.Uniform(0.0, 5.0)}, ties={"rest": lambda _, model: jnp.ones(2)})


class Switch(eqx.Module):
    count: Array
    size: Float[Array, ""] = sl.param(2.0, unit="kpc", positive=True)


@pytest.mark.parametrize(
    ("priors", "error", "message"),
    [
        ({"sise": dist.Normal(0.0, 1.0)}, ValueError, "'sise' matches no leaf of the model. Near it are 'size'"),
        ({"*.b": dist.Normal(0.0, 1.0)}, ValueError, "matches no leaf"),
        ({"count": dist.Normal(0.0, 1.0)}, TypeError, "count cannot be free: it holds int"),
        ({"size": dist.Normal(jnp.zeros(2), 1.0)}, ValueError, r"prior of size is of shape \(2,\)"),
        ({"size": dist.Uniform(3.0, 4.0)}, ValueError, "size = 2.0 kpc lies outside .* Uniform"),
        ({"size": dist.LeftTruncatedDistribution(dist.Normal(0.0, 1e-3), 2.0)}, ValueError, "no finite density"),
        ({"size": dist.HalfNormal(2.0), "s*": dist.HalfNormal(2.0)}, ValueError, "size is matched twice"),
        ({"size": dist.Poisson(2.0)}, TypeError, "discrete"),
        ({"size": dist.Delta(2.0)}, TypeError, "space.pin"),
        ({"size": dist.Delta(2.0).expand([1]).to_event(1)}, TypeError, "space.pin"),
        ({"size": dist.Normal}, TypeError, "a class: call it"),
        ({"size": (0.0, 1.0)}, TypeError, "must be a numpyro distribution"),
        ({lambda m: 2.0: dist.Normal(0.0, 1.0)}, TypeError, "must return leaves"),
        ({}, ValueError, "priors is empty"),
        ({"size": dist.Uniform(3.0, 1.0)}, ValueError, r"Uniform\(low=3, high=1\), has an empty range"),
        ({"size": dist.Uniform(2.0, 2.0)}, ValueError, "has an empty range: give low below high"),
        ({3: dist.Normal(0.0, 1.0)}, TypeError, "pattern is 3: give the name"),
        (["size"], TypeError, "priors is a list: give a dict"),
    ],
)
def test_refusals(priors, error, message):
    with pytest.raises(error, match=message):
        sl.ParameterSpace(Switch(jnp.arange(2)), priors)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a/b", "'/' separates groups of netCDF.*'a_b'"),
        ("/a", "'/' separates"),
        ("", "a part of it is empty"),
        (".", "a part of it is empty"),
        ("..", "a part of it is empty"),
        ("a..b", "a part of it is empty.*'a.b'"),
        ("a\0b", "control character.*'a_b'"),
        ("a\nb", "control character"),
        ("\ud800", "no text"),
        (" ", "begins or ends with a space"),
        ("a ", "begins or ends with a space.*'a'"),
        ("chain", "that of an axis of all draws.*'chain_value'"),
        ("draw", "that of an axis of all draws"),
        ("b_dim_0", "that of an axis of 'b'"),
        ("_nc4_non_coord_a", "netCDF's own"),
    ],
)
def test_names_that_no_file_of_draws_can_hold(name, why):
    """A finished run would be lost at saving: they are refused where the space is made, if they are free."""
    model = {name: jnp.asarray(1.0), "b": jnp.ones(2)}
    free = {lambda m: (m[name], m["b"]): dist.Normal(0.0, 1.0)}
    with pytest.raises(ValueError, match=rf"(?s)No file of draws can hold a parameter called .*{why}"):
        sl.ParameterSpace(model, free)
    assert sl.ParameterSpace(model, {"b": dist.Normal(0.0, 1.0)}).names == ("b",)


def test_other_names_are_saved_and_read(tmp_path):
    names = ["a b", "*", "a[0]", "-1", "ä", "lp", "names", "a:b", "x" * 300, "_a", "chain.draw"]
    model = {name: jnp.asarray(float(i)) for i, name in enumerate(names)}
    space = sl.ParameterSpace(model, {lambda m: m: dist.Normal(0.0, 1.0)})
    none = Likelihood(lambda m: m["ä"] * jnp.ones(1), [0.0], Gaussian([1.0]))
    found = np.arange(2.0 * 5 * len(names)).reshape(2, 5, -1)
    notes, statistics = {"algorithm": "none"}, {"lp": np.zeros((2, 5))}
    chains = sl.Chains.of(sl.Posterior(space, none), found, statistics, notes)
    chains.save(tmp_path / "chains.nc")
    again = sl.inference.load_chains(tmp_path / "chains.nc").parameters
    assert again.keys() == set(names)
    for name, value in chains.parameters.items():
        np.testing.assert_array_equal(again[name], value)


def test_refused_values():
    space = sl.ParameterSpace(Switch(jnp.arange(2)), {"size": dist.ImproperUniform(dist.constraints.positive, (), ())})
    with pytest.raises(ValueError, match=r"'sixe' is not free\. Near it are 'size'"):
        space.replace({"sixe": 2.0})
    with pytest.raises(ValueError, match=r"size has shape \(\), it was given shape \(2,\)"):
        space.replace({"size": jnp.ones(2)})
    with pytest.raises(ValueError, match="improper"):
        space.sample(jax.random.key(0))
    with pytest.raises(ValueError, match="needs exactly size"):
        space.to_constrained({})
    with pytest.raises(ValueError, match="Two leaves"):
        find_leaves({"a.b": jnp.ones(1), "a": {"b": jnp.ones(1)}})


def test_summary(model):
    space = sl.ParameterSpace(Switch(jnp.arange(2)), {"size": dist.TruncatedNormal(2.0, 1.0, low=0.0)})
    row = repr(space.summary()).splitlines()[-1]
    assert row.split() == [
        "size", "kpc", "()", "2", "LeftTruncatedDistribution(Normal(loc=2,", "scale=1),", "low=0)", "[0,", "inf]"
    ]  # fmt: skip


BEYOND = [
    dist.Normal(3.0, 1.0),
    dist.StudentT(3.0, 3.0, 1.0),
    dist.LogNormal(1.1, 0.3),
    dist.HalfNormal(3.0),
    dist.Gamma(9.0, 3.0),
    dist.TruncatedNormal(3.0, 1.0, low=2.5),
    dist.ImproperUniform(dist.constraints.real, (), ()),
]


@pytest.mark.parametrize("prior", BEYOND, ids=lambda prior: type(prior).__name__)
def test_unconstrained_numbers_stay_within_physical_bounds(prior):
    """A spectral index, 2 <= p <= 5."""
    space = sl.ParameterSpace(sl.cosmic_rays.Uniform(), {"index": prior})
    ends = [float(space.to_constrained({"index": jnp.asarray(u)})["index"]) for u in (-60.0, 60.0)]
    np.testing.assert_allclose(ends, [max(2.0, getattr(prior, "low", 2.0)), 5.0], atol=1e-6)
    assert space.log_prior({"index": 1.9}) == space.log_prior({"index": 5.1}) == -jnp.inf
    u = space.to_unconstrained({"index": 3.3})
    np.testing.assert_allclose(space.to_constrained(u)["index"], 3.3, rtol=1e-10)
    if isinstance(prior, dist.ImproperUniform):
        return
    grid = jnp.linspace(-60.0, 60.0, 12001)
    density = jax.vmap(lambda v: space.log_prior(space.to_constrained({"index": v})) + space.log_jacobian({"index": v}))
    assert float(jnp.trapezoid(jnp.exp(density(grid)), grid)) == pytest.approx(1, abs=1e-6)
    draws = jax.vmap(lambda key: space.sample(key)["index"])(jax.random.split(jax.random.key(0), 300))
    assert bool(jnp.all((draws > 2) & (draws < 5)))
    assert space.summary().rows[0][-1] == "[2, 5]"


def test_nodes_of_a_grid_of_indices_have_the_bounds_of_the_index():
    grids = {
        "regular": (sl.electrons.Grid(jnp.full((2, 2, 2), 3.0)), "values", 1.0),
        "pixels": (sl.electrons.HealpixRadialGrid(jnp.full((12, 2), 3.0), edges=(0.0, 1.0, 20.0)), "values", 1.0),
        "number": (sl.electrons.Uniform(3.0), "n0", 1.0),
    }
    for grid, name, scale in grids.values():
        name = f"index.{name}"
        for prior in (dist.Normal(3.0, scale), dist.Normal(3.0, scale).expand(grid_shape(grid)).to_event()):
            space = sl.ParameterSpace(sl.cosmic_rays.Uniform(index=grid), {name: prior})
            far = {name: jnp.full(grid_shape(grid), 1e3)}
            np.testing.assert_allclose(space.to_constrained(far)[name], 5.0)
            assert bool(jnp.all(space.at_edge(far)[name]))
    alone = sl.ParameterSpace(sl.electrons.Grid(jnp.full((2, 2, 2), 3.0)), {"values": dist.Normal(3.0, 1.0)})
    assert float(alone.to_constrained({"values": jnp.full((2, 2, 2), -60.0)})["values"].max()) < 1e-20
    assert float(alone.to_constrained({"values": jnp.full((2, 2, 2), 3.0)})["values"].max()) > 5
    line = sl.cosmic_rays.Uniform(index=sl.cosmic_rays.LinearIndex())
    assert sl.ParameterSpace(line, {"index.beta": dist.Normal(0.0, 1.0)}).summary().rows[0][-1] == ""


def grid_shape(grid):
    return grid.values.shape if hasattr(grid, "values") else ()


def test_multivariate_priors_stay_within_bounds_too():
    process = sl.electrons.GaussianProcess((3, 3, 3), median=0.1)
    prior = dist.MultivariateNormal(jnp.array([3.0, 3.0, 0.1]), jnp.eye(3))
    space = sl.ParameterSpace(process, {"lengths": prior})
    assert bool(jnp.all(space.to_constrained({"lengths": jnp.full(3, -40.0)})["lengths"] > 0))
    keys = jax.random.split(jax.random.key(0), 50)
    assert bool(jnp.all(jax.vmap(lambda key: space.sample(key)["lengths"])(keys) > 0))
    at, other = {"lengths": jnp.array([3.0, 2.0, 1.0])}, {"lengths": jnp.array([1.0, 2.0, 2.0])}
    drop = 0.5 * (jnp.sum(space.residuals(other) ** 2) - jnp.sum(space.residuals(at) ** 2))
    np.testing.assert_allclose(space.log_prior(at) - space.log_prior(other), drop)


def test_priors_that_miss_the_bounds_are_refused():
    rays = sl.cosmic_rays.Uniform()
    with pytest.raises(
        ValueError, match=r"index, Uniform\(low=6, high=8\), allows nothing within its bounds \[-inf, 5\]"
    ):
        sl.ParameterSpace(rays, {"index": dist.Uniform(6.0, 8.0)})
    with pytest.warns(sl.parameters.BoundsWarning, match="cut there"):
        space = sl.ParameterSpace(rays, {"index": dist.Uniform(1.0, 8.0)})
    assert float(space.to_constrained({"index": jnp.asarray(60.0)})["index"]) == pytest.approx(5)


def test_values_on_an_edge_are_moved_inside(precision):
    """By a hundredth of the range, else of the standard deviation, else of one."""
    model = {name: jnp.zeros(()) for name in ("flat", "half", "improper", "real")} | {"pair": jnp.array([0.0, 4.0])}
    priors = {
        "flat": dist.Uniform(0.0, 5.0),
        "half": dist.Gamma(4.0, 1.0),
        "improper": dist.ImproperUniform(dist.constraints.nonnegative, (), ()),
        "real": dist.Normal(0.0, 1.0),
        "pair": dist.Uniform(jnp.zeros(2), jnp.array([2.0, 4.0])),
    }
    space = sl.ParameterSpace(model, priors)
    moved = space.inwards({})
    for name, expected in {"flat": 0.05, "half": 0.02, "improper": 0.01, "real": 0.0, "pair": [0.02, 3.96]}.items():
        np.testing.assert_allclose(moved[name], expected, rtol=1e-6)
        assert moved[name].dtype == precision
    assert all(bool(jnp.all(jnp.isfinite(u))) for u in space.to_unconstrained(moved).values())
    inside = {name: value + 0.5 for name, value in moved.items() if name != "pair"}
    assert {name: space.inwards(inside)[name] for name in inside} == inside
    with pytest.raises(ValueError, match=r"x = -0\.5 lies outside"):
        sl.ParameterSpace({"x": jnp.asarray(-0.5)}, {"x": dist.Uniform(0.0, 5.0)})
    assert sl.ParameterSpace(sl.cosmic_rays.Uniform(index=5.0), {"index": dist.Normal(3.0, 1.0)}).size == 1


def test_every_parameter_of_a_model_in_one_table():
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(b0=2.5),
        electron_density=sl.electrons.ExponentialDisk(),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(striation=0.5),),
    )
    table = sl.table(simulator)
    rows = {row[0]: row[1:] for row in table.rows}
    assert list(rows) == [name for name, leaf in find_leaves(simulator).items() if leaf.learnable]
    assert rows["magnetic_field.b0"][:4] == ["2.5", "uG", "", "b_0"]
    assert rows["magnetic_field.psi0"] == ["27", "deg", "", r"\psi_0", "pitch angle at r = 8 kpc"]
    assert rows["electron_density.n0"][:3] == ["0.03", "cm-3", "0 to ∞"]
    assert rows["electron_density.scale_height"][2] == "positive"
    assert rows["emission.0.striation"][0] == "0.5"
    page = table._repr_html_()
    assert page.count("<tr>") == len(rows) + 1
    assert "<td>magnetic_field.b0</td><td>2.5</td><td>uG</td>" in page


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (sl.magnetic.LSA(), "b0"),
        (sl.spectra.InterstellarAbsorption(column=0.1) * sl.spectra.PowerLaw(), "terms.power_law.index"),
        (sl.Model(spectra={"source": sl.spectra.PowerLaw()}, nuisance={"scatter": 3.0}), "nuisance.scatter"),
        ({"a": jnp.arange(20.0)}, "a"),
    ],
    ids=["field", "spectrum", "model", "any PyTree"],
)
def test_tables_of_all_kinds_of_models(model, name):
    assert name in [row[0] for row in sl.table(model).rows]


def test_tables_show_long_arrays_as_types_and_escape_symbols():
    assert sl.table({"a<b": jnp.arange(20.0)}).rows[0][1] == "f64[20]"
    assert "a&lt;b" in sl.table({"a<b": jnp.arange(20.0)})._repr_html_()
    with pytest.raises(TypeError, match="A int has no parameters"):
        sl.table(3)
