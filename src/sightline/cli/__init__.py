"""The command line: a thin layer over the public API."""

from .application import app as app
from .application import main as main
