"""What is refused in the format that a request wants its answer in."""

from collections.abc import Iterator
from typing import Any

from chatproof.simulator.answers import Body, Flaw, missing, mistyped
from chatproof.simulator.rules import json_schema
from chatproof.simulator.rules.calls import function_name
from chatproof.simulator.rules.rule import (
    Rule,
    is_flag,
    is_object,
    objects,
    text_at,
    typed,
    unknown_field,
    unknown_value,
)
from chatproof.simulator.rules.tools import OPEN

FORMATS = ("text", "json_object", "json_schema")


def _schema(**schema: Any) -> Body:
    """The field `response_format` with a JSON Schema."""
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", **schema}}}


def _format(body: Body) -> Body:
    value = body.get("response_format")
    return value if isinstance(value, dict) else {}


def _described(body: Body) -> Body:
    value = _format(body).get("json_schema")
    return value if isinstance(value, dict) else {}


def _format_kind(body: Body) -> Flaw | None:
    value = body.get("response_format")
    if not isinstance(value, dict):
        return None
    if "type" not in value:
        return missing("response_format.type")
    return None if value["type"] in FORMATS else unknown_value("response_format.type", value["type"], FORMATS)


def _format_members(body: Body) -> Flaw | None:
    known = ("type", "json_schema")
    return next((unknown_field(f"response_format.{name}") for name in _format(body) if name not in known), None)


def _word_json(body: Body) -> Flaw | None:
    if _format(body).get("type") != "json_object" or not isinstance(body.get("messages"), list):
        return None
    if any("json" in text.lower() for _, message in objects(body["messages"]) for text in texts(message)):
        return None
    said = "A request with 'response_format' of type 'json_object' must say the word 'json' in its 'messages'."
    return Flaw(said, "messages", None)


def texts(message: Body) -> Iterator[str]:
    """The strings in a message's content."""
    content = message.get("content")
    if isinstance(content, str):
        yield content
    for _, part in objects(content):
        if isinstance(part.get("text"), str):
            yield part["text"]


def _format_schema(body: Body) -> Flaw | None:
    at = "response_format.json_schema"
    if _format(body).get("type") != "json_schema":
        return None
    if "json_schema" not in _format(body):
        return missing(at)
    value = _format(body)["json_schema"]
    return None if isinstance(value, dict) else mistyped(at, "an object", value)


def _schema_name(body: Body) -> Flaw | None:
    at = "response_format.json_schema"
    if not isinstance(_format(body).get("json_schema"), dict):
        return None
    return text_at(_described(body), "name", at) or function_name(f"{at}.name", _described(body)["name"])


def _schema_schema(body: Body) -> Flaw | None:
    at = "response_format.json_schema.schema"
    if not _described(body) or is_object(_described(body).get("schema")):
        return None
    return mistyped(at, "an object", _described(body)["schema"]) if "schema" in _described(body) else missing(at)


def _schema_flag(body: Body) -> Flaw | None:
    value = _described(body).get("strict")
    return (
        None if value is None or is_flag(value) else mistyped("response_format.json_schema.strict", "a boolean", value)
    )


def _schema_strict(body: Body) -> Flaw | None:
    schema = _described(body).get("schema")
    wanted = _described(body).get("strict") is True
    said = json_schema.not_strict(schema) if wanted and isinstance(schema, dict) else ""
    name = str(_described(body).get("name"))[:64]
    return Flaw(f"Invalid schema for response_format '{name}': {said}.", "response_format", None) if said else None


FORMAT_RULES: tuple[Rule, ...] = (
    typed("response_format", "an object", is_object, "json_object"),
    Rule(
        "response_format-kind",
        "`response_format` without its type, or of an unknown one",
        _format_kind,
        {"response_format": {"type": "json"}},
        "response_format.type",
    ),
    Rule(
        "response_format-members",
        "members of `response_format` that the reference does not have",
        _format_members,
        {"response_format": {"type": "text", "schema": {"type": "object"}}},
        "response_format.schema",
        "spring-projects/spring-ai#2969",
        "2026-11-28",
    ),
    Rule(
        "json_object-word",
        "JSON mode in a request whose messages do not contain the word JSON",
        _word_json,
        {"response_format": {"type": "json_object"}},
        "messages",
    ),
    Rule(
        "json_schema-missing",
        "`response_format` of type json_schema without `json_schema`",
        _format_schema,
        {"response_format": {"type": "json_schema"}},
        "response_format.json_schema",
        "openai/openai-python#1632",
        "2024-08-10",
    ),
    Rule(
        "json_schema-name",
        "`json_schema` without a name of letters, digits, _ and -",
        _schema_name,
        _schema(name="my answer", schema=OPEN),
        "response_format.json_schema.name",
    ),
    Rule(
        "json_schema-schema",
        "`json_schema` without `schema`",
        _schema_schema,
        _schema(),
        "response_format.json_schema.schema",
        "openai/openai-python#1869",
        "2024-11-15",
    ),
    Rule(
        "json_schema-flag",
        "`strict` that is not a boolean",
        _schema_flag,
        _schema(schema=OPEN, strict="yes"),
        "response_format.json_schema.strict",
    ),
    Rule(
        "json_schema-strict",
        "a strict schema with an object that is open, or has an optional property",
        _schema_strict,
        _schema(schema=OPEN, strict=True),
        "response_format",
        "vercel/ai#6484",
        "2025-05-26",
    ),
)
