"""The table of durations says what a report of pytest says."""

import importlib
import sys
from pathlib import Path

import pytest

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" tests="4" time="7.5">
<testcase classname="tests.test_a" name="test_one" time="1.25" />
<testcase classname="tests.test_b.TestOf" name="test" time="4.0" />
<testcase classname="tests.test_a" name="test_two[1]" time="2.5" />{more}
</testsuite></testsuites>"""


@pytest.fixture(scope="module")
def durations():
    """The module of the benchmark, whose folder is on the path as when it is run."""
    folder = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, folder)
    yield importlib.import_module("durations")
    sys.path.remove(folder)


def test_tests_are_summed_by_file(durations, tmp_path):
    report = tmp_path / "suite.xml"
    many = "".join(f'<testcase classname="tests.test_{i}" name="test" time="0.5" />' for i in range(20))
    report.write_text(REPORT.format(more=many), "utf-8")
    rows = list(durations.suite_rows(durations.read(report)))
    assert rows[0] == ["pytest, on the clock", "23", "8"]
    assert rows[1] == ["pytest, sum over its processes", "23", "18"]
    assert rows[2:5] == [
        ["`tests/test_b.py`", "1", "4.0"],
        ["`tests/test_a.py`", "2", "3.8"],
        ["`tests/test_0.py`", "1", "0.5"],
    ]
    assert rows[-1] == ["2 other files", "2", "1.0"]
    assert len(rows) == 2 + durations.LONGEST + 1


def test_a_report_without_tests_is_refused(durations, tmp_path):
    (tmp_path / "none.xml").write_text('<testsuites><testsuite name="pytest" time="1.0" /></testsuites>', "utf-8")
    with pytest.raises(ValueError, match="holds no tests"):
        durations.read(tmp_path / "none.xml")


def test_commands_are_timed_in_processes_of_their_own(durations):
    assert (
        len(durations.python("-c", "pass", kept=True))
        == len(durations.python("-c", "pass", kept=False))
        == durations.RUNS
    )


def test_stages_of_the_long_suites_are_kept(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    full = importlib.import_module("full")
    monkeypatch.setattr(full, "TABLE", tmp_path / "full.md")
    for stage, seconds in (("long", "90"), ("checks", "1080"), ("long", "120")):
        monkeypatch.setattr(sys, "argv", ["full.py", stage, seconds])
        full.main()
    found = full.read((tmp_path / "full.md").read_text("utf-8"))
    assert {stage: minutes for stage, (minutes, _) in found.items()} == {"checks": "18.0", "long": "2.0"}
    script = (Path(__file__).parents[1] / ".ci" / "full").read_text("utf-8")
    assert f"known=({' '.join(full.STAGES)})" in script
