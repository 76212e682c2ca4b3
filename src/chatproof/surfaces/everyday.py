"""A request as applications write it by hand: fields that most of them set, two messages of the user in a row, and no
`stream`. Each of these is refused somewhere, or read as something else."""

from collections.abc import Callable

from chatproof.contract.capability import DAMAGED, UNSUPPORTED, refusal, refused_here
from chatproof.contract.clause import (
    BEHAVIOUR,
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
from chatproof.contract.probe import REFUSED_FORM
from chatproof.contract.refused_part import code_of
from chatproof.evidence.provider_error import error_words
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.happy import JSON

PROBE = "everyday"
GIVEN, ASKS = "The word is pong.", "Which word did I give you?"
ASKED = f"{ASKS} Answer with that word alone."
"""Two messages of the user in a row: what is asked last is in the first."""
WORD = "pong"
TEMPERATURE = "temperature"
NOT_FOLLOWED = "this model does not follow the plain request either"
_AREA, _CODE = "Optional request fields", "contract.messages"
_NO = Example(200, JSON, b'{"error":"no"}')


def add_everyday(
    clauses: Clauses,
    api: str,
    source: Source,
    sent: str,
    good: Example,
    forgetful: Example,
    stream: Example,
    text_of: Callable[[Reply], str],
    spared: Callable[[Context], str],
) -> None:
    """Add the clauses on the request of every day. `sent` names what is in it, `forgetful` is an answer without the
    word, `stream` one in events; `spared` says why a refusal is told elsewhere, and is empty where it is not."""

    def accepted(reply: Reply, context: Context) -> Outcome:
        refused = refusal(reply, context, "")
        if refused is None:
            return holds()
        if (why := spared(context)) and reply.status >= 400:
            return not_applicable(why)
        return refused_here(refused, "an answer", code_of(reply))._replace(state="")

    def heard(reply: Reply, context: Context) -> Outcome:
        if reply.kind == "sse":
            return not_applicable(f"a stream came: see {id_in(api, 'everyday.unstreamed')}")
        text = text_of(reply)
        if WORD in text.lower():
            return holds()
        if context.control is not None and WORD not in text_of(context.control).lower():
            return undecided(NOT_FOLLOWED, quote(text, 60))
        return broken("the answer's text", f"the word {WORD}, which is in the first message", quote(text, 60))

    def unstreamed(reply: Reply, context: Context) -> Outcome:
        if reply.kind != "sse":
            return holds()
        if b'"stream"' in reply.exchange.request.body:
            return not_applicable("the request has `stream`")
        return broken("body", "one JSON body: the request has no `stream`", f"a stream of {len(reply.chunks)} events")

    def cold(reply: Reply, context: Context) -> Outcome:
        first = context.replies.get(f"{REFUSED_FORM}{PROBE}", reply)
        refused = refusal(first, context, "")
        if refused is None:
            return holds()
        if refused.state == DAMAGED:
            return not_applicable(f"no answer: see {id_in(api, 'everyday.accepted')}")
        if refused.state != UNSUPPORTED or first.error is None:
            return refused._replace(state="")
        said = error_words(first.error)
        if TEMPERATURE not in said:
            return not_applicable(f"refused for another reason: see {id_in(api, 'everyday.accepted')}")
        if "support" in said.lower():
            return not_applicable(f"this model takes no temperature: {said}")
        return broken("status", "an answer to temperature 0", f"refused: HTTP {first.status}, {said}")

    clauses.add(
        id_in(api, "everyday.accepted"),
        layer=BEHAVIOUR,
        area=_AREA,
        code=_CODE,
        level=SHOULD,
        says=f"A request as applications write it ({sent}) is answered.",
        source=source,
        probe=PROBE,
        why="Applications that SDKs and other languages' clients serve send such fields: each of their calls fails.",
        holds_on=(good, stream),
        breaks_on=(
            Example(400, JSON, b'{"error":{"type":"invalid_request_error","message":"roles must alternate"}}'),
            Example(422, JSON, b'{"error":{"message":"user: extra fields not permitted"}}'),
            _NO,
        ),
    )(accepted)
    clauses.add(
        id_in(api, "everyday.heard"),
        layer=BEHAVIOUR,
        area=_AREA,
        code=_CODE,
        level=SHOULD,
        says="Of two messages of the user in a row the first is heard as well.",
        source=source,
        probe=PROBE,
        needs=(id_in(api, "everyday.accepted"),),
        why="Users and agents send documents and reminders before the question: the model answers without them.",
        holds_on=(good,),
        breaks_on=(forgetful,),
    )(heard)
    clauses.add(
        id_in(api, "everyday.unstreamed"),
        layer=BEHAVIOUR,
        area="Streaming",
        code="contract.parameter",
        says="A request without `stream` is answered with one JSON body.",
        source=source,
        probe=PROBE,
        needs=(id_in(api, "everyday.accepted"),),
        why="Every SDK leaves `stream` out unless its caller wants one, and then reads JSON: no answer.",
        holds_on=(good,),
        breaks_on=(stream,),
    )(unstreamed)
    clauses.add(
        id_in(api, "everyday.cold"),
        layer=BEHAVIOUR,
        area=_AREA,
        code="contract.parameter",
        level=SHOULD,
        says="temperature 0 is taken, unless the model takes no temperature at all.",
        source=source,
        probe=PROBE,
        why="Programs that want the same answer each time send 0: each of their calls is refused.",
        holds_on=(good,),
        breaks_on=(
            Example(
                400, JSON, b'{"error":{"message":"`temperature` must be strictly positive","param":"temperature"}}'
            ),
        ),
    )(cold)
