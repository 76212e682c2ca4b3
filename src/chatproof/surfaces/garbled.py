"""Text outside ASCII: the marks of one that a hop has changed on its way, and the clauses on it; and texts whose spaces
or line breaks a hop has taken out."""

import html
import json
from collections.abc import Callable
from itertools import pairwise

from chatproof.contract.capability import damaged, done, ignored, unanswered
from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
    HOLDS,
    SHOULD,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    broken,
    holds,
    id_in,
    not_applicable,
    undecided,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.chat.clauses.stream import events_parse
from chatproof.surfaces.chat.probes_validate import LINES
from chatproof.surfaces.shared_clauses import answered
from chatproof.surfaces.text_to_repeat import SIGNS, UNICODE
from chatproof.wire.strictjson import Json, parse

_MARKS = ("\ufffd", "Ã", "Ð", "â€", "ðŸ", "\\u", "na?ve", "&#", "&lt;", "&amp;", "&quot;")
_CODE = "contract.messages"
_WORDS = UNICODE.split()[:3]  # scripts that all put a space between words
NAME = "naïve-你好-👩‍🚀  2"
"""A name as a file may have it, with two spaces."""
_COLLAPSED = " ".join(NAME.split())


def mark_in(text: str) -> str:
    """The first mark of a changed text in it: replacement characters, double encoding, escapes; empty where none is."""
    return next((mark for mark in _MARKS if mark in text), "")


def is_escaped(text: str) -> bool:
    """Whether a text that is no JSON would be JSON if its HTML entities were signs again."""
    plain = html.unescape(text)
    return plain != text and parse(plain.encode("utf-8", "surrogatepass"))[1] is None


def run_together(text: str) -> str:
    """Two words of the text without what stood between them; empty where none are."""
    return next((one + other for one, other in pairwise(_WORDS) if one + other in text), "")


def _kept(text: str, at: str, context: Context, plain_text: Callable[[Reply], str]) -> Outcome | None:
    """What is wrong with a text that was to be repeated; None where all of its characters came."""
    mark = mark_in(text)
    if mark and context.control is not None and mark in plain_text(context.control):
        return undecided("this model writes such characters even if the request has none", quote(text, 80))
    if mark:
        return ignored(at, "the characters of the request", quote(text, 80))
    if run_together(text):
        return ignored(at, "the spaces and line breaks between words", quote(text, 80))
    return None


def add_in_calls(
    clauses: Clauses,
    id: str,
    area: str,
    source: Source,
    needs: str,
    says: Callable[[str], Example],
    arguments: Callable[[Reply], list[Json]],
) -> None:
    """Add the clause on a streamed call whose argument is outside ASCII. `says` makes the stream of a call with this
    word, `arguments` reads the arguments of a stream's calls."""

    def intact(reply: Reply, context: Context) -> Outcome:
        texts = [text for one in arguments(reply) for text in _strings_of(one)]
        shown = next((text for text in texts if mark_in(text) or text == _COLLAPSED), None)
        if shown is None:
            return holds(quote(next(iter(texts), ""), 40))
        expected = "the characters of the request" if mark_in(shown) else f"two spaces, as in {quote(NAME, 40)}"
        return broken("the arguments", expected, quote(shown, 80))

    clauses.add(
        id,
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area=area,
        says="Text outside ASCII in the arguments of a streamed call comes without replacement characters, double "
        "encoding, escapes or lost spaces.",
        source=source,
        probe="tools.stream",
        needs=(needs,),
        why="Agents write files, and look for files, whose names and texts are garbled: every client hands the "
        "arguments on as they are.",
        holds_on=(says(NAME), says("pong")),
        breaks_on=(
            says(NAME.replace("ï", "\ufffd\ufffd")),
            says(NAME.encode().decode("latin-1")),
            says(NAME.encode("ascii", "replace").decode()),
            says(json.dumps(NAME).strip('"')),
            says(_COLLAPSED),
        ),
    )(intact)


def _strings_of(arguments: Json) -> list[str]:
    """The texts in a call's arguments, those of a nested object left out."""
    return [one for one in arguments.values() if isinstance(one, str)] if isinstance(arguments, dict) else []


def add_unstreamed(
    clauses: Clauses,
    api: str,
    field: str,
    source: Source,
    says: Callable[[str], Example],
    text_of: Callable[[Reply], str],
    probe: str = "",
) -> None:
    """Add the clause on an answer outside ASCII that is not streamed: the one to the system prompt in `field`, which
    is the probe's name, too, where `probe` is not."""

    def intact(reply: Reply, context: Context) -> Outcome:
        text = text_of(reply)
        return _kept(text, "the answer's text", context, text_of) or done(quote(text, 40))

    clauses.add(
        id_in(api, "unicode.unstreamed"),
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area="Capabilities",
        capability="unicode",
        says="Text outside ASCII comes unstreamed without replacement characters, double encoding or lost line breaks.",
        source=source,
        probe=probe or field,
        needs=(id_in(api, f"{field}.heard"),),
        why="Every client shows and stores garbled characters, and code or JSON whose lines run together. A gateway "
        "that reads the answer in another encoding than UTF-8 is the usual cause.",
        holds_on=(says(LINES), says("pong"), says(LINES.replace("\n", " "))),
        breaks_on=(
            says(LINES.encode().decode("latin-1")),
            says(LINES.encode("ascii", "replace").decode()),
            says(LINES.replace("\n", "")),
        ),
    )(intact)


def add_unicode(
    clauses: Clauses,
    api: str,
    source: Source,
    says: Callable[[str], Example],
    texts: Callable[[Reply], tuple[str, ...]],
    plain_text: Callable[[Reply], str],
    good: Example,
    streams: str = "stream.answered",
) -> None:
    """Add the clauses on a streamed answer outside ASCII. `says` makes the stream that says a text, `texts` reads all
    that a client may show of an answer, `plain_text` the text of the plain reply, of which `good` is one; `streams` is
    the clause that says whether the plain request gets a stream."""

    def accepted(reply: Reply, context: Context) -> Outcome:
        refused = unanswered(reply, context)
        if refused is None and reply.kind == "sse":
            return done()
        plain = context.replies.get("stream")
        if plain is not None and plain.complete and answered(plain, context).outcome != HOLDS:
            return not_applicable(f"the plain request gets no stream, either: see {id_in(api, streams)}")
        return refused or damaged("body", "events", f"{reply.kind} body")

    def intact(reply: Reply, context: Context) -> Outcome:
        # Half a character is no strict JSON: such an event, and its text, would be passed over here.
        read = events_parse(reply, context)
        if read.outcome == BROKEN:
            return ignored(read.at, read.expected, read.observed)
        found = texts(reply)
        shown = next((text for text in found if mark_in(text) or run_together(text)), "")
        return _kept(shown, "the stream's text", context, plain_text) or done(quote(next(filter(None, found), ""), 40))

    clauses.add(
        id_in(api, "unicode.accepted"),
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
        id_in(api, "unicode.intact"),
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area="Capabilities",
        capability="unicode",
        says="Text outside ASCII is streamed without replacement characters, double encoding, entities of HTML, halves "
        "of characters or lost spaces.",
        source=source,
        probe="unicode",
        needs=(id_in(api, "unicode.accepted"),),
        why="Every client shows and stores garbled characters, in texts and in what tools write; Python raises an "
        "error at half a character. A hop that decodes each piece of a stream alone, or escapes it, is a usual cause.",
        holds_on=(says(UNICODE), says("I cannot repeat that.")),
        breaks_on=(
            says("na\ufffdve"),
            says(UNICODE.encode().decode("latin-1")),
            says(UNICODE.encode("ascii", "replace").decode()),
            says(json.dumps(UNICODE)),
            says(UNICODE.replace(" ", "")),
            says(f"{UNICODE} {html.escape(SIGNS)}"),
            says(UNICODE.replace("𝔘", "\ud835")),
        ),
    )(intact)
