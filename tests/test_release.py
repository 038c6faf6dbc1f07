"""What a release must agree on: tag, version, changelog, citation; and the files that a project has."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import sightline as sl

ROOT = Path(__file__).parents[1]


def newest():
    """Version and date of the topmost section of the changelog."""
    return re.search(r"^## (\S+)(?: \((.+)\)| - (\S+))$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE).groups()


def check(version, section, tags):
    """Refuses a release whose tag, version and changelog differ.

    **Arguments:** `section`: version, note and date of the newest section; `tags`: of the commit.
    """
    assert section[0] == version, f"CHANGELOG.md begins with {section[0]}, the version is {version}"
    releases = [tag for tag in tags if re.fullmatch(r"v\d+(\.\d+)*", tag)]
    if releases:
        assert releases == [f"v{version}"], f"the tag is {releases}, the version {version}"
        assert section[2], f"CHANGELOG.md says {section[1]} of {version}: write its date, ## {version} - YYYY-MM-DD"


def tags():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return []
    found = subprocess.run(["git", "tag", "--points-at", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return found.stdout.split()


def test_version_changelog_tag_and_citation_agree():
    check(sl.__version__, newest(), tags())
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)[1]
    assert cited == sl.__version__


@pytest.mark.parametrize(
    ("section", "found", "words"),
    [
        (("0.2.0", "unreleased", None), [], "begins with 0.2.0"),
        (("0.1.0", None, "2026-01-01"), ["v0.2.0"], "the tag is"),
        (("0.1.0", "unreleased", None), ["v0.1.0"], "write its date"),
    ],
)
def test_releases_that_do_not_agree(section, found, words):
    with pytest.raises(AssertionError, match=words):
        check("0.1.0", section, found)


def test_a_release_that_agrees():
    check("0.1.0", ("0.1.0", None, "2026-01-01"), ["v0.1.0", "reviewed"])
    check("0.1.0", ("0.1.0", "unreleased", None), [])


def test_licences_are_stated():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    section = (ROOT / "README.md").read_text().split("## Licence")[1]
    assert "GPL-2" in section
    assert "healpy" in section
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == {"text": "MIT"}
    assert any(one.startswith("healpy") for one in project["dependencies"])


def test_the_package_is_typed():
    assert (Path(sl.__file__).parent / "py.typed").is_file()
