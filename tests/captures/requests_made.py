"""Chat requests and their parts, as tests of `requests from` make them."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mNgYGAAAAAEAAHI6uv5AAAAAElFTkSuQmCC"
)


def user(text: str) -> Body:
    return {"role": "user", "content": text}


def tool(**changes: Any) -> Body:
    schema = {"type": "object", "properties": {}}
    return {"type": "function", "function": {"name": "f", "parameters": schema, **changes}}


def schema(**members: Any) -> Body:
    return {"messages": [user("x")], "tools": [tool(parameters={"type": "object", "properties": {}, **members})]}


def called(**call: Any) -> Body:
    one = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}, **call}
    result = {"role": "tool", "tool_call_id": one["id"], "content": "ok"}
    return {"messages": [user("x"), {"role": "assistant", "content": None, "tool_calls": [one]}, result]}


def parts(*one: Body) -> Body:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, *one]}]}
