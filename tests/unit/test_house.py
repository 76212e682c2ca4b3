"""The plan of the house: rooms below each other, no circle, files that a person can hold in mind, fixed public names.

Import-linter holds the order of the rooms (`make layers`); here is what it does not look at.
"""

from __future__ import annotations

import ast
import importlib
import json
import tomllib
from pathlib import Path

import pytest

import chatproof
from tests.unit.test_names_of_chat import (  # noqa: F401  # of the house, too: run with it
    test_nothing_outside_of_the_surfaces_knows_chat,
)

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "chatproof"
LONGEST = {"src": 400, "tests": 600, "tools": 600, "benchmarks": 600}
ROOMS = {
    "wire", "transport", "secrets", "evidence", "target", "contract", "surfaces", "judging", "diagnosis", "record",
    "running", "captures", "files", "journal", "reporters", "simulator", "analysis", "monitoring", "cli", "testing",
    "fleet",
}  # fmt: skip
TO_COME = {"aio.py"}
GROUND = {"__init__.py", "__main__.py", "printable.py", "clock.py", "usage_error.py", "schemas", "py.typed"}
BELOW = {"key_form.py", "values.py"}  # decisions 0031 and 0047

Graph = dict[str, set[str]]


def modules(root: Path) -> dict[str, Path]:
    """Every module below a package's folder, by its dotted name."""
    base = root.parent
    return {
        ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(root.rglob("*.py"))
    }


def imports_of(tree: ast.AST, known: set[str]) -> set[str]:
    """Modules of the package that run with this one or later: all imports but those for types only."""
    found: set[str] = set()
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= below & known
            if below - known:
                found |= {node.module} & known
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & known
    return found


def graph_of(root: Path) -> Graph:
    known = modules(root)
    return {
        name: imports_of(ast.parse(path.read_text(encoding="utf-8")), set(known)) - {name}
        for name, path in known.items()
    }


def folders_of(graph: Graph) -> Graph:
    """The same by room: the folder below the package, whatever is deeper."""
    found: Graph = {}
    for name, targets in graph.items():
        rooms = {".".join(target.split(".")[:2]) for target in targets}
        found.setdefault(".".join(name.split(".")[:2]), set()).update(rooms)
    return {name: targets - {name} for name, targets in found.items()}


def circle_in(graph: Graph) -> list[str]:
    """Some circle, as a path that ends where it begins; empty where there is none."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for target in sorted(graph.get(name, ())):
            circle = walk(target, [*path, name])
            if circle:
                return circle
        done.add(name)
        return []

    return next((circle for name in sorted(graph) if (circle := walk(name, []))), [])


def test_no_two_files_import_each_other() -> None:
    graph = graph_of(PACKAGE)
    assert len(graph) > 200, "the package was found"
    assert circle_in(graph) == []


def test_no_two_rooms_import_each_other() -> None:
    assert circle_in(folders_of(graph_of(PACKAGE))) == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    """The search itself works: over three files, one of the imports inside a function; types make no circle."""
    package = tmp_path / "toy"
    (package / "one").mkdir(parents=True)
    (package / "two").mkdir()
    for folder in ("", "one", "two"):
        (package / folder / "__init__.py").write_text("")
    (package / "one" / "a.py").write_text("from toy.two import b\n")
    (package / "two" / "b.py").write_text("def late():\n    import toy.two.c\n")
    (package / "two" / "c.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from toy.one.a import X\n"
    )
    assert circle_in(graph_of(package)) == circle_in(folders_of(graph_of(package))) == []
    (package / "two" / "c.py").write_text("from toy.one.a import X\n")
    assert circle_in(graph_of(package)) == ["toy.one.a", "toy.two.b", "toy.two.c", "toy.one.a"]
    assert circle_in(folders_of(graph_of(package))) == ["toy.one", "toy.two", "toy.one"]


@pytest.mark.parametrize("folder", LONGEST)
def test_no_file_is_longer_than_a_person_can_hold_in_mind(folder: str) -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
    }
    assert lengths, f"{folder} has no files"
    assert {path: length for path, length in lengths.items() if length > LONGEST[folder]} == {}


def test_the_root_of_the_package_holds_rooms_and_the_ground_only() -> None:
    here = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert here - TO_COME == ROOMS | GROUND | BELOW


def test_the_layers_name_every_room() -> None:
    """Import-linter's contract is exhaustive, so a new room must be given its place in it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    assert contract["exhaustive"] is True and contract["containers"] == ["chatproof"]
    named = [name.strip("() ") for layer in contract["layers"] for name in layer.split("|")]
    assert set(named) >= ROOMS and len(named) == len(set(named))


PUBLIC = {
    "Contract", "Exchange", "Fault", "Finding", "Judgement", "Request", "Response", "Run", "Secret", "Settings", "Target",
    "UsageError", "__version__", "judge", "smoke", "smoke_contract", "validate",
}  # fmt: skip
PLACES = [
    ("chatproof.journal", "open"),
    ("chatproof.journal", "Filters"),
    ("chatproof.journal", "JournalError"),
    ("chatproof.simulator", "start"),
    ("chatproof.testing.pytest_plugin", "pytest_addoption"),
    ("chatproof.cli", "script"),  # console scripts that an earlier version's wheel made
    ("chatproof.cli.main", "script"),
]
SCHEMAS = {
    "config": "https://json-schema.org/draft/2020-12/schema",
    "comparison-1": "chatproof.comparison/1",
    "run-1": "chatproof.run/1",
    "signed-1": "chatproof.signed/1",
    "started-1": "chatproof.started/1",
}


def test_the_public_names_are_those_that_users_rely_on() -> None:
    assert set(chatproof.__all__) >= PUBLIC
    for name in PUBLIC:
        assert getattr(chatproof, name) is not None


@pytest.mark.parametrize(("module", "name"), PLACES)
def test_public_places_stay(module: str, name: str) -> None:
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("name", SCHEMAS)
def test_published_schemas_stay_where_they_are(name: str) -> None:
    text = (PACKAGE / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert json.dumps(SCHEMAS[name]) in json.dumps(json.loads(text))
