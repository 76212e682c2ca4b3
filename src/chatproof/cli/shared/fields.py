"""--json-fields: a few fields of the run document, for scripts that want no jq; names are checked before sending."""

import json
from typing import Any

from chatproof.printable import inert_json
from chatproof.usage_error import UsageError, near, repeated

Path = tuple[str, ...]


def parse(text: str) -> tuple[Path, ...]:
    """The paths of `verdict,findings.clause`. Raises UsageError for a name that no run document has."""
    from chatproof.evidence.json_schema import published

    schema: dict[str, Any] = published("run-1")
    paths = tuple(tuple(name.strip().split(".")) for name in text.split(","))
    for path in paths:
        at: Any = schema
        for depth, name in enumerate(path):
            at = _resolved(at, schema)
            known = at.get("properties", {})
            if name not in known and at.get("additionalProperties", not known) is not True and known:
                said = f"--json-fields: a run has no {repeated('.'.join(path[: depth + 1]), 60)}"
                raise UsageError("usage", said, near(name, sorted(known)))
            at = known.get(name, {})
    return paths


def _resolved(at: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The object that a place in the schema is about: behind a reference, or the items of an array."""
    while "$ref" in at or "items" in at:
        at = schema["$defs"][at["$ref"].rpartition("/")[2]] if "$ref" in at else at["items"]
    return at


def pick(document: Any, paths: tuple[Path, ...]) -> Any:
    """The same document with only these paths in it; arrays keep their length."""
    if isinstance(document, list):
        return [pick(part, paths) for part in document]
    if not isinstance(document, dict):
        return document
    picked = {}
    for name in dict.fromkeys(path[0] for path in paths if path):
        if name in document:
            deeper = tuple(path[1:] for path in paths if path and path[0] == name)
            picked[name] = document[name] if () in deeper else pick(document[name], deeper)
    return picked


def render(document: dict[str, Any], paths: tuple[Path, ...]) -> str:
    return inert_json(json.dumps(pick(document, paths), indent=2, ensure_ascii=True, allow_nan=False)) + "\n"
