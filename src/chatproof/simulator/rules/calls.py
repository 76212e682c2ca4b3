"""What is refused in the calls that a message holds, and in what answers them."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from chatproof.simulator.answers import Body, Flaw, missing, mistyped
from chatproof.simulator.rules.messages import LONGEST_NAME, USER, each_message, talk
from chatproof.simulator.rules.rule import (
    Find,
    Rule,
    empty_array,
    empty_string,
    no_match,
    objects,
    text_at,
    too_long,
    unknown_value,
)

FUNCTION_NAME, FUNCTION_PATTERN = re.compile(r"[a-zA-Z0-9_-]+"), "^[a-zA-Z0-9_-]+$"
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "42"}


def called(**changes: Any) -> Body:
    """A conversation with one call and its answer; `changes` are made in the call, `...` takes a member out."""
    call = {name: value for name, value in {**CALL, **changes}.items() if value is not ...}
    return talk({"role": "assistant", "content": None, "tool_calls": [call]}, RESULT)


def calls_of(message: Body) -> Iterator[tuple[int, Body]]:
    """The calls of an assistant's message, with their places."""
    if message.get("role") == "assistant":
        yield from objects(message.get("tool_calls"))


def _each_call(check: Callable[[str, Body], Flaw | None]) -> Find:
    def look(at: str, message: Body) -> Flaw | None:
        found = (check(f"{at}.tool_calls[{place}]", call) for place, call in calls_of(message))
        return next(filter(None, found), None)

    return each_message(look)


def function_name(at: str, name: Any) -> Flaw | None:
    """What is wrong with a string that shall name a function. What is no string has a rule of its own."""
    if not isinstance(name, str):
        return None
    if not name:
        return empty_string(at)
    if not FUNCTION_NAME.fullmatch(name):
        return no_match(at, FUNCTION_PATTERN)
    return too_long(at, len(name), LONGEST_NAME) if len(name) > LONGEST_NAME else None


def _calls(at: str, message: Body) -> Flaw | None:
    calls = message.get("tool_calls")
    if message.get("role") != "assistant" or calls is None:
        return None
    if not isinstance(calls, list):
        return mistyped(f"{at}.tool_calls", "an array of objects", calls)
    wrong = next((place for place, call in enumerate(calls) if not isinstance(call, dict)), None)
    return None if wrong is None else mistyped(f"{at}.tool_calls[{wrong}]", "an object", calls[wrong])


def _no_calls(at: str, message: Body) -> Flaw | None:
    empty = message.get("role") == "assistant" and message.get("tool_calls") == []
    return empty_array(f"{at}.tool_calls") if empty else None


def _call_id(at: str, call: Body) -> Flaw | None:
    return text_at(call, "id", at) or (None if call["id"] else empty_string(f"{at}.id"))


def _call_type(at: str, call: Body) -> Flaw | None:
    if "type" not in call:
        return missing(f"{at}.type")
    allowed = ("function", "custom")
    return None if call["type"] in allowed else unknown_value(f"{at}.type", call["type"], allowed)


def _call_members(at: str, call: Body) -> Flaw | None:
    kind, text = ("custom", "input") if call.get("type") == "custom" else ("function", "arguments")
    if kind not in call:
        return missing(f"{at}.{kind}")
    held = call[kind]
    if not isinstance(held, dict):
        return mistyped(f"{at}.{kind}", "an object", held)
    return text_at(held, "name", f"{at}.{kind}") or text_at(held, text, f"{at}.{kind}")


def _call_name(at: str, call: Body) -> Flaw | None:
    function = call.get("function")
    return function_name(f"{at}.function.name", function.get("name")) if isinstance(function, dict) else None


def _call_twice(at: str, message: Body) -> Flaw | None:
    seen = set[str]()
    for place, call in calls_of(message):
        id = call.get("id")
        if isinstance(id, str) and id in seen:
            said = f"Invalid parameter: Duplicate value for 'id' of {id[:64]!r} in the 'tool_calls' of one message."
            return Flaw(said, f"{at}.tool_calls[{place}].id", None)
        seen.add(id if isinstance(id, str) else "")
    return None


def _answer_id(at: str, message: Body) -> Flaw | None:
    return text_at(message, "tool_call_id", at) if message.get("role") == "tool" else None


def _function_call(at: str, message: Body) -> Flaw | None:
    call = message.get("function_call")
    if call is None or message.get("role") != "assistant":
        return None
    if not isinstance(call, dict):
        return mistyped(f"{at}.function_call", "an object", call)
    return text_at(call, "name", f"{at}.function_call") or text_at(call, "arguments", f"{at}.function_call")


def _function_message(at: str, message: Body) -> Flaw | None:
    return missing(f"{at}.name") if message.get("role") == "function" and not message.get("name") else None


CALL_RULES: tuple[Rule, ...] = (
    Rule(
        "calls-type",
        "`tool_calls` that is not an array of objects",
        each_message(_calls),
        talk({"role": "assistant", "content": "x", "tool_calls": "f"}, USER),
        "messages[1].tool_calls",
    ),
    Rule(
        "calls-empty",
        "an empty array of calls",
        each_message(_no_calls),
        talk({"role": "assistant", "content": "x", "tool_calls": []}, USER),
        "messages[1].tool_calls",
        "openai/openai-node#1341",
        "2025-02-20",
    ),
    Rule(
        "call-id",
        "a call without an id",
        _each_call(_call_id),
        talk({"role": "assistant", "content": "x", "tool_calls": [{**CALL, "id": 1}]}, USER),
        "messages[1].tool_calls[0].id",
    ),
    Rule(
        "call-type",
        "a call without its type, or with a type other than function or custom",
        _each_call(_call_type),
        called(type=...),
        "messages[1].tool_calls[0].type",
    ),
    Rule(
        "call-members",
        "a call without a name, or whose arguments are not a string",
        _each_call(_call_members),
        called(function={"name": "f", "arguments": {"city": "Oslo"}}),
        "messages[1].tool_calls[0].function.arguments",
        "aaif-goose/goose-mobile#20",
        "2025-03-06",
    ),
    Rule(
        "call-name",
        "the name of a called function that is empty, too long, or has characters other than letters, digits, _ and -",
        _each_call(_call_name),
        called(function={"name": "a.b", "arguments": "{}"}),
        "messages[1].tool_calls[0].function.name",
        "mcp-use/mcp-use#94",
        "2026-11-28",
    ),
    Rule(
        "call-twice",
        "two calls of one message with the same id",
        each_message(_call_twice),
        talk({"role": "assistant", "content": None, "tool_calls": [CALL, CALL]}, RESULT),
        "messages[1].tool_calls[1].id",
        "openclaw/openclaw#47136",
        "2026-03-15",
    ),
    Rule(
        "answer-id",
        "a tool's message without `tool_call_id`",
        each_message(_answer_id),
        talk({"role": "assistant", "tool_calls": [CALL]}, RESULT, {"role": "tool", "content": "42"}),
        "messages[3].tool_call_id",
    ),
    Rule(
        "function_call-members",
        "an old `function_call` without name, or whose arguments are not a string",
        each_message(_function_call),
        talk({"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": {}}}, USER),
        "messages[1].function_call.arguments",
    ),
    Rule(
        "function-name-missing",
        "a function's message without name",
        each_message(_function_message),
        talk({"role": "function", "content": "42"}),
        "messages[1].name",
    ),
)
