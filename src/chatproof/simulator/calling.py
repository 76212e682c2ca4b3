"""Which tools the simulated model calls, and with what: a few rules, so that the same request has the same calls.

It calls the tool that it must, or each one that the last message speaks of, by its name or by a word of its name; the
first one if it speaks of none. Quoted strings and whole numbers are copied into the arguments as they stand.
"""

import json
import re
from typing import Any

from chatproof.simulator.answers import Body

_MAX_DEPTH = 8
_MOST_CALLS = 8
_LITERAL = re.compile(r"`([^`\n]{1,500})`|\"([^\"\n]{1,500})\"|(?<!\w)'([^'\n]{1,500})'(?!\w)")
_NUMBER = re.compile(r"(?<![\w.])\d{1,9}(?![\w]|\.\d)")
_MOST_LITERALS = 50
_SHORTEST_WORD = 4
_UNASKED = "Call no tool"


class Literals:
    """What a message says literally, handed out once each, in order."""

    def __init__(self, text: str = "") -> None:
        quoted = ["".join(found) for found in _LITERAL.findall(text)[:_MOST_LITERALS]]
        self._strings = iter(quoted)
        self._numbers = iter([int(found) for found in _NUMBER.findall(_LITERAL.sub("", text))[:_MOST_LITERALS]])

    def string(self) -> str:
        return next(self._strings, "pong")

    def number(self) -> int:
        return next(self._numbers, 4)


def wants_call(body: Body) -> bool:
    """Left to itself, the model calls once, and answers when it has the result, or is told to call none."""
    choice = body.get("tool_choice")
    if not body.get("tools") or choice == "none":
        return False
    mode = choice["allowed_tools"]["mode"] if isinstance(choice, dict) and "allowed_tools" in choice else choice
    if mode not in ("auto", None):
        return True
    last = body["messages"][-1]
    return last.get("role") != "tool" and _UNASKED not in str(last.get("content"))


def calls(body: Body, text: str) -> tuple[Body, ...]:
    """The calls that answer a request whose last message says `text`."""
    chosen = _chosen(body, text)
    literals = Literals(text)
    return tuple(_call(tool, f"call_simulator_{number}", literals) for number, tool in enumerate(chosen))


def _chosen(body: Body, text: str) -> list[Body]:
    tools, choice = body["tools"], body.get("tool_choice")
    if isinstance(choice, dict) and choice["type"] == "allowed_tools":
        allowed = [_name(tool) for tool in choice["allowed_tools"]["tools"] if isinstance(tool, dict)]
        tools = [tool for tool in tools if _name(tool) in allowed] or tools
    elif isinstance(choice, dict):
        return [next(tool for tool in tools if tool["type"] == choice["type"] and _name(tool) == _name(choice))]
    spoken_of = [tool for tool in tools if _speaks_of(text.lower(), _name(tool).lower())] or tools[:1]
    return spoken_of[: 1 if body.get("parallel_tool_calls") is False else _MOST_CALLS]


def _name(tool: Body) -> str:
    held = tool.get("custom") or tool.get("function") or {}
    return str(held.get("name")) if isinstance(held, dict) else ""


def _speaks_of(text: str, name: str) -> bool:
    words = [word for word in re.split(r"[_-]", name) if len(word) >= _SHORTEST_WORD]
    return name in text or any(word in text for word in words)


def _call(tool: Body, id: str, literals: Literals) -> Body:
    if tool["type"] == "custom":
        return {"id": id, "type": "custom", "custom": {"name": _name(tool), "input": literals.string()}}
    arguments = instance(tool["function"].get("parameters") or {"type": "object"}, literals)
    text = json.dumps(arguments, separators=(",", ":"), ensure_ascii=False)
    return {"id": id, "type": "function", "function": {"name": _name(tool), "arguments": text}}


def instance(schema: Any, literals: Literals) -> Any:
    """The smallest value that satisfies an ordinary JSON Schema; free strings and numbers are the literals."""
    return _instance(schema, literals, schema, 0)


def _instance(schema: Any, literals: Literals, root: Any, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return None
    if isinstance(schema.get("$ref"), str):
        return _instance(_at(root, schema["$ref"]), literals, root, depth + 1)
    if "const" in schema:
        return schema["const"]
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    either = schema.get("anyOf") or schema.get("oneOf")
    if "type" not in schema and isinstance(either, list) and either:
        return _instance(either[0], literals, root, depth + 1)
    wanted = schema.get("type", "object" if "properties" in schema else "string")
    wanted = wanted[0] if isinstance(wanted, list) and wanted else wanted
    if wanted == "object":
        fields = schema.get("properties")
        named = fields.items() if isinstance(fields, dict) else ()
        return {name: _instance(field, literals, root, depth + 1) for name, field in named}
    if wanted == "array":
        fewest = schema.get("minItems")
        count = min(fewest, 100) if isinstance(fewest, int) else 0
        return [_instance(schema.get("items") or {}, literals, root, depth + 1)] * count
    if wanted in ("integer", "number"):
        return literals.number()
    return True if wanted == "boolean" else None if wanted == "null" else literals.string()


def _at(root: Any, reference: str) -> Any:
    """What a reference within the schema points at; None for one that points elsewhere."""
    found = root
    for part in reference.removeprefix("#").split("/")[1:20] if reference.startswith("#") else ("?",):
        found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found
