"""Does a value satisfy a JSON Schema? Asked of jsonschema-rs, which is loaded when the first value is."""

import json
import os
from functools import lru_cache
from typing import Any

from chatproof.files import package_files
from chatproof.printable import cut, escape
from chatproof.wire.strictjson import Json

_MESSAGE = 160


def problem_in(value: Json, schema: dict[str, object]) -> str:
    """What is wrong with a value, in words; empty when it satisfies the schema (draft 2020-12)."""
    import jsonschema_rs

    return _problem(value, jsonschema_rs.Draft202012Validator(schema))


def problem_of(value: Json, name: str) -> str:
    """The same for a schema that the package publishes, and a value from anywhere."""
    try:
        return _problem(value, _validator(name))
    except (ValueError, OverflowError, RecursionError):
        return "at $: a value that is too deep, too large or not text"


@lru_cache
def _validator(name: str) -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(published(name))


def _problem(value: Json, validator: Any) -> str:
    found = next(iter(validator.iter_errors(value)), None)
    if found is None:
        return ""
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in found.instance_path)
    return f"at ${escape(where)}: {cut(escape(found.message), _MESSAGE)}"


def published(name: str) -> dict[str, object]:
    """A schema that the package publishes, such as run-1."""
    path = os.path.join(os.path.dirname(os.path.dirname(__file__)), "schemas", f"{name}.schema.json")
    schema: dict[str, object] = json.loads(package_files.read(path))
    return schema
