"""A sky of three components that is the same in every pixel, and LiteBIRD, which looks at it."""

import jax
import numpy as np

import sightline as sl

jax.config.update("jax_enable_x64", True)

BANDS = sl.instruments.load("LiteBIRD")
SKY_U = {"cmb": 0.6, "dust": 3.0, "synchrotron": 20.0}
"""Q and U of each component, uK_CMB: dust at 150 GHz, synchrotron at 20 GHz."""


def mixing_of_u(index=1.6, temperature=18.5, low=-3.1):
    """The mixing matrix of the sky U."""
    return sl.components.MixingMatrix(
        cmb=sl.components.CMB(),
        dust=sl.components.ModifiedBlackbody(index=index, temperature=temperature, reference=150.0),
        synchrotron=sl.components.PowerLaw(index=low, reference=20.0),
    )


def top_hats(nodes=201):
    """LiteBIRD with top hats in brightness, 30 % wide."""
    width = np.linspace(0.85, 1.15, nodes)
    flat = np.ones(nodes)
    passes = [sl.instruments.Bandpass(width * nu, flat, nominal=nu, unit="K_CMB") for nu in BANDS.frequency]
    return sl.instruments.Bands(BANDS.frequency, BANDS.depth, fwhm=BANDS.fwhm, bandpasses=passes)
