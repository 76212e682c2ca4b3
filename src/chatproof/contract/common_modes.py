"""Failure modes that every API has and each knows by fields of its own: what is said of them, once."""

from collections.abc import Iterable

from chatproof.contract.error_steps import error_in_stream, step_of
from chatproof.contract.failure_mode import (
    CERTAIN,
    GATEWAY,
    LIKELY,
    POSSIBLE,
    PROVIDER,
    UNKNOWN,
    Case,
    Mode,
    Pattern,
    Sign,
)
from chatproof.evidence.provider_error import ProviderError, by_words, find_error
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.wire.exchange import ASKED, REQUEST

_ENOUGH = 2  # an `id` or a `data` alone is in the JSON of anybody


def nobodys(case: Case, envelope: Iterable[str], reply: str) -> Sign | None:
    """Blame nobody for JSON that has next to nothing of a reply, where nothing says that the endpoint sent it; None for
    any other. `envelope` are the names of what surrounds such a `reply`."""
    if REQUEST not in case.reply.exchange.missing or len(case.reply.object.keys() & set(envelope)) >= _ENOUGH:
        return None
    said = (
        f"Nothing in this JSON belongs to {reply}, and the capture does not show which URL it came from: check that "
        "it is the reply you meant, or capture the exchange with curl -sS -i."
    )
    seen = (f"top level: {quote(case.reply.json)}",)
    return Sign(seen, owner=UNKNOWN, confidence=POSSIBLE, next_step=said)


def enveloped(case: Case) -> Sign | None:
    """Say that the answer is there, within a member of another object, where no client looks for it."""
    holds = case.context.surface.matcher().holds_answer
    name = next((name for name, inner in case.reply.object.items() if isinstance(inner, dict) and holds(inner)), None)
    if name is None:
        return None
    return Sign(
        (f"an answer stands in the member {quote(name)}",),
        summary="the answer is in an envelope, where no client looks for it",
        next_step="Check the base URL: this may be a gateway's own API, beside one that is compatible. If it is right, "
        "report the envelope.",
        confidence=LIKELY,
    )


def empty(case: Case, *evidence: str) -> Sign:
    """Say that an answer is empty; not for certain where nobody knows what was asked for."""
    return Sign(evidence, confidence=LIKELY) if case.reply.lacks(ASKED) else Sign(evidence)


def filtered(pattern: Pattern) -> Mode:
    """Say that a content filter took the answer away."""
    return Mode(
        "content.filtered",
        PROVIDER,
        "a content filter removed the answer",
        "The probe's question is harmless: look at the deployment's filter settings.",
        CERTAIN,
        pattern,
    )


def refused(pattern: Pattern) -> Mode:
    """Say that the model would not answer."""
    return Mode(
        "content.refused",
        PROVIDER,
        "the model refused to answer",
        "The probe's question is harmless: look for a system prompt that a gateway adds.",
        CERTAIN,
        pattern,
    )


def step_in_stream(error: ProviderError) -> str:
    """Say what to do about an error in a stream; empty where it names no cause."""
    step = step_of(error)
    return f"{step} Clients must check for such an event, because the status does not show it." if step else ""


def stream_error(pattern: Pattern) -> Mode:
    """Say that a stream tells of an error, and its status does not; and what to do about the cause that it names."""

    def found(case: Case) -> Sign | None:
        sign = pattern(case)
        error = error_in_stream(case.reply) if sign is not None and not sign.next_step else None
        return sign._replace(next_step=step_in_stream(error)) if sign is not None and error is not None else sign

    return Mode(
        "stream.error",
        PROVIDER,
        "the stream contains an error under HTTP 200",
        "Read the error in the evidence; clients must check for it, because the status does not show it.",
        LIKELY,  # a gateway writes such an event, too, when what is behind it has failed
        found,
    )


def with_last_words(pattern: Pattern) -> Pattern:
    """Show what stands in the place of an event where a stream breaks off: a page, a sentence, a script's error."""

    def found(case: Case) -> Sign | None:
        sign = pattern(case)
        words = _last_words(case.reply) if sign is not None else ""
        if sign is None or not words:
            return sign
        seen = (*sign.evidence, f"in the place of an event stands {quote(words, 200)}")
        is_relayed = words.startswith("<") or by_words(ProviderError("$", words, "", "", "")) == "upstream"
        return sign._replace(evidence=seen, owner=GATEWAY if is_relayed else sign.owner)

    return found


def _last_words(reply: Reply) -> str:
    """The text behind the last field of a stream, or the words of its last event where that has nothing of an event of
    any API; empty where there are none."""
    from chatproof.wire import sse

    if words := sse.behind_events(reply.body):
        return words.decode("utf-8", "replace")
    last = reply.chunks[-1] if reply.chunks else {}
    error = None if "type" in last else find_error(last, failing=True)
    return error.message if error is not None else ""


def stream_incomplete(pattern: Pattern) -> Mode:
    """Say that a stream breaks off before its end."""
    return Mode(
        "stream.incomplete",
        PROVIDER,
        "a stream ends without saying that it is finished",
        "Look for a proxy that cuts streams; report it with the evidence.",
        LIKELY,
        with_last_words(pattern),
    )


def unreadable_event(case: Case, clause: str) -> Sign | None:
    """What is wrong with the events of a stream, where the clause on their data is broken."""
    if not case.broken(clause):
        return None
    seen, reply = case.observed(clause), case.reply
    readable = all(isinstance(value, dict) for value, _ in reply.parsed_events)
    if not (reply.events[0] and readable and reply.unmarked_events):
        return Sign(seen)
    said = "an event comes without its `data:`, and clients pass over it"
    step = "Escalate with the evidence. What stands in that event is lost, in most clients without an error."
    return Sign(seen, said, next_step=step, confidence=LIKELY)


def stream_malformed(pattern: Pattern) -> Mode:
    """Say that a stream cannot be read as one."""
    return Mode(
        "stream.malformed",
        PROVIDER,
        "the stream breaks the rules of its format",
        "Escalate with the evidence; clients stop in the middle of the answer.",
        CERTAIN,
        pattern,
    )


def of_clause(case: Case) -> Sign | None:
    """Hold the place of what a clause saw, in an API's own row for a code: see `diagnosis/failure_modes/coded.py`."""
    return None
