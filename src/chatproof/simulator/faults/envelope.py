"""Faults that only validate sees: fields of completions and chunks that typed clients cannot decode."""

from collections.abc import Callable
from typing import Any

from chatproof.simulator.fault import GO, NO_GO, Alter, Fault, When, choice, edited, events, json_of, plain, streaming
from chatproof.simulator.faults.stream import changed

_SCHEMA, _USAGE = "contract.schema", "contract.usage"
_Body = dict[str, Any]


def _one_choice(turn: Any) -> bool:
    """Plain answers but those to n: what those lack is another clause's."""
    return plain(turn) and "n" not in json_of(turn)


def _ended(turn: Any) -> bool:
    """Answers that came to their natural end, to a request that asks for nothing more."""
    return plain(turn) and set(json_of(turn)) <= {"model", "messages", "stream"}


def _set(**fields: object) -> Alter:
    return edited(lambda value: value.update(fields))


def _without(name: str) -> Alter:
    return edited(lambda value: value.pop(name, None))


def _usage(change: Callable[[_Body], object]) -> Alter:
    return edited(lambda value: change(value["usage"]))


def _must(name: str, about: str, when: When, alter: Alter, clause: str, code: str = _SCHEMA) -> Fault:
    return Fault(name, about, code, NO_GO, when, alter, breaks=(clause,))


def _should(name: str, about: str, when: When, alter: Alter, clause: str, code: str = _SCHEMA) -> Fault:
    return Fault(name, about, code, GO, when, alter, breaks=(clause,))


ENVELOPE = (
    _should("id-missing", "The completion has no id.", plain, _without("id"), "envelope.complete"),
    _must("id-number", "The completion's id is a number.", plain, _set(id=7), "envelope.id"),
    _should("object-null", "The completion's `object` is null.", plain, _set(object=None), "envelope.object"),
    _should(
        "object-of-a-chunk",
        "The completion is labelled as a chunk.",
        plain,
        _set(object="chat.completion.chunk"),
        "envelope.object_name",
    ),
    _should("model-missing", "The completion names no model.", plain, _without("model"), "envelope.complete"),
    _must("model-number", "The completion's model is a number.", plain, _set(model=7), "envelope.model"),
    _must(
        "created-string",
        "`created` is a string.",
        plain,
        edited(lambda value: value.update(created=str(value["created"]))),
        "envelope.created",
    ),
    _should(
        "created-milliseconds",
        "`created` counts milliseconds.",
        plain,
        edited(lambda value: value.update(created=value["created"] * 1000)),
        "envelope.created_in_seconds",
    ),
    _must("index-string", "A choice's index is a string.", _one_choice, choice(index="0"), "envelope.choice_index"),
    _must(
        "role-model",
        "The message's role is model (Gemini's own word).",
        plain,
        edited(lambda value: value["choices"][0]["message"].update(role="model")),
        "envelope.role",
    ),
    _should(
        "finish-reason-eos",
        "The finish_reason is a word that no client knows.",
        _ended,
        choice(finish_reason="eos"),
        "envelope.finish_reason_known",
    ),
    _must(
        "finish-reason-number",
        "The finish_reason is a number.",
        _ended,
        choice(finish_reason=7),
        "envelope.finish_reason",
    ),
    _should(
        "finish-reason-null",
        "A finished answer has no finish_reason.",
        _ended,
        choice(finish_reason=None),
        "envelope.finished",
    ),
    _must(
        "usage-strings",
        "The usage's counts are strings.",
        plain,
        _usage(lambda usage: usage.update(total_tokens=str(usage["total_tokens"]))),
        "usage.integers",
        _USAGE,
    ),
    _should(
        "usage-negative",
        "The usage counts -1 tokens of the prompt.",
        plain,
        _usage(lambda usage: usage.update(prompt_tokens=-1)),
        "usage.complete",
        _USAGE,
    ),
    _should(
        "usage-sum",
        "The usage's total is not the sum of its parts.",
        plain,
        _usage(lambda usage: usage.update(total_tokens=usage["total_tokens"] + 7)),
        "usage.sum",
        _USAGE,
    ),
)


def _chunks(change: Callable[[int, _Body], object]) -> Alter:
    """The conformant stream with each chunk changed; the change is told the chunk's number."""
    return events(
        lambda all: (changed(piece, lambda value, n=n: change(n, value)) for n, piece in enumerate(all))  # type: ignore[misc]
    )


def _plain_stream(turn: Any) -> bool:
    return streaming(turn) and "tools" not in json_of(turn)


def _index_less(number: int, chunk: _Body) -> None:
    for one in chunk["choices"]:
        one.pop("index")


def _no_delta(number: int, chunk: _Body) -> None:
    """As Azure's chunks that only carry filter results."""
    for one in chunk["choices"]:
        one["delta"] = one["delta"] or None


def _empty_reason(number: int, chunk: _Body) -> None:
    for one in chunk["choices"]:
        one["finish_reason"] = one["finish_reason"] or ""


CHUNKS = (
    _must(
        "chunk-delta-null",
        "A choice in a stream's chunk has null instead of the delta.",
        _plain_stream,
        _chunks(_no_delta),
        "stream.delta",
    ),
    _must(
        "chunk-without-index",
        "The choices in a stream's chunks have no index.",
        _plain_stream,
        _chunks(_index_less),
        "stream.chunk_schema",
    ),
    _must(
        "chunk-of-a-completion",
        "The chunks of a stream are labelled as completions: openai-python's stream() skips them.",
        _plain_stream,
        _chunks(lambda number, chunk: chunk.update(object="chat.completion")),
        "stream.chunk_schema",
    ),
    _should(
        "chunk-without-created",
        "The chunks of a stream have no id and no time.",
        _plain_stream,
        _chunks(lambda number, chunk: [chunk.pop(name) for name in ("id", "created")]),
        "stream.chunk_complete",
    ),
    _should(
        "chunk-finish-reason-empty",
        "The finish_reason of a stream's first chunks is an empty string.",
        _plain_stream,
        _chunks(_empty_reason),
        "stream.chunk_complete",
    ),
    _should(
        "stream-without-role",
        "No delta of a stream names the role.",
        _plain_stream,
        _chunks(lambda number, chunk: [one["delta"].pop("role", None) for one in chunk["choices"]]),
        "stream.role_first",
    ),
    _should(
        "stream-many-ids",
        "Each chunk of a stream has a different id.",
        _plain_stream,
        _chunks(lambda number, chunk: chunk.update(id=f"{chunk['id']}-{number}")),
        "stream.one_id",
    ),
    _should(
        "stream-finished-twice",
        "Two chunks of a stream have a finish_reason.",
        _plain_stream,
        events(lambda all: (piece for one in all for piece in (one, *((one,) if b'"stop"' in one else ())))),
        "stream.one_finish",
    ),
)

ELSEWHERE = (
    _should(
        "id-missing-with-tools",
        "Replies to requests with tools have no id: they come from another path of the gateway.",
        lambda turn: plain(turn) and "tools" in json_of(turn),
        _without("id"),
        "envelope.elsewhere",
    ),
)

ROWS = (*ENVELOPE, *CHUNKS, *ELSEWHERE)
