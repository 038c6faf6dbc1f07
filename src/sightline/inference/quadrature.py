"""Adaptive quadrature by the pair of Gauss and Kronrod, of one function or several at once."""

from collections.abc import Callable

import numpy as np

_HALF = (0.991455371120812639206854697526329, 0.949107912342758524526189684047851, 0.864864423359769072789712788640926)
_HALF += (0.741531185599394439863864773280788, 0.586087235467691130294144691693013, 0.405845151377397166906606412076961)
_HALF += (0.207784955007898467600689403773245,)
_KRONROD = (0.022935322010529224963732008058970, 0.063092092629978553290700663189204)
_KRONROD += (0.104790010322250183839876322541518, 0.140653259715525918745189590510238)
_KRONROD += (0.169004726639267902826583426598550, 0.190350578064785409913256402421014)
_KRONROD += (0.204432940075298892414161999234649,)
_GAUSS = (0.129484966168869693270611432679082, 0.279705391489276667901467771423780, 0.381830050505118944950369775488975)
NODES = np.array([*(-x for x in _HALF), 0.0, *reversed(_HALF)])
KRONROD = np.array([*_KRONROD, 0.209482141084727828012999174891714, *reversed(_KRONROD)])
GAUSS = np.array([*_GAUSS, 0.417959183673469387755102040816327, *reversed(_GAUSS)])
"""15 nodes on (-1, 1) with their weights, and those of the 7 that are every other (Piessens et al. 1983, QUADPACK)."""

ROUNDS, MOST = 60, 20000
_TO_SERIES = np.linalg.inv(np.polynomial.legendre.legvander(NODES, NODES.size - 1))

Function = Callable[[np.ndarray], np.ndarray]


class Panels:
    """Functions on an interval, each a polynomial of degree 14 on every panel.

    - `low`, `high`: of the panels, (n,), in order; `values`: of the functions at the nodes, (n, 15, k).
    - `masses`: integrals over the panels, (n, k).
    """

    low: np.ndarray
    high: np.ndarray
    values: np.ndarray

    def __init__(self, low: np.ndarray, high: np.ndarray, values: np.ndarray):
        order = np.argsort(low)
        self.low, self.high, self.values = low[order], high[order], values[order]
        half = 0.5 * (self.high - self.low)[:, None]
        self.masses = half * np.einsum("i,nik->nk", KRONROD, self.values)

    @property
    def nodes(self) -> np.ndarray:
        """Where the values are, (n, 15)."""
        return nodes(self.low, self.high)

    @property
    def total(self) -> np.ndarray:
        """The integrals, (k,)."""
        return self.masses.sum(axis=0)

    def moments(self, weight: np.ndarray) -> np.ndarray:
        """The integrals of the functions times numbers at the nodes, (n, 15)."""
        half = 0.5 * (self.high - self.low)
        return np.einsum("n,i,ni,nik->k", half, KRONROD, weight, self.values)

    def at(self, x: np.ndarray) -> np.ndarray:
        """The first function, (m,); 0 beyond the interval."""
        panel, place = self._place(x)
        inside = (x >= self.low[0]) & (x <= self.high[-1])
        return np.where(inside, _evaluated(self._series()[panel], place), 0.0)

    def below(self, x: np.ndarray) -> np.ndarray:
        """The integral of the first function up to x, (m,)."""
        x = np.clip(x, self.low[0], self.high[-1])
        panel, place = self._place(x)
        before = np.concatenate([[0.0], np.cumsum(self.masses[:, 0])])[panel]
        primitive = np.polynomial.legendre.legint(self._series()[panel], lbnd=-1, axis=1)
        return before + 0.5 * (self.high - self.low)[panel] * _evaluated(primitive, place)

    def _series(self) -> np.ndarray:
        """Coefficients of Legendre polynomials, (n, 15)."""
        return self.values[..., 0] @ _TO_SERIES.T

    def _place(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The panel of each x, and where it is there, from -1 to 1."""
        panel = np.clip(np.searchsorted(self.high, x), 0, self.low.size - 1)
        low, high = self.low[panel], self.high[panel]
        return panel, np.clip((2 * x - low - high) / (high - low), -1, 1)


def nodes(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The nodes of panels, (n, 15)."""
    return 0.5 * ((high + low)[:, None] + (high - low)[:, None] * NODES)


def integrate(function: Function, breaks: np.ndarray, tolerance: float) -> Panels:
    """Functions on the interval of `breaks`, its panels halved until Gauss and Kronrod agree.

    **Arguments:**

    - `function`: from (m,) to (m, k).
    - `breaks`: (n + 1,), rising: the first panels.
    - `tolerance`: of every panel, relative to the largest integral.

    **Raises:** `ValueError` for functions that are too rough for 20000 panels.
    """
    low, high = breaks[:-1], breaks[1:]
    shortest = np.ldexp(breaks[-1] - breaks[0], -40)
    values = _valued(function, low, high)
    for _ in range(ROUNDS):
        half = 0.5 * (high - low)[:, None]
        masses = half * np.einsum("i,nik->nk", KRONROD, values)
        apart = np.abs(masses - half * np.einsum("i,nik->nk", GAUSS, values[:, 1::2]))
        bad = (apart.max(axis=1) > tolerance * np.abs(masses.sum(axis=0)).max()) & (high - low > shortest)
        if not np.any(bad):
            break
        if low.size > MOST:
            raise ValueError("The density is too rough to be integrated: it jumps everywhere, or is of low precision.")
        middle = 0.5 * (low + high)[bad]
        new_low, new_high = np.concatenate([low[bad], middle]), np.concatenate([middle, high[bad]])
        values = np.concatenate([values[~bad], _valued(function, new_low, new_high)])
        low, high = np.concatenate([low[~bad], new_low]), np.concatenate([high[~bad], new_high])
    return Panels(low, high, values)


def _valued(function: Function, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    found = function(nodes(low, high).ravel())
    return found.reshape(low.size, NODES.size, -1)


def _evaluated(series: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The series of each place, (m, degrees), there, (m,)."""
    powers = np.polynomial.legendre.legvander(place, series.shape[1] - 1)
    return np.einsum("mi,mi->m", series, powers)
