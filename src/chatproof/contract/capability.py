"""What a reply says of a capability: supported, unsupported, ignored or broken.

`unsupported` is a clear refusal, which a client can handle: a note. `ignored` is a request that was accepted and
silently not done: a warning. `broken` is done in a shape that clients cannot read. A capability that the user's client
requires must be supported.
"""

from chatproof.contract.clause import (
    BROKEN,
    HOLDS,
    Context,
    Outcome,
    not_applicable,
    undecided,
)
from chatproof.evidence.provider_error import classify, error_words, names
from chatproof.evidence.reply import Reply

SUPPORTED, UNSUPPORTED, IGNORED, DAMAGED = "supported", "unsupported", "ignored", "broken"
STATES = (SUPPORTED, UNSUPPORTED, IGNORED, DAMAGED)
_ELSEWHERE = ("rate", "quota", "region", "timeout", "auth", "header", "organization", "proxy")
# About the way, the model or the prompt, unless the error says otherwise: OpenRouter's 404 "No endpoints found that
# support tool use", llama.cpp's 500 "tools param requires --jinja flag".
_NEITHER = ("server", "upstream", "path", "model", "retired", "filtered", "permission", "context")


def done(observed: str = "") -> Outcome:
    return Outcome(HOLDS, observed=observed, state=SUPPORTED)


def ignored(at: str, expected: str, observed: str) -> Outcome:
    return Outcome(BROKEN, at, expected, observed, state=IGNORED)


def damaged(at: str, expected: str, observed: str) -> Outcome:
    return Outcome(BROKEN, at, expected, observed, state=DAMAGED)


def refused_here(refused: Outcome, expected: str, code: str = "") -> Outcome:
    """A clear refusal that is a break all the same: of a request that some clients send each time, or of one that is
    answered in another form. Any other outcome stays as it is. `code` is the diagnosis, where the clause's own is not
    the one: see `refused_part`."""
    if refused.state != UNSUPPORTED:
        return refused
    if refused.outcome == BROKEN:
        return refused._replace(code=code)
    said = f"refused: {refused.reason.removeprefix('unsupported: ')}"
    return Outcome(BROKEN, "status", expected, said, "", UNSUPPORTED, code)


def unanswered(reply: Reply, context: Context, expected: str = "an answer") -> Outcome | None:
    """What a reply says that is no answer to what has to be answered: there, a clear refusal is a break, too. None for
    an answer."""
    refused = refusal(reply, context, "")
    if refused is not None and refused.state and reply.error:
        return damaged("status", expected, f"HTTP {reply.status}, {error_words(reply.error)}")
    return refused


def refuses(reply: Reply, parameters: tuple[str, ...]) -> bool:
    """A failing reply says that the capability is not to be had; a crash, a page or a limit says nothing of it."""
    if reply.error is None or reply.status < 400 or reply.status == 429:
        return False
    found = classify(reply.error, reply.status)
    return found not in _ELSEWHERE and (found not in _NEITHER or names(reply.error, parameters))


def refusal(
    reply: Reply,
    context: Context,
    capability: str,
    parameters: tuple[str, ...] = (),
    *,
    beside: tuple[str, ...] = (),
) -> Outcome | None:
    """What a reply that is no success says of the capability; None when the request was accepted.

    `parameters` are the names by which an error may blame this capability, `beside` those of others that the same
    request asks about: an error that blames one of these leaves this one undecided.
    """
    status, view = reply.status, context.surface.view
    if 200 <= status < 300:
        succeeded = view.is_success(reply)
        expected = f"{context.surface.answer}, or a refusal with a status of 400 or more"
        if reply.error and not succeeded:
            if names(reply.error, beside) and not names(reply.error, parameters):
                return undecided(f"the request failed for another reason: {error_words(reply.error)}")
            said = f"HTTP {status} with {error_words(reply.error)}"
            return damaged("status", expected, said)
        if not succeeded and reply.kind != "sse":
            where, without = context.surface.answer_at
            said = (
                f"HTTP {status} with {reply.kind} without {without}" if reply.kind == "json" else f"{reply.kind} body"
            )
            return damaged(where, expected, said)
        return None
    if reply.error is None:
        return undecided(f"no answer about this: HTTP {status}, {reply.kind} body")
    said = f"HTTP {status}, {error_words(reply.error)}"
    blamed = names(reply.error, parameters)
    found = classify(reply.error, status)
    if status == 429 or found in _ELSEWHERE or (found in _NEITHER and not blamed):
        return undecided(f"no answer about this: {said}")
    if beside and not blamed:
        return undecided(f"the request was refused for another reason: {said}")
    if capability in context.required:
        return Outcome(BROKEN, "status", f"{capability}, which is required", f"refused: {said}", "", UNSUPPORTED)
    return not_applicable(f"unsupported: {said}")._replace(state=UNSUPPORTED)
