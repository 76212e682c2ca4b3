"""What OpenAI refuses in the JSON Schemas of functions and answers, as far as clients trip over it.

Both walks keep a list instead of calling themselves, so that a deep schema costs what a long one does.
"""

from collections.abc import Iterator
from typing import Any

_MANY = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "$defs", "definitions", "patternProperties")
_ONE = ("items", "additionalProperties", "not")
_Place = tuple[str, ...]


def _schemas(schema: dict[str, Any]) -> Iterator[tuple[_Place, dict[str, Any]]]:
    """Every schema within a schema, itself first, with the names on the way to it."""
    waiting: list[tuple[_Place, Any]] = [((), schema)]
    while waiting:
        place, value = waiting.pop()
        if not isinstance(value, dict):
            continue
        yield place, value
        below: list[tuple[_Place, Any]] = []
        for name in _NAMED:
            held = value.get(name)
            below += (
                [((*place[-8:], name, key[:64]), item) for key, item in held.items()] if isinstance(held, dict) else []
            )
        for name in _MANY:
            held = value.get(name)
            below += (
                [((*place[-8:], name, str(at)), item) for at, item in enumerate(held)] if isinstance(held, list) else []
            )
        below += [((*place[-8:], name), value[name]) for name in _ONE if name in value]
        waiting += reversed(below)


def _is(schema: dict[str, Any], wanted: str) -> bool:
    said = schema.get("type")
    return said == wanted or (isinstance(said, list) and wanted in said)


def incomplete(schema: dict[str, Any]) -> str:
    """Why a schema of parameters is refused, strict or not; empty for one that is not."""
    for place, one in _schemas(schema):
        if not place and one.get("type") == "object" and "properties" not in one and not {"$ref", *_MANY} & set(one):
            return f"in {place}, an object without 'properties'"
        if _is(one, "array") and "items" not in one and "prefixItems" not in one:
            return f"in {place}, an array without 'items'"
    return ""


def not_strict(schema: dict[str, Any]) -> str:
    """Why a schema is refused where `strict` is true; empty for one that is not."""
    for place, one in _schemas(schema):
        if not _is(one, "object"):
            continue
        if one.get("additionalProperties") is not False:
            return f"in {place}, 'additionalProperties' must be given and be false"
        required, named = one.get("required"), one.get("properties")
        listed = required if isinstance(required, list) else []
        left = [name for name in (named if isinstance(named, dict) else {}) if name not in listed]
        if left:
            return f"in {place}, 'required' must name every property, and {left[0][:64]!r} is missing"
    return ""
