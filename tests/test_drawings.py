"""Drawings of the documentation: well-formed, in the colour of the text, and saying what the library does."""

import importlib
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import jax.numpy as jnp
import numpy as np
import pytest

import sightline as sl

FOLDER = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def drawings():
    """All drawings by name."""
    folder = str(FOLDER / "extensions")
    sys.path.insert(0, folder)
    yield importlib.import_module("drawings").drawings()
    sys.path.remove(folder)


def test_every_drawing_is_in_the_documentation(drawings):
    pages = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.md"))
    assert set(re.findall(r":file: drawings/(\w+)\.svg", pages)) == set(drawings)


def test_drawings_are_well_formed_and_stay_in_their_frames(drawings):
    for name, drawing in drawings.items():
        root = ElementTree.fromstring(drawing)[0]
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for node in root:
            if node.tag.endswith("text"):
                size, anchor = float(node.attrib["font-size"]), node.attrib["text-anchor"]
                length, x = 0.5 * size * len(node.text), float(node.attrib["x"])
                start = x - {"start": 0, "middle": 0.5, "end": 1}[anchor] * length
                assert start >= -2, (name, node.text)
                assert start + length <= width + 12, (name, node.text)
                assert 0 < float(node.attrib["y"]) < height, (name, node.text)


def test_drawings_have_no_colour_of_their_own(drawings):
    for drawing in drawings.values():
        assert set(re.findall(r'(?:fill|stroke)="(.*?)"', drawing)) <= {"none", "currentColor"}


def test_longitudes_and_faraday_signs_are_those_drawn():
    """l = 90 is +y as seen from the Sun; B towards the observer has RM > 0, and turns from north to east."""
    rays = sl.Sightlines(sl.Directions(l=[0.0, 90.0], b=[0.0, 0.0])).rays
    np.testing.assert_allclose(np.asarray(rays.direction).T, np.eye(3)[:2], atol=1e-6)
    near = sl.SourceCatalogue(0.0, 0.0, 1.0)
    towards = sl.Simulator(sl.magnetic.Uniform((-1.0, 0.0, 0.0)), sl.electrons.Uniform(1.0)).rotation_measure(near)
    assert float(towards[0]) == pytest.approx(811.901, rel=1e-5)


def test_polarisation_is_across_the_field():
    """B to the north-east: E from north-west to south-east, chi = -45 deg, IAU U < 0, COSMO U > 0."""
    field = sl.magnetic.Uniform((0.0, 1.0, 1.0))
    simulator = sl.Simulator(field, None, sl.cosmic_rays.Uniform(), sl.emission.Synchrotron())
    lines = sl.Sightlines(sl.Directions(0.0, 0.0), cells=sl.RadialCells(cells=4, distance=1.0))
    stokes = simulator(lines, frequency=23.0)
    assert float(stokes.U[0]) > 0 > float(stokes.to_convention("IAU").U[0])
    assert abs(float(stokes.Q[0])) < 1e-6 * float(stokes.U[0])


def test_nodes_and_cells_lie_where_they_are_drawn():
    nodes, cells = (sl.grids.nodes((5, 5, 5), (1.0, 1.0, 1.0), layout=layout) for layout in ("nodes", "cells"))
    np.testing.assert_allclose(jnp.asarray(nodes)[:, 0, 0, 0], [-1, -0.5, 0, 0.5, 1])
    np.testing.assert_allclose(jnp.asarray(cells)[:, 0, 0, 0], [-0.8, -0.4, 0, 0.4, 0.8], atol=1e-7)
