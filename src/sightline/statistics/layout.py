"""How the data of a likelihood are laid out, for figures: on an axis, on a sky, in an image."""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import numpy as np


class Axis(eqx.Module):
    """Data along an axis: energies, wavelengths, or their numbers.

    - `values`: (n,); `label`: what they are, with their unit.
    """

    kind: ClassVar[str] = "axis"
    values: np.ndarray
    label: str = eqx.field(static=True)


class Image(eqx.Module):
    """Pixels of an image, row by row from the south-west.

    - `shape`: rows (north) and columns (east); `extent`: height and width, in `unit`.
    - `kept`: which pixels there are data of, (n,); `None`: all.
    """

    kind: ClassVar[str] = "image"
    shape: tuple[int, int] = eqx.field(static=True)
    extent: tuple[float, float] = eqx.field(static=True)
    unit: str = eqx.field(static=True)
    kept: np.ndarray | None = None


class Cube(eqx.Module):
    """Channels of the pixels of an image, the pixels of one channel together.

    - `image`: all its pixels; `edges`: of the channels, (channels + 1,); `label`: what they are, with their unit.
    - `kept`: which data there are, (n,); `None`: all.
    """

    kind: ClassVar[str] = "cube"
    image: Image
    edges: np.ndarray
    label: str = eqx.field(static=True)
    kept: np.ndarray | None = None


class Layout(NamedTuple):
    """Where data are, what each row of them is called, the leading axes flattened, and their unit.

    - `place`: says by its `kind` which panel draws it, see `sightline.plot.panels`.
    """

    place: Any
    rows: list[str]
    unit: str


def layout(likelihood: Any) -> Layout:
    """What the likelihood or its observable says, `layout(kept, shape)`; else data against their number."""
    shape = likelihood.data.shape
    found = likelihood.layout(likelihood.kept, shape)
    return by_number(likelihood.observable, likelihood.kept, shape) if found is None else found


def by_number(observable: Any, kept: Any, shape: tuple[int, ...]) -> Layout:
    """Data against the coordinates of the axis that their observable names, or against their number."""
    name, known = getattr(observable, "axis", None) or "datum", getattr(observable, "coordinates", None)
    values = np.asarray(np.arange(shape[-1]) if known is None else known)
    if known is not None and kept is not None:
        values = values[..., np.asarray(kept)]
    place = Axis(values if values.shape == shape[-1:] else np.arange(shape[-1]), name)
    return Layout(place, row_names(shape), "")


def row_names(shape: tuple[int, ...]) -> list[str]:
    """`[0,1]`, of data of shape (..., n)."""
    return [f"[{','.join(map(str, index))}]" if index else "" for index in np.ndindex(*shape[:-1])]
