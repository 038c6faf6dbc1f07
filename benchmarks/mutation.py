"""Mutation scores of three central modules: `python benchmarks/mutation.py [--mutants 40] [--seed 0]`.

One operator, comparison or number of a module is changed at a time in a copy of the package; the tests of that module
ought to fail. Whole numbers are raised by one, others by a thousandth: last digits of coefficients are no matter.
"""

import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import parse, save

ROOT = Path(__file__).parents[1]
MODULES = {
    "sky/transfer/cell.py": "tests/test_transfer.py",
    "_core/elementary.py": "tests/test_numerics.py",
    "statistics/profiled.py": "tests/test_backgrounds.py",
}
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.Gt,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.USub: ast.UAdd,
}
LIMIT = 300  # seconds, after which a mutant that hangs is caught


def sites(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """What may be changed: nodes, the attribute to change, and its place where that is a list."""
    hidden = {id(inner) for node in ast.walk(tree) for part in _unseen(node) for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, (ast.BinOp, ast.BoolOp, ast.UnaryOp)) and type(node.op) in SWAPPED:
            yield node, "op", None
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
            yield node, "ops", 0
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield node, "value", None


def _unseen(node: ast.AST) -> list[ast.AST]:
    """Parts of a node that do not compute: annotations and what is raised."""
    if isinstance(node, (ast.AnnAssign, ast.arg)):
        return [node.annotation] if node.annotation is not None else []
    if isinstance(node, (ast.FunctionDef, ast.Raise)):
        return [part for part in (getattr(node, "returns", None), getattr(node, "exc", None)) if part is not None]
    return []


def changed(source: str, number: int) -> tuple[str, str]:
    """The source with its site of that number changed, and what was changed."""
    tree = ast.parse(source)
    node, name, place = list(sites(tree))[number]
    before = ast.unparse(node)
    if name == "value":
        value = node.value  # pyright: ignore[reportAttributeAccessIssue]
        node.value = value + 1 if isinstance(value, int) else value * 1.001 if value else 0.001  # pyright: ignore[reportAttributeAccessIssue]
    elif place is None:
        setattr(node, name, SWAPPED[type(getattr(node, name))]())
    else:
        getattr(node, name)[place] = SWAPPED[type(getattr(node, name)[place])]()
    return ast.unparse(tree), f"line {getattr(node, 'lineno', 0)}: {before} -> {ast.unparse(node)}"


def caught(tree: Path, tests: str) -> bool:
    """Whether the tests of a module fail with the package in a folder."""
    environment = os.environ | {"PYTHONPATH": str(tree / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", tests]
    try:
        return subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=LIMIT).returncode != 0
    except subprocess.TimeoutExpired:
        return True


def judge(module: str, number: int | None) -> tuple[bool, str]:
    """Whether a mutant is caught, and what it changes; `None`: the module as it is."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("src", "tests", "benchmarks"):
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
        shutil.copy(ROOT / "pyproject.toml", tree)
        path, what = tree / "src" / "sightline" / module, "nothing"
        if number is not None:
            text, what = changed(path.read_text("utf-8"), number)
            path.write_text(text, "utf-8")
        return caught(tree, MODULES[module]), what


def main() -> None:
    options = parse(__doc__, mutants=40, seed=0)
    rows, survivors = [], []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for module, tests in MODULES.items():
            if judge(module, None)[0]:
                raise SystemExit(f"{tests} fails as it is: mutants would tell nothing.")
            known = len(list(sites(ast.parse((ROOT / "src" / "sightline" / module).read_text("utf-8")))))
            chosen = random.Random(options.seed).sample(range(known), min(options.mutants, known))
            found = list(pool.map(lambda number, module=module: judge(module, number), chosen))
            survivors += [f"`{module}`, {what}" for dead, what in found if not dead]
            dead = sum(dead for dead, _ in found)
            rows.append([f"`{module}`", f"`{tests}`", known, len(found), dead, f"{dead / len(found):.0%}"])
            print(*rows[-1], flush=True)
    header = ["module", "tests", "places that may change", "tried", "caught", "score"]
    notes = "Operators and comparisons are turned, whole numbers raised by one, others by a thousandth; "
    notes += "survivors: " + ("; ".join(survivors) or "none") + "."
    save("mutation", "Mutation scores", header, rows, notes)


if __name__ == "__main__":
    main()
