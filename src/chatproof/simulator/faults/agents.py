"""Faults in what agents rely on: calls at the same time, texts in arguments, probabilities, usual requests."""

from collections.abc import Callable
from typing import Any

from chatproof.simulator.fault import GO, NO_GO, Alter, Fault, Turn, When, asking, edited, rewritten
from chatproof.simulator.faults.capability import SAMPLING, call_pieces, calls, failed, forced, refused, where

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


ROWS = (
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
