"""Faults that only one reply of many shows: the longer stream, the streamed tool call, a reply to more messages."""

from collections.abc import Callable, Iterable
from typing import Any

from chatproof.simulator.chat import DONE, event
from chatproof.simulator.fault import GO, NO_GO, Alter, Fault, Turn, When, edited, events, granted, json_of, rewritten
from chatproof.simulator.faults.capability import BROKEN, USAGE, call_pieces, calls, forced, misheard, roles, where
from chatproof.simulator.faults.stream import changed
from chatproof.simulator.wire import Reply, Script

_PLAIN = where(lambda asked: asked.get("stream") is True and not {"tools", "stream_options"} & set(asked))
_LOST = {"message": "upstream reset", "type": "server_error", "code": "upstream_reset"}


def _must(name: str, about: str, when: When, alter: Alter, clause: str, code: str, *states: str) -> Fault:
    return Fault(name, about, code, NO_GO, when, alter, breaks=(clause,), states=states)


def _should(name: str, about: str, when: When, alter: Alter, clause: str, code: str) -> Fault:
    return Fault(name, about, code, GO, when, alter, breaks=(clause,))


def _chunks(change: Callable[[dict[str, Any]], object]) -> Alter:
    return events(lambda all: (changed(piece, change) for piece in all))


def _unfinished(value: dict[str, Any]) -> None:
    for one in value["choices"]:
        one["finish_reason"] = None


def _cumulative(all: tuple[bytes, ...]) -> Iterable[bytes]:
    """Each delta with all the text so far, as gateways write that pass on the upstream's whole answer each time."""
    text = ""

    def grow(value: dict[str, Any]) -> None:
        nonlocal text
        for one in value["choices"]:
            if one["delta"].get("content"):
                text += one["delta"]["content"]
                one["delta"]["content"] = text

    return [changed(piece, grow) for piece in all]


def _in_parts(value: dict[str, Any]) -> None:
    message = value["choices"][0]["message"]
    message["content"] = [{"type": "text", "text": message["content"]}]


def _named(piece: dict[str, Any]) -> None:
    piece["function"].setdefault("name", "record_word")


def _null_counts(value: dict[str, Any]) -> None:
    value["usage"] = {"prompt_tokens": 9, "completion_tokens": None, "total_tokens": None}


def _untyped(turn: Turn) -> bool:
    """The forced call, and the conversation that gives it back: a server that forgets the type takes it back so."""
    return forced(False)(turn) or (granted(turn) and bool(_given_back(json_of(turn))))


def _given_back(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The calls in a request's messages; none where it is no conversation."""
    messages = asked.get("messages")
    listed = messages if isinstance(messages, list) else []
    found = [message.get("tool_calls") for message in listed if isinstance(message, dict)]
    return [call for calls in found if isinstance(calls, list) for call in calls if isinstance(call, dict)]


def _forgets_the_type(turn: Turn) -> Reply | Script:
    if _given_back(json_of(turn)):
        typed = misheard(lambda asked: [call.setdefault("type", "function") for call in _given_back(asked)])
        return typed(turn)
    return calls(lambda call: call.pop("type"))(turn)


ROWS = (
    _must(
        "usage-stream-malformed",
        "An event of the stream that asks for usage is not JSON.",
        USAGE,
        events(lambda all: (*all[:1], b'data: {"choices": [{"delta"\n\n', *all[1:])),
        "envelope.elsewhere.events_parse",
        "stream.malformed",
    ),
    _must(
        "usage-stream-error",
        "The stream that asks for usage contains an error.",
        USAGE,
        events(lambda all: (*all[:-1], event({"error": _LOST}), DONE)),
        "envelope.elsewhere.no_error",
        "stream.error",
    ),
    _should(
        "usage-stream-no-finish",
        "The stream that asks for usage has no finish_reason.",
        USAGE,
        _chunks(_unfinished),
        "envelope.elsewhere.finished",
        "stream.incomplete",
    ),
    _should(
        "stream-cumulative",
        "Each delta of a longer stream repeats all the text so far.",
        USAGE,
        events(_cumulative),
        "envelope.elsewhere.text_once",
        "stream.duplicated",
    ),
    _must(
        "content-parts-elsewhere",
        "The content of the reply to two messages is an array of parts.",
        roles("system", "user"),
        edited(_in_parts),
        "envelope.elsewhere.content",
        "contract.content",
    ),
    Fault(
        "logprobs-infinite",
        "A log probability is minus infinity, which is no JSON.",
        "body.unsafe_json",
        NO_GO,
        where(lambda asked: asked.get("logprobs") is True),
        rewritten(lambda data: data.replace(b'"top_logprobs": [', b'"top_logprobs": [{"logprob": -Infinity}, ', 1)),
        breaks=("envelope.elsewhere.body_json", "logprobs.honoured", "n.honoured", "seed.accepted"),
    ),
    _should(
        "tool-type-missing",
        "A tool call does not have its type.",
        _untyped,
        _forgets_the_type,
        "tools.typed",
        "contract.tools",
    ),
    _must(
        "tool-index-from-one",
        "The index of a streamed tool call begins at 1.",
        forced(True),
        call_pieces(lambda piece: piece.update(index=piece["index"] + 1)),
        "tools.stream_index",
        "contract.tools",
        f"tools_stream={BROKEN}",
    ),
    _should(
        "tool-name-in-each-piece",
        "Each piece of a streamed tool call repeats the function's name.",
        forced(True),
        call_pieces(_named),
        "tools.stream_once",
        "contract.tools",
    ),
    _must(
        "tool-stream-no-finish",
        "The stream of a tool call has no finish_reason.",
        forced(True),
        _chunks(_unfinished),
        "tools.stream_finish",
        "contract.tools",
    ),
    _should(
        "stream-usage-null-counts",
        "The chunks of a stream carry usage whose counts are null.",
        _PLAIN,
        _chunks(_null_counts),
        "stream.usage_counts",
        "contract.usage",
    ),
    _should(
        "stream-retry-alone",
        "A stream begins with a block with only `retry:`, which is legal and stops openai-python.",
        _PLAIN,
        events(lambda all: (b"retry: 3000\n\n", *all)),
        "stream.no_empty_events",
        "stream.malformed",
    ),
)
