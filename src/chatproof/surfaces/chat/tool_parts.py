"""The parts of tools, tool choices and schemas that another server may refuse, and what can be sent in their place."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from chatproof.surfaces.chat.request_part import Part, Request, messages_of, objects

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


def of_tools(body: Request) -> Iterator[Part]:
    """List what can be put more plainly in tools and schemas."""
    for field, where in (("tools", "a tool"), ("response_format", "the answer's schema")):
        held = body.get(field)
        inside = "a tool's schema" if field == "tools" else where
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
        if field == "response_format" and any(schema.get("description") for schema in _schemas(held)):
            yield Part(f"`description` in {where}", "without it", ("description",), _strip(field, "description"))
    functions = _functions(body)
    if len(set(_names(functions))) < len(_names(functions)):
        words = ("unique", "duplicate", "twice", "names")
        yield Part("two tools of one name", "with one of them", words, _one_of_each)
    if any(_lacks_properties(function) for function in functions):
        words = ("properties", "parameters", "schema")
        yield Part("a tool without `properties`", "with an empty object of them", words, _with_properties)
    if any(len(function.get("description") or "") > _LONG_DESCRIPTION for function in functions):
        words = ("description", "long", "maximum", "length")
        said = f"a tool's description of over {_LONG_DESCRIPTION} characters"
        yield Part(said, "shortened", words, _short_descriptions)
    if any(not _GOOD_NAME.fullmatch(name) for name in _names(functions)):
        words = ("name", "pattern", "string", "characters", "match")
        said = "a tool's name that is longer than 64 or has other than letters, digits, `_` and `-`"
        yield Part(said, "renamed", words, _plain_names)
    tools = body.get("tools")
    if isinstance(tools, list) and len(tools) > 1:
        yield Part(f"{len(tools)} `tools`", "with one of them", ("tools", "long", "many", "maximum"), _first_tool)


def of_choice(body: Request) -> Iterator[Part]:
    """List the plainer forms of the choice of a tool: an object as a word, a forced call as a free one."""
    choice = body.get("tool_choice")
    if _as_word(choice):
        words = ("tool_choice", "type", "object", "allowed_tools")
        yield Part("`tool_choice` as an object", "as a word, with its tools alone", words, _worded_choice)
    if choice not in (None, "auto", "none") and _as_word(choice) != "auto":
        yield Part("a forced `tool_choice`", "with auto", ("tool_choice", "choice"), _free_choice)


def _as_word(choice: Any) -> str:
    """The word that says the same where only the tools of the choice are given; empty for what is no such object."""
    if not isinstance(choice, dict):
        return ""
    allowed = choice.get("allowed_tools")
    if choice.get("type") == "allowed_tools" and isinstance(allowed, dict):
        return "auto" if allowed.get("mode") == "auto" else "required"
    return "required" if isinstance(choice.get("function"), dict) else ""


def _worded_choice(body: Request) -> None:
    choice, word = body.get("tool_choice"), _as_word(body.get("tool_choice"))
    if not word or not isinstance(choice, dict):
        return
    allowed = choice.get("allowed_tools")
    wanted = allowed.get("tools") if isinstance(allowed, dict) else [choice]
    names = set(_names([tool["function"] for tool in objects(wanted) if isinstance(tool.get("function"), dict)]))
    tools = [t for t in objects(body.get("tools")) if names & set(_names(_functions({"tools": [t]})))]
    body["tool_choice"] = word
    body["tools"] = tools or body.get("tools")


def _free_choice(body: Request) -> None:
    if "tool_choice" in body:
        body["tool_choice"] = "auto"


def _functions(body: Request) -> list[dict[str, Any]]:
    tools = objects(body.get("tools"))
    return [tool["function"] for tool in tools if isinstance(tool.get("function"), dict)]


def _names(functions: list[dict[str, Any]]) -> list[str]:
    return [function["name"] for function in functions if isinstance(function.get("name"), str)]


def _lacks_properties(function: dict[str, Any]) -> bool:
    schema = function.get("parameters")
    if not isinstance(schema, dict) or not schema:
        return True
    return schema.get("type") == "object" and "properties" not in schema


def _with_properties(body: Request) -> None:
    for function in _functions(body):
        if _lacks_properties(function):
            schema = function.get("parameters")
            function["parameters"] = {
                "type": "object",
                **(schema if isinstance(schema, dict) else {}),
                "properties": {},
            }


def _short_descriptions(body: Request) -> None:
    for function in _functions(body):
        if isinstance(function.get("description"), str):
            function["description"] = function["description"][:_SHORT]


def _plain_names(body: Request) -> None:
    """The tools renamed wherever they are named: in `tools`, the choice, the calls, and the results."""
    known: dict[str, str] = {}
    calls = [call for message in messages_of(body) for call in objects(message.get("tool_calls"))]
    choice = body.get("tool_choice")
    named = [*objects(body.get("tools")), *calls, *([choice] if isinstance(choice, dict) else [])]
    results = [message for message in messages_of(body) if message.get("role") == "tool"]
    for holder in [*(one["function"] for one in named if isinstance(one.get("function"), dict)), *results]:
        name = holder.get("name")
        if isinstance(name, str) and not _GOOD_NAME.fullmatch(name):
            holder["name"] = known.setdefault(name, f"tool_{len(known)}")


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


def _one_type(field: str) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        for schema in _schemas(body.get(field)):
            types = schema.get("type")
            if isinstance(types, list):
                schema["type"] = next((one for one in types if one != "null"), "null")

    return change


def keywords_in(value: Any) -> list[str]:
    """The keywords of JSON Schema (and `strict`) that stand anywhere in tools or a response format, in table order."""
    found = {name for schema in _schemas(value) for name in schema}
    return [keyword for keyword in KEYWORDS if keyword in found]


def _strip(field: str, keyword: str) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        for schema in _schemas(body.get(field)):
            schema.pop(keyword, None)

    return change


def _without_empty(field: str, keyword: str, empty: Any) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        for schema in _schemas(body.get(field)):
            if schema.get(keyword) == empty:
                schema.pop(keyword)

    return change


def _one_of_each(body: Request) -> None:
    seen: set[str] = set()
    kept = []
    for tool in objects(body.get("tools")):
        names = set(_names(_functions({"tools": [tool]})))
        if not names & seen:
            kept.append(tool)
        seen |= names
    body["tools"] = kept


def _first_tool(body: Request) -> None:
    tools = body.get("tools")
    if isinstance(tools, list):
        body["tools"] = tools[:1]
        if isinstance(body.get("tool_choice"), dict):
            body["tool_choice"] = "auto"
