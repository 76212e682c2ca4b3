"""JSON files that are no reply: a request, a listing, one event of a stream, what other tools export.

A reply of chat completions has choices, or an error. What has neither and is plainly something else is named for what
it is, so that nobody is told that a server answered it.
"""

import json
import re
from typing import Any

from chatproof.captures import other_replies
from chatproof.captures.entry import Unreadable
from chatproof.contract.surface import Surface
from chatproof.evidence.provider_error import find_error
from chatproof.surfaces import names, surface_of

_DOCUMENTS_OF: tuple[tuple[set[str], str], ...] = (
    # (members that stand in it together, what it is)
    ({"apiVersion", "kind"}, "an object of Kubernetes"),
    ({"compilerOptions"}, "a configuration of TypeScript"),
    ({"cells", "nbformat"}, "a notebook of Jupyter"),
    ({"lockfileVersion"}, "a lock file of npm"),
    ({"$schema", "runs"}, "a report in SARIF"),
    ({"run_type", "inputs"}, "a trace of LangSmith"),
    ({"custom_id", "response"}, "a line of the Batch API's output: the reply stands in its `response`"),
    ({"custom_id", "result"}, "a line of a batch's results: the reply stands in its `result`"),
    ({"jsonrpc", "id"}, "a message of JSON-RPC"),
    ({"request", "response"}, "a record of a request with its reply"),
)
_CAPTURE = "capture the reply itself with: curl -sS -i …"


def refuse_what_is_no_reply(value: Any) -> None:
    """Raise Unreadable, naming what the file is, for JSON that is known to be no chat reply."""
    what = _what(value)
    if what.startswith("a reply"):
        raise Unreadable(f"it is {what}, not of chat completions{option_for(what)}")
    if what:
        raise Unreadable(f"it is {what}, not a reply; {_CAPTURE}")


def is_listing(value: Any) -> bool:
    """A list of models: `{"object": "list", "data": [{"id": …}]}`."""
    if not isinstance(value, dict) or holds_answer(value) or not isinstance(value.get("data"), list):
        return False
    cards = value["data"]
    return bool(cards) and all(isinstance(c, dict) and isinstance(c.get("id"), str) for c in cards[:20])


def _what(value: Any) -> str:
    if other := other_replies.name(value):
        return f"a reply of {other}"
    for api in names():
        said = surface_of(api).matcher().what(value)
        if said is not None:
            return said
    if isinstance(value, list):
        first = value[0] if value and isinstance(value[0], dict) else {}
        if {"scope", "method", "path"} <= first.keys():
            return "a recording of nock"
        return "a report of Bruno" if "results" in first and "summary" in first else ""
    if not isinstance(value, dict):
        return ""
    if isinstance(value.get("input"), list | str) and "model" in value and "output" not in value:
        return "the body of a request (it has input and no output)"
    if isinstance(value.get("custom_id"), str) and "method" in value and "body" in value and "response" not in value:
        return "a line of a file for the Batch API: a request"
    if isinstance(value.get("parameters"), dict) or value.get("type") == "function":
        described = value.get("function", value)
        if isinstance(described, dict) and "name" in described and "error" not in value:
            return "the description of a tool: only a part of a request"
    return _of_a_tool(value)


def holds_answer(value: Any) -> bool:
    """Say whether a JSON value has the member in which some API's answers stand."""
    return any(surface_of(api).matcher().holds_answer(value) for api in names())


def is_reply(value: Any) -> bool:
    """Say whether a JSON value can only be a reply: it has an answer, an error or a list of models."""
    return isinstance(value, dict) and (
        holds_answer(value) or is_listing(value) or "error" in value or find_error(value) is not None
    )


def is_event(value: dict[str, Any]) -> bool:
    """Say whether a JSON object is one event of some API's streams."""
    if value.get("object") == "chat.completion.chunk":
        return True
    return any((surface_of(api).matcher().what(value) or "").startswith("one event of a stream") for api in names())


def event_line(value: dict[str, Any]) -> str:
    """The line that names an event before its data, where it has a type; empty where it has none."""
    kind = value.get("type")
    return f"event: {kind}\n" if isinstance(kind, str) and kind.isprintable() else ""


def _of_a_tool(value: dict[str, Any]) -> str:
    info = value.get("info")
    if isinstance(info, dict) and "item" in value:
        return "a Postman collection"
    if "openapi" in value or "swagger" in value:
        return "a description of an API (OpenAPI)"
    if value.get("_type") == "export" or "__export_format" in value:
        return "an Insomnia export"
    if "name" in value and "version" in value and ("dependencies" in value or "scripts" in value):
        return "a package.json"
    if "resourceSpans" in value or "traceEvents" in value or ("context" in value and "attributes" in value):
        return "a trace of a program"
    known = next((what for members, what in _DOCUMENTS_OF if members <= value.keys()), "")
    if known:
        return known
    return _of_another_api(value)


def _of_another_api(value: dict[str, Any]) -> str:
    """Which other API's reply this is; empty for none that is known."""
    if value.get("object") == "response" and isinstance(value.get("output"), list):
        return "a reply of the Responses API (/responses)"
    if value.get("type") == "message" and isinstance(value.get("content"), list) and "stop_reason" in value:
        return "a reply of the Messages API (/messages, Anthropic)"
    data = value.get("data")
    if isinstance(data, list) and data and isinstance(data[0], dict) and "embedding" in data[0]:
        return "a reply of the Embeddings API (/embeddings)"
    other = other_replies.name(value)
    if other:
        return f"a reply of {other}"
    if isinstance(value.get("choices"), list):
        return "a reply of chat completions (/chat/completions)"
    return ""


def api_of(body: bytes, surface: Surface) -> str:
    """Which other API's reply a body is, plain or streamed; empty for none that is known."""
    said = _of_another_stream(body[:4096])
    if said:
        return "" if f"({surface.path}" in said else said
    start = body[:4096]
    if not start.lstrip().startswith((b"{", b"[")):
        return ""
    if surface.matcher().may_be_reply(body) and b'"text_completion"' not in start:
        return ""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return _of_lines(start)
    said = _of_another_api(value) if isinstance(value, dict) else other_replies.name(value)
    said = said if not said or said.startswith("a reply") else f"a reply of {said}"
    return "" if f"({surface.path}" in said else said


def _of_lines(start: bytes) -> str:
    """Of a stream with a JSON document on each line, by its first one."""
    try:
        other = other_replies.name(json.loads(start.lstrip().split(b"\n", 1)[0]))
    except (ValueError, RecursionError):
        return ""
    return f"a stream of {other}" if other else ""


def option_for(said: str) -> str:
    """How to ask for the API that a text names by its path, or where else to ask; empty where neither is known."""
    api = next((api for api in names() if f"{surface_of(api).path}" in said), "")
    return f"; say --api {api}" if api else other_replies.advice(said)


def _of_another_stream(start: bytes) -> str:
    if re.search(rb"(?m)^event: ?response\.[a-z_.]+|^data: ?\{\s*\"type\": ?\"response\.", start):
        return "a stream of the Responses API (/responses)"
    if re.search(rb"(?m)^event: ?message_start|^data: ?\{\s*\"type\": ?\"message_start\"", start):
        return "a stream of the Messages API (/messages, Anthropic)"
    if start.lstrip().startswith(b"data:") and b'"chat.completion.chunk"' in start:
        return "a stream of chat completions (/chat/completions)"
    first = re.search(rb"(?m)^data: ?(\{[^\n]{1,4000}\})\r?$", start)
    return _of_lines(first[1]) if first else ""
