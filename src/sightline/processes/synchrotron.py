"""The functions F and G of synchrotron emission, and those of its absorption, as rational functions of x^(1/3).

F(x) = x int_x^inf K_5/3,  G(x) = x K_2/3(x),  A(x) = F - x F' = x^2 K_5/3,  B(x) = G - x G' = x^2 (K_1/3 + K_5/3)/2.

Each is y e^-x times a quotient of polynomials of y = x^(1/3), since near 0 each is y times a power series of y^2, and
far out e^-x times a power of x. Coefficients: weighted least squares at 120 Chebyshev nodes of 0 < y < 9 with mpmath at
60 digits; relative error below 1e-7 of F and G, 5e-8 of A and B, for all x. Beyond y = 9, x = 729, e^-x is next to 0.
The four are closed under differentiation, which is exact to the same accuracy.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._core.elementary import horner, power

_LARGEST = 9.0
_Fit = tuple[tuple[float, ...], tuple[float, ...]]
_F: _Fit = (
    (
        2.1495280551421767,
        2.3721304367692726,
        1.50398422586591,
        1.954096702457962,
        0.6672547666911702,
        0.48116349320581137,
        0.05124179664504812,
        0.00039501882492408994,
    ),
    (
        1.0,
        1.103544382906751,
        1.5438744020303252,
        0.8363293057641218,
        0.5305264528026276,
        0.16432640118003047,
        0.005524933027825592,
    ),
)
_G: _Fit = (
    (
        1.0747641841929798,
        1.8447806065865364,
        3.0967873980317133,
        3.344334213663756,
        2.3630823291777814,
        1.3065687249566482,
        0.13962173111074866,
        0.0012398385835538494,
    ),
    (
        1.0,
        1.7164631264806667,
        2.8810070364385942,
        2.1158745216648205,
        1.6356906659406412,
        0.43403241384461144,
        0.01602241013969511,
    ),
)
_A: _Fit = (
    (
        1.4330188328278846,
        1.258911583899449,
        1.4440289812318452,
        2.2288360426049603,
        1.4711204540344764,
        1.4517694222460003,
        0.9680960131869517,
        0.42072492286602764,
        0.053413234412799,
        0.0008009524451463333,
        -3.5570603865203695e-06,
    ),
    (
        1.0,
        0.878503861710498,
        1.0076621418946792,
        0.555576798990356,
        0.1469274303607034,
        0.007485074049275317,
    ),
)
_B: _Fit = (
    (
        0.7165094151757474,
        1.8552493622285944,
        1.7374488809487334,
        2.492163465628972,
        3.6314155993350727,
        4.102883323480624,
        2.7390465702411038,
        2.8161844499562467,
        0.6103028443253392,
        0.0133298999167442,
        -8.067910155126793e-05,
    ),
    (
        1.0,
        2.589287120264456,
        2.424981078540558,
        2.4757633447818446,
        1.3269709158904701,
        0.10437921486265267,
    ),
)

Roots = Float[Array, "*shape"]
Pair = tuple[Float[Array, "*shape"], Float[Array, "*shape"]]


def synchrotron_functions(x: Float[Array, "*shape"]) -> Pair:
    """F(x) = x int_x^inf K_5/3 and G(x) = x K_2/3(x) for x >= 0, to 1e-7.

    Power per frequency of an electron is proportional to F(nu/nu_c), the difference between its polarisations to G.

    **Source:** Rybicki & Lightman 1979, "Radiative Processes in Astrophysics", eq. 6.31.

    !!! example
        >>> total, polarised = synchrotron_functions(jnp.asarray(1.0))
        >>> round(float(total), 5), round(float(polarised), 5)
        (0.65142, 0.49448)
    """
    positive = x > 0
    root = power(jnp.where(positive, x, 1), 1 / 3)
    return emission(jnp.where(positive, root, 0))


@jax.custom_jvp
def emission(root: Roots) -> Pair:
    """F and G of x = root^3."""
    return _evaluate(root, _F), _evaluate(root, _G)


@jax.custom_jvp
def absorption(root: Roots) -> Pair:
    """A and B of x = root^3."""
    return _evaluate(root, _A), _evaluate(root, _B)


@emission.defjvp
def _emission_jvp(primals, tangents):
    (total, polarised), (a, b) = emission(*primals), absorption(*primals)
    step = _relative(primals[0], tangents[0])
    return (total, polarised), ((total - a) * step, (polarised - b) * step)


@absorption.defjvp
def _absorption_jvp(primals, tangents):
    """x A' = A/3 - x^2 G and x B' = B - (x^2 + 4/9) G, from the differential equation of K_2/3."""
    (a, b), (_, polarised) = absorption(*primals), emission(*primals)
    step = _relative(primals[0], tangents[0])
    square = jnp.minimum(primals[0], _LARGEST) ** 6
    return (a, b), ((a / 3 - square * polarised) * step, (b - (square + 4 / 9) * polarised) * step)


def _relative(root: Roots, tangent: Roots) -> Roots:
    """dx/x."""
    return 3 * tangent / jnp.maximum(root, 1e-12)


def _evaluate(root: Roots, fit: _Fit) -> Roots:
    near = jnp.minimum(root, _LARGEST)
    above, below = (horner(near, coefficients) for coefficients in fit)
    return near * jnp.exp(-root * root * root) * (above / below)


def sample(root: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """F, G, A and B of x = root^3 as NumPy arrays, root < 9: constants of compiled code."""
    polynomial = np.polynomial.polynomial.polyval
    f, g, a, b = (
        root * np.exp(-(root**3)) * polynomial(root, up) / polynomial(root, down) for up, down in (_F, _G, _A, _B)
    )
    return f, g, a, b
