"""The light of a smooth galaxy behind its dust."""

import jax
import numpy as np
from jaxtyping import Array

from ..cubes import Spaxels
from ..cubes.templates import Templates
from ..dust import Screen
from ..methods.method import Transmission
from .rays import Amount, Scene


def smooth_light(
    scene: Scene, field: Spaxels, scale: float, templates: Templates, dust: Screen | None, passed: Transmission | None
) -> Array:
    """Luminosities of a smooth galaxy in channels and spaxels, behind its dust and, where young, that of clouds."""
    latest, ages = 0.0 if dust is None else dust.birth_age, scene.library.age
    common, mixed = scene.common(), scene.young(latest)
    young = ages < latest
    if mixed is not None:  # a star is on the nodes next to its age: those above the first older one have none
        young = np.append(latest > 0, ages[:-1] < latest)
    cloudy = jax.tree.map(lambda leaf: leaf[np.tile(young, scene.library.shape[0])], templates)

    def light(amount: Amount | None = None) -> Array:
        masses = scene.masses(field, scale, amount)
        clear = scene.method.spectra(masses, templates, common)
        if dust is None or passed is None or not np.any(young):
            return clear
        lost = 1 - passed(dust.birth_clouds[None])[0]
        part = (masses[..., young], cloudy) if mixed is None else (masses, cloudy, mixed[:, young])
        return clear - scene.method.spectra(*part) * lost[:, None]

    if dust is None or passed is None:
        return light()
    behind = light() if scene.opacity is None else scene.method.screened(light, scene.deepest(field, scale), passed)
    return behind * passed(dust.foreground[None])[0][:, None]
