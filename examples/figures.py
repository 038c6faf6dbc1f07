"""Figures of one model for the documentation: the model at a glance, a patch of its sky, and its lines of force.

python examples/figures.py --output docs/gallery
"""

import argparse
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import sightline as sl


def seeds(number: int = 12) -> np.ndarray:
    """Places on rings in the disk and in both halos, (3 number, 3) kpc."""
    angle = 2 * np.pi * np.arange(number) / number
    rings = ((6.0, 0.1), (4.0, 2.0), (4.0, -2.0))
    return np.concatenate([np.stack([r * np.cos(angle), r * np.sin(angle), 0 * angle + z], axis=1) for r, z in rings])


def main(output: Path, nside: int = 16, points: int = 120) -> None:
    """Draws all figures.

    **Arguments:** `output`: a folder; `nside`: of the skies; `points`: on a line.
    """
    output.mkdir(parents=True, exist_ok=True)
    simulator, odd = sl.presets.load("JF12").simulator, points // 2 * 2 + 1
    stokes = simulator(sl.HealpixSky(nside), frequency=23.0)
    save(sl.plot.maps(stokes, zoom=(30.0, 0.0, 60.0), lines=16), output / "zoom.png")
    save(sl.plot.field_lines(simulator.magnetic_field, seeds(), 8.0, odd), output / "field_lines.png")
    sl.plot.overview(simulator, 23.0, sky=sl.HealpixSky(2 * nside), points=points).savefig(
        output / "overview.png", dpi=60
    )


def save(figure: Any, path: Path) -> None:
    """A PNG of 255 colours, a third as large as one of all."""
    buffer = BytesIO()
    figure.savefig(buffer, dpi=80)
    Image.open(buffer).convert("RGB").quantize(255, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("docs/gallery"), help="folder of the figures")
    main(parser.parse_args().output)
