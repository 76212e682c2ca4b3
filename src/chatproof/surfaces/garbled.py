"""Text outside ASCII: the marks of one that a hop has changed on its way, and the clauses on it beside chat."""

import json
from collections.abc import Callable

from chatproof.contract.capability import damaged, done, ignored, unanswered
from chatproof.contract.clause import (
    BEHAVIOUR,
    HOLDS,
    SHOULD,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    not_applicable,
    undecided,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.chat.probes_validate import UNICODE
from chatproof.surfaces.shared_clauses import answered

_MARKS = ("\ufffd", "Ã", "Ð", "â€", "ðŸ", "\\u", "na?ve", "&#")
_CODE = "contract.messages"


def mark_in(text: str) -> str:
    """The first mark of a changed text in it: replacement characters, double encoding, escapes; empty where none is."""
    return next((mark for mark in _MARKS if mark in text), "")


def add_unicode(
    clauses: Clauses,
    api: str,
    source: Source,
    says: Callable[[str], Example],
    texts: Callable[[Reply], tuple[str, ...]],
    plain_text: Callable[[Reply], str],
    good: Example,
) -> None:
    """Add the clauses on a streamed answer outside ASCII. `says` makes the stream that says a text, `texts` reads all
    that a client may show of an answer, `plain_text` the text of the plain reply, of which `good` is one."""

    def accepted(reply: Reply, context: Context) -> Outcome:
        refused = unanswered(reply, context)
        if refused is None and reply.kind == "sse":
            return done()
        plain = context.replies.get("stream")
        if plain is not None and plain.complete and answered(plain, context).outcome != HOLDS:
            return not_applicable(f"the plain request gets no stream, either: see {api}.stream.answered")
        return refused or damaged("body", "events", f"{reply.kind} body")

    def intact(reply: Reply, context: Context) -> Outcome:
        shown = next(filter(mark_in, texts(reply)), "")
        mark, plain = mark_in(shown), plain_text(context.control) if context.control else ""
        if mark and mark in plain:
            return undecided("this model writes such characters even if the request has none", quote(shown, 80))
        if mark:
            return ignored("the stream's text", "the characters of the request", quote(shown, 80))
        return done(quote(next(filter(None, texts(reply)), ""), 40))

    clauses.add(
        f"{api}.unicode.accepted",
        layer=BEHAVIOUR,
        code=_CODE,
        area="Capabilities",
        capability="unicode",
        says="Text outside ASCII, including emoji, is accepted, and streamed as any other text is.",
        source=source,
        probe="unicode",
        why="Users write in every script: every SDK raises an error if a gateway that changes the bytes refuses them.",
        holds_on=(says(UNICODE), says("pong")),
        breaks_on=(
            Example(400, JSON, b'{"type":"error","error":{"message":"invalid unicode code point"}}'),
            Example(200, JSON, good.body),
        ),
    )(accepted)
    clauses.add(
        f"{api}.unicode.intact",
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area="Capabilities",
        capability="unicode",
        says="Text outside ASCII is streamed without replacement characters or double encoding.",
        source=source,
        probe="unicode",
        needs=(f"{api}.unicode.accepted",),
        why="Every client shows and stores garbled characters, in texts and in what tools write. A hop that decodes "
        "each piece of a stream alone is the usual cause.",
        holds_on=(says(UNICODE), says("I cannot repeat that.")),
        breaks_on=(
            says("na\ufffdve"),
            says(UNICODE.encode().decode("latin-1")),
            says(UNICODE.encode("ascii", "replace").decode()),
            says(json.dumps(UNICODE)),
        ),
    )(intact)
