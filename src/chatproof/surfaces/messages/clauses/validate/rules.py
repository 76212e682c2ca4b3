"""Rules in a further block of `system`: the request of Claude Code carries one, so that none more is sent."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    HOLDS,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.clauses.validate.abilities import heard
from chatproof.surfaces.messages.examples import GOOD, SDK, altered
from chatproof.surfaces.text_to_repeat import FIRST_WORD, RULE

CLAUSES = Clauses(VALIDATE)


@CLAUSES.add(
    "messages.system.blocks",
    layer=BEHAVIOUR,
    code="contract.messages",
    level=SHOULD,
    area="Capabilities",
    says="The model follows a rule in the second block of `system`.",
    source=SDK,
    probe="claude_code",
    needs=("messages.claude_code.heard",),
    why="Claude Code and the Agent SDK send their system prompt in several blocks: where one alone is read, the model "
    "works without most of its rules, and nothing says so.",
    holds_on=(altered(b'"text":"pong"', b'"text":"Bravo pong"'),),
    breaks_on=(GOOD,),
)
def blocks(reply: Reply, context: Context) -> Outcome:
    if RULE.encode() not in reply.exchange.request.body:
        return not_applicable("the request is not ours")
    if "system" in context.replies and heard(context.replies["system"], context).outcome != HOLDS:
        return not_applicable("rules in a string are not followed, either: see messages.system.heard")
    text = view.text_of(reply.object)
    if not text.strip():
        return not_applicable("the answer has no text")
    if FIRST_WORD in text.lower():
        return holds()
    said = f"the word {FIRST_WORD}, which the second block of `system` asks for"
    return broken("the message's text", said, quote(text, 60))
