"""Velocities along the line of sight as a Gauss-Hermite series, in closed form in Fourier space."""

import math

import numpy as np
from numpy.polynomial import hermite

Series = tuple[np.ndarray, np.ndarray]


def transform(frequency: np.ndarray, centre: float, width: float, moments: np.ndarray) -> np.ndarray:
    """The Fourier transform of a Gauss-Hermite series, 1 at frequency 0 where there are no even moments.

    exp(-i w x - s^2/2) [1 + sum_n (-i)^n h_n H_n(s)], s = w width, for the series exp(-y^2/2) [1 + sum_n h_n H_n(y)]
    with H_n the Hermite polynomials of physics over (2^n n!)^(1/2): they are their own transforms.

    **Arguments:** `frequency`: per unit of ln wavelength; `centre`, `width`: in ln wavelength; `moments`: h_3, h_4...

    **Source:** van der Marel and Franx 1993, ApJ 407, 525, equation 9; Cappellari 2017, MNRAS 466, 798, equation 38.
    """
    values, _ = _series(frequency * width, moments)
    return np.exp(-1j * frequency * centre - 0.5 * (frequency * width) ** 2) * values


def integral(moments: np.ndarray) -> float:
    """The integral of a series over velocities: even moments add to that of its Gaussian, 0.612 h_4 and 0.559 h_6."""
    return float(transform(np.zeros(1), 0.0, 1.0, moments)[0].real)


def derivatives(frequency: np.ndarray, centre: float, width: float, moments: np.ndarray) -> np.ndarray:
    """Derivatives of `transform` by centre, width and each moment, (2 + moments, frequencies)."""
    s = frequency * width
    values, slopes = _series(s, moments)
    bell = np.exp(-1j * frequency * centre - 0.5 * s * s)
    terms = [bell * (-1j) ** n * _polynomial(s, n)[0] for n in range(3, 3 + len(moments))]
    return np.stack([-1j * frequency * bell * values, frequency * bell * (slopes - s * values), *terms])


def _series(s: np.ndarray, moments: np.ndarray) -> Series:
    """1 + sum_n (-i)^n h_n H_n(s) and its derivative."""
    values, slopes = np.ones(s.shape, complex), np.zeros(s.shape, complex)
    for n, moment in enumerate(moments, 3):
        value, slope = _polynomial(s, n)
        values, slopes = values + moment * (-1j) ** n * value, slopes + moment * (-1j) ** n * slope
    return values, slopes


def _polynomial(s: np.ndarray, n: int) -> Series:
    """H_n(s)/(2^n n!)^(1/2) and its derivative."""
    series = np.eye(n + 1)[n] / math.sqrt(2.0**n * math.factorial(n))
    return hermite.hermval(s, series), hermite.hermval(s, hermite.hermder(series))
