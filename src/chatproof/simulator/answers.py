"""What the simulated model answers with, and how a request is found wrong."""

import threading
from typing import Any, Generic, NamedTuple, TypeVar

_T = TypeVar("_T")
Body = dict[str, Any]
WHICH_WORDS = "Which words were given? Answer with all of them, in their order, and nothing else."
"""The question that is answered with each word of a sentence such as `The first word is maple.`"""
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


class Remembered(Generic[_T]):
    """What a server keeps from one request to another, by a text; of more than `most` the oldest go. Used by the
    threads of all connections."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[str, _T] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> _T | None:
        """What was kept by this text; None for nothing."""
        return self._kept.get(key)

    def keep(self, key: str, value: _T) -> None:
        """Keep a value by this text."""
        with self._lock:
            while len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = value
