"""The command line, to which commands are added."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import App, Parameter, convert

from .._version import __version__

app = App(
    name="sightline",
    version=__version__,
    help="What an instrument sees of a magnetised, radiating medium: maps of the radio sky, and fits to data.",
    suppress_keyboard_interrupt=False,
)


def _whole(kind: Any, tokens: Sequence[Any]) -> Any:
    """Whole numbers, of which cyclopts would round others."""
    for token in tokens:
        _, point, decimals = token.value.partition(".")
        if point and decimals.strip("0"):
            raise ValueError(f"{token.value!r} is no whole number.")
    return convert(kind, [token.value for token in tokens])


app.register_install_completion_command()

Json = Annotated[bool, Parameter(negative=())]
"""The option `--json` of commands that report."""
Whole = Parameter(converter=_whole)
"""Of options that are whole numbers."""
