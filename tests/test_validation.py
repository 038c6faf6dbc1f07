"""Published numbers: each is met here, and the page says what comes out."""

import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def numbers():
    """The module of the benchmark, whose folder is on the path as when it is run."""
    folder = str(ROOT / "benchmarks")
    sys.path.insert(0, folder)
    yield importlib.import_module("published_numbers")
    sys.path.remove(folder)


def _written(numbers):
    text = (numbers.RESULTS / "published_numbers.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_page_says_what_comes_out(numbers):
    computed = numbers.rows()
    assert len(_written(numbers)) == len(computed)
    for written, now in zip(_written(numbers), computed, strict=True):
        assert written[:2] == list(now[:2])
        assert float(written[2]) == pytest.approx(float(now[2]), rel=2e-5), now[0]
        assert ("missed" in written[3]) == ("missed" in now[3]), now[0]
        assert written[4:] == list(now[4:])


def test_nothing_is_missed(numbers):
    assert [row[0] for row in numbers.rows() if "missed" in row[3]] == []


def test_tests_and_commands_exist(numbers):
    for row in numbers.rows():
        assert (ROOT / row[5].strip("`")).is_file(), row[5]


def test_every_result_is_in_the_documentation():
    pages = "".join(path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md"))
    included = set(re.findall(r"benchmarks/results/(\w+)\.md", pages))
    assert {path.stem for path in (ROOT / "benchmarks" / "results").glob("*.md")} == included
