"""Which clients are known to depend on what. Data with sources: `clients.json`. Unknown is unknown."""

import json
import os
from functools import cache
from typing import Any

from chatproof.analysis.comparison.difference import BETTER, NOTE, Difference
from chatproof.files import package_files

_FILE = os.path.join(os.path.dirname(__file__), "clients.json")
CRITERIA = ("clauses", "capabilities", "kinds", "words", "at")


@cache
def rows() -> tuple[dict[str, Any], ...]:
    """Rows of {client, says, source, accessed} and one of CRITERIA at least."""
    return tuple(json.loads(package_files.read(_FILE))["rows"])


def affected(one: Difference) -> list[dict[str, str]]:
    """The clients known to meet trouble by this difference; empty where it hurts nobody, or nobody is known."""
    if one.effect in (NOTE, BETTER):
        return []
    names = ("client", "says", "source", "accessed")
    return [{name: row[name] for name in names} for row in rows() if _matches(row, one)]


def _matches(row: dict[str, Any], one: Difference) -> bool:
    return (
        bool(set(row.get("clauses", ())) & set(one.clauses))
        or (one.kind == "capability" and one.subject in row.get("capabilities", ()))
        or (one.kind == "parameter" and any(one.a.startswith(f"{name}:") for name in row.get("capabilities", ())))
        or one.kind in row.get("kinds", ())
        or (one.kind == "value" and one.at in row.get("words", ()))
        or (one.kind == "error" and one.at in row.get("at", ()) and row["type"] in one.b.split("|"))
    )
