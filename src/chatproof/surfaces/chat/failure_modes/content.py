"""Rows for completions with status 200 that are not what was promised: choices, messages, texts."""

from typing import TYPE_CHECKING

from chatproof.contract.clause import BROKEN
from chatproof.contract.common_modes import empty, enveloped, filtered, nobodys, refused
from chatproof.contract.failure_mode import (
    CERTAIN,
    IN_REASONING,
    LIKELY,
    PROVIDER,
    UNKNOWN,
    Case,
    Mode,
    Sign,
    when,
)
from chatproof.evidence.provider_error import error_words, find_error
from chatproof.printable import quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.view import reasoning_of

if TYPE_CHECKING:
    from chatproof.judging.judge import Finding

_CONTENT = "happy.message_content_non_empty"
_CHOICES = "happy.choices_non_empty"
_ENVELOPE = ("id", "object", "created", "model", "usage")


def _choices_missing(case: Case) -> Sign | None:
    if not case.broken(_CHOICES) or "choices" in case.reply.object:
        return None
    return (
        enveloped(case)
        or nobodys(case, _ENVELOPE, "a chat completion")
        or Sign((f"top level: {quote(case.reply.json)}",))
    )


def _choices_empty(case: Case) -> Sign | None:
    empty = case.reply.object.get("choices") == []
    return when(case.broken(_CHOICES) and empty, f"requested model: {quote(case.context.model)}")


def _choices_type(case: Case) -> Sign | None:
    return when(case.broken(_CHOICES), f"choices is {quote(case.reply.object.get('choices'))}")


def _message_missing(case: Case) -> Sign | None:
    if not case.broken(_CONTENT):
        return None
    has_message = isinstance(view.first_choice(case.reply.object).get("message"), dict)
    return when(not has_message, f"choices[0] is {quote(view.choices(case.reply)[0])}")


def _filtered(case: Case) -> Sign | None:
    return when(
        case.broken(_CONTENT) and view.finish_reason(case.reply) == "content_filter",
        "finish_reason is content_filter",
    )


def _refused(case: Case) -> Sign | None:
    refusal = view.message(case.reply).get("refusal")
    return when(
        case.broken(_CONTENT) and isinstance(refusal, str) and bool(refusal.strip()),
        f"refusal: {quote(refusal)}",
    )


def _wrong_type(case: Case) -> Sign | None:
    content = view.message(case.reply).get("content")
    if not case.broken(_CONTENT) or content is None or isinstance(content, str):
        return None
    return Sign((f"content is {quote(content)}",))


def _starved(case: Case) -> Sign | None:
    if not case.broken(_CONTENT):
        return None
    usage = case.reply.object.get("usage")
    details = usage.get("completion_tokens_details") if isinstance(usage, dict) else None
    tokens = details.get("reasoning_tokens") if isinstance(details, dict) else None
    if reasoning_of(view.message(case.reply)) and view.finish_reason(case.reply) == "stop":
        return None  # the model came to its end: see _in_reasoning
    if reasoning_of(view.message(case.reply)):
        return Sign(
            (
                "the message has reasoning text but no content",
                f"finish_reason is {quote(view.finish_reason(case.reply))}",
            )
        )
    if isinstance(tokens, int) and tokens > 0:
        return Sign(
            (f"usage counts {tokens} reasoning tokens", f"finish_reason is {quote(view.finish_reason(case.reply))}")
        )
    return None


def _in_reasoning(case: Case) -> Sign | None:
    """The model said stop, and all its text stands in the reasoning field: a parser files it there, not a budget."""
    text = reasoning_of(view.message(case.reply)) if case.broken(_CONTENT) else ""
    if not text or view.finish_reason(case.reply) != "stop":
        return None
    return Sign((f"the reasoning field holds {quote(text, 60)}; content is empty", 'finish_reason is "stop"'))


def _empty(case: Case) -> Sign | None:
    if not case.broken(_CONTENT):
        return None
    inner = find_error({"error": view.first_choice(case.reply.object).get("error")})
    finish = f"finish_reason is {quote(view.finish_reason(case.reply))}"
    return empty(case, finish, *([f"the choice has an {error_words(inner)}"] if inner else []))


_SHAPE = "happy.choices_shape"


def _shape_of(case: Case, *ends: str) -> "Finding | None":
    """The break of the choices' shape, where it is at one of these places. What is wrong with the first choice's
    content has rows of its own."""
    found = next((f for f in case.findings if f.clause == _SHAPE and f.outcome == BROKEN), None)
    return found if found is not None and found.at.endswith(ends) else None


def _choice_without_message(case: Case) -> Sign | None:
    found = _shape_of(case, "]", ".message")
    return Sign((_seen(found),)) if found else None


def _choice_without_content(case: Case) -> Sign | None:
    found = _shape_of(case, ".content")
    return Sign((_seen(found),)) if found else None


def _choice_without_role(case: Case) -> Sign | None:
    found = _shape_of(case, ".role")
    return Sign((_seen(found),)) if found else None


_EACH_CHOICE = "Report it with the evidence: the reference requires a message with role and content in each choice."


def _seen(found: "Finding") -> str:
    return f"{found.at}: expected {found.expected}; observed {found.observed}"


MODES = (
    Mode(
        "contract.choices_missing",
        PROVIDER,
        "the reply has no choices",
        "Report it: the body is JSON of another API, or the contract changed.",
        CERTAIN,
        _choices_missing,
    ),
    Mode(
        "contract.choices_empty",
        PROVIDER,
        "choices is an empty array",
        "Try another model; if only this one is empty, report it with the request id.",
        CERTAIN,
        _choices_empty,
    ),
    Mode(
        "contract.choices_type",
        PROVIDER,
        "choices is not an array",
        "Report it: clients index it as an array.",
        CERTAIN,
        _choices_type,
    ),
    Mode(
        "contract.message_missing",
        PROVIDER,
        "the first choice has no message",
        "Report it: clients read choices[0].message without a check.",
        CERTAIN,
        _message_missing,
    ),
    filtered(_filtered),
    refused(_refused),
    Mode(
        "contract.content",
        PROVIDER,
        "content has a type that clients do not expect",
        "If the provider documents this type of content, use the provider's profile (--profile); otherwise report it.",
        CERTAIN,
        _wrong_type,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "the answer is in the reasoning field, and content is empty",
        IN_REASONING,
        LIKELY,
        _in_reasoning,
    ),
    Mode(
        "content.reasoning_budget",
        UNKNOWN,
        "all tokens were spent on reasoning, and none was left for the answer",
        "Raise the token limit or lower the reasoning effort for this model; the probe sends no cap, so look for a default limit on the way.",
        LIKELY,
        _starved,
    ),
    Mode(
        "content.empty",
        PROVIDER,
        "the answer is empty",
        "Run again with another model; if only this one is empty, report it with the request id.",
        CERTAIN,
        _empty,
    ),
    Mode(
        "contract.message_missing",
        PROVIDER,
        "a choice has no message",
        _EACH_CHOICE,
        CERTAIN,
        _choice_without_message,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "a choice's message has no content",
        _EACH_CHOICE,
        CERTAIN,
        _choice_without_content,
    ),
    Mode(
        "contract.schema",
        PROVIDER,
        "a choice's message has no role",
        _EACH_CHOICE,
        CERTAIN,
        _choice_without_role,
    ),
)
