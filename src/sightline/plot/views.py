"""What is seen of a sky, and the plane it is projected on."""

import abc
from typing import Any

import numpy as np


class AbstractView(abc.ABC):
    """A part of a sky on a plane; directions are Galactic longitude and latitude [rad].

    - `panel`: width and height of a panel among several, inches; `half`: half width on the plane.
    - `index`: which value of the sky each point of the raster shows, southernmost row first; -1 where none.
    """

    panel: tuple[float, float]
    half: float
    index: np.ndarray

    @abc.abstractmethod
    def visible(self, values: np.ndarray) -> np.ndarray:
        """The values of the pixels in view, NaN elsewhere."""

    @abc.abstractmethod
    def axes(self, figure: Any, place: tuple[int, int, int]) -> Any:
        """Empty axes, a part of a figure."""

    @abc.abstractmethod
    def draw(self, axes: Any, image: np.ndarray, norm: Any, cmap: Any) -> Any:
        """A raster with its graticule; returns the artist."""

    @abc.abstractmethod
    def points(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Directions l, b of a raster in view, `number` of them across, each of one dimension."""

    @abc.abstractmethod
    def place(self, l: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Where directions are on the plane, (..., 2); NaN for those that it does not reach."""

    @abc.abstractmethod
    def plane(self, axes: Any) -> Any:
        """The transformation from the plane to the figure."""
