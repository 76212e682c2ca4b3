"""Faults of the blocks of a stream: their order, their indexes, their texts."""

from chatproof.simulator.common_faults import Value, gone_from, set_in
from chatproof.simulator.messages_faults.parts import each, events, must, should, streaming_text, without

_BAD = "stream.malformed"
_BLOCK, _DELTA, _STOP = "content_block_start", "content_block_delta", "content_block_stop"


def _late_start(all: list[Value]) -> list[Value]:
    """The first delta before its block begins."""
    block = next(n for n, one in enumerate(all) if one["type"] == _BLOCK)
    delta = next(n for n, one in enumerate(all) if one["type"] == _DELTA)
    return [*all[:block], all[delta], *all[block:delta], *all[delta + 1 :]]


def _early_stop(all: list[Value]) -> list[Value]:
    """The end of the block before its last delta."""
    stop = next(n for n, one in enumerate(all) if one["type"] == _STOP)
    return [*all[: stop - 1], all[stop], all[stop - 1], *all[stop + 1 :]]


def _stray_stop(all: list[Value]) -> list[Value]:
    stop = next(n for n, one in enumerate(all) if one["type"] == _STOP)
    return [*all[: stop + 1], {**all[stop], "index": 1}, *all[stop + 1 :]]


def _at_once(all: list[Value]) -> list[Value]:
    """The whole text with the block."""
    for one in all:
        if one["type"] == _BLOCK:
            one["content_block"]["text"] = "pong"
    return [one for one in all if one["type"] != _DELTA]


def _last_text(all: list[Value]) -> int:
    return max(n for n, one in enumerate(all) if one.get("delta", {}).get("type") == "text_delta")


def _less_text(all: list[Value]) -> list[Value]:
    last = _last_text(all)
    return [*all[:last], *all[last + 1 :]]


def _more_text(all: list[Value]) -> list[Value]:
    last = _last_text(all)
    return [*all[:last], *all[last:][:1], *all[last:]]


def _begun(all: list[Value]) -> list[Value]:
    """The first delta's text in the start of its block."""
    first = next(one for one in all if one["type"] == "content_block_delta")
    start = next(one for one in all if one["type"] == _BLOCK)
    start["content_block"]["text"] = first["delta"]["text"]
    return [one for one in all if one is not first]


ROWS = (
    must(
        "block-start-missing",
        "content_block_start is missing.",
        _BAD,
        streaming_text,
        without(_BLOCK),
        "stream.block_start",
        stream=True,
    ),
    must(
        "block-start-late",
        "A delta comes before its block begins.",
        _BAD,
        streaming_text,
        events(_late_start),
        "stream.block_start",
        stream=True,
    ),
    must(
        "block-start-bare",
        "content_block_start has no block.",
        _BAD,
        streaming_text,
        each(_BLOCK, gone_from("content_block")),
        "stream.block_start",
        stream=True,
    ),
    must(
        "index-from-one",
        "The blocks are numbered from 1.",
        _BAD,
        streaming_text,
        events(lambda all: [{**one, "index": 1} if "index" in one else one for one in all]),
        "stream.indexes",
        stream=True,
    ),
    must(
        "delta-without-index",
        "The deltas have no index.",
        _BAD,
        streaming_text,
        each(_DELTA, gone_from("index")),
        "stream.indexes",
        stream=True,
    ),
    must(
        "block-without-text",
        "A block of text begins without its text.",
        _BAD,
        streaming_text,
        each(_BLOCK, gone_from("content_block", "text")),
        "stream.block_whole",
        stream=True,
    ),
    must(
        "no-deltas",
        "No delta comes.",
        "content.empty",
        streaming_text,
        without(_DELTA),
        "stream.deltas",
        stream=True,
    ),
    must(
        "empty-deltas",
        "The deltas are empty.",
        "content.empty",
        streaming_text,
        each(_DELTA, set_in("", "delta", "text")),
        "stream.deltas",
        stream=True,
    ),
    must(
        "delta-without-type",
        "The deltas do not have their type.",
        _BAD,
        streaming_text,
        each(_DELTA, gone_from("delta", "type")),
        "stream.deltas",
        stream=True,
    ),
    must(
        "delta-of-another-type",
        "The deltas have the type of their block.",
        _BAD,
        streaming_text,
        each(_DELTA, set_in("text", "delta", "type")),
        "stream.deltas",
        "stream.known_events",
        stream=True,
    ),
    must(
        "block-of-another-type",
        "The text is in a block whose type is that of the Responses API.",
        _BAD,
        streaming_text,
        each(_BLOCK, set_in("output_text", "content_block", "type")),
        "stream.deltas",
        "stream.known_events",
        stream=True,
    ),
    must(
        "delta-array",
        "The text of a delta is an array.",
        _BAD,
        streaming_text,
        each(_DELTA, lambda one: one["delta"].update(text=[one["delta"]["text"]])),
        "stream.deltas",
        stream=True,
    ),
    must(
        "streamed-thinking-only",
        "The stream is only thinking.",
        "contract.content",
        streaming_text,
        each(_BLOCK, set_in({"type": "thinking", "thinking": "", "signature": ""}, "content_block")),
        "stream.deltas",
        stream=True,
    ),
    must(
        "text-at-once",
        "The text is in the block's start, and there are no deltas.",
        _BAD,
        streaming_text,
        events(_at_once),
        "stream.deltas",
        "stream.block_empty",
        stream=True,
    ),
    must(
        "text-begins-in-block",
        "The first piece of the text is in the block's start alone.",
        _BAD,
        streaming_text,
        events(_begun),
        "stream.block_text",
        "stream.block_empty",
        stream=True,
    ),
    should(
        "block-begins-with-text",
        "A block of text begins with a part of the text.",
        _BAD,
        streaming_text,
        each(_BLOCK, set_in("So: ", "content_block", "text")),
        "stream.block_empty",
        stream=True,
    ),
    should(
        "block-stop-missing",
        "content_block_stop is missing.",
        _BAD,
        streaming_text,
        without(_STOP),
        "stream.block_stop",
        stream=True,
    ),
    must(
        "block-stop-early",
        "A delta comes after the end of its block.",
        _BAD,
        streaming_text,
        events(_early_stop),
        "stream.block_open",
        stream=True,
    ),
    must(
        "block-stop-stray",
        "A block ends that has not begun.",
        _BAD,
        streaming_text,
        events(_stray_stop),
        "stream.block_open",
        stream=True,
    ),
    should(
        "block-begun-twice",
        "content_block_start comes twice.",
        _BAD,
        streaming_text,
        events(lambda all: [copy for one in all for copy in ([one, one] if one["type"] == _BLOCK else [one])]),
        "stream.block_once",
        stream=True,
    ),
    should(
        "delta-lost",
        "The last delta of the text is missing.",
        _BAD,
        streaming_text,
        events(_less_text),
        "stream.whole_text",
        stream=True,
    ),
    should(
        "delta-twice",
        "The last delta of the text comes twice.",
        _BAD,
        streaming_text,
        events(_more_text),
        "stream.whole_text",
        stream=True,
    ),
)
