"""The parts of tools and schemas that another server may refuse, whatever the API, and what can be sent instead."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from chatproof.surfaces.own.request_part import Part, Request, objects

KEYWORDS = (
    *("$schema", "$id", "$ref", "$defs", "definitions", "anyOf", "oneOf", "allOf", "not", "if", "then", "else"),
    *("const", "enum", "additionalProperties", "patternProperties", "propertyNames", "unevaluatedProperties"),
    *("pattern", "format", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("multipleOf", "minItems", "maxItems", "uniqueItems", "prefixItems", "minProperties", "maxProperties"),
    *("default", "examples", "title", "nullable", "deprecated", "readOnly", "strict"),
)
_NAMES_OF_DATA = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")


_GOOD_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
_LONG_DESCRIPTION, _SHORT = 1024, 200  # characters: what OpenAI allows for a tool


class Tools(NamedTuple):
    """Where an API has its tools and schemas. `function` is the object of a tool with its name and schema; None for a
    tool that has none. `named`: every object of a request in which a tool's name stands."""

    function: Callable[[dict[str, Any]], dict[str, Any] | None]
    named: Callable[[Request], Iterator[dict[str, Any]]]
    parameters: str = "parameters"  # the member with the schema
    answer: Callable[[Request], Any] = lambda body: body.get("response_format")  # the object with the answer's schema

    def functions(self, body: Request) -> list[dict[str, Any]]:
        """The functions of all tools that have one."""
        found = (self.function(tool) for tool in objects(body.get("tools")))
        return [one for one in found if one is not None]


def _tools(body: Request) -> Any:
    return body.get("tools")


def of_tools(kind: Tools, body: Request) -> Iterator[Part]:
    """List what can be put more plainly in tools and schemas."""
    for field, where in ((_tools, "a tool"), (kind.answer, "the answer's schema")):
        held = field(body)
        inside = "a tool's schema" if field == _tools else where
        if any(isinstance(schema.get("type"), list) for schema in _schemas(held)):
            words: tuple[str, ...] = ("type", "list", "union", "repeating")
            yield Part(f"a list of types in {inside}", "with one of them", words, _one_type(field))
        for keyword in keywords_in(held):
            yield Part(
                f"`{keyword}` in {where if keyword == 'strict' else inside}",
                "without it",
                (keyword,),
                _strip(field, keyword),
            )
        if any(schema.get("required") for schema in _schemas(held)):
            yield Part(f"`required` in {inside}", "without it", ("required",), _strip(field, "required"))
        if any(schema.get("required") == [] for schema in _schemas(held)):
            words = ("required", "short", "empty")
            yield Part(f"an empty `required` in {inside}", "without it", words, _without_empty(field, "required", []))
        if any(schema.get("description") == "" for schema in _schemas(held)):
            words = ("description", "empty", "length", "short")
            yield Part(
                f"an empty `description` in {where}", "without it", words, _without_empty(field, "description", "")
            )
        if field != _tools and any(schema.get("description") for schema in _schemas(held)):
            yield Part(f"`description` in {where}", "without it", ("description",), _strip(field, "description"))
    functions = kind.functions(body)
    if len(set(names_of(functions))) < len(names_of(functions)):
        words = ("unique", "duplicate", "twice", "names")
        yield Part("two tools of one name", "with one of them", words, _one_of_each(kind))
    if any(_lacks_properties(kind, function) for function in functions):
        words = ("properties", "parameters", "schema")
        yield Part("a tool without `properties`", "with empty `properties`", words, _with_properties(kind))
    if any(len(function.get("description") or "") > _LONG_DESCRIPTION for function in functions):
        words = ("description", "long", "maximum", "length")
        said = f"a tool's description of over {_LONG_DESCRIPTION} characters"
        yield Part(said, "shortened", words, _short_descriptions(kind))
    if any(not _GOOD_NAME.fullmatch(name) for name in names_of(functions)):
        words = ("name", "pattern", "string", "characters", "match")
        said = "a tool's name that is longer than 64 or has characters other than letters, digits, `_` and `-`"
        yield Part(said, "renamed", words, _plain_names(kind))
    tools = body.get("tools")
    if isinstance(tools, list) and len(tools) > 1:
        yield Part(f"{len(tools)} `tools`", "with one of them", ("tools", "long", "many", "maximum"), _first_tool)


def names_of(functions: list[dict[str, Any]]) -> list[str]:
    return [function["name"] for function in functions if isinstance(function.get("name"), str)]


def _lacks_properties(kind: Tools, function: dict[str, Any]) -> bool:
    schema = function.get(kind.parameters)
    if not isinstance(schema, dict) or not schema:
        return True
    return schema.get("type") == "object" and "properties" not in schema


def _with_properties(kind: Tools) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        for function in kind.functions(body):
            if _lacks_properties(kind, function):
                schema = function.get(kind.parameters)
                held = schema if isinstance(schema, dict) else {}
                function[kind.parameters] = {"type": "object", **held, "properties": {}}

    return change


def _short_descriptions(kind: Tools) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        for function in kind.functions(body):
            if isinstance(function.get("description"), str):
                function["description"] = function["description"][:_SHORT]

    return change


def _plain_names(kind: Tools) -> Callable[[Request], None]:
    """The tools renamed wherever they are named: in `tools`, the choice, the calls, and the results."""

    def change(body: Request) -> None:
        known: dict[str, str] = {}
        for holder in [*kind.functions(body), *kind.named(body)]:
            name = holder.get("name")
            if isinstance(name, str) and not _GOOD_NAME.fullmatch(name):
                holder["name"] = known.setdefault(name, f"tool_{len(known)}")

    return change


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in tools or a response format whose names are not the user's."""
    left: list[tuple[Any, bool]] = [(value, False)]
    while left:
        item, named = left.pop()
        if isinstance(item, dict):
            if not named:
                yield item
            left += [(inner, not named and name in _NAMES_OF_DATA) for name, inner in item.items()]
        elif isinstance(item, list):
            left += [(inner, False) for inner in item]


def _one_type(field: Callable[[Request], Any]) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        for schema in _schemas(field(body)):
            types = schema.get("type")
            if isinstance(types, list):
                schema["type"] = next((one for one in types if one != "null"), "null")

    return change


def keywords_in(value: Any) -> list[str]:
    """The keywords of JSON Schema (and `strict`) that stand anywhere in tools or a response format, in table order."""
    found = {name for schema in _schemas(value) for name in schema}
    return [keyword for keyword in KEYWORDS if keyword in found]


def _strip(field: Callable[[Request], Any], keyword: str) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        for schema in _schemas(field(body)):
            schema.pop(keyword, None)

    return change


def _without_empty(field: Callable[[Request], Any], keyword: str, empty: Any) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        for schema in _schemas(field(body)):
            if schema.get(keyword) == empty:
                schema.pop(keyword)

    return change


def _one_of_each(kind: Tools) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        seen: set[str] = set()
        kept = []
        for tool in objects(body.get("tools")):
            names = set(names_of(kind.functions({"tools": [tool]})))
            if not names & seen:
                kept.append(tool)
            seen |= names
        body["tools"] = kept

    return change


def _first_tool(body: Request) -> None:
    tools = body.get("tools")
    if isinstance(tools, list):
        body["tools"] = tools[:1]
        if isinstance(body.get("tool_choice"), dict):
            body["tool_choice"] = "auto"


def without_hosted(body: Request, is_hosted: Callable[[dict[str, Any]], bool]) -> bool:
    """Take out the tools that the server runs, and with the last one what speaks of them. Say if there were any."""
    tools = body.get("tools")
    if not isinstance(tools, list) or not any(is_hosted(tool) for tool in objects(tools)):
        return False
    body["tools"] = [tool for tool in tools if not (isinstance(tool, dict) and is_hosted(tool))]
    if not body["tools"]:
        for name in ("tools", "tool_choice", "parallel_tool_calls", "max_tool_calls"):
            body.pop(name, None)
    return True
