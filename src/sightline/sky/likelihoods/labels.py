"""The frequency, or the energy, that maps are labelled with."""

from typing import Any

import numpy as np

ROUNDING = 1e-5  # of a frequency in single precision, or as files have it


def check_label(what: str, given: Any, who: str, at: Any, unit: str = "GHz") -> None:
    """Refuses data of another frequency [GHz], or energy [GeV], than the model's.

    **Raises:** `ValueError`.
    """
    if np.shape(given) != np.shape(at) or not np.allclose(given, at, rtol=ROUNDING, atol=0):
        raise ValueError(
            f"{what} {given} {unit}, {who} {at} {unit}. Units such as K_CMB are converted at the frequency of the "
            "label, so that they must agree; of a band, give arrays, which keep their unit."
        )
