"""What is refused in tools and in the choice among them."""

from collections.abc import Callable, Iterator
from typing import Any

from chatproof.simulator.answers import Body, Flaw, missing, mistyped
from chatproof.simulator.rules import json_schema
from chatproof.simulator.rules.calls import function_name
from chatproof.simulator.rules.rule import (
    Find,
    Rule,
    empty_array,
    is_flag,
    is_list,
    is_object,
    objects,
    text_at,
    too_many,
    typed,
    unknown_value,
)

MOST_TOOLS = 128
CHOICES = ("none", "auto", "required")
KINDS = ("function", "custom")
_F = {"name": "f", "parameters": {"type": "object", "properties": {}}}
_TOOL = {"type": "function", "function": _F}
OPEN = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}


def tool(**changes: Any) -> Body:
    """The field `tools` with one function; `changes` are made in the function."""
    return {"tools": [{"type": "function", "function": {**_F, **changes}}]}


# -- tools ------------------------------------------------------------------------------------------------------------


def _functions(body: Body) -> Iterator[tuple[str, Body]]:
    """Each function that is an object, of `tools` and of the older `functions`, with its place."""
    for place, held in objects(body.get("tools")):
        if isinstance(held.get("function"), dict):
            yield f"tools[{place}].function", held["function"]
    for place, held in objects(body.get("functions")):
        yield f"functions[{place}]", held


def _each(check: Callable[[str, Body], Flaw | None]) -> Find:
    def find(body: Body) -> Flaw | None:
        return next(filter(None, (check(at, function) for at, function in _functions(body))), None)

    return find


def _none(field: str) -> Find:
    return lambda body: empty_array(field) if body.get(field) == [] else None


def _many(body: Body) -> Flaw | None:
    tools = body.get("tools")
    return too_many("tools", len(tools), MOST_TOOLS) if isinstance(tools, list) and len(tools) > MOST_TOOLS else None


def _items(body: Body) -> Flaw | None:
    for field in ("tools", "functions"):
        listed = body.get(field)
        for place, item in enumerate(listed if isinstance(listed, list) else ()):
            if not isinstance(item, dict):
                return mistyped(f"{field}[{place}]", "an object", item)
    return None


def _kind(body: Body) -> Flaw | None:
    for place, held in objects(body.get("tools")):
        at = f"tools[{place}].type"
        if "type" not in held:
            return missing(at)
        if held["type"] not in KINDS:
            return unknown_value(at, held["type"], KINDS)
    return None


def _held(body: Body) -> Flaw | None:
    """What a tool must hold besides its type."""
    for place, held in objects(body.get("tools")):
        name = "custom" if held.get("type") == "custom" else "function"
        at = f"tools[{place}].{name}"
        if name not in held:
            return missing(at)
        if not isinstance(held[name], dict):
            return mistyped(at, "an object", held[name])
    return None


def _custom(body: Body) -> Flaw | None:
    for place, held in objects(body.get("tools")):
        if held.get("type") == "custom" and isinstance(held.get("custom"), dict):
            flaw = text_at(held["custom"], "name", f"tools[{place}].custom")
            if flaw:
                return flaw
    return None


def _named(at: str, function: Body) -> Flaw | None:
    return text_at(function, "name", at)


def _name(at: str, function: Body) -> Flaw | None:
    return function_name(f"{at}.name", function.get("name"))


def _description(at: str, function: Body) -> Flaw | None:
    value = function.get("description")
    return None if value is None or isinstance(value, str) else mistyped(f"{at}.description", "a string", value)


def _strict(at: str, function: Body) -> Flaw | None:
    value = function.get("strict")
    return None if value is None or is_flag(value) else mistyped(f"{at}.strict", "a boolean", value)


def _parameters(at: str, function: Body) -> Flaw | None:
    value = function.get("parameters")
    return None if value is None or is_object(value) else mistyped(f"{at}.parameters", "an object", value)


def _invalid(at: str, function: Body, said: str) -> Flaw:
    name = str(function.get("name"))[:64]
    return Flaw(f"Invalid schema for function '{name}': {said}.", f"{at}.parameters", "invalid_function_parameters")


def _parameters_type(at: str, function: Body) -> Flaw | None:
    schema = function.get("parameters")
    if not isinstance(schema, dict) or not schema or schema.get("type") == "object" or "$ref" in schema:
        return None
    return _invalid(at, function, f"its type must be 'object', and it is {str(schema.get('type'))[:20]!r}")


def _parameters_shape(at: str, function: Body) -> Flaw | None:
    schema = function.get("parameters")
    said = json_schema.incomplete(schema) if isinstance(schema, dict) else ""
    return _invalid(at, function, said) if said else None


def _parameters_strict(at: str, function: Body) -> Flaw | None:
    schema = function.get("parameters")
    said = json_schema.not_strict(schema) if function.get("strict") is True and isinstance(schema, dict) else ""
    return _invalid(at, function, said) if said else None


# -- the choice -------------------------------------------------------------------------------------------------------


def _only_with_tools(field: str) -> Find:
    def find(body: Body) -> Flaw | None:
        if body.get(field) is None or body.get("tools") is not None:
            return None
        return Flaw(f"Invalid value for '{field}': it is only allowed when 'tools' are specified.", field, None)

    return find


def _choice(body: Body) -> Flaw | None:
    choice = body.get("tool_choice")
    if choice is None or isinstance(choice, dict):
        return None
    if isinstance(choice, str):
        return None if choice in CHOICES else unknown_value("tool_choice", choice, CHOICES)
    return mistyped("tool_choice", "a string or an object", choice)


def _choice_kind(body: Body) -> Flaw | None:
    choice, allowed = body.get("tool_choice"), (*KINDS, "allowed_tools")
    if not isinstance(choice, dict):
        return None
    if "type" not in choice:
        return missing("tool_choice.type")
    return None if choice["type"] in allowed else unknown_value("tool_choice.type", choice["type"], allowed)


def _choice_held(body: Body) -> Flaw | None:
    choice = body.get("tool_choice")
    name = choice.get("type", "function") if isinstance(choice, dict) else None
    if name not in (*KINDS, "allowed_tools"):
        return None
    at = f"tool_choice.{name}"
    assert isinstance(choice, dict)  # else it has no name
    if not isinstance(choice.get(name), dict):
        return mistyped(at, "an object", choice[name]) if name in choice else missing(at)
    if name != "allowed_tools":
        return text_at(choice[name], "name", at)
    if choice[name].get("mode") not in ("auto", "required"):
        return unknown_value(f"{at}.mode", choice[name].get("mode"), ("auto", "required"))
    return None if is_list(choice[name].get("tools")) else missing(f"{at}.tools")


def _choice_absent(body: Body) -> Flaw | None:
    choice, tools = body.get("tool_choice"), body.get("tools")
    if not isinstance(choice, dict) or not isinstance(tools, list):
        return None
    for kind in KINDS:
        wanted = choice.get(kind)
        name = wanted.get("name") if choice.get("type") == kind and isinstance(wanted, dict) else None
        given = [held.get(kind) for _, held in objects(tools)]
        if isinstance(name, str) and name not in [one.get("name") for one in given if isinstance(one, dict)]:
            return Flaw(
                f"Invalid value for 'tool_choice': no tool is named {name[:64]!r}.", "tool_choice", "invalid_value"
            )
    return None


def _old_choice(body: Body) -> Flaw | None:
    choice = body.get("function_call")
    if choice is None or choice in ("none", "auto"):
        return None
    if isinstance(choice, str):
        return unknown_value("function_call", choice, ("none", "auto"))
    if not isinstance(choice, dict):
        return mistyped("function_call", "a string or an object", choice)
    return text_at(choice, "name", "function_call")


def _old_choice_alone(body: Body) -> Flaw | None:
    alone = body.get("function_call") is not None and body.get("functions") is None
    said = "Invalid value for 'function_call': it is only allowed when 'functions' are specified."
    return Flaw(said, "function_call", None) if alone else None


TOOL_RULES: tuple[Rule, ...] = (
    typed("tools", "an array of objects", is_list, {}),
    Rule(
        "tools-empty",
        "an empty array of tools",
        _none("tools"),
        {"tools": []},
        "tools",
        "JetBrains/koog#786",
        "2025-09-12",
    ),
    Rule(
        "tools-many",
        "more than 128 tools",
        _many,
        {"tools": [_TOOL] * 129},
        "tools",
        "julep-ai/julep#330",
        "2024-05-09",
    ),
    Rule("tool-type", "a tool that is not an object", _items, {"tools": ["f"]}, "tools[0]"),
    Rule(
        "tool-kind",
        "a tool without its type, or with a type other than function or custom",
        _kind,
        {"tools": [{"function": _F}]},
        "tools[0].type",
    ),
    Rule(
        "tool-members",
        "a function tool without `function`, a custom one without `custom`",
        _held,
        {"tools": [{"type": "function", "name": "f"}]},
        "tools[0].function",
    ),
    Rule(
        "tool-custom",
        "a custom tool without name",
        _custom,
        {"tools": [{"type": "custom", "custom": {}}]},
        "tools[0].custom.name",
    ),
    Rule(
        "function-named",
        "a function without a name that is a string",
        _each(_named),
        {"tools": [{"type": "function", "function": {}}]},
        "tools[0].function.name",
    ),
    Rule(
        "function-name",
        "the name of a function that is empty, longer than 64, or has characters other than letters, digits, _ and -",
        _each(_name),
        tool(name="multi_tool_use.parallel"),
        "tools[0].function.name",
        "vercel/ai#1972",
        "2024-06-16",
    ),
    Rule(
        "function-description",
        "a description that is not a string",
        _each(_description),
        tool(description=7),
        "tools[0].function.description",
    ),
    Rule(
        "function-strict",
        "`strict` that is not a boolean",
        _each(_strict),
        tool(strict="yes"),
        "tools[0].function.strict",
    ),
    Rule(
        "parameters-type",
        "parameters that are not an object",
        _each(_parameters),
        tool(parameters="none"),
        "tools[0].function.parameters",
    ),
    Rule(
        "parameters-schema-type",
        "parameters whose schema is not of the type object",
        _each(_parameters_type),
        tool(parameters={"properties": {}}),
        "tools[0].function.parameters",
        "farion1231/cc-switch#5490",
        "2026-07-19",
    ),
    Rule(
        "parameters-schema-shape",
        "parameters with an object without `properties`, or an array without `items`",
        _each(_parameters_shape),
        tool(parameters={"type": "object", "properties": {"a": {"type": "array"}}}),
        "tools[0].function.parameters",
        "digitalocean-labs/mcp-digitalocean#265",
        "2026-02-14",
    ),
    Rule(
        "parameters-strict",
        "a strict function with an object that is open, or has an optional property",
        _each(_parameters_strict),
        tool(parameters=OPEN, strict=True),
        "tools[0].function.parameters",
        "bytedance/trae-agent#173",
        "2025-07-14",
    ),
    Rule(
        "tool_choice-alone",
        "`tool_choice` without `tools`",
        _only_with_tools("tool_choice"),
        {"tool_choice": "auto"},
        "tool_choice",
    ),
    Rule(
        "tool_choice-value",
        "`tool_choice` that is neither a known word nor an object",
        _choice,
        {**tool(), "tool_choice": "any"},
        "tool_choice",
    ),
    Rule(
        "tool_choice-kind",
        "`tool_choice` as an object without its type",
        _choice_kind,
        {**tool(), "tool_choice": {"function": {"name": "f"}}},
        "tool_choice.type",
        "openai/openai-node#521",
        "2023-11-21",
    ),
    Rule(
        "tool_choice-members",
        "`tool_choice` as an object that names nothing",
        _choice_held,
        {**tool(), "tool_choice": {"type": "function", "name": "f"}},
        "tool_choice.function",
    ),
    Rule(
        "tool_choice-absent",
        "`tool_choice` that names a function which is not among the tools",
        _choice_absent,
        {**tool(), "tool_choice": {"type": "function", "function": {"name": "g"}}},
        "tool_choice",
        "vllm-project/vllm#40399",
        "2026-04-20",
    ),
    typed("parallel_tool_calls", "a boolean", is_flag, "no", **tool()),
    Rule(
        "parallel_tool_calls-alone",
        "`parallel_tool_calls` without `tools`",
        _only_with_tools("parallel_tool_calls"),
        {"parallel_tool_calls": False},
        "parallel_tool_calls",
        "openai/swarm#30",
        "2024-07-12",
    ),
    typed("functions", "an array of objects", is_list, {}),
    Rule("functions-empty", "an empty array of functions", _none("functions"), {"functions": []}, "functions"),
    Rule(
        "function_call-value",
        "`function_call` that is neither a known word nor an object with a name",
        _old_choice,
        {"functions": [_F], "function_call": "any"},
        "function_call",
    ),
    Rule(
        "function_call-alone",
        "`function_call` without `functions`",
        _old_choice_alone,
        {"function_call": "auto"},
        "function_call",
    ),
)
