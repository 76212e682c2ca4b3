"""Faults in what agents rely on: calls at the same time, texts in arguments, probabilities, usual requests."""

import json
from collections.abc import Callable
from typing import Any

from chatproof.simulator.fault import GO, NO_GO, Alter, Fault, Turn, When, asking, edited, events, rewritten
from chatproof.simulator.faults.capability import SAMPLING, call_pieces, calls, failed, forced, refused, where
from chatproof.simulator.faults.stream import changed
from chatproof.simulator.wire import Reply

_TOOLS, _PARAMETER = "contract.tools", "contract.parameter"


def _two(stream: bool) -> When:
    return where(lambda asked: len(asked.get("tools") or ()) == 2 and bool(asked.get("stream")) is stream)


def _either(turn: Turn) -> bool:
    return _two(False)(turn) or _two(True)(turn)


def _rewritten(change: Callable[[str], str]) -> Alter:
    """Another text in the arguments of every call, streamed and not."""

    def one(call: dict[str, Any]) -> None:
        function = call.get("function", {})
        if "arguments" in function:
            function["arguments"] = change(function["arguments"])

    plain, streamed = calls(one), call_pieces(one)
    return lambda turn: (streamed if _two(True)(turn) else plain)(turn)


def _improbable(value: dict[str, Any]) -> None:
    for one in value["choices"]:
        for entry in one["logprobs"]["content"]:
            for alternative in entry["top_logprobs"]:
                alternative["logprob"] = entry["logprob"]


def _usual(name: str, about: str, when: When) -> Fault:
    clause = "tools.usual" if name == "tools" else f"usual.{name}.taken"
    return Fault(f"usual-{name}-failed", about, _PARAMETER, GO, when, failed(name), breaks=(clause,))


def _ended_by_stop(value: dict[str, Any]) -> None:
    for one in value["choices"]:
        one["finish_reason"] = one["finish_reason"] and "stop"


def _as_text(value: dict[str, Any]) -> None:
    """The calls as the model writes them, where no parser makes calls of them."""
    for one in value["choices"]:
        made = one["message"].pop("tool_calls")
        one["message"]["content"] = "".join(f"<tool_call>{json.dumps(call['function'])}</tool_call>" for call in made)
        one["finish_reason"] = "stop"


def _as_streamed_text(turn: Turn) -> Reply:
    first, *_, last, done = turn.reply.events

    def telling(value: dict[str, Any]) -> None:
        value["choices"][0]["delta"]["content"] = '<tool_call>{"name": "record_link", "arguments": {}}</tool_call>'

    return turn.reply._replace(events=(changed(first, telling), changed(last, _ended_by_stop), done))


def _numbers_as_texts(call: dict[str, Any]) -> None:
    made = json.loads(call["function"]["arguments"])
    texts = {name: str(value) for name, value in made.items()}
    call["function"]["arguments"] = json.dumps(texts, ensure_ascii=False)


ROWS = (
    *(
        Fault(
            f"free-calls-end-with-stop{'-streamed' if stream else ''}",
            f"{'A stream' if stream else 'An answer'} with calls that nobody forced ends with stop.",
            _TOOLS,
            GO,
            _two(stream),
            events(lambda all: (changed(one, _ended_by_stop) for one in all)) if stream else edited(_ended_by_stop),
            breaks=(f"tools.parallel.{'stream.' if stream else ''}finish_reason",),
        )
        for stream in (False, True)
    ),
    Fault(
        "free-calls-in-text",
        "Calls that nobody forced stand in the text.",
        _TOOLS,
        GO,
        _two(False),
        edited(_as_text),
        breaks=("tools.parallel.in_calls",),
    ),
    Fault(
        "free-calls-in-streamed-text",
        "Calls that nobody forced stand in a stream's text.",
        _TOOLS,
        GO,
        _two(True),
        _as_streamed_text,
        breaks=("tools.parallel.stream.in_calls",),
    ),
    Fault(
        "numbers-as-texts",
        "A number in the arguments of a call is a text.",
        _TOOLS,
        GO,
        _two(False),
        calls(_numbers_as_texts),
        breaks=("tools.parallel_typed",),
    ),
    Fault(
        "parallel-calls-one-id",
        "Two parallel calls have one id.",
        _TOOLS,
        NO_GO,
        _two(False),
        calls(lambda call: call.update(id="call_0")),
        breaks=("tools.parallel_ids",),
    ),
    Fault(
        "parallel-calls-not-a-number",
        "The answer with two parallel calls has a number that no JSON has.",
        "body.unsafe_json",
        NO_GO,
        _two(False),
        rewritten(lambda data: data.replace(b'"choices"', b'"cost": NaN, "choices"', 1)),
        breaks=("envelope.elsewhere.body_json",),
    ),
    Fault(
        "parallel-calls-one-index",
        "Two streamed parallel calls have one index.",
        _TOOLS,
        NO_GO,
        _two(True),
        call_pieces(lambda piece: piece.update(index=0)),
        breaks=("tools.parallel_apart",),
    ),
    Fault(
        "tool-arguments-rewritten",
        "A link in a call's arguments is rewritten on the way, with and without streaming.",
        _TOOLS,
        GO,
        _either,
        _rewritten(lambda text: text.replace("example.com", "example.net")),
        breaks=("tools.intact",),
    ),
    Fault(
        "logprobs-made-up",
        "Each alternative has the same probability, and their sum is above 1.",
        _PARAMETER,
        GO,
        SAMPLING,
        edited(_improbable),
        breaks=("logprobs.coherent",),
        states=("logprobs=supported",),
    ),
    Fault(
        "parallel-tool-calls-unsupported",
        "`parallel_tool_calls` is clearly refused.",
        "",
        GO,
        asking("parallel_tool_calls"),
        refused("parallel_tool_calls"),
    ),
    Fault(
        "forced-choice-unsupported",
        "A forced choice of a tool is refused; without it, the model makes the call.",
        "",
        GO,
        lambda turn: forced(False)(turn) or forced(True)(turn),
        refused("tool_choice"),
        states=("tools=supported", "tools_stream=supported", "tool_choice=unsupported"),
    ),
    _usual("parameters", "Usual fields fail under status 200.", where(lambda asked: asked.get("user") == "chatproof")),
    _usual(
        "messages",
        "Content in parts and a later system message fail under status 200.",
        where(lambda asked: len(asked["messages"]) == 4),
    ),
    _usual(
        "tools",
        "Usual schema keywords of a tool fail under status 200.",
        where(lambda asked: asked.get("parallel_tool_calls") is True),
    ),
    _usual(
        "sdk",
        "Requests of an official SDK fail under status 200.",
        lambda turn: where(lambda asked: True)(turn) and turn.asked.agent.startswith("OpenAI/"),
    ),
)
