"""The types of fields, as a table: what a client's own schema wants of the values that it reads."""

from collections.abc import Mapping

from chatproof.evidence.json_values import is_integer, is_number
from chatproof.wire.strictjson import Json

STRING, NUMBER, INTEGER = "a string", "a number", "an integer"
ARRAY, OBJECT = "an array", "an object"
NULL = " or null"
"""Put after a type: the field may also be null, or not stand there."""
ABSENT = " where it stands"
"""Put after a type: the field may also not stand there, but is not null."""

_TYPES = {STRING: str, ARRAY: list, OBJECT: dict}
_NUMBERS = {NUMBER: is_number, INTEGER: is_integer}


def misfit(value: Json, fields: Mapping[str, str]) -> tuple[str, str]:
    """(path, what must stand there) of the first field that is of another type than the table says; ("", "") where all
    fit. A path is names with dots between; what stands in no object is not looked at."""
    for path, wanted in fields.items():
        *holders, name = path.split(".")
        held = value
        for holder in holders:
            held = held.get(holder) if isinstance(held, dict) else None
        if isinstance(held, dict) and not _fits(held, name, wanted):
            return path, wanted
    return "", ""


def _fits(held: dict[str, Json], name: str, wanted: str) -> bool:
    kind = wanted.removesuffix(NULL).removesuffix(ABSENT)
    if name not in held:
        return kind != wanted
    found = held[name]
    if found is None:
        return wanted.endswith(NULL)
    return _NUMBERS[kind](found) if kind in _NUMBERS else isinstance(found, _TYPES[kind])
