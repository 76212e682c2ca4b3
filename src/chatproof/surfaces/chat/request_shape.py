"""The shape of a request: its fields, types, roles, kinds of parts and the form of its schemas, without a text.

Two requests of one shape ask the same of a server. Turns are not counted: a conversation of five and one of fifty are
of one shape, if the same kinds of messages follow each other in them.
"""

import json
from typing import Any

from chatproof.secrets.digest import sha256
from chatproof.surfaces.chat.api_words import (
    ENUMS,
    FIELDS,
    SCHEMA_DATA,
    SCHEMA_LISTS,
    SCHEMA_NAMES,
    SCHEMA_ONE,
    SCHEMA_WORDS,
)

MOST_LEVELS = 100
"""Of a request; one that is nested deeper has no shape."""
_OPEN = ("metadata", "logit_bias", "input", "variables")  # of data: its members are no part of the shape
_SEVERAL = 5  # elements of a list beyond which they are not counted
_REMEMBERED = 500
_LONGEST = 256 * 1024  # bytes of tools whose shape is remembered

_WITH_SCHEMAS = ("response_format", "text", "output_config")

Shape = tuple[Any, ...]


class TooDeep(ValueError):
    """The request is nested deeper than any that a server takes."""


def described(body: dict[str, Any]) -> str:
    """A request in a line for people: who speaks, with what, and which fields are set. Only the API's own words."""
    held = body.get("messages") or body.get("input") or ()
    messages = [message for message in (held if isinstance(held, list) else ()) if isinstance(message, dict)]
    roles = dict.fromkeys(role for m in messages if (role := m.get("role")) in ENUMS["role"])
    parts = [part for m in messages if isinstance(m.get("content"), list) for part in m["content"]]
    kinds = dict.fromkeys(
        str(part["type"]) for part in parts if isinstance(part, dict) and part.get("type") in ENUMS["type"]
    )
    plain = f"input={_size(held)}" if "messages" not in body and not messages else "no known role"
    said = [", ".join(map(str, roles)) or plain]
    said += [f"parts {', '.join(kinds)}"] if kinds else []
    said += ["calls"] if any(message.get("tool_calls") for message in messages) else []
    return "; ".join([*said, *(_set(name, body[name]) for name in body if name not in ("model", "messages", "input"))])


def _size(held: Any) -> str:
    several = isinstance(held, list) and bool(held) and not isinstance(held[0], int)
    return f"{len(held)} texts" if several else "text" if isinstance(held, str) else "tokens"


def _set(name: str, value: Any) -> str:
    if name not in FIELDS:
        return "an unknown field"
    if isinstance(value, bool) or (isinstance(value, str) and value in ENUMS.get(name, ())):
        return f"{name}={str(value).lower()}"
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in ENUMS["type"]:
        return f"{name}={kind}"
    return f"{name}={len(value)}" if isinstance(value, list) else name


class Shapes:
    """Tell shapes apart. Clients send the same tools with every request: their shape is worked out once."""

    def __init__(self) -> None:
        self._known: dict[str, Shape] = {}

    def key(self, body: dict[str, Any]) -> str:
        """A digest that is equal for requests of one shape. Raises TooDeep."""
        return sha256(repr(self.of(body)).encode("utf-8", "surrogatepass"))

    def of(self, body: dict[str, Any]) -> Shape:
        """The shape as nested tuples. The model is no part of it: it is replaced anyway."""
        return tuple((name, self._field(name, body[name])) for name in sorted(body) if name != "model")

    def _field(self, name: str, value: Any) -> Shape | str:
        if name == "messages" or (name in ("input", "system") and _is_conversation(value)):
            return _messages(value)
        if name in ("tools", "functions", *_WITH_SCHEMAS):
            text = json.dumps(value)
            if text not in self._known:
                made = _tools(value) if name not in _WITH_SCHEMAS else (_with_schemas(value, 0),)
                if len(text) > _LONGEST or len(self._known) >= _REMEMBERED:
                    return made
                self._known[text] = made
            return self._known[text]
        return _value(name, value, 1)


def _is_conversation(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _messages(value: Any) -> Shape | str:
    if not isinstance(value, list):
        return _value("messages", value, 1)
    kinds = [_message(message) for message in value]
    roles = [kind[0] for kind in kinds]
    follows = set(zip(["", *roles], [*roles, ""], strict=True))
    return (tuple(sorted(set(kinds), key=repr)), tuple(sorted(follows)))


def _message(message: Any) -> tuple[str, Any]:
    if not isinstance(message, dict):
        return (_kind(message), ())
    role = message.get("role")
    kind = message.get("type")  # an item of a conversation that is no message: a call, its result, a thought
    if role is None and isinstance(kind, str) and kind in ENUMS["type"]:
        known = f"type {kind}"
    else:
        known = role if isinstance(role, str) and role in ENUMS["role"] else f"another: {_kind(role)}"
    return (known, tuple((name, _member(name, message[name])) for name in sorted(message) if name != "role"))


def _member(name: str, value: Any) -> Shape | str:
    if name == "content" and isinstance(value, list):
        return ("parts", tuple(sorted({_part(part) for part in value}, key=repr)))
    if name == "content" and value == "":
        return "empty"
    if name == "tool_calls" and isinstance(value, list):
        return ("calls", min(len(value), 2), tuple(sorted({repr(_value("", call, 3)) for call in value})))
    return _value(name, value, 2)


def _part(part: Any) -> Shape | str:
    if not isinstance(part, dict):
        return _kind(part)
    return tuple(
        (name, _link(part[name]) if name in ("image_url", "source") else _value(name, part[name], 4))
        for name in sorted(part)
    )


def _link(image: Any) -> Shape | str:
    """An image by its URL is another thing than one that is sent along."""
    if not isinstance(image, dict):
        return (_kind(image), isinstance(image, str) and image[:5].lower() == "data:")
    url = image.get("url")
    sent_along = isinstance(url, str) and url[:5].lower() == "data:"
    return (*((name, _value(name, image[name], 5)) for name in sorted(image)), sent_along)


def _value(name: str, value: Any, level: int) -> Shape | str:
    if level > MOST_LEVELS:
        raise TooDeep
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value if value in ENUMS.get(name, ()) else "string"
    if isinstance(value, list):
        kinds = sorted({repr(_value(name, item, level + 1)) for item in value})
        return ("array", min(len(value), _SEVERAL), tuple(kinds))
    if isinstance(value, dict):
        if name in _OPEN:
            return ("object", bool(value), tuple(sorted({_kind(item) for item in value.values()})))
        return ("object", tuple((each, _value(each, value[each], level + 1)) for each in sorted(value)))
    return _kind(value)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value)
    names = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "string")


# -- tools and schemas ------------------------------------------------------------------------------------------------


def _tools(value: Any) -> Shape:
    if not isinstance(value, list):
        return (_kind(value),)
    return tuple(sorted({repr(_with_schemas(tool, 0)) for tool in value}))


def _with_schemas(value: Any, level: int) -> Shape | str:
    """A tool, or a format: the API's fields, with the schemas in them."""
    if level > MOST_LEVELS:
        raise TooDeep
    if not isinstance(value, dict):
        return _value("", value, level)
    return tuple(
        (
            name,
            _schema(value[name], level + 1)
            if name in ("parameters", "schema", "input_schema")
            else _with_schemas(value[name], level + 1)
            if isinstance(value[name], dict)
            else _value(name, value[name], level + 1),
        )
        for name in sorted(value)
        if name in FIELDS or not isinstance(value[name], str)
    )


def _schema(schema: Any, level: int) -> Shape | str:
    """Keywords, types and what is within; names of properties, numbers and texts are left out."""
    if level > MOST_LEVELS:
        raise TooDeep
    if not isinstance(schema, dict):
        return _kind(schema)
    found: list[Any] = []
    for name in sorted(schema):
        value = schema[name]
        if name in SCHEMA_NAMES and isinstance(value, dict):
            found.append((name, tuple(sorted({repr(_schema(item, level + 1)) for item in value.values()}))))
        elif name in SCHEMA_LISTS and isinstance(value, list):
            found.append((name, tuple(sorted({repr(_schema(item, level + 1)) for item in value}))))
        elif name in SCHEMA_ONE:
            found.append((name, _schema(value, level + 1)))
        elif name == "type":
            found.append((name, repr(value) if isinstance(value, str | list) else _kind(value)))
        elif name in SCHEMA_DATA or name not in SCHEMA_WORDS:
            found.append((name, _kind(value)))
        else:
            found.append((name, str(value) if isinstance(value, bool) else _kind(value)))
    return tuple(found)
