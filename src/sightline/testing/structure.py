"""Which room imports from which, and whether files import each other: `python -m sightline.testing.structure`."""

import ast
from collections.abc import Iterator
from pathlib import Path

Name = tuple[str, ...]

WINGS = ("sky", "xray", "components", "galaxies")
"""Folders whose rooms are their folders."""


def files(source: Path) -> dict[Name, Path]:
    """Every file of a package by its dotted name below it."""
    return {path.relative_to(source).with_suffix("").parts: path for path in sorted(source.rglob("*.py"))}


def imports(own: Name, path: Path) -> Iterator[Name]:
    """What a file imports from its package, wherever in the file, by dotted name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = own[:-1][: len(own) - node.level]
            for alias in node.names:
                yield (*package, *(node.module.split(".") if node.module else []), alias.name)


def room_of(name: Name) -> str | None:
    """The room of a dotted name; `None` for the faces of the package and of a wing."""
    if name[0] in WINGS:
        return ".".join(name[:2]) if len(name) > 1 and name[1] != "__init__" else None
    return None if name[0] == "__init__" else name[0]


def rooms(source: Path) -> dict[str, set[str]]:
    """The other rooms that each room imports from."""
    found: dict[str, set[str]] = {}
    for own, path in files(source).items():
        if (room := room_of(own)) is not None:
            targets = {room_of(name) or ".".join(name) for name in imports(own, path)}
            found.setdefault(room, set()).update(targets - {room})
    return found


def circles(source: Path) -> list[list[str]]:
    """Groups of files that import each other, directly or by way of others, inside functions too."""
    known = files(source)
    graph = {own: {_file(name, known) for name in imports(own, path)} - {own, None} for own, path in known.items()}
    reach = {own: _reached(own, graph) for own in graph}
    groups = {frozenset(other for other in reach[own] if own in reach[other]) for own in graph if own in reach[own]}
    return sorted(sorted("/".join(name) for name in group) for group in groups)


def _file(name: Name, known: dict[Name, Path]) -> Name | None:
    for candidate in (name, (*name, "__init__"), name[:-1], (*name[:-1], "__init__")):
        if candidate in known:
            return candidate
    return None


def _reached(start: Name, graph: dict[Name, set[Name | None]]) -> set[Name]:
    found: set[Name] = set()
    todo = list(graph[start])
    while todo:
        name = todo.pop()
        if name is not None and name not in found:
            found.add(name)
            todo += graph[name]
    return found


def main() -> None:
    """Prints the rooms of sightline from the ground up, each with those it imports from, and all circles."""
    source = Path(__file__).parent.parent
    found = rooms(source)
    order: list[str] = []
    while len(order) < len(found):
        ready = sorted(room for room in found if room not in order and found[room] <= set(order))
        order += ready or sorted(set(found).difference(order))
    width = max(map(len, order))
    for room in order:
        print(f"{room:{width}}  <-  {', '.join(sorted(found[room], key=order.index)) or '-'}")
    print(f"circles: {circles(source) or 'none'}")


if __name__ == "__main__":
    main()
