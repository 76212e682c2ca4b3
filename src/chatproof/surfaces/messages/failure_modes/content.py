"""Rows for messages with status 200 that are not what was promised: content, blocks, texts."""

from chatproof.contract.common_modes import empty, enveloped, nobodys, refused
from chatproof.contract.failure_mode import CERTAIN, IN_REASONING, LIKELY, PROVIDER, UNKNOWN, Case, Mode, Sign, when
from chatproof.contract.probe import STREAM
from chatproof.printable import quote
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Built
from chatproof.surfaces.messages.view import Fields

_ENVELOPE = ("id", "type", "role", "model", "content", "stop_reason", "usage")
_ARRAY = "messages.happy.content_array"
_CONTENT = "messages.happy.content_non_empty"
_DELTAS = "messages.stream.deltas"
# Of a captured request, which is the user's: it asks for other things than ours, and may send a small cap.
_THEIRS = (
    "Read the request: its own words may be the reason for the refusal. Then ask for something harmless, to compare."
)
_CAPPED = "Raise the request's max_tokens, or lower its budget for thinking."


def _chat_reply(case: Case) -> Sign | None:
    body = case.reply.object
    return when(case.broken(_ARRAY) and "choices" in body and "content" not in body, f"top level: {quote(body)}")


def _content_missing(case: Case) -> Sign | None:
    if not case.broken(_ARRAY) or not case.reply.is_object or "content" in case.reply.object:
        return None
    return enveloped(case) or nobodys(case, _ENVELOPE, "a message") or Sign((f"top level: {quote(case.reply.json)}",))


def _content_type(case: Case) -> Sign | None:
    if not case.broken(_ARRAY):
        return None
    return nobodys(case, _ENVELOPE, "a message") or Sign(case.observed(_ARRAY))


def _message(case: Case) -> Fields | None:
    """The message of a reply without text; None for any other reply."""
    return view.final(case.reply) if case.broken(_CONTENT) or case.broken(_DELTAS) else None


def _kinds(case: Case) -> list[Fields]:
    """The blocks of the message, plain or streamed."""
    if case.row.role != STREAM:
        return view.blocks(case.reply.object)
    return [block.start for block in Built(view.events(case.reply)).blocks.values()]


def _refused(case: Case) -> Sign | None:
    message = _message(case)
    found = when(message is not None and message.get("stop_reason") == "refusal", "stop_reason is refusal")
    return found._replace(next_step=_THEIRS, owner=UNKNOWN) if found and case.is_users_own else found


def _wrong_block(case: Case) -> Sign | None:
    """A text stands there, in a block of another type than the reference's or in another shape."""
    if _message(case) is None or case.row.role == STREAM:
        return None
    found = view.blocks(case.reply.object)
    other = next((b for b in found if b.get("type") != view.TEXT and isinstance(b.get("text"), str)), None)
    odd = next((b for b in found if b.get("type") == view.TEXT and not isinstance(b.get("text"), str)), None)
    wrong = other or odd
    return when(wrong is not None, f"the block is {quote(wrong)}")


def _starved(case: Case) -> Sign | None:
    message = _message(case)
    if message is None or message.get("stop_reason") != "max_tokens":
        return None
    thought = any(block.get("type") in (view.THINKING, "redacted_thinking") for block in _kinds(case))
    seen = ("stop_reason is max_tokens", "the content is only thinking" if thought else "no text arrived")
    return Sign(seen, next_step=_CAPPED if case.is_users_own else "")


def _in_thinking(case: Case) -> Sign | None:
    """The model came to its end, and all its text stands in the thinking."""
    if _message(case) is None:
        return None
    thoughts = [block for block in _kinds(case) if block.get("type") == view.THINKING]
    return when(bool(thoughts), "the content has a block of thinking, but no block of text")


def _empty(case: Case) -> Sign | None:
    return None if _message(case) is None else empty(case, *case.observed(_CONTENT), *case.observed(_DELTAS))


MODES = (
    Mode(
        "contract.choices_missing",
        PROVIDER,
        "the body is a chat completion: it has choices, but no content",
        "Another API answers at the path /messages: look for a route or a gateway that treats it as chat completions.",
        CERTAIN,
        _chat_reply,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "the message has no content",
        "Report it: the body is JSON of another API, or the contract changed.",
        CERTAIN,
        _content_missing,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "the message's content is not an array of blocks",
        "Report it: clients read the blocks. A string, as in chat, is not valid in this API.",
        CERTAIN,
        _content_type,
    ),
    refused(_refused),
    Mode(
        "contract.content",
        PROVIDER,
        "the text is in a block that no client shows",
        "Report it: the blocks of an answer are of type text, and their text is a string.",
        CERTAIN,
        _wrong_block,
    ),
    Mode(
        "content.reasoning_budget",
        UNKNOWN,
        "all tokens were spent before the answer, usually on thinking",
        "Turn thinking off or lower its budget for this model; the probe allows 2048 tokens, so look for a lower limit on "
        "the way.",
        LIKELY,
        _starved,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "the answer is in the thinking, and no block has type text",
        IN_REASONING,
        LIKELY,
        _in_thinking,
    ),
    Mode(
        "content.empty",
        PROVIDER,
        "the answer is empty",
        "Run again with another model; if only this one is empty, report it with the request id.",
        CERTAIN,
        _empty,
    ),
)
