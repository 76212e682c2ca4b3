"""anthropic-python. `create`: the plain calls, events joined as its readme joins them. `helpers`: messages.stream()."""

import json
import sys
from typing import Any

from anthropic import Anthropic
from jobs import KEY, MODEL, PARAMETERS, PROMPT, RECORD, TIMEOUT, Result, call, read, serve

MOST = 1024
TOOL = {"name": "record_word", "description": "Record one word.", "input_schema": PARAMETERS}


def parameters(kind: str) -> dict[str, Any]:
    """What each kind of request asks for."""
    called = kind.startswith("tools")
    asked = {
        "model": MODEL,
        "max_tokens": MOST,
        "messages": [{"role": "user", "content": RECORD if called else PROMPT}],
    }
    return asked | ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "record_word"}} if called else {})


def client(url: str) -> Anthropic:
    # The SDK appends /v1/messages itself.
    return Anthropic(base_url=url.removesuffix("/v1"), api_key=KEY, max_retries=0, timeout=TIMEOUT)


def whole(message: Any) -> Result:
    """What a user reads of a message: the texts of its blocks, its calls."""
    if not hasattr(message, "content"):
        return {"content": message}  # a plain string, where the body was no JSON
    text, calls = "", []
    for block in message.content:
        if block.type == "text":
            text += block.text
        elif block.type == "tool_use":
            calls.append(call(block.id, block.name, block.input))
    return {"content": text, "calls": calls, "finish_reason": message.stop_reason, "usage": usage(message.usage)}


def usage(found: Any) -> Any:
    return {"prompt": read(found, "input_tokens"), "completion": read(found, "output_tokens")} if found else None


def joined(events: Any) -> Result:
    """The documented loop over the raw events: texts are appended, a call's input is joined and parsed."""
    text, calls, finish, used = "", {}, None, {"prompt": None, "completion": None}
    for event in events:
        if event.type == "message_start":
            used["prompt"] = read(event, "message", "usage", "input_tokens")
        elif event.type == "content_block_start" and event.content_block.type == "tool_use":
            calls[event.index] = [event.content_block.id, event.content_block.name, ""]
        elif event.type == "content_block_delta" and event.delta.type == "text_delta":
            text += event.delta.text
        elif event.type == "content_block_delta" and event.delta.type == "input_json_delta":
            calls[event.index][2] += event.delta.partial_json
        elif event.type == "message_delta":
            finish = event.delta.stop_reason
            used["completion"] = event.usage.output_tokens
    made = [call(id, name, json.loads(text or "{}")) for id, name, text in calls.values()]
    return {"content": text, "calls": made, "finish_reason": finish, "usage": used}


def with_create(url: str, kind: str) -> Result:
    if "stream" in kind:
        return joined(client(url).messages.create(**parameters(kind), stream=True))
    return whole(client(url).messages.create(**parameters(kind)))


def with_helpers(url: str, kind: str) -> Result:
    if "stream" not in kind:
        return whole(client(url).messages.create(**parameters(kind)))
    with client(url).messages.stream(**parameters(kind)) as stream:
        shown = "".join(stream.text_stream)
        found = whole(stream.get_final_message())
    # Both are documented: what was shown on the way, and the message at the end. A text that one of them lacks is lost.
    return {**found, "content": min(shown, found["content"], key=len)}


serve({"create": with_create, "helpers": with_helpers}[sys.argv[1]])
