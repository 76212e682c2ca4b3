"""A system message in a stream: the request for text outside ASCII carries one, so that none more is sent."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    HOLDS,
    OPENAI_SPEC,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Outcome,
    broken,
    holds,
    not_applicable,
    undecided,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.validate.messages import CLAUSES as OF_MESSAGES
from chatproof.surfaces.chat.clauses.validate.unicode import says
from chatproof.surfaces.chat.said import text_said
from chatproof.surfaces.text_to_repeat import FIRST_WORD, RULE, UNICODE

CLAUSES = Clauses(VALIDATE)
_PLAIN = "role.system"
_REPEATED = "mega"
"""A part of the line that is to be repeated, which no wrong encoding changes."""


@CLAUSES.add(
    "role.system.streamed",
    layer=BEHAVIOUR,
    code="contract.messages",
    level=SHOULD,
    area="Capabilities",
    says="The model follows a system message in a stream as well.",
    source=OPENAI_SPEC,
    probe="unicode",
    needs=("unicode.accepted",),
    why="Chat applications and agents stream: the application's instructions and guard rails are dropped without an "
    "error, though tests without a stream pass.",
    holds_on=(says(f"Bravo {UNICODE}"), says("bravo")),
    breaks_on=(says(UNICODE),),
)
def streamed(reply: Reply, context: Context) -> Outcome:
    if RULE.encode() not in reply.exchange.request.body:
        return not_applicable("the request has no system message, because it is refused or is not ours")
    plain = context.replies.get(_PLAIN)
    if plain is not None and OF_MESSAGES.found["system.heard"].judge(plain, context).outcome != HOLDS:
        return not_applicable("not followed without a stream, either: see system.heard")
    text = text_said(reply)
    if not text.strip():
        return not_applicable("the answer has no text")
    if FIRST_WORD in text.lower():
        return holds()
    if _REPEATED not in text:
        return undecided(
            "the request itself is not followed, which says nothing of the system message", quote(text, 60)
        )
    return broken("the stream's text", f"the word {FIRST_WORD}, which the system message asks for", quote(text, 60))
