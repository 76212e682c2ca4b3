"""Rows for responses with status 200 that are not what was promised: output, messages, texts."""

from chatproof.contract.common_modes import empty, enveloped, filtered, nobodys, refused
from chatproof.contract.failure_mode import CERTAIN, IN_REASONING, LIKELY, PROVIDER, UNKNOWN, Case, Mode, Sign, when
from chatproof.contract.probe import STREAM
from chatproof.printable import quote
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.view import Fields

_ENVELOPE = ("id", "object", "created_at", "model", "output", "usage")
_OUTPUT = "responses.happy.output_array"
_MESSAGE = "responses.happy.message_shape"
_CONTENT = "responses.happy.content_non_empty"
_DELTAS = "responses.stream.deltas"
# Of a captured request, which is the user's: it asks for other things than ours, and may send a cap.
_THEIRS = (
    "Read the request: its own words may be the reason for the refusal. Then ask for something harmless, to compare."
)
_CAPPED = "Raise the request's max_output_tokens (if it has none, look for a default limit on the way), or lower the reasoning effort."


def _chat_reply(case: Case) -> Sign | None:
    body = case.reply.object
    return when(case.broken(_OUTPUT) and "choices" in body and "output" not in body, f"top level: {quote(body)}")


def _output_missing(case: Case) -> Sign | None:
    if not case.broken(_OUTPUT) or "output" in case.reply.object:
        return None
    return enveloped(case) or nobodys(case, _ENVELOPE, "a response") or Sign((f"top level: {quote(case.reply.json)}",))


def _output_type(case: Case) -> Sign | None:
    if not case.broken(_OUTPUT):
        return None
    return nobodys(case, _ENVELOPE, "a response") or Sign(case.observed(_OUTPUT))


def _message_type(case: Case) -> Sign | None:
    return when(case.broken(_MESSAGE), *case.observed(_MESSAGE))


def _response(case: Case) -> Fields | None:
    """The response of a reply without text; None for any other reply."""
    return view.final(case.reply) if case.broken(_CONTENT) or case.broken(_DELTAS) else None


def _output_empty(case: Case) -> Sign | None:
    if not case.broken(_CONTENT) or case.reply.object.get("output") != []:
        return None
    return empty(case, f"requested model: {quote(case.context.model)}")


def _filtered(case: Case) -> Sign | None:
    response = _response(case)
    filtered = response is not None and view.finish_of(response) == "content_filter"
    found = when(filtered, "incomplete_details.reason is content_filter")
    return found._replace(next_step=_THEIRS, owner=UNKNOWN) if found and case.is_users_own else found


def _refused(case: Case) -> Sign | None:
    response = _response(case)
    said = view.refusal_of(response) if response is not None else ""
    found = when(bool(said.strip()), f"refusal: {quote(said)}")
    return found._replace(next_step=_THEIRS, owner=UNKNOWN) if found and case.is_users_own else found


def _wrong_part(case: Case) -> Sign | None:
    """A text stands there, under another type than the reference's or in another shape."""
    response = _response(case)
    if response is None or case.row.role == STREAM:
        return None
    shown = [item for item in view.output(response) if item.get("type") not in (view.REASONING, view.CALL)]
    odd_item = next((i for i in shown if i.get("type") != view.MESSAGE and view.text_of_item(i)), None)
    if odd_item is not None:
        return Sign((f"the item is {quote(odd_item)}",), summary="the text is in an item that no client shows")
    parts = [part for item in view.items(response, view.MESSAGE) for part in view.objects(item.get("content"))]
    wrong = next((part for part in parts if part.get("type") != view.TEXT and isinstance(part.get("text"), str)), None)
    odd = next(
        (part for part in parts if part.get("type") == view.TEXT and not isinstance(part.get("text"), str)), None
    )
    found = wrong or odd
    return when(found is not None, f"the part is {quote(found)}")


def _starved(case: Case) -> Sign | None:
    response = _response(case)
    if response is None:
        return None
    details = view.members(view.members(response.get("usage")).get("output_tokens_details"))
    thought = details.get("reasoning_tokens")
    counted = isinstance(thought, int) and thought > 0
    if not (view.reasoning_of(response) or counted) or response.get("status") == "completed":
        return None
    reason = f"incomplete_details.reason is {quote(view.finish_of(response))}"
    seen = (f"usage counts {thought} reasoning tokens" if counted else "the output is only reasoning", reason)
    return Sign(seen, next_step=_CAPPED if case.is_users_own else "")


def _in_reasoning(case: Case) -> Sign | None:
    """The model came to its end, and all its text stands in the reasoning item."""
    response = _response(case)
    text = view.reasoning_of(response) if response is not None else ""
    return when(bool(text), f"the reasoning item has {quote(text, 60)}; no message has a text")


def _empty(case: Case) -> Sign | None:
    response = _response(case)
    return None if response is None else empty(case, *case.observed(_CONTENT), *case.observed(_DELTAS))


MODES = (
    Mode(
        "contract.choices_missing",
        PROVIDER,
        "the body is a chat completion: it has choices, but no output",
        "Another API answers at the path /responses: look for a route or a gateway that treats it as chat completions.",
        CERTAIN,
        _chat_reply,
    ),
    Mode(
        "contract.choices_missing",
        PROVIDER,
        "the response has no output",
        "Report it: the body is JSON of another API, or the contract changed.",
        CERTAIN,
        _output_missing,
    ),
    Mode(
        "contract.choices_type",
        PROVIDER,
        "output is not an array of items",
        "Report it: clients read it as an array.",
        CERTAIN,
        _output_type,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "a message's content is not an array of parts",
        "Report it: clients read the parts. A string, as in chat, is not valid in this API.",
        CERTAIN,
        _message_type,
    ),
    filtered(_filtered),
    refused(_refused),
    Mode(
        "contract.choices_empty",
        PROVIDER,
        "output is an empty array",
        "Try another model; if only this one is empty, report it with the request id.",
        CERTAIN,
        _output_empty,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "the text is in a part that no client shows",
        "Report it: the parts of an answer are of type output_text, and their text is a string.",
        CERTAIN,
        _wrong_part,
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
        "contract.content",
        PROVIDER,
        "the answer is in the reasoning item, and no message has a text",
        IN_REASONING,
        LIKELY,
        _in_reasoning,
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
