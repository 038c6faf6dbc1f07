"""The frequency that maps are labelled with."""

from typing import Any

import numpy as np

ROUNDING = 1e-5  # of a frequency in single precision, or as files have it


def check_label(what: str, given: Any, who: str, frequency: Any) -> None:
    """Refuses data of another frequency [GHz] than the model's.

    **Raises:** `ValueError`.
    """
    if np.shape(given) != np.shape(frequency) or not np.allclose(given, frequency, rtol=ROUNDING, atol=0):
        raise ValueError(
            f"{what} {given} GHz, {who} {frequency} GHz. Units such as K_CMB are converted at the frequency of the "
            "label, so that they must agree; of a band, give arrays, which keep their unit."
        )


def frequency_label(frequency: float) -> str:
    """A frequency [GHz] as one reads it: 408 MHz, 2.3 GHz."""
    return f"{1e3 * frequency:.4g} MHz" if frequency < 1 else f"{frequency:.4g} GHz"
