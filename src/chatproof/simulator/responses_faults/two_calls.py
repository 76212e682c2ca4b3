"""Faults of two calls of one turn, streamed and not. Only validate sees them."""

import json
from collections.abc import Callable

from chatproof.simulator.common_faults import Value, put, set_in
from chatproof.simulator.fault import Alter, Turn, edited, json_of
from chatproof.simulator.responses_faults.parts import events, must, should, streaming_call, with_call

_TOOLS = "contract.tools"


def _parallel(turn: Turn) -> bool:
    return with_call(turn) and json_of(turn).get("tool_choice") == "required"


def _two_streamed(turn: Turn) -> bool:
    return streaming_call(turn) and json_of(turn).get("tool_choice") == "required"


def _of_second(change: Callable[[Value], object]) -> Alter:
    """The stream of two calls after a change of each event of the second one."""

    def changed(all: list[Value]) -> list[Value]:
        for one in all:
            if one.get("output_index") == 1:
                change(one)
        return all

    return events(changed)


def _one_id(name: str) -> Alter:
    """The stream of two calls, both with the first one's id of this name."""

    def changed(all: list[Value]) -> list[Value]:
        first, second = (call[name] for call in all[-1]["response"]["output"])
        said: list[Value] = json.loads(json.dumps(all).replace(f'"{second}"', f'"{first}"'))
        return said

    return events(changed)


def _crossed(one: Value) -> None:
    """The deltas of the second call are said to be of the first."""
    if "delta" in one:
        one["output_index"] = 0


def _merged_stream(all: list[Value]) -> list[Value]:
    """One streamed call with the arguments of both."""
    calls = all[-1]["response"]["output"]
    text = "".join(call["arguments"] for call in calls)
    merged = [one for one in all if one.get("output_index") != 1]
    at = next(number for number, one in enumerate(merged) if "arguments" in one)
    merged.insert(at, {**merged[at - 1], "delta": calls[1]["arguments"]})
    all[-1]["response"]["output"] = calls[:1]
    for held in (merged[at + 1], merged[at + 2]["item"], calls[0]):
        held["arguments"] = text
    return merged


def _without_second(all: list[Value]) -> list[Value]:
    """The second call has no arguments."""
    for one in all:
        for held in (one, one.get("item", {})):
            if one.get("output_index") == 1 and "arguments" in held:
                held["arguments"] = ""
    all[-1]["response"]["output"][1]["arguments"] = ""
    return [one for one in all if one.get("output_index") != 1 or "delta" not in one]


def _merge(value: Value) -> None:
    """One call with the arguments of both, as from a bridge with one index."""
    second = value["output"].pop()
    value["output"][-1]["arguments"] += second["arguments"]


def _turned(all: list[Value]) -> list[Value]:
    all[-1]["response"]["output"].reverse()
    return all


ROWS = (
    should(
        "two-calls-final-reversed",
        "The final response has two streamed calls in the other order.",
        _TOOLS,
        _two_streamed,
        events(_turned),
        "tools.stream.final_order",
    ),
    should(
        "calls-merged",
        "Two calls are merged into one.",
        _TOOLS,
        _parallel,
        edited(_merge),
        "tools.parallel",
    ),
    should(
        "call-ids-equal",
        "Two calls have one call_id.",
        _TOOLS,
        _parallel,
        edited(lambda value: value["output"][1].update(call_id=value["output"][0]["call_id"])),
        "tools.parallel",
    ),
    should(
        "second-arguments-missing",
        "The second of two calls has no arguments.",
        _TOOLS,
        _parallel,
        put("", "output", 1, "arguments"),
        "tools.parallel",
    ),
    should(
        "streamed-calls-merged",
        "Two calls are merged into one in a stream.",
        _TOOLS,
        _two_streamed,
        events(_merged_stream),
        "tools.stream.parallel",
    ),
    must(
        "streamed-calls-one-index",
        "Two calls in a stream have one output_index.",
        _TOOLS,
        _two_streamed,
        _of_second(set_in(0, "output_index")),
        "tools.stream.apart",
    ),
    must(
        "streamed-calls-one-item-id",
        "Two calls in a stream have one id.",
        _TOOLS,
        _two_streamed,
        _one_id("id"),
        "tools.stream.apart",
    ),
    must(
        "streamed-calls-one-call-id",
        "Two calls in a stream have one call_id.",
        _TOOLS,
        _two_streamed,
        _one_id("call_id"),
        "tools.stream.apart",
    ),
    must(
        "streamed-calls-crossed",
        "The deltas of the second call in a stream have the output_index of the first.",
        _TOOLS,
        _two_streamed,
        _of_second(_crossed),
        "tools.stream.apart",
    ),
    should(
        "streamed-second-arguments-missing",
        "The second of two calls in a stream has no arguments.",
        _TOOLS,
        _two_streamed,
        events(_without_second),
        "tools.stream.each",
    ),
)
