"""Every link of the documentation leads to a file, a heading or a well-formed address; none is followed."""

import importlib
import operator
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import sightline as sl

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = ("reference", "notebooks", "drawings")
"""Folders that are written before the site is built."""
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(path for path in DOCS.rglob("*.md") if path.relative_to(DOCS).parts[0] not in WRITTEN),
]
_FENCED = re.compile(r"^(`{3,})[^`\n]*\n.*?^\1`*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_DIRECTIVE = re.compile(r"^```\{(?:include|image|figure|literalinclude)\} (\S+)|^:file: (\S+)", re.MULTILINE)
_BARE = re.compile(r"<(\w+://[^>\s]+)>")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of the documentation as a build has it: what is written before it, and where."""
    folder = str(DOCS / "extensions")
    sys.path.insert(0, folder)
    found = {}
    for name, module in zip(WRITTEN, ("reference", "tutorials", "drawings"), strict=True):
        place = tmp_path_factory.mktemp("built") / name
        importlib.import_module(module).write(place)
        found[name] = place
    sys.path.remove(folder)
    return found


def targets(text):
    """What a page links to and includes, code aside."""
    prose = re.sub(r"`[^`\n]+`", "code", _FENCED.sub("", text))
    included = [one or other for one, other in _DIRECTIVE.findall(text)]
    return _LINK.findall(prose) + _BARE.findall(prose) + included


def anchors(text):
    """Anchors of the headings of a page down to the third level, as the site makes them."""
    headings = re.findall(r"^#{1,3} (.*)$", _FENCED.sub("", text), flags=re.MULTILINE)
    found = []
    for heading in headings:
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
        found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)


def located(page, name, written):
    """The file that a link names: in the repository, or among what is written before a build."""
    path = (page.parent / name).resolve()
    if not path.is_relative_to(DOCS):
        return path
    first, *rest = path.relative_to(DOCS).parts
    return written[first].joinpath(*rest) if first in written else path


def wrong(page, target, written):
    """Why a link leads nowhere; empty for one that does not."""
    if "//" in target or target.startswith("mailto:"):
        parts = urlsplit(target)
        return "" if parts.scheme == "https" and _HOST.fullmatch(parts.netloc) else "no https address"
    name, _, anchor = target.partition("#")
    path = located(page, name, written) if name else page
    if not path.is_file():
        return "no such file"
    return "no such heading" if anchor and anchor not in anchors(path.read_text("utf-8")) else ""


def test_every_link_leads_somewhere(written):
    links = [(page, target) for page in PAGES for target in targets(page.read_text("utf-8"))]
    assert len(links) > 150
    found = [(str(page.relative_to(ROOT)), target, wrong(page, target, written)) for page, target in links]
    assert [one for one in found if one[2]] == []


def unknown(text):
    """Names of the library in code spans that it does not have."""
    names = {name.rstrip(".") for name in re.findall(r"`(?:\w+ = )?sl\.([A-Za-z_][\w.]*)", text)}
    return sorted(name for name in names if not _exists(name))


def _exists(name):
    try:
        operator.attrgetter(name)(sl)
    except AttributeError:
        return False
    return True


def test_every_name_is_one_of_the_library():
    pages = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in PAGES if path.name != "CHANGELOG.md"}
    files = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")}
    found = {place: unknown(text) for place, text in (pages | files).items()}
    assert {place: names for place, names in found.items() if names} == {}
    assert unknown("`sl.fit`, `sl.fitt(posterior)` and `sl.magnetic.JF12.planck()`") == ["fitt"]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("nowhere.md", "no such file"),
        ("reference/sl.nothing.md", "no such file"),
        ("reference/sl.fit.md", ""),
        ("inference.md#nothing-is-lost", ""),
        ("inference.md#all-is-lost", "no such heading"),
        ("http://example.org/", "no https address"),
        ("https://example/", "no https address"),
        ("https://doi.org/10.1002/qj.169", ""),
    ],
)
def test_the_check_sees_what_leads_nowhere(written, target, why):
    assert targets(f"`[code](a.md)`\n```python\n[0](b)\n```\n[text]({target})") == [target]
    assert wrong(DOCS / "index.md", target, written) == why


def test_anchors_are_those_of_the_site():
    text = "# A field, of one's own\n## `fit` & [more](x.md)\n```sh\n# no heading\n```\n## Twice\n## Twice\n#### Deep\n"
    assert anchors(text) == {"a-field-of-ones-own", "fit--more", "twice", "twice-1"}
