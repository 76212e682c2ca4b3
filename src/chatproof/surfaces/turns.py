"""Clauses on the earlier turns of a conversation, as clients send them back: the answer in parts, as it came."""

from collections.abc import Callable

from chatproof.contract.capability import done, ignored, unanswered
from chatproof.contract.clause import (
    BEHAVIOUR,
    SHOULD,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.happy import JSON

_WORD = "pong"
_AREA, _CODE, _CAPABILITY = "Capabilities", "contract.messages", "multi_turn"


def add_turns(
    clauses: Clauses,
    api: str,
    source: Source,
    good: Example,
    forgetful: Example,
    text_of: Callable[[Reply], str],
    spared: Callable[[Context], str],
) -> None:
    """Add the clauses on a conversation whose earlier answer is sent back in parts. `spared` says why a refusal is told
    elsewhere; empty where it is not."""

    def accepted(reply: Reply, context: Context) -> Outcome:
        refused = unanswered(reply, context)
        if refused is None:
            return done()
        why = spared(context)
        return not_applicable(why) if why else refused

    def heard(reply: Reply, context: Context) -> Outcome:
        text = text_of(reply)
        return done() if _WORD in text.lower() else ignored("the text", f"the word {_WORD}", quote(text, 60))

    clauses.add(
        f"{api}.turns.accepted",
        layer=BEHAVIOUR,
        code=_CODE,
        area=_AREA,
        capability=_CAPABILITY,
        says="A conversation is answered whose earlier answer comes back in parts, as clients send it.",
        source=source,
        probe="turns",
        why="The AI SDK, LangChain and agents send the earlier turns each time: the second turn of each conversation "
        "fails.",
        holds_on=(good, forgetful),
        breaks_on=(
            Example(400, JSON, b'{"type":"error","error":{"message":"content of an assistant must be a string"}}'),
            Example(200, JSON, b'{"error":"no"}'),
        ),
    )(accepted)
    clauses.add(
        f"{api}.turns.heard",
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area=_AREA,
        capability=_CAPABILITY,
        says="The model sees the earlier turns of a conversation.",
        source=source,
        probe="turns",
        needs=(f"{api}.turns.accepted",),
        why="Every chat application sends the earlier turns, and agents send messages in several parts; an endpoint "
        "that reads only the last one, or the first part, has no memory.",
        holds_on=(good,),
        breaks_on=(forgetful,),
    )(heard)
