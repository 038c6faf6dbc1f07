import numpy as np

from ..parameters import Table
from .curve import Curve

End = tuple[float, bool]


class Profile:
    """What `sl.profile` found of one parameter.

    - `name`, `unit`, `level`; `best`: the value of the largest density.
    - `low`, `high`: the interval, infinite where the data set no end; `at_bound`: whether it ends at the lower and at
      the upper bound of the prior, before the density has fallen.
    - `values`: those tried, in order, (n,); `heights`: the largest log posterior for each, (n,); `status`: how the fits
      ended.

    Printed, it is a table.

    **Arguments:** `curve`: values and heights; made by `sl.profile`.

    !!! example
        >>> profile = sl.profile(posterior, "magnetic_field.b0")
        >>> bool(profile.low < profile.best < profile.high)
        True
    """

    name: str
    unit: str
    level: float
    best: float
    low: float
    high: float
    at_bound: tuple[bool, bool]

    def __init__(self, curve: Curve, level: float, low: End, high: End):
        self.name, self.unit, self.level, self.best = curve.label, curve.unit, level, curve.best
        self.low, self.high, self.at_bound = low[0], high[0], (low[1], high[1])
        points = sorted(curve.points, key=lambda point: point.value)
        self.values: np.ndarray = np.array([point.value for point in points])
        self.heights: np.ndarray = np.array([point.height for point in points])
        self.status: list[str] = [point.status for point in points]
        self._failed = curve.failed()

    def summary(self) -> Table:
        """A table: best value, ends of the interval, and how far these are."""
        numbers = (self.best, self.low, self.high, self.best - self.low, self.high - self.best)
        header = ["parameter", "unit", "best", "low", "high", "below", "above"]
        row = [self.name, self.unit, *(f"{number:.3g}" for number in numbers)]
        return Table(header, [row], notes=", ".join(self._notes()))

    def _notes(self) -> list[str]:
        notes = [f"{100 * self.level:.4g} %, from {len(self.values)} fits"]
        notes += [f"{self._failed} of which did not converge"] if self._failed else []
        sides = [side for side, bound in zip(("lower", "upper"), self.at_bound, strict=True) if bound]
        return notes + [f"ends at the {' and the '.join(sides)} bound"] * bool(sides)

    def __repr__(self) -> str:
        return repr(self.summary())
