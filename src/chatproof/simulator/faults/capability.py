"""What the faults of capabilities are made of: which requests, what becomes of the answer, and rows by state."""

import json
from collections.abc import Callable
from typing import Any

from chatproof.simulator import chat
from chatproof.simulator.common_faults import encoded_twice
from chatproof.simulator.fault import (
    GO,
    NO_GO,
    Alter,
    Fault,
    Turn,
    When,
    asking,
    edited,
    error,
    events,
    granted,
    json_of,
    says,
)
from chatproof.simulator.faults.stream import changed
from chatproof.simulator.wire import Reply, Script

UNSUPPORTED, IGNORED, BROKEN = "unsupported", "ignored", "broken"


# -- which requests ---------------------------------------------------------------------------------------------------


def where(check: Callable[[dict[str, Any]], bool]) -> When:
    return lambda turn: granted(turn) and turn.reply.status == 200 and check(json_of(turn))


def formed(kind: str) -> When:
    return where(
        lambda asked: isinstance(asked.get("response_format"), dict) and asked["response_format"]["type"] == kind
    )


def roles(*roles: str) -> When:
    return where(lambda asked: [message.get("role") for message in asked["messages"]] == [*roles])


def forced(stream: bool) -> When:
    return where(lambda asked: isinstance(asked.get("tool_choice"), dict) and bool(asked.get("stream")) is stream)


NO_CHOICE = where(lambda asked: asked.get("tool_choice") == "none")
RESULT = where(lambda asked: asked["messages"][-1].get("role") == "tool")
UNICODE = where(lambda asked: not str(asked["messages"][-1].get("content")).isascii())
IMAGE = where(lambda asked: isinstance(asked["messages"][-1].get("content"), list))
USAGE = asking("stream_options")
PLAIN_STREAM = where(
    lambda asked: (
        asked.get("stream") is True
        and set(asked) == {"model", "messages", "stream"}
        and str(asked["messages"]).isascii()
    )
)
SAMPLING = asking("n")


# -- what is made of the answer ---------------------------------------------------------------------------------------


def refused(parameter: str) -> Alter:
    said = f"Unsupported parameter: '{parameter}' is not supported with this model."
    return error(400, said, "unsupported_parameter", param=parameter)


def failed(parameter: str) -> Alter:
    """An error under status 200: neither done nor refused."""
    return says(
        200, {"error": {"message": f"{parameter} failed", "type": "api_error", "param": parameter, "code": None}}
    )


def misheard(change: Callable[[dict[str, Any]], object]) -> Alter:
    """The answer to a request that was changed on its way."""

    def alter(turn: Turn) -> Reply | Script:
        asked = json_of(turn)
        change(asked)
        return chat.respond(turn.asked._replace(body=json.dumps(asked).encode()))

    return alter


def dropped(*names: str) -> Alter:
    return misheard(lambda asked: [asked.pop(name, None) for name in names])


NO_PROBS = dropped("logprobs", "top_logprobs")


def last_only(asked: dict[str, Any]) -> None:
    asked["messages"] = asked["messages"][-1:]


def calls(change: Callable[[dict[str, Any]], object]) -> Alter:
    return edited(lambda value: [change(call) for call in value["choices"][0]["message"]["tool_calls"]])


def call_pieces(change: Callable[[dict[str, Any]], object]) -> Alter:
    def alter(value: dict[str, Any]) -> None:
        for one in value["choices"]:
            for piece in one["delta"].get("tool_calls", ()):
                change(piece)

    return events(lambda all: (changed(piece, alter) for piece in all))


def object_content(value: dict[str, Any]) -> None:
    message = value["choices"][0]["message"]
    message["content"] = json.loads(message["content"])


def mangled(value: dict[str, Any]) -> None:
    """The text of a completion or a chunk, read as Latin-1 and written as UTF-8."""
    for one in value["choices"]:
        said = one.get("message") or one.get("delta") or {}
        said.update(encoded_twice({name: said[name] for name in ("content",) if said.get(name)}))


MANGLED = events(lambda all: (changed(piece, mangled) for piece in all))


def null_usage(value: dict[str, Any]) -> None:
    if value.get("usage"):
        value["usage"]["total_tokens"] = None


# -- rows -------------------------------------------------------------------------------------------------------------


def unsupported(capability: str, when: When, parameter: str, name: str = "", *more: str) -> Fault:
    about = f"{parameter} is clearly refused." if parameter[0].isupper() else f"`{parameter}` is clearly refused."
    states = tuple(f"{each}={UNSUPPORTED}" for each in (capability, *more))
    return Fault(f"{name or words(capability)}-unsupported", about, "", GO, when, refused(parameter), states=states)


def blamed(capability: str) -> Fault:
    """One of three that share a request: what the others are is not seen, and that is said."""
    return unsupported(capability, SAMPLING, capability)._replace(code="request.unsupported_parameter")


def ignored(capability: str, when: When, alter: Alter, clause: str, code: str, about: str, name: str = "") -> Fault:
    states = (f"{capability}={IGNORED}",)
    return Fault(f"{name or words(capability)}-ignored", about, code, GO, when, alter, breaks=(clause,), states=states)


def broken(
    capability: str, when: When, alter: Alter, clause: str, code: str, about: str, name: str = "", verdict: str = NO_GO
) -> Fault:
    states = (f"{capability}={BROKEN}",)
    return Fault(
        name or f"{words(capability)}-broken", about, code, verdict, when, alter, breaks=(clause,), states=states
    )


def words(capability: str) -> str:
    return capability.replace("_", "-")
