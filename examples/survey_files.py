"""Where the surveys of the examples are: in the folder that the environment variable SIGHTLINE_DATA names."""

import os
from pathlib import Path


def survey_file(name: str) -> Path:
    """The path of one file; `FileNotFoundError` says what to set."""
    if "SIGHTLINE_DATA" not in os.environ:
        raise FileNotFoundError(f"SIGHTLINE_DATA is not set: give it the folder that holds {name}.")
    path = Path(os.environ["SIGHTLINE_DATA"]) / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: SIGHTLINE_DATA must name the folder that holds {name}.")
    return path
