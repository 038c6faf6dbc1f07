"""The command line, to which commands are added."""

from typing import Annotated

from cyclopts import App, Parameter

from .._version import __version__

app = App(
    name="sightline",
    version=__version__,
    help="What an instrument sees of a magnetised, radiating medium: maps of the radio sky, and fits to data.",
    suppress_keyboard_interrupt=False,
)

app.register_install_completion_command()

Json = Annotated[bool, Parameter(negative=())]
"""The option `--json` of commands that report."""
