"""The command line, to which commands are added."""

from cyclopts import App

from .._version import __version__

app = App(
    name="sightline",
    version=__version__,
    help="What an instrument sees of a magnetised, radiating medium: maps of the radio sky, and fits to data.",
    suppress_keyboard_interrupt=False,
)
