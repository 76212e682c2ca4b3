"""What the simulated model answers with, and how a request is found wrong."""

from typing import Any, NamedTuple

Body = dict[str, Any]
ROLES = ("developer", "system", "user", "assistant", "tool", "function")


class Flaw(NamedTuple):
    """Why a request is refused with 400."""

    message: str
    param: str | None
    code: str | None


class Answer(NamedTuple):
    """What the model says, and the tools that it calls."""

    text: str
    finish_reason: str
    calls: tuple[Body, ...] = ()


def plain_answer(body: Body) -> Answer:
    """The same words for the same request: "pong" if a message asks for it, else a sentence."""
    contents = [message.get("content") or "" for message in body["messages"]]
    parts = [part for content in contents for part in (content if isinstance(content, list) else [{"text": content}])]
    wants_pong = any(
        "pong" in part["text"].lower() for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)
    )
    return Answer("pong" if wants_pong else "This is the chatproof simulator.", "stop")


def missing(param: str) -> Flaw:
    return Flaw(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def mistyped(param: str, wanted: str, value: Any) -> Flaw:
    got = "an empty string" if value == "" else kind(value)
    return Flaw(f"Invalid type for '{param}': expected {wanted}, but got {got} instead.", param, "invalid_type")


def kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "an integer", float: "a decimal", str: "a string", list: "an array"}
    return names.get(type(value), "an object")
