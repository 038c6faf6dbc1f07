"""Tutorials: scripts in percent format as pages of the site and as notebooks.

`python docs/extensions/tutorials.py FOLDER [NAME ...]` executes them as notebooks into a folder, as `.ci/full` does;
it needs nbformat, nbclient and ipykernel, which the extra `docs` has.
"""

import re
import sys
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1] / "tutorials"
NAMES = (
    *("first_sky", "own_field", "four_parameters", "rotation_measures", "regularised_grid", "low_frequencies"),
    *("faraday_tomography", "xray_spectrum", "separation", "galaxy_cube", "radio_and_gamma"),
)
"""In the order in which they are read."""

Cell = tuple[str, str]


def setup(app: Any) -> dict[str, bool]:
    """What Sphinx calls of an extension."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "notebooks"))
    return {"parallel_read_safe": True}


def cells(name: str) -> list[Cell]:
    """The cells of a script: what they are, `"markdown"` or `"code"`, and their text."""
    parts = re.split(r"^# %%(.*)\n", (SCRIPTS / f"{name}.py").read_text("utf-8"), flags=re.MULTILINE)[1:]
    found = []
    for mark, text in zip(parts[::2], parts[1::2], strict=True):
        markdown = "[markdown]" in mark
        text = re.sub(r"^# ?", "", text, flags=re.MULTILINE) if markdown else text
        found.append(("markdown" if markdown else "code", text.strip()))
    return found


def page(name: str) -> str:
    """A tutorial as a page of the site."""
    parts = [text if kind == "markdown" else f"```python\n{text}\n```" for kind, text in cells(name)]
    return "\n\n".join([*parts, f"Made from `docs/tutorials/{name}.py`."]) + "\n"


def notebook(name: str) -> dict[str, Any]:
    """A tutorial as a notebook, nbformat 4.5, not executed."""
    made = []
    for number, (kind, text) in enumerate([("code", "%matplotlib inline"), *cells(name)]):
        more = {"outputs": [], "execution_count": None} if kind == "code" else {}
        made.append({"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": text} | more)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def write(folder: Path) -> None:
    """Writes the pages and their index."""
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        (folder / f"{name}.md").write_text(page(name), "utf-8")
    listing = "\n".join(NAMES)
    head = "# Tutorials\n\nWorked from the first line to a result, each in two minutes at most. "
    how = "`python docs/extensions/tutorials.py FOLDER` executes them as notebooks.\n"
    (folder / "index.md").write_text(f"{head}{how}\n```{{toctree}}\n:maxdepth: 1\n\n{listing}\n```\n", "utf-8")


def execute(name: str, folder: Path) -> None:
    """Runs a notebook and writes it with what it printed and drew."""
    import nbclient
    import nbformat

    made = nbformat.from_dict(notebook(name))
    folder.mkdir(parents=True, exist_ok=True)
    nbclient.NotebookClient(made, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    nbformat.write(made, folder / f"{name}.ipynb")


if __name__ == "__main__":
    for chosen in sys.argv[2:] or NAMES:
        execute(chosen, Path(sys.argv[1]))
        print(chosen)
