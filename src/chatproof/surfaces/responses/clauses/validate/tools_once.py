"""A call that is asked for once."""

from chatproof.contract.clause import BEHAVIOUR, OPENAI_SPEC, SHOULD, VALIDATE, Clauses, Context, Outcome, broken, holds
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.responses.clauses.happy import with_output
from chatproof.surfaces.responses.clauses.validate.tools import AREA, CODE, calls

CLAUSES = Clauses(VALIDATE)


def _call(id: bytes, word: bytes = b"pong") -> bytes:
    arguments = b'{\\"word\\":\\"' + word + b'\\"}'
    return (
        b'{"id":"fc_%s","type":"function_call","call_id":"call_%s","name":"record_word","arguments":"' % (id, id)
        + arguments
        + b'"}'
    )


@CLAUSES.add(
    "responses.tools.once",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="A forced tool call does not come twice with the same arguments.",
    source=OPENAI_SPEC,
    probe="tools",
    needs=("responses.tools.arguments",),
    why="Every client that runs tools runs it twice: a gateway that joins a stream with its final response is a usual "
    "cause.",
    holds_on=(with_output(_call(b"1")), with_output(_call(b"1"), _call(b"2", b"ping"))),
    breaks_on=(with_output(_call(b"1"), _call(b"2")),),
)
def once(reply: Reply, context: Context) -> Outcome:
    made = [(call.get("name"), call.get("arguments")) for call in calls(reply)]
    twice = next((one for number, one in enumerate(made) if one in made[:number]), None)
    return broken("$.output", "one call", f"the same call again: {quote(twice[1], 60)}") if twice else holds()
