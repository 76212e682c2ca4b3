"""Faults of the plain answer, and of the refusals of a key."""

import json
from typing import Any

from chatproof.simulator import chat
from chatproof.simulator.common_faults import drop, put
from chatproof.simulator.fault import Turn, edited, error, json_of, labelled, says
from chatproof.simulator.fault import events as raw
from chatproof.simulator.responses_faults.parts import ROWS as COMMON
from chatproof.simulator.responses_faults.parts import (
    asking,
    free_text,
    let_in,
    must,
    plain,
    refused,
    should,
    streaming_text,
    with_text,
    wrong_key,
)
from chatproof.simulator.wire import GOOD, Reply

_PART = ("output", 0, "content", 0)
_SCHEMA, _CONTENT, _USAGE = "contract.schema", "contract.content", "contract.usage"
_PROMPT = "Respond with the single word: pong"
_THOUGHT = {"id": "rs_1", "type": "reasoning", "summary": []}
_OUTPUT, _SHAPE, _TEXT = "happy.output_array", "happy.message_shape", "happy.content_non_empty"


_UNASKED = {
    "type": "function_call",
    "id": "fc_unasked",
    "call_id": "call_unasked",
    "status": "completed",
    "name": "search",
    "arguments": "{}",
}


def _plainly(turn: Turn) -> bool:
    """The plain request, and no other one."""
    return _toolless(turn) and json_of(turn).get("input") == _PROMPT


def _before(text: str) -> Any:
    """The answer with a text before its own, in the same part."""
    return edited(lambda value: value["output"][0]["content"][0].update(text=f"{text}pong"))


def _thoughtful(piece: bytes) -> bytes:
    """An event with tags in each place where the text begins."""
    return piece.replace(b'"po"', b'"<think>Hm.</think>po"').replace(b'"pong"', b'"<think>Hm.</think>pong"')


def _toolless(turn: Turn) -> bool:
    return free_text(turn) and "tools" not in json_of(turn)


def _granted(turn: Turn) -> bool:
    return asking(turn) and turn.asked.credential == GOOD and turn.reply.status == 200


def _chat_reply(turn: Turn) -> Reply:
    """As from a gateway that takes every path for chat completions."""
    asked = {"model": json.loads(turn.asked.body)["model"], "messages": [{"role": "user", "content": "pong"}]}
    path = turn.asked.path.replace("/responses", "/chat/completions")
    return chat.respond(turn.asked._replace(path=path, body=json.dumps(asked).encode()))


def _streamed(turn: Turn) -> Reply:
    asked = {**json.loads(turn.asked.body), "stream": True}
    return let_in(turn._replace(asked=turn.asked._replace(body=json.dumps(asked).encode())))


def _first(item: dict[str, Any]) -> Any:
    """The answer with one more item before its own."""
    return edited(lambda value: value["output"].insert(0, item))


def _starved(value: dict[str, Any]) -> None:
    value.update(output=[_THOUGHT], status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    value["usage"].update(output_tokens=64, output_tokens_details={"reasoning_tokens": 64})


def _failed(value: dict[str, Any]) -> None:
    value.update(status="failed", output=[])


ROWS = (
    *COMMON.wire(_granted, plain),
    *COMMON.listings(),
    must(
        "server-error",
        "The server fails with a JSON error.",
        "server.error",
        plain,
        error(500, "The server had an error.", "server_error", "server_error"),
        "happy.status_200",
    ),
    should(
        "media-type-case",
        "The answer's media type has capital letters.",
        "contract.headers",
        plain,
        labelled(media="Application/JSON"),
        "happy.media_type_lower",
    ),
    must(
        "stream-when-false",
        "The answer is streamed although stream: false was sent.",
        "stream.unexpected",
        with_text,
        _streamed,
        "happy.media_type_json",
        "happy.body_json",
    ),
    must(
        "chat-reply",
        "A chat completion is returned instead of a response.",
        "contract.choices_missing",
        plain,
        _chat_reply,
        _OUTPUT,
    ),
    must("output-missing", "The response has no output.", "contract.choices_missing", plain, drop("output"), _OUTPUT),
    must("output-null", "output is null.", "contract.choices_type", plain, put(None, "output"), _OUTPUT),
    must(
        "output-object",
        "output is an object, not an array.",
        "contract.choices_type",
        plain,
        put({"0": {}}, "output"),
        _OUTPUT,
    ),
    must("item-null", "An item is null.", "contract.choices_type", with_text, put(None, "output", 0), _OUTPUT),
    must(
        "item-without-type",
        "An item has no type.",
        "contract.choices_type",
        with_text,
        drop("output", 0, "type"),
        _OUTPUT,
    ),
    must("output-empty", "output is an empty array.", "contract.choices_empty", with_text, put([], "output"), _TEXT),
    must("object-missing", "The response is not labelled as one.", _SCHEMA, plain, drop("object"), "happy.object"),
    must(
        "object-completion",
        "The response is labelled as a chat completion.",
        _SCHEMA,
        plain,
        put("chat.completion", "object"),
        "happy.object",
    ),
    must("created-missing", "The response has no created_at.", _SCHEMA, plain, drop("created_at"), "happy.created_at"),
    must(
        "created-string",
        "created_at is a string.",
        _SCHEMA,
        plain,
        put("2026-01-01T00:00:00Z", "created_at"),
        "happy.created_at",
    ),
    must(
        "error-beside",
        "An error appears beside the answer.",
        "contract.error_present",
        with_text,
        put({"code": "server_error", "message": "upstream died"}, "error"),
        "happy.no_error_field",
    ),
    must(
        "failed",
        "The response failed, under HTTP 200.",
        "server.error",
        with_text,
        edited(_failed),
        "happy.not_failed",
        _TEXT,
    ),
    should(
        "cancelled",
        "The response says that it was cancelled.",
        "server.error",
        with_text,
        put("cancelled", "status"),
        "happy.not_failed",
    ),
    must(
        "content-null", "A message's content is null.", _CONTENT, with_text, put(None, "output", 0, "content"), _SHAPE
    ),
    must(
        "content-string",
        "A message's content is a string, as in chat.",
        _CONTENT,
        with_text,
        put("pong", "output", 0, "content"),
        _SHAPE,
    ),
    must("content-missing", "A message has no content.", _CONTENT, with_text, drop("output", 0, "content"), _SHAPE),
    must("part-string", "A part is a string.", _CONTENT, with_text, put(["pong"], "output", 0, "content"), _SHAPE),
    must(
        "part-type-text",
        "The part's type is text, as in chat.",
        _CONTENT,
        with_text,
        put("text", *_PART, "type"),
        _TEXT,
    ),
    must("text-null", "The part's text is null.", _CONTENT, with_text, put(None, *_PART, "text"), _TEXT),
    must("text-missing", "The part has no text.", _CONTENT, with_text, drop(*_PART, "text"), _TEXT),
    must("text-empty", "The text is empty.", "content.empty", with_text, put("", *_PART, "text"), _TEXT),
    must("text-blank", "The text is white space.", "content.empty", with_text, put(" \n", *_PART, "text"), _TEXT),
    must(
        "content-empty", "The message has no parts.", "content.empty", with_text, put([], "output", 0, "content"), _TEXT
    ),
    must(
        "refusal",
        "The model refuses.",
        "content.refused",
        with_text,
        put([{"type": "refusal", "refusal": "I cannot help."}], "output", 0, "content"),
        _TEXT,
    ),
    must(
        "reasoning-only",
        "All tokens were spent on reasoning.",
        "content.reasoning_budget",
        with_text,
        edited(_starved),
        _TEXT,
    ),
    must(
        "in-reasoning",
        "The answer is in the reasoning item.",
        _CONTENT,
        with_text,
        put([{**_THOUGHT, "content": [{"type": "reasoning_text", "text": "pong"}]}], "output"),
        _TEXT,
    ),
    must(
        "usage-of-chat",
        "The usage has chat's names.",
        _USAGE,
        plain,
        put({"prompt_tokens": 6, "completion_tokens": 1, "total_tokens": 7}, "usage"),
        "happy.usage",
    ),
    must(
        "usage-string", "The usage counts in strings.", _USAGE, plain, put("6", "usage", "input_tokens"), "happy.usage"
    ),
    *COMMON.served(wrong_key, refused, let_in),
    *COMMON.refusals(asking, refused, "invalid_key", "missing_key"),
    should(
        "call-unasked",
        "A request without tools is answered with a call, too.",
        "contract.tools",
        _toolless,
        edited(lambda value: value["output"].append(_UNASKED)),
        "happy.uncalled",
    ),
    should(
        "refusal-detail",
        "A refused key gets FastAPI's error.",
        "auth.error_body",
        refused,
        says(401, {"detail": "Unauthorized"}),
        "auth.error_shape",
    ),
    COMMON.echoed(with_text),
    should(
        "status-success",
        "The status is an unknown word.",
        _SCHEMA,
        with_text,
        put("success", "status"),
        "happy.status",
    ),
    should(
        "status-in-progress",
        "A finished response says that it is in progress.",
        _SCHEMA,
        with_text,
        put("in_progress", "status"),
        "happy.status",
    ),
    should("usage-missing", "No usage is reported.", _USAGE, plain, drop("usage"), "happy.usage_reported"),
    should("item-without-id", "A message has no id.", _SCHEMA, with_text, drop("output", 0, "id"), "happy.items"),
    should("role-missing", "A message has no role.", _SCHEMA, with_text, drop("output", 0, "role"), "happy.items"),
    should(
        "role-model", "A message's role is model.", _SCHEMA, with_text, put("model", "output", 0, "role"), "happy.items"
    ),
    must(
        "message-twice",
        "The message comes twice, with one id.",
        _SCHEMA,
        free_text,
        edited(lambda value: value["output"].append(value["output"][0])),
        "happy.message_once",
    ),
    should(
        "reasoning-without-summary",
        "A reasoning item has no summary.",
        _SCHEMA,
        with_text,
        _first({"id": "rs_1", "type": "reasoning"}),
        "happy.items",
    ),
    should(
        "annotations-missing",
        "The text has no annotations.",
        _SCHEMA,
        with_text,
        drop(*_PART, "annotations"),
        "happy.annotations",
    ),
    should(
        "annotations-null",
        "The text's annotations are null.",
        _SCHEMA,
        with_text,
        put(None, *_PART, "annotations"),
        "happy.annotations",
    ),
    should(
        "unknown-item",
        "An item is of a vendor-specific kind.",
        _SCHEMA,
        with_text,
        _first({"id": "v_1", "type": "vendor:search"}),
        "happy.known_items",
    ),
    must(
        "message-of-another-kind",
        "The item with the text is of a kind that no client shows.",
        _CONTENT,
        free_text,
        put("assistant", "output", 0, "type"),
        _TEXT,
    ),
    should(
        "thinking-in-text",
        "The text begins with the model's thinking in tags.",
        _CONTENT,
        _plainly,
        _before("<think>One word is asked for.</think>\n"),
        "happy.answer_alone",
    ),
    should(
        "prompt-in-text",
        "The text begins with the request's own words.",
        _CONTENT,
        _plainly,
        _before(f"{_PROMPT}\n"),
        "happy.answer_alone",
    ),
    should("text-twice", "The text is there twice.", _CONTENT, _plainly, _before("pong"), "happy.answer_alone"),
    should(
        "stream-thinking-in-text",
        "The streamed text begins with the model's thinking in tags.",
        _CONTENT,
        streaming_text,
        raw(lambda all: tuple(_thoughtful(piece) for piece in all)),
        "stream.answer_alone",
        stream=True,
    ),
)
