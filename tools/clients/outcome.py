"""What became of a reply in a client: the result on it beside the same client's result on the good reply.

An outcome is one word and what it is about: `fine`, `raises` (exception), `loses` (the answer, a tool call, the words of
an error, usage, the finish reason), `wrong` (another text, other calls, an error taken for an answer).
"""

import json
from typing import Any, NamedTuple

FINE, RAISES, LOSES, WRONG, VOID = "fine", "raises", "loses", "wrong", "void"
# What a program that shows an answer does not need, and one that counts or loops may: told, but no break by itself.
LESSER = ("usage", "finish_reason")

Result = dict[str, Any]


class Outcome(NamedTuple):
    """`about` is the exception, or the part that is lost or wrong."""

    word: str
    about: str = ""

    @property
    def breaks(self) -> bool:
        """The user of the client has no answer, no call, no words of the error, or the wrong ones."""
        return self.word in (RAISES, LOSES, WRONG) and self.about not in LESSER


UNASKED = Outcome(VOID, "not asked")
"""The client never sends such a request."""


def judge(good: Result, got: Result, good_words: str, words: str) -> Outcome:
    """Compare. Void when the client cannot use even the good reply, so that nothing follows."""
    if good.get("unasked"):
        return UNASKED
    if good.get("raised"):
        return _refusal(good["raised"], got, good_words, words) if good_words else Outcome(VOID, good["raised"]["type"])
    if got.get("raised"):
        return Outcome(RAISES, got["raised"]["type"])
    for part, compare in _PARTS:
        found = compare(good, got)
        if found:
            return Outcome(found, part)
    return Outcome(FINE)


def _refusal(good: Result, got: Result, good_words: str, words: str) -> Outcome:
    """The good reply is an error, which the client should raise with the server's words."""
    raised = got.get("raised")
    if not raised:
        return Outcome(WRONG, "an error taken for an answer")
    if _plain(good_words) in _plain(good["text"]) and not (words and _plain(words) in _plain(raised["text"])):
        return Outcome(LOSES, "the words of the error")
    return Outcome(FINE)


def usable(good: Result, got: Result) -> Outcome:
    """Compare with a good reply that says something else: the client must come to an answer or to an error alike."""
    if good.get("unasked"):
        return UNASKED
    if bool(good.get("raised")) != bool(got.get("raised")):
        return (
            Outcome(RAISES, got["raised"]["type"])
            if got.get("raised")
            else Outcome(WRONG, "an error taken for an answer")
        )
    if not got.get("raised") and _any(good) and not _any(got):
        return Outcome(LOSES, "answer")
    if _runnable(good) and not _runnable(got):
        return Outcome(WRONG, "tool call")
    return Outcome(FINE)


def _runnable(found: Result) -> bool:
    """Whether each call has an id, a name, and an object as its arguments."""
    calls = [_call(call) for call in found.get("calls") or []]
    return all(id and isinstance(name, str) and name and arguments.startswith("{") for id, name, _, arguments in calls)


def _any(found: Result) -> bool:
    return bool(found.get("content") or found.get("calls") or found.get("parsed"))


def _answer(good: Result, got: Result) -> str:
    if good.get("calls"):
        return ""  # a model may say a word beside its call
    return _part(good.get("content") or None, got.get("content"))


def _parsed(good: Result, got: Result) -> str:
    return _part(good.get("parsed"), got.get("parsed"))


def _calls(good: Result, got: Result) -> str:
    wanted, found = [_call(c) for c in good.get("calls") or []], [_call(c) for c in got.get("calls") or []]
    if len(found) < len(wanted):
        return LOSES
    return WRONG if found != wanted else ""


def _call(call: Result) -> tuple[bool, object, str, str]:
    """A call as a loop needs it: some id, the name, and the arguments as a JSON object.

    A program parses a string, or is handed the object: with one client it is always the same of the two.
    """
    arguments = call.get("arguments")
    handed = type(arguments).__name__
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            arguments = f"not JSON: {arguments}"
        if not isinstance(arguments, dict):
            arguments = f"no object: {arguments}"
    elif arguments is not None and not isinstance(arguments, dict):
        arguments = f"neither text nor object: {arguments}"
    return bool(call.get("id")) and isinstance(call.get("id"), str), call.get("name"), handed, json.dumps(arguments)


def _choices(good: Result, got: Result) -> str:
    return LOSES if (got.get("choices") or 0) < (good.get("choices") or 0) else ""


def _logprobs(good: Result, got: Result) -> str:
    return _part(good.get("logprobs"), got.get("logprobs"))


def _finish(good: Result, got: Result) -> str:
    return _part(good.get("finish_reason"), got.get("finish_reason"))


def _usage(good: Result, got: Result) -> str:
    return _part(good.get("usage"), got.get("usage"))


def _part(good: object, got: object) -> str:
    if good is None:
        return WRONG if isinstance(got, str) and got.strip() else ""
    if got is None or got in ("", [], "other", "unknown"):
        return LOSES
    return WRONG if got != good else ""


_PARTS = (
    ("tool call", _calls),
    ("answer", _answer),
    ("parsed object", _parsed),
    ("choices", _choices),
    ("logprobs", _logprobs),
    ("finish_reason", _finish),
    ("usage", _usage),
)


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())[:60]
