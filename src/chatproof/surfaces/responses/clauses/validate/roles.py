"""Rules in items of the input, with the role of the system or of a developer: requests that are sent for other clauses
carry them, so that none more is sent."""

from chatproof.contract.capability import done, ignored
from chatproof.contract.clause import (
    BEHAVIOUR,
    HOLDS,
    OPENAI_SPEC,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Judge,
    Outcome,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.everyday import PROBE
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import GOOD, altered
from chatproof.surfaces.responses.clauses.validate.abilities import heard
from chatproof.surfaces.text_to_repeat import FIRST_WORD, RULE

CLAUSES = Clauses(VALIDATE)

_PLAIN = "instructions"


def _follows(role: str) -> Judge:
    def follows(reply: Reply, context: Context) -> Outcome:
        if RULE.encode() not in reply.exchange.request.body:
            return not_applicable("the request is not ours, or has no such item because it is refused")
        if _PLAIN in context.replies and heard(context.replies[_PLAIN], context).outcome != HOLDS:
            return not_applicable("rules in `instructions` are not followed, either: see responses.instructions.heard")
        text = view.text_of(reply.object)
        if not text.strip():
            return not_applicable("the answer has no text")
        if FIRST_WORD in text.lower():
            return done()
        said = f"the word {FIRST_WORD}, which the item of the role {role} asks for"
        return ignored("the output's text", said, quote(text, 60))

    return follows


for _role, _probe, _clients in (
    ("developer", "codex", "Codex and the AI SDK, for models that reason, send"),
    ("system", PROBE, "The AI SDK and LangChain send"),
):
    CLAUSES.add(
        f"responses.roles.{_role}",
        layer=BEHAVIOUR,
        code="contract.messages",
        level=SHOULD,
        capability="roles",
        area="Capabilities",
        says=f"The model follows a rule in an item of the input whose role is {_role}.",
        source=OPENAI_SPEC,
        probe=_probe,
        needs=(f"responses.{_probe}.heard",),
        why=f"{_clients} the system prompt so: where such items are left out, the model answers without any of its "
        "rules, and nothing says so.",
        holds_on=(altered(b'"text":"pong"', b'"text":"Bravo pong"'),),
        breaks_on=(GOOD,),
    )(_follows(_role))
