"""Faults that only validate sees, of values that have the right type: counts, ids and names that cannot be, texts that
lost something, results that do not arrive; of a wrong key in a stream; of a request of every day that is refused."""

import json
from collections.abc import Callable
from typing import Any

from chatproof.simulator import chat
from chatproof.simulator.chat import DONE, event
from chatproof.simulator.common_faults import Rows, cut_after, put
from chatproof.simulator.fault import (
    Alter,
    Turn,
    edited,
    error,
    events,
    json_of,
    let_in,
    plain,
    wrong_key,
)
from chatproof.simulator.faults.capability import PLAIN_STREAM, RESULT, USAGE, forced, mangled, misheard, where
from chatproof.simulator.faults.stream import changed
from chatproof.simulator.wire import Reply, Script

_SCHEMA, _USAGE, _MESSAGES, _TOOLS = "contract.schema", "contract.usage", "contract.messages", "contract.tools"
_ROWS = Rows("")
_should, _must = _ROWS.should, _ROWS.must
_long = where(lambda asked: len(str(asked["messages"])) > 2000 and len(asked["messages"]) == 3)
_TEXT = ("choices", 0, "message", "content")
_everyday = where(lambda asked: "stream" not in asked)
_told = where(lambda asked: "these two lines" in str(asked["messages"][0].get("content")))


def _wrong_in_stream(turn: Turn) -> bool:
    return wrong_key(turn) and bool(json_of(turn).get("stream"))


def _wrong_in_answer(turn: Turn) -> bool:
    return wrong_key(turn) and not json_of(turn).get("stream")


def _counts(**counts: int) -> Callable[[dict[str, Any]], object]:
    """A change of counts, with a total that is their sum."""

    def change(value: dict[str, Any]) -> None:
        usage = value.get("usage")
        if usage:
            usage.update(counts)
            usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]

    return change


def _each(change: Callable[[dict[str, Any]], object]) -> Alter:
    return events(lambda all: (changed(piece, change) for piece in all))


def _cached(value: dict[str, Any]) -> None:
    value["usage"]["prompt_tokens_details"]["cached_tokens"] = value["usage"]["prompt_tokens"] + 500


def _running(turn: Turn) -> Reply:
    """A stream each of whose chunks reports what was used until then."""
    *chunks, last, done = turn.reply.events
    usage = json.loads(last.removeprefix(b"data: "))["usage"]
    told = (changed(piece, lambda value: value.update(usage=usage)) for piece in chunks)
    return turn.reply._replace(events=(*told, last, done))


def _last_lost(turn: Turn) -> Reply:
    *chunks, _, end, usage, done = turn.reply.events
    return turn.reply._replace(events=(*chunks, end, usage, done))


def _on_one_line(value: dict[str, Any]) -> None:
    message = value["choices"][0]["message"]
    message["content"] = message["content"].replace("\n", "")


def _first_result(asked: dict[str, Any]) -> None:
    """The conversation without the call and its result."""
    asked["messages"] = asked["messages"][:1]
    asked["tool_choice"] = "required"


def _emptied(asked: dict[str, Any]) -> None:
    asked["messages"][-1]["content"] = ""


def _streamed(turn: Turn) -> Reply | Script:
    asked = {**json_of(turn), "stream": True}
    return chat.respond(turn.asked._replace(body=json.dumps(asked).encode()))


def _empty_arguments(value: dict[str, Any]) -> None:
    for one in value["choices"]:
        for piece in one["delta"].get("tool_calls", ()):
            piece["function"]["arguments"] = "{}" if "id" in piece else ""


def _cut_off(asked: dict[str, Any]) -> None:
    asked["messages"] = cut_after(1000, asked["messages"])


def _without_middle(asked: dict[str, Any]) -> None:
    first = asked["messages"][0]
    first["content"] = f"{first['content'][:700]} {first['content'][-700:]}"


def _last_twice(turn: Turn) -> Reply:
    *chunks, last, end, usage, done = turn.reply.events
    return turn.reply._replace(events=(*chunks, last, last, end, usage, done))


def _without_later_rules(asked: dict[str, Any]) -> None:
    asked["messages"] = [one for place, one in enumerate(asked["messages"]) if not place or one["role"] != "system"]


ROWS = (
    _should(
        "texts-cut",
        "Messages are cut off after 1,000 characters.",
        _MESSAGES,
        _long,
        misheard(_cut_off),
        "multi_turn.places",
    ),
    _should(
        "system-lost-in-stream",
        "A system message is not read in a stream.",
        _MESSAGES,
        where(lambda asked: bool(asked.get("stream")) and asked["messages"][0].get("role") == "system"),
        misheard(lambda asked: asked["messages"].pop(0)),
        "role.system.streamed",
    ),
    _should(
        "texts-without-middle",
        "Of a long message the middle is left out.",
        _MESSAGES,
        _long,
        misheard(_without_middle),
        "multi_turn.places",
    ),
    _should(
        "stream-last-text-twice",
        "The last piece of a stream's text comes twice.",
        "stream.incomplete",
        USAGE,
        _last_twice,
        "stream.text_whole",
    ),
    _should(
        "stream-capped-unasked",
        "A stream is cut off after 20 tokens, though nobody asked for a cap.",
        "stream.incomplete",
        USAGE,
        misheard(lambda asked: asked.update(max_tokens=20)),
        "stream.text_whole",
    ),
    _should(
        "later-system-lost",
        "A system message after other messages is not read.",
        _MESSAGES,
        where(lambda asked: "system" in [one.get("role") for one in asked["messages"][1:]]),
        misheard(_without_later_rules),
        "usual.messages.places",
    ),
    _should(
        "counts-always-the-same",
        "The usage counts 9 tokens for every prompt.",
        _USAGE,
        _long,
        edited(_counts(prompt_tokens=9)),
        "usage.long_counted",
    ),
    *_ROWS.stream_refusals(
        _wrong_in_stream,
        let_in,
        event({"error": {"message": "Incorrect API key provided.", "code": "invalid_api_key"}}) + DONE,
    ),
    _should(
        "wrong-key-500",
        "A wrong key gets 500, with an error in JSON.",
        "auth.error_body",
        _wrong_in_answer,
        error(500, "Invalid token", "invalid_api_key"),
        "auth.invalid_key.not_retried",
    ),
    *_ROWS.listings(),
    _should(
        "counts-far-too-many",
        "The usage counts 180,000 tokens too many.",
        _USAGE,
        plain,
        edited(_counts(prompt_tokens=180_006)),
        "usage.plausible",
    ),
    _should(
        "counts-nothing",
        "The usage counts 0 tokens for the answer.",
        _USAGE,
        plain,
        edited(_counts(completion_tokens=0)),
        "usage.counted",
    ),
    _should(
        "counts-cached-beside",
        "More tokens come from a cache than the prompt has.",
        _USAGE,
        plain,
        edited(_cached),
        "usage.within",
    ),
    _should(
        "stream-counts-one-token",
        "A stream counts one token for its answer.",
        _USAGE,
        USAGE,
        _each(_counts(completion_tokens=1)),
        "usage.streamed_whole",
    ),
    _should(
        "stream-counts-no-prompt",
        "A stream counts 0 tokens for the prompt.",
        _USAGE,
        USAGE,
        _each(_counts(prompt_tokens=0)),
        "stream.usage_counted",
    ),
    _should(
        "stream-usage-in-each-chunk",
        "Each chunk reports the usage so far.",
        _USAGE,
        USAGE,
        _running,
        "stream.usage_once",
    ),
    _should(
        "stream-last-text-lost",
        "The last piece of a stream's text is lost.",
        "stream.incomplete",
        USAGE,
        _last_lost,
        "stream.text_whole",
    ),
    _should("another-model", "Another model answers.", _SCHEMA, plain, put("another-kind", "model"), "model.answers"),
    _should(
        "another-model-streams",
        "Another model answers where a stream is asked for.",
        _SCHEMA,
        PLAIN_STREAM,
        _each(lambda value: value.update(model="another-kind")),
        "stream.model_answers",
    ),
    _should("same-id-always", "All completions have one id.", _SCHEMA, plain, put("chatcmpl-1", "id"), "ids.fresh"),
    _should(
        "unicode-garbled-unstreamed",
        "Text outside ASCII is encoded twice in what is not streamed.",
        _MESSAGES,
        _told,
        edited(mangled),
        "unicode.unstreamed",
    ),
    _should(
        "line-breaks-lost", "Line breaks are taken out.", _MESSAGES, _told, edited(_on_one_line), "unicode.unstreamed"
    ),
    _should(
        "tool-stream-without-arguments",
        "A streamed call has no argument of the function's schema.",
        _TOOLS,
        forced(True),
        _each(_empty_arguments),
        "tools.stream_forced",
    ),
    _should(
        "tool-result-dropped",
        "The model does not get the result of its tool, and calls it again.",
        _TOOLS,
        RESULT,
        misheard(_first_result),
        "tools.result_used",
    ),
    _should(
        "tool-result-emptied",
        "The model gets an empty result of its tool.",
        _TOOLS,
        RESULT,
        misheard(_emptied),
        "tools.result_heard",
    ),
    _should(
        "roles-must-alternate",
        "Two messages of the user in a row are refused.",
        _MESSAGES,
        _everyday,
        error(400, "Conversation roles must alternate user/assistant/user/assistant/..."),
        "everyday.accepted",
    ),
    _should(
        "first-of-two-messages-lost",
        "Of two messages of the user in a row the first is not read.",
        _MESSAGES,
        _everyday,
        put("You gave me no word.", *_TEXT),
        "everyday.heard",
    ),
    _must(
        "streams-unasked",
        "A request without stream gets a stream.",
        "contract.parameter",
        _everyday,
        _streamed,
        "everyday.unstreamed",
    ),
    _should(
        "zero-refused",
        "temperature 0 is refused.",
        "contract.parameter",
        where(lambda asked: asked.get("temperature") == 0),
        error(400, "`temperature` must be strictly positive", param="temperature"),
        "everyday.cold",
    ),
)
