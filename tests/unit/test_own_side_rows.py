"""The table of our own side is whole, and each test that it names is there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.own_side import ROWS, Row, markdown

TESTS = Path(__file__).parents[1]


@cache
def names(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_no_row_is_missing() -> None:
    assert list(ROWS) == [f"I{number:02}" for number in range(1, 63)]


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_is_held_or_says_why_not(row: Row) -> None:
    assert row.tests or row.why
    assert {name for name in row.tests if name.partition("::")[2] not in names(name.partition("::")[0])} == set()


def test_the_page_has_every_row() -> None:
    assert all(f"| {id} |" in markdown() for id in ROWS)
