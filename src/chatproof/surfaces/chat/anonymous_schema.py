"""A JSON Schema with other names and texts: what it demands stays, what it is about goes."""

import re
from typing import Any

from chatproof.surfaces.chat.anonymous_values import Values
from chatproof.surfaces.chat.api_words import (
    DIALECTS,
    SCHEMA_DATA,
    SCHEMA_FORMATS,
    SCHEMA_LISTS,
    SCHEMA_NAMES,
    SCHEMA_ONE,
    SCHEMA_PLAIN,
    SCHEMA_TEXTS,
    SCHEMA_TYPES,
    SCHEMA_WORDS,
)

_LITERAL = re.compile(r"\\x[0-9a-fA-F]{2}|\\.|\{[\d,]*\}|[^\W_]{3,}|[^\x00-\x7f]+", re.DOTALL)
_GROUP = re.compile(r"\\[pPkgN]|\(\?")  # names and properties in a pattern: it is replaced as a whole


def schema(values: Values, found: Any) -> Any:
    """The schema, with the names that are consistent within one request."""
    if not isinstance(found, dict):
        return values.data(found)
    made: dict[str, Any] = {}
    for name, value in found.items():
        if name in SCHEMA_NAMES and isinstance(value, dict):
            named = _pattern if name == "patternProperties" else Values.name
            made[name] = {named(values, each): schema(values, item) for each, item in value.items()}
        elif name in SCHEMA_LISTS and isinstance(value, list):
            made[name] = [schema(values, item) for item in value]
        elif name in SCHEMA_ONE and isinstance(value, dict | bool):
            made[name] = schema(values, value) if isinstance(value, dict) else value
        elif name in SCHEMA_ONE and isinstance(value, list):
            made[name] = [schema(values, item) for item in value]
        elif name in SCHEMA_DATA:
            made[name] = _choices(values, value) if name in ("enum", "const") else values.data(value)
        elif name in SCHEMA_PLAIN and isinstance(value, bool | int | float):
            made[name] = value
        elif name in _KEYWORDS:
            made[name] = _KEYWORDS[name](values, value)
        elif name in SCHEMA_TEXTS or name in SCHEMA_WORDS:
            made[name] = values.data(value)
        else:
            made[values.name(name)] = values.data(value)
    return made


def _choices(values: Values, value: Any) -> Any:
    """Values that a string must be one of: distinct, as names are, and the same in the arguments of a call."""
    if isinstance(value, list):
        return [_choices(values, item) for item in value]
    return values.name(value) if isinstance(value, str) else values.data(value)


def _type(values: Values, value: Any) -> Any:
    if isinstance(value, list):
        return [_type(values, item) for item in value]
    return value if isinstance(value, str) and value in SCHEMA_TYPES else values.data(value)


def _format(values: Values, value: Any) -> Any:
    return value if isinstance(value, str) and value in SCHEMA_FORMATS else values.data(value)


def _pattern(values: Values, value: Any) -> Any:
    """A pattern with other letters in its literal parts; `.*` where that may break it."""
    if not isinstance(value, str):
        return values.data(value)
    made = _LITERAL.sub(lambda run: _literal(values, run[0]), value)
    if _GROUP.search(value) and made != value:
        return ".*"
    try:
        re.compile(made)
    except (re.error, OverflowError, RecursionError):
        return ".*"
    return made


def _literal(values: Values, run: str) -> str:
    """A piece of a pattern: classes and counts stay, letters and characters by their number do not."""
    if run.startswith("\\x"):
        return "\\x71"
    return run if run[0] in "\\{" else values.text(run)


def _names(values: Values, value: Any) -> Any:
    if not isinstance(value, list):
        return values.data(value)
    return [values.name(item) if isinstance(item, str) else values.data(item) for item in value]


def _depends(values: Values, value: Any) -> Any:
    if not isinstance(value, dict):
        return values.data(value)
    return {values.name(name): _names(values, item) for name, item in value.items()}


def _reference(values: Values, value: Any) -> Any:
    """`#/$defs/Address`: keywords stay, names follow; a reference elsewhere is a text."""
    if not isinstance(value, str) or not value.startswith("#"):
        return values.data(value)
    return "/".join(
        part if part in ("#", "") or part in SCHEMA_WORDS or part.isdigit() else values.name(part)
        for part in value.split("/")
    )


def _dialect(values: Values, value: Any) -> Any:
    known = isinstance(value, str) and value.startswith(DIALECTS) and value.removesuffix("#").endswith("schema")
    return value if known else values.data(value)


def _discriminator(values: Values, value: Any) -> Any:
    if not isinstance(value, dict):
        return values.data(value)
    return {
        name if name == "propertyName" else values.name(name): values.name(item)
        if name == "propertyName" and isinstance(item, str)
        else values.data(item)
        for name, item in value.items()
    }


_KEYWORDS = {
    "type": _type,
    "format": _format,
    "contentEncoding": _format,
    "contentMediaType": _format,
    "pattern": _pattern,
    "required": _names,
    "propertyOrdering": _names,
    "dependentRequired": _depends,
    "$ref": _reference,
    "$schema": _dialect,
    "discriminator": _discriminator,
}
