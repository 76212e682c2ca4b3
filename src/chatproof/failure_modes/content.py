"""Rows for replies with status 200 that are not what was promised, and the rows of last resort."""

from chatproof.clause import BROKEN
from chatproof.error_text import error_words
from chatproof.failure_modes.mode import (
    CERTAIN,
    GATEWAY,
    LIKELY,
    PROVIDER,
    UNKNOWN,
    Case,
    Mode,
    Sign,
    when,
)
from chatproof.printable import quote
from chatproof.provider_error import find_error
from chatproof.reply import first_choice, reasoning_of
from chatproof.strictjson import REASONS, Problem

_CONTENT = "happy.message_content_non_empty"
_UNSAFE = ("duplicate_key", "not_a_number", "lone_surrogate", "number_range", "too_deep")


def _problem(case: Case, *reasons: str) -> Sign | None:
    problem = case.reply.json_problem
    answered = case.is_chat and case.reply.probe != "stream" and case.reply.complete and case.status == 200
    if not answered or problem is None or problem.reason not in reasons:
        return None
    return Sign((_said(problem),))


def _said(problem: Problem) -> str:
    where = f"byte {problem.offset}" + (f" ({quote(problem.path)})" if problem.path != "$" else "")
    return f"{REASONS[problem.reason]}: {where}, {problem.detail}"


def _unsafe(case: Case) -> Sign | None:
    return _problem(case, *_UNSAFE)


def _encoding(case: Case) -> Sign | None:
    return _problem(case, "bom", "not_utf8")


def _truncated(case: Case) -> Sign | None:
    return _problem(case, "truncated") if case.reply.kind == "json" else None


def _too_large(case: Case) -> Sign | None:
    if case.undecided(f"{case.reply.probe}.body_json"):  # of a refusal, too
        problem = case.reply.json_problem
        return Sign((_said(problem),)) if problem is not None and problem.reason == "too_many_nodes" else None
    return None


def _not_json(case: Case) -> Sign | None:
    sign = _problem(case, *REASONS)
    if sign and case.reply.body.rstrip().endswith(b"data: [DONE]"):
        return Sign((*sign.evidence, "a stream's terminator follows the document"))
    return sign


_CHOICES = "happy.choices_non_empty"


def _choices_missing(case: Case) -> Sign | None:
    absent = "choices" not in case.reply.object
    return when(case.broken(_CHOICES) and absent, f"top level: {quote(case.reply.json)}")


def _choices_empty(case: Case) -> Sign | None:
    empty = case.reply.object.get("choices") == []
    return when(case.broken(_CHOICES) and empty, f"model asked for: {quote(case.context.model)}")


def _choices_type(case: Case) -> Sign | None:
    return when(case.broken(_CHOICES), f"choices is {quote(case.reply.object.get('choices'))}")


def _message_missing(case: Case) -> Sign | None:
    if not case.broken(_CONTENT):
        return None
    has_message = isinstance(first_choice(case.reply.object).get("message"), dict)
    return when(not has_message, f"choices[0] is {quote(case.reply.choices[0])}")


def _filtered(case: Case) -> Sign | None:
    return when(
        case.broken(_CONTENT) and case.reply.finish_reason == "content_filter",
        "finish_reason is content_filter",
    )


def _refused(case: Case) -> Sign | None:
    refusal = case.reply.message.get("refusal")
    return when(
        case.broken(_CONTENT) and isinstance(refusal, str) and bool(refusal.strip()),
        f"refusal: {quote(refusal)}",
    )


def _wrong_type(case: Case) -> Sign | None:
    content = case.reply.message.get("content")
    if not case.broken(_CONTENT) or content is None or isinstance(content, str):
        return None
    return Sign((f"content is {quote(content)}",))


def _starved(case: Case) -> Sign | None:
    if not case.broken(_CONTENT):
        return None
    usage = case.reply.object.get("usage")
    details = usage.get("completion_tokens_details") if isinstance(usage, dict) else None
    tokens = details.get("reasoning_tokens") if isinstance(details, dict) else None
    if reasoning_of(case.reply.message):
        return Sign(
            (
                "the message carries reasoning text and no content",
                f"finish_reason is {quote(case.reply.finish_reason)}",
            )
        )
    if isinstance(tokens, int) and tokens > 0:
        return Sign((f"usage counts {tokens} reasoning tokens", f"finish_reason is {quote(case.reply.finish_reason)}"))
    return None


def _empty(case: Case) -> Sign | None:
    if not case.broken(_CONTENT):
        return None
    inner = find_error({"error": first_choice(case.reply.object).get("error")})
    finish = f"finish_reason is {quote(case.reply.finish_reason)}"
    return Sign((finish, f"the choice carries an {error_words(inner)}") if inner else (finish,))


def _media_type(case: Case) -> Sign | None:
    # The clause on a stream's media type speaks of its status, too.
    streamed = case.broken("stream.media_type") and case.status == 200
    if not (streamed or case.broken("happy.media_type_json")):
        return None
    said = f"declared: {', '.join(map(quote, case.reply.media_types)) or 'nothing'}; the body is {case.reply.kind}"
    summary = "what answers the streaming request is no stream" if streamed and case.reply.kind != "sse" else ""
    return Sign((said,), summary)


def _status(case: Case) -> Sign | None:
    if not case.reply.complete:
        return None
    if not case.is_chat:
        # A probe of validate: told apart from a refusal of what it asks for by a status that says nothing about that.
        summary = "a request that differs from the plain one in what it asks for is answered with a status that says nothing about it"
        return (
            Sign(summary=summary, owner=GATEWAY if case.page else "")
            if case.is_chat_url and case.status >= 400
            else None
        )
    if case.status == 200 and not case.is_auth_probe:
        # Where the clause that would name the fault was left out of the run. None says anything of this status.
        return Sign(summary="what is wrong with this reply is what a clause that was left out would say")
    return Sign(owner=GATEWAY if case.page else "")


def _error_beside(case: Case) -> Sign | None:
    found = [f for f in case.findings if f.clause == "happy.no_error_field" and f.outcome == BROKEN]
    return when(bool(found and case.reply.choices), *(f"{f.at}: {f.observed}" for f in found))


MODES = (
    Mode(
        "contract.error_present",
        PROVIDER,
        "an error stands beside the answer under HTTP 200",
        "Read the error in the evidence; the answer may be partial. Report it.",
        CERTAIN,
        _error_beside,
    ),
    Mode(
        "body.encoding",
        PROVIDER,
        "the body is not plain UTF-8",
        "Report it: clients disagree about such a body, and some replace characters silently.",
        CERTAIN,
        _encoding,
    ),
    Mode(
        "body.truncated",
        PROVIDER,
        "the JSON ends in the middle although the HTTP message is complete",
        "Run again; if it stays, a gateway passes on a reply that its upstream broke off. Escalate with the request id.",
        CERTAIN,
        _truncated,
    ),
    Mode(
        "body.unsafe_json",
        PROVIDER,
        "parsers read this JSON in different ways, or refuse it",
        "Report it with the evidence; your client may see other values than your logs.",
        CERTAIN,
        _unsafe,
    ),
    Mode(
        "limit.size",
        PROVIDER,
        "the document has more values than any chat reply",
        "Look at what the server sends; nothing beyond the limit was parsed.",
        CERTAIN,
        _too_large,
    ),
    Mode(
        "body.not_json",
        PROVIDER,
        "status 200 with a body that is not JSON",
        "Find out which hop sends this: the endpoint itself or a proxy on the way. Escalate with the evidence and UTC time.",
        CERTAIN,
        _not_json,
    ),
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
        "Report it: clients read choices[0].message without looking.",
        CERTAIN,
        _message_missing,
    ),
    Mode(
        "content.filtered",
        PROVIDER,
        "a content filter removed the answer",
        "The probe asks for the word pong: look at the deployment's filter settings.",
        CERTAIN,
        _filtered,
    ),
    Mode(
        "content.refused",
        PROVIDER,
        "the model refused to answer",
        "The probe asks for the word pong: look for a system prompt that a gateway adds.",
        CERTAIN,
        _refused,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "content has a type that clients do not expect",
        "If the provider documents this, use its profile; else report it.",
        CERTAIN,
        _wrong_type,
    ),
    Mode(
        "content.reasoning_budget",
        UNKNOWN,
        "the model thought and had no budget left to answer",
        "Raise the token limit or lower the reasoning effort for this model; no cap was sent by the probe, so look for a default on the way.",
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
        "contract.media_type",
        PROVIDER,
        "the Content-Type header does not say what the body is",
        "Report it: SDKs choose their parser by this header.",
        CERTAIN,
        _media_type,
    ),
    Mode(
        "contract.status",
        PROVIDER,
        "the status is not one the contract allows here",
        "Read the evidence; escalate with the request id and UTC time.",
        LIKELY,
        _status,
    ),
)
