"""The cell solver: contract, closed forms and order of convergence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl
from sightline.sky.emission import FaradayVector, StokesVector, TransferCoefficients
from sightline.testing import check_transfer


def test_contract(precision):
    check_transfer(sl.transfer.CellTransfer())


def test_background_behind_an_absorber():
    widths = jnp.full(3, 0.5)
    medium = TransferCoefficients(absorption=StokesVector(I=jnp.asarray([0.1, 0.5, 2.0])))
    found = sl.transfer.CellTransfer()(medium, widths, StokesVector(I=jnp.asarray(7.0)))
    assert pytest.approx(7 * np.exp(-1.3)) == found.I
    assert found.Q == 0
    assert found.V is None


def test_background_polarisation_is_rotated():
    medium = TransferCoefficients(rotation=FaradayVector(V=jnp.asarray([0.3, -0.1])))
    found = sl.transfer.CellTransfer()(medium, jnp.ones(2), StokesVector(Q=jnp.asarray(2.0)))
    assert pytest.approx(2 * np.cos(0.2)) == found.Q
    assert pytest.approx(2 * np.sin(0.2)) == found.U


@pytest.mark.parametrize("q", [0, 1])
def test_emission_of_one_linear_part_alone_is_rotated(q):
    parts = {"Q" if q else "U": jnp.ones(2)}
    medium = TransferCoefficients(StokesVector(**parts), rotation=FaradayVector(V=jnp.full(2, 0.4)))
    found = sl.transfer.CellTransfer()(medium, jnp.ones(2), StokesVector())
    exact = (1 if q else 1j) * (np.exp(0.8j) - 1) / 0.4j
    assert complex(found.Q, found.U) == pytest.approx(exact)


@pytest.mark.parametrize("part", ["Q", "U", "V"])
def test_unsolved_coefficients_are_refused(part):
    medium = TransferCoefficients(absorption=StokesVector(**{part: jnp.ones(2)}))
    with pytest.raises(ValueError, match="does not solve absorption of Q, U or V"):
        sl.transfer.CellTransfer()(medium, jnp.ones(2), StokesVector())


def test_second_order_on_a_smooth_medium():
    """Emission, absorption and rotation that vary smoothly: halving the cells quarters the error."""

    def solve(cells):
        s = (np.arange(cells) + 0.5) / cells
        medium = TransferCoefficients(
            StokesVector(jnp.asarray(1 + s), jnp.asarray(np.cos(3 * s)), jnp.asarray(np.sin(2 * s))),
            StokesVector(jnp.asarray(1 + np.sin(4 * s))),
            FaradayVector(V=jnp.asarray(20 * np.cos(5 * s))),
        )
        found = jax.jit(sl.transfer.CellTransfer())(
            medium, jnp.full(cells, 1 / cells), StokesVector(I=jnp.asarray(1.0))
        )
        return np.array([found.I, found.Q, found.U])

    reference = solve(40960)
    errors = np.array([np.abs(solve(n) - reference).max() for n in (128, 256, 512)])
    order = np.log2(errors[:-1] / errors[1:])
    np.testing.assert_allclose(order, 2, atol=0.1)


@pytest.mark.parametrize("angle", np.logspace(-3, 3, 13))
def test_burn_slab_at_any_rotation_per_cell(angle):
    """P = (e^(i N a) - 1)/(i a) of N cells that rotate by a each (Burn 1966), relative to its amplitude 2/a or N."""
    cells = 16
    medium = TransferCoefficients(StokesVector(Q=jnp.ones(cells)), rotation=FaradayVector(V=jnp.full(cells, angle)))
    found = sl.transfer.CellTransfer()(medium, jnp.ones(cells), StokesVector())
    exact = np.expm1(1j * cells * angle) / (1j * angle)
    assert abs(complex(found.Q, found.U) - exact) < 1e-10 * min(cells, 2 / angle)


def _sent(emitted, **parts):
    """I, Q and U of a medium of 2 kpc that emits what `emitted` returns, at 1 GHz."""

    class Glow(sl.emission.AbstractEmissionOperator):
        needs = ("electron_density",)

        def __call__(self, plasma, ray, frequency):
            return emitted(plasma.electron_density)

    model = sl.Simulator(electron_density=sl.electrons.Uniform(0.1), emission=Glow(), **parts)
    stokes = model(sl.Sightlines(sl.Directions([10.0], [5.0]), sl.RadialCells(4, distance=2.0)), 1.0)
    return [float(one[0]) for one in (stokes.I, stokes.Q, stokes.U)]


class _Counter(sl.transfer.AbstractTransfer):
    """A solver of one's own, for I alone."""

    def __call__(self, coefficients, widths, background):
        return StokesVector(I=jnp.sum(coefficients.emissivity.I * widths))


class _Forgetful(sl.transfer.AbstractTransfer):
    def __call__(self, coefficients, widths, background):
        return StokesVector(I=coefficients.emissivity.I * widths)


class _Floor(sl.emission.AbstractBackground):
    def __call__(self, ray, frequency):
        return jnp.asarray(2.0)


def test_operators_backgrounds_and_solvers_return_what_they_must():
    emitted = lambda density: TransferCoefficients(StokesVector(I=30 * density))  # noqa: E731
    assert _sent(emitted, transfer=_Counter()) == pytest.approx([6.0, 0.0, 0.0])
    for wrong, error, message in (
        (lambda density: StokesVector(I=density), TypeError, "What Glow returns is a StokesVector: give a sl.em"),
        (lambda density: None, TypeError, "What Glow returns is a NoneType"),
        (lambda density: TransferCoefficients(StokesVector(I=density * jnp.ones(3))), ValueError, r"shape \(3,\) at"),
    ):
        with pytest.raises(error, match=message):
            _sent(wrong)
    with pytest.raises(ValueError, match=r"_Forgetful returned shape \(4,\) at one point"):
        _sent(emitted, transfer=_Forgetful())
    with pytest.raises(TypeError, match=r"What _Floor returns is a .*: give a sl.emission.StokesVector"):
        _sent(emitted, background=_Floor())
