"""Faults of the plain answer, and of the refusals of a key."""

import json
from typing import Any

from chatproof.simulator import chat, messages
from chatproof.simulator.common_faults import drop, put
from chatproof.simulator.fault import Turn, edited, json_of
from chatproof.simulator.fault import says as says_json
from chatproof.simulator.messages_faults.parts import ROWS as COMMON
from chatproof.simulator.messages_faults.parts import (
    asking,
    granted,
    let_in,
    must,
    plain,
    refused,
    says,
    should,
    with_text,
    wrong_api_key,
    wrong_bearer,
)
from chatproof.simulator.wire import GOOD, Reply

_SCHEMA, _CONTENT, _USAGE = "contract.schema", "contract.content", "contract.usage"
_ARRAY, _TEXT = "happy.content_array", "happy.content_non_empty"
_PROMPT = "Respond with the single word: pong"
_THOUGHT = {"type": "thinking", "thinking": "One word is asked for.", "signature": "c2ln"}


_UNASKED = {"type": "tool_use", "id": "toolu_unasked", "name": "search", "input": {}}


def _plainly(turn: Turn) -> bool:
    """The plain request, and no other one."""
    return _toolless(turn) and _PROMPT.encode() in turn.asked.body


def _toolless(turn: Turn) -> bool:
    return with_text(turn) and "tools" not in json_of(turn)


def _chat_reply(turn: Turn) -> Reply:
    """As from a gateway that takes every path for chat completions."""
    asked = {"model": json.loads(turn.asked.body)["model"], "messages": [{"role": "user", "content": "pong"}]}
    path = turn.asked.path.replace("/messages", "/chat/completions")
    return chat.respond(turn.asked._replace(path=path, body=json.dumps(asked).encode(), credential=GOOD))


def _streamed(turn: Turn) -> Reply:
    asked = {**json.loads(turn.asked.body), "stream": True}
    return messages.respond(turn.asked._replace(body=json.dumps(asked).encode()))


def _first(block: dict[str, Any]) -> Any:
    """The answer with one more block before its own."""
    return edited(lambda value: value["content"].insert(0, block))


ROWS = (
    *COMMON.wire(granted, plain),
    *COMMON.listings(),
    must(
        "overloaded-529",
        "The server is overloaded, and says so with 529.",
        "server.error",
        plain,
        says(529, "Overloaded", "overloaded_error"),
        "happy.status_200",
    ),
    must(
        "server-error",
        "The server fails with a JSON error.",
        "server.error",
        plain,
        says(500, "Internal server error", "api_error"),
        "happy.status_200",
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
        "A chat completion is returned instead of a message.",
        "contract.choices_missing",
        plain,
        _chat_reply,
        _ARRAY,
    ),
    must("content-missing", "The message has no content.", _CONTENT, plain, drop("content"), _ARRAY),
    must("content-null", "content is null.", _CONTENT, plain, put(None, "content"), _ARRAY),
    must("content-string", "content is a string, as in chat.", _CONTENT, plain, put("pong", "content"), _ARRAY),
    must(
        "content-object",
        "content is one block, not an array.",
        _CONTENT,
        plain,
        put({"type": "text"}, "content"),
        _ARRAY,
    ),
    must("block-string", "A block is a string.", _CONTENT, with_text, put("pong", "content", 0), _ARRAY),
    must("block-without-type", "A block has no type.", _CONTENT, with_text, drop("content", 0, "type"), _ARRAY),
    must("content-empty", "content is an empty array.", "content.empty", with_text, put([], "content"), _TEXT),
    must("text-empty", "The text is empty.", "content.empty", with_text, put("", "content", 0, "text"), _TEXT),
    must("text-blank", "The text is white space.", "content.empty", with_text, put(" \n", "content", 0, "text"), _TEXT),
    must("text-null", "The block's text is null.", _CONTENT, with_text, put(None, "content", 0, "text"), _TEXT),
    must("text-missing", "The block has no text.", _CONTENT, with_text, drop("content", 0, "text"), _TEXT),
    must(
        "block-type-output-text",
        "The text is in a block of another type, as in the Responses API.",
        _CONTENT,
        with_text,
        put("output_text", "content", 0, "type"),
        _TEXT,
        "happy.known_blocks",
    ),
    must(
        "refusal",
        "The model refuses.",
        "content.refused",
        with_text,
        edited(lambda value: value.update(content=[], stop_reason="refusal")),
        _TEXT,
    ),
    must(
        "thinking-only",
        "All tokens were spent on thinking.",
        "content.reasoning_budget",
        with_text,
        edited(lambda value: value.update(content=[_THOUGHT], stop_reason="max_tokens")),
        _TEXT,
    ),
    must(
        "in-thinking",
        "The answer is in the thinking.",
        _CONTENT,
        with_text,
        put([{**_THOUGHT, "thinking": "pong"}], "content"),
        _TEXT,
    ),
    must("type-missing", "The message is not labelled as one.", _SCHEMA, plain, drop("type"), "happy.type"),
    must(
        "type-completion",
        "The message is labelled as a chat completion.",
        _SCHEMA,
        plain,
        put("chat.completion", "type"),
        "happy.type",
    ),
    must(
        "error-beside",
        "An error appears beside the answer.",
        "contract.error_present",
        with_text,
        put({"type": "api_error", "message": "upstream died"}, "error"),
        "happy.no_error_field",
    ),
    should(
        "call-unasked",
        "A request without tools is answered with a call, too.",
        "contract.tools",
        _toolless,
        edited(lambda value: value["content"].append(_UNASKED)),
        "happy.uncalled",
    ),
    must(
        "error-in-200",
        "The server fails under HTTP 200.",
        "contract.error_present",
        plain,
        lambda turn: messages.error(turn.asked, 200, "Overloaded", "overloaded_error"),
        _ARRAY,
        "happy.no_error_field",
    ),
    must("stop-reason-number", "stop_reason is a number.", _SCHEMA, plain, put(7, "stop_reason"), "happy.stop_reason"),
    must("usage-missing", "No usage is reported.", _USAGE, plain, drop("usage"), "happy.usage"),
    must("usage-null", "usage is null.", _USAGE, plain, put(None, "usage"), "happy.usage"),
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
    must(
        "any-key-served",
        "No key is required.",
        "auth.not_enforced",
        refused,
        let_in,
        "auth.invalid_key.rejected",
        "auth.invalid_other.rejected",
        "auth.missing_key.rejected",
    ),
    must(
        "wrong-bearer-served",
        "A wrong key is served in the Authorization header.",
        "auth.not_enforced",
        wrong_bearer,
        let_in,
        "auth.invalid_key.rejected",
    ),
    must(
        "wrong-api-key-served",
        "A wrong key is served in the x-api-key header.",
        "auth.not_enforced",
        wrong_api_key,
        let_in,
        "auth.invalid_other.rejected",
    ),
    *COMMON.refusals(asking, refused, "invalid_key", "invalid_other", "missing_key"),
    COMMON.echoed(with_text),
    should(
        "stop-reason-missing",
        "Nothing says why the message ends.",
        _SCHEMA,
        plain,
        drop("stop_reason"),
        "happy.stop_reason_said",
    ),
    should(
        "stop-reason-of-chat",
        "stop_reason is a word of chat.",
        _SCHEMA,
        plain,
        put("stop", "stop_reason"),
        "happy.stop_reason_said",
    ),
    should(
        "stop-reason-null", "stop_reason is null.", _SCHEMA, plain, put(None, "stop_reason"), "happy.stop_reason_said"
    ),
    should("id-missing", "The message has no id.", _SCHEMA, plain, drop("id"), "happy.envelope"),
    should("role-missing", "The message has no role.", _SCHEMA, plain, drop("role"), "happy.envelope"),
    should("role-model", "The message's role is model.", _SCHEMA, plain, put("model", "role"), "happy.envelope"),
    should("model-missing", "The message names no model.", _SCHEMA, plain, drop("model"), "happy.envelope"),
    should(
        "thinking-without-signature",
        "A block of thinking has no signature.",
        _SCHEMA,
        with_text,
        _first({"type": "thinking", "thinking": "Hm."}),
        "happy.thinking_signed",
    ),
    should(
        "unknown-block",
        "A block is of a vendor-specific kind.",
        _SCHEMA,
        with_text,
        _first({"type": "vendor_search", "id": "v_1"}),
        "happy.known_blocks",
    ),
    should(
        "refusal-of-chat",
        "A refused key gets an error in chat's form.",
        "auth.error_body",
        refused,
        says_json(
            401, {"error": {"message": "Invalid token", "type": "invalid_request_error", "code": "invalid_api_key"}}
        ),
        "auth.error_shape",
    ),
    should(
        "thinking-in-text",
        "The text begins with the model's thinking in tags.",
        _CONTENT,
        _plainly,
        _first({"type": "text", "text": "<think>One word is asked for.</think>\n"}),
        "happy.answer_alone",
    ),
    should(
        "prompt-in-text",
        "The text begins with the request's own words.",
        _CONTENT,
        _plainly,
        _first({"type": "text", "text": f"{_PROMPT}\n"}),
        "happy.answer_alone",
    ),
    should(
        "text-twice",
        "The block of text is there twice.",
        _CONTENT,
        _plainly,
        _first({"type": "text", "text": "pong"}),
        "happy.answer_alone",
    ),
)
