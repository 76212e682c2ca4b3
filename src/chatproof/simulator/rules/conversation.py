"""What is refused in the order of messages: calls and their answers belong together."""

from collections.abc import Iterator
from typing import NamedTuple

from chatproof.simulator.answers import Body, Flaw
from chatproof.simulator.rules.calls import CALL, RESULT, calls_of
from chatproof.simulator.rules.messages import talk
from chatproof.simulator.rules.rule import Rule

_OTHER = {**CALL, "id": "call_2"}


class _Round(NamedTuple):
    """Tool messages in a row, and the ids of the calls in the message before them."""

    called: frozenset[str]
    answers: tuple[tuple[int, Body], ...]  # (place in the conversation, message)
    after: int  # place of what follows the answers


def _rounds(body: Body) -> Iterator[_Round]:
    """Each message with calls, and each row of tool messages, in the order of the conversation."""
    listed = body.get("messages")
    messages = [item if isinstance(item, dict) else {} for item in listed] if isinstance(listed, list) else []
    place = 0
    while place < len(messages):
        message = messages[place]
        called = frozenset(call["id"] for _, call in calls_of(message) if isinstance(call.get("id"), str))
        if message.get("role") != "tool":
            place += 1
            if not called:
                continue
        first = place
        while place < len(messages) and messages[place].get("role") == "tool":
            place += 1
        yield _Round(called, tuple((at, messages[at]) for at in range(first, place)), place)


def _without_call(body: Body) -> Flaw | None:
    for one in _rounds(body):
        if one.answers and not one.called:
            said = (
                "Invalid parameter: a message with role 'tool' must answer a message before it that has 'tool_calls'."
            )
            return Flaw(said, f"messages.[{one.answers[0][0]}].role", None)
    return None


def _unanswered(body: Body) -> Flaw | None:
    for one in _rounds(body):
        left = sorted(one.called - {answer.get("tool_call_id") for _, answer in one.answers})
        if left and not _strays(one):
            said = (
                "A message with 'tool_calls' must be followed by one tool message for each of its calls. "
                f"No message answers: {', '.join(id[:64] for id in left[:8])}"
            )
            last = len(body["messages"]) - 1
            return Flaw(said, f"messages.[{min(one.after, last)}].role", None)
    return None


def _strays(one: _Round) -> list[int]:
    """Places of answers to calls that nobody made; where a call was made at all."""
    found = ((at, answer.get("tool_call_id")) for at, answer in one.answers if one.called)
    return [at for at, id in found if isinstance(id, str) and id not in one.called]


def _unknown_id(body: Body) -> Flaw | None:
    for one in _rounds(body):
        for at in _strays(one):
            said = "Invalid parameter: this 'tool_call_id' is not among the 'tool_calls' of the message before."
            return Flaw(said, f"messages.[{at}].tool_call_id", None)
    return None


def _answered_twice(body: Body) -> Flaw | None:
    for one in _rounds(body):
        seen = dict[str, int]()
        for at, answer in one.answers:
            id = answer.get("tool_call_id")
            if not isinstance(id, str):
                continue
            if one.called and id in seen:
                said = f"Duplicate 'tool_call_id' {id[:64]!r} in messages[{seen[id]}] and messages[{at}]."
                return Flaw(said, f"messages.[{at}].tool_call_id", None)
            seen[id] = at
    return None


CONVERSATION_RULES: tuple[Rule, ...] = (
    Rule(
        "tool-without-call",
        "a tool's message that does not follow a message with calls",
        _without_call,
        talk(RESULT),
        "messages.[1].role",
        "miurla/morphic#136",
        "2024-05-11",
    ),
    Rule(
        "call-unanswered",
        "a call that the tool messages right behind it do not answer",
        _unanswered,
        talk({"role": "assistant", "content": None, "tool_calls": [CALL, _OTHER]}, RESULT),
        "messages.[2].role",
        "RamiAwar/dataline#172",
        "2024-05-31",
    ),
    Rule(
        "answer-to-nothing",
        "a tool's message that answers a call which was not made",
        _unknown_id,
        talk({"role": "assistant", "tool_calls": [CALL]}, {**RESULT, "tool_call_id": "call_9"}),
        "messages.[2].tool_call_id",
        "miurla/morphic#136",
        "2024-05-11",
    ),
    Rule(
        "answered-twice",
        "two answers to one call",
        _answered_twice,
        talk({"role": "assistant", "tool_calls": [CALL]}, RESULT, RESULT),
        "messages.[3].tool_call_id",
        "agno-agi/agno#5191",
        "2025-10-25",
    ),
)
