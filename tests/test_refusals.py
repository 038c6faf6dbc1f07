"""Bad inputs are refused with the messages of `docs/refusals.md`, which `python tests/test_refusals.py` writes."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import astropy.units as u
import jax
import pytest

from refusal_cases import BEGIN, CASES
from sightline import cli

PAGE = Path(__file__).parents[1] / "docs" / "refusals.md"
LISTED = [(part, code) for part, codes in CASES.items() for code in codes]
CLASSES = ("ValueError", "TypeError", "FileError", "FileNotFoundError", "sightline")
HEAD = """# What is refused

Bad inputs are refused where they are given, before anything is computed, with a message that names the argument and
the cure. This page is written by `python tests/test_refusals.py`, and a test fails where a message is another one.
"""


def refusal(part, code, names):
    """The class and message of what a case raises, or what its command prints and its exit code."""
    if part == "The command line":
        with contextlib.redirect_stderr(io.StringIO()) as said:
            number = cli.main(code.split())
        return f"{said.getvalue().strip()} [exit code {number}]"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            eval(code, names)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return "accepted"


def refusals():
    """The messages of all cases, in an empty folder and in double precision."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, jax.enable_x64(True):
        os.chdir(folder)
        names = {"u": u}
        exec(BEGIN, names)
        found = [refusal(part, code, names) for part, code in LISTED]
        os.chdir(before)
    return found


def block(part, code, message):
    prompt = "$ sightline " if part == "The command line" else ">>> "
    return f"```text\n{prompt}{code}\n{message}\n```"


def page(messages):
    """The page of the messages of all cases."""
    found = dict(zip(LISTED, messages, strict=True))
    sections = {part: [block(part, code, found[part, code]) for code in codes] for part, codes in CASES.items()}
    return "\n".join([HEAD, *(f"## {part}\n\n" + "\n\n".join(blocks) + "\n" for part, blocks in sections.items())])


@pytest.fixture(scope="module")
def messages():
    """Those of a process of their own: in this one a type checker stands between a user and the library."""
    command = [sys.executable, __file__, "--print"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_messages_are_those_of_the_page(messages):
    known = re.findall(r"```text\n.*?\n```", PAGE.read_text("utf-8"), re.DOTALL)
    for (part, code), message in zip(LISTED, messages, strict=True):
        assert message.partition(":")[0] in CLASSES, f"{code}: {message}"
        assert block(part, code, message) in known, f"{code}: {message}. Run python tests/test_refusals.py."
    assert page(messages) == PAGE.read_text("utf-8")


def test_there_are_enough_and_none_twice():
    assert len(LISTED) == len(set(LISTED)) >= 60


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        print(json.dumps(refusals()))
    else:
        PAGE.write_text(page(refusals()), "utf-8")
