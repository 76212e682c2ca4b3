"""What a reply to one of the user's own requests to the Responses API owes it."""

import json

from chatproof.contract.clause import OPENAI_SPEC, Clauses, Example
from chatproof.contract.probe import OWN
from chatproof.evidence.json_values import count, items, members
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.own import clauses
from chatproof.surfaces.own.clauses import Reading
from chatproof.surfaces.own.own_request import asked_of
from chatproof.surfaces.own.reading import Asked, Call, Said, Schema
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.building import Built
from chatproof.surfaces.responses.clauses.happy import BODY, GOOD, THOUGHT, altered, body, with_content, with_output
from chatproof.surfaces.responses.examples import STREAMED
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(OWN)
_IN_PLACE = ("computer_call", "image_generation_call", "web_search_call", "mcp_call", "custom_tool_call")


def asked(reply: Reply) -> Asked:
    """What a request asks for."""
    said = asked_of(reply)
    tools = {
        str(tool.get("name")): members(tool.get("parameters"))
        for tool in map(members, items(said.get("tools")))
        if tool.get("type") == "function"
    }
    choice = said.get("tool_choice")
    allowed = [choice] if members(choice).get("type") == "function" else items(members(choice).get("tools"))
    forced = (
        choice == "required" or members(choice).get("type") == "function" or members(choice).get("mode") == "required"
    )
    format = members(members(said.get("text")).get("format"))
    return Asked(
        tools,
        "none" if choice == "none" else "forced" if forced else "free",
        tuple(str(members(one).get("name")) for one in allowed),
        _schema(format),
        count(said.get("max_output_tokens")),
    )


def _schema(format: dict[str, Json]) -> Schema | None:
    return {"json_object": {}, "json_schema": members(format.get("schema"))}.get(str(format.get("type")))


def said(reply: Reply) -> Said:
    """What a reply says: a stream by what its events build, since that is what clients show."""
    response = view.final(reply)
    used = count(members(response.get("usage")).get("output_tokens"))
    calls = tuple(
        Call(item.get("call_id"), item.get("name"), item.get("arguments")) for item in view.items(response, view.CALL)
    )
    text = Built(view.events(reply)).text if reply.kind == "sse" else view.text_of(response)
    kinds = [str(item.get("type")) for item in view.output(response)]
    other = "a refusal" if view.refusal_of(response) else next((kind for kind in kinds if kind in _IN_PLACE), "")
    return Said(
        text,
        calls,
        is_cut=response.get("status") == "incomplete",
        other=other or ("an answer in the background" if asked_of(reply).get("background") else ""),
        instead="only reasoning" if view.reasoning_of(response) else "",
        completion=used,
        counted=used is not None,
    )


READING = Reading(
    "responses",
    "a response",
    OPENAI_SPEC,
    asked,
    said,
    ("happy.status_200", "happy.content_non_empty", "stream.answered", "stream.deltas"),
    {
        "text": "$.output[].content[].text",
        "calls": "$.output[]",
        "arguments": "$.output[].arguments",
        "usage": "$.usage.output_tokens",
    },
)
_CALL: dict[str, object] = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "record_word",
    "status": "completed",
    "arguments": '{"word":"pong"}',
}


def _called(**other: object) -> Example:
    return with_output(json.dumps({**_CALL, **other}).encode())


_REFUSED = Example(400, JSON, b'{"error":{"message":"temperature is not supported","param":"temperature"}}')
_WORDY = altered(b'"text":"pong"', b'"text":"{\\"word\\":\\"pong\\"}"')
clauses.add(
    CLAUSES,
    READING,
    {
        "answered": ((GOOD, STREAMED), (_REFUSED, body(b'{"error":"no"}'))),
        "readable": ((GOOD, _called()), (body(b'{"output":null}'), STREAMED, altered(b'"object":"response",', b""))),
        "content": ((GOOD, _called()), (with_content(b"[]"), with_output(THOUGHT))),
        "usage": ((GOOD,), (body(BODY[: BODY.index(b',"usage"')] + b"}"),)),
        "calls": (
            (_called(),),
            (_called(call_id=""), _called(arguments='{"word":'), _called(arguments={"word": "pong"})),
        ),
        "tool_choice": ((_called(),), (GOOD, _called(name="other"), _called(arguments='{"word":7}'))),
        "schema": ((_WORDY,), (GOOD, altered(b'"text":"pong"', b'"text":"{\\"word\\":7}"'))),
        "cap": ((GOOD,), (altered(b'"output_tokens":1', b'"output_tokens":900'),)),
    },
)
