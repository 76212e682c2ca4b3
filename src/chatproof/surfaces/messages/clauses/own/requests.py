"""What a reply to one of the user's own requests to the Messages API owes it."""

import json

from chatproof.contract.clause import Clauses, Example
from chatproof.contract.probe import OWN
from chatproof.evidence.json_values import count, items, members
from chatproof.evidence.reply import Reply
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Built
from chatproof.surfaces.messages.examples import (
    BODY,
    COMETAPI,
    CONTENT,
    GOOD,
    JSON,
    STREAMED,
    THOUGHT,
    USAGE,
    altered,
    body,
    with_content,
)
from chatproof.surfaces.own import clauses
from chatproof.surfaces.own.clauses import Reading
from chatproof.surfaces.own.own_request import asked_of
from chatproof.surfaces.own.reading import Asked, Call, Said, Schema, object_or_text
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(OWN)
_IN_PLACE = ("server_tool_use", "web_search_tool_result", "mcp_tool_use", "compaction")


def asked(reply: Reply) -> Asked:
    """What a request asks for."""
    said = asked_of(reply)
    tools = {
        str(tool.get("name")): members(tool.get("input_schema")) for tool in map(members, items(said.get("tools")))
    }
    choice = members(said.get("tool_choice"))
    kind = choice.get("type")
    stops = tuple(stop for stop in items(said.get("stop_sequences")) if isinstance(stop, str) and stop)
    return Asked(
        tools,
        "none" if kind == "none" else "forced" if kind in ("any", "tool") else "free",
        (str(choice.get("name")),) if kind == "tool" else (),
        _schema(members(members(said.get("output_config")).get("format") or said.get("output_format"))),
        count(said.get("max_tokens")),
        stops,
    )


def _schema(format: dict[str, Json]) -> Schema | None:
    return members(format.get("schema")) if format.get("type") == "json_schema" else None


def said(reply: Reply) -> Said:
    """What a reply says: a stream by what its events build, since that is what clients show."""
    message = view.final(reply)
    if reply.kind == "sse":
        built = Built(view.events(reply))
        text = built.text
        # A call without input sends no delta, or an empty one: clients take that for an empty object.
        calls = [
            Call(b.start.get("id"), b.start.get("name"), b.arguments or b.start.get("input")) for b in built.calls()
        ]
        kinds = [str(block.kind) for block in built.blocks.values()]
    else:
        text = view.text_of(message)
        calls = [Call(b.get("id"), b.get("name"), b.get("input")) for b in view.blocks(message, view.CALL)]
        kinds = [str(block.get("type")) for block in view.blocks(message)]
    used = count(members(message.get("usage")).get("output_tokens"))
    refused = "a refusal" if message.get("stop_reason") == "refusal" else ""
    return Said(
        text,
        tuple(calls),
        is_cut=message.get("stop_reason") in ("max_tokens", "model_context_window_exceeded", "pause_turn"),
        other=refused or next((kind for kind in kinds if kind in _IN_PLACE), ""),
        instead="only thinking" if view.THINKING in kinds else "",
        completion=used,
        counted=used is not None,
    )


READING = Reading(
    "messages",
    "a message",
    COMETAPI,
    asked,
    said,
    ("happy.status_200", "happy.content_non_empty", "stream.answered", "stream.deltas"),
    {
        "text": "$.content[].text",
        "calls": "$.content[]",
        "arguments": "$.content[].input",
        "usage": "$.usage.output_tokens",
    },
    object_or_text,
)
_CALL: dict[str, object] = {"type": "tool_use", "id": "toolu_1", "name": "record_word", "input": {"word": "pong"}}


def _called(**other: object) -> Example:
    return with_content(json.dumps([{**_CALL, **other}]).encode())


_ERROR = b'{"type":"error","error":{"type":"invalid_request_error","message":"top_k is not supported"}}'
_WORDY = with_content(b'[{"type":"text","text":"{\\"word\\":\\"pong\\"}"}]')
clauses.add(
    CLAUSES,
    READING,
    {
        "answered": ((GOOD, STREAMED), (Example(400, JSON, _ERROR), body(_ERROR))),
        "readable": ((GOOD, _called()), (altered(CONTENT, b"null"), STREAMED, altered(b'"type":"message",', b""))),
        "content": ((GOOD, _called()), (with_content(b"[]"), with_content(b"[" + THOUGHT + b"]"))),
        "usage": ((GOOD,), (body(BODY[: BODY.index(b',"usage"')] + b"}"),)),
        "calls": ((_called(),), (_called(id=""), _called(name=None), _called(input='{"word":'))),
        "tool_choice": ((_called(),), (GOOD, _called(name="other"), _called(input={"word": 7}))),
        "schema": ((_WORDY,), (GOOD, with_content(b'[{"type":"text","text":"{\\"word\\":7}"}]'))),
        "parameters": ((GOOD,), (with_content(b'[{"type":"text","text":"pong END"}]'),)),
        "cap": ((GOOD,), (altered(USAGE, b'{"input_tokens":14,"output_tokens":900}'),)),
    },
)
