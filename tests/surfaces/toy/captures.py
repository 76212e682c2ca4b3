"""Captured requests to the toy."""

from typing import Any

from chatproof.contract.surface import AskedFor


def near(path: str) -> tuple[str, str] | None:
    before, slash, after = path.rpartition("/shout")
    return (before, slash + after) if slash and after in ("", "z") else None


def what(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    if "words" in value and "shouted" not in value:
        return "the body of a request (it has words, and nothing was shouted)"
    return "" if "shouted" in value else None


def holds_answer(value: Any) -> bool:
    return isinstance(value, dict) and "shouted" in value


def may_be_reply(body: bytes) -> bool:
    return b'"shouted"' in body


def alike(asked: AskedFor) -> tuple[str, str]:
    body = asked.body or {}
    if not isinstance(body.get("words"), str):
        return "", "the request has no words: it may rightly be refused"
    return ("flow" if body.get("stream") is True else "loud"), ""


def summary(body: dict[str, Any]) -> str:
    return f"words={len(str(body.get('words', '')).split())}"
