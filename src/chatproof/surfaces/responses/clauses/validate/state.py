"""What is stored: a response that is gone on from. A server without a store says so, which is well."""

from chatproof.contract.capability import IGNORED, done, ignored, refusal
from chatproof.contract.clause import BEHAVIOUR, OPENAI_SPEC, SHOULD, VALIDATE, Clauses, Context, Example, Outcome
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import GOOD, altered
from chatproof.surfaces.responses.probes_validate import WORD

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_FIELDS = ("store", "previous_response_id", "previous_response")


@clause(
    "responses.store.accepted",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    capability="store",
    area="Capabilities",
    says="A request to store the response gets its id, or is clearly refused.",
    source=OPENAI_SPEC,
    probe="store",
    why="Clients continue from the id.",
    holds_on=(GOOD,),
    breaks_on=(altered(b'"id":"resp_1",', b""), Example(200, JSON, b'{"error":"no"}')),
)
def stored(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "store", _FIELDS)
    if refused:
        return refused
    id = reply.object.get("id")
    return done() if isinstance(id, str) and id else ignored("$.id", "a string", quote(id))


@clause(
    "responses.store.recalled",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    capability="previous_response_id",
    area="Capabilities",
    says="A request with previous_response_id continues that response, or is clearly refused.",
    source=OPENAI_SPEC,
    probe="store.recall",
    needs=("responses.store.accepted",),
    why="A server that ignores it answers without the earlier conversation, and the client does not notice.",
    holds_on=(GOOD,),
    breaks_on=(altered(b'"text":"pong"', b'"text":"You gave me no word."'), Example(200, JSON, b'{"error":"no"}')),
)
def recalled(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "previous_response_id", _FIELDS)
    if refused:
        return refused
    text = view.text_of(reply.object)
    if WORD in text.lower():
        return done()
    return ignored("the output's text", f"the word {WORD}, which is in the stored response", quote(text, 60))


def is_forgotten(context: Context) -> bool:
    """Whether a stored response is not continued either: previous_response_id has no effect."""
    reply = context.replies.get("store.recall")
    return reply is not None and reply.complete and recalled(reply, context).state == IGNORED
