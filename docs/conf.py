"""Sphinx configuration: `sphinx-build -W docs docs/_build`."""

import sys
from pathlib import Path

from sightline import __version__

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "Sightline"
author = "The Sightline developers"
version = release = __version__
extensions = ["myst_parser", "reference", "drawings", "tutorials"]
html_theme = "furo"
html_title = "Sightline"
html_static_path = ["_static"]
html_css_files = ["style.css"]
exclude_patterns = ["_build", "tutorials"]
maximum_signature_line_length = 80
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["docutils"]
