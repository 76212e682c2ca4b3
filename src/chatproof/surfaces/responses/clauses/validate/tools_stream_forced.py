"""A streamed call is held to the request, as the plain one is: the function that was forced, and its schema."""

from chatproof.contract.capability import done, ignored
from chatproof.contract.clause import BEHAVIOUR, OPENAI_SPEC, SHOULD, VALIDATE, Clauses, Context, Outcome
from chatproof.evidence.json_schema import problem_in
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.event_examples import Event
from chatproof.surfaces.responses.clauses.validate.tools import AREA, CODE, value_of
from chatproof.surfaces.responses.clauses.validate.tools_stream import streamed_calls
from chatproof.surfaces.responses.examples import CALL_EVENTS, CALLED, changed
from chatproof.surfaces.responses.probes_validate import FUNCTION, WORD_SCHEMA
from chatproof.surfaces.responses.view import members

CLAUSES = Clauses(VALIDATE)


def _renamed(one: Event) -> None:
    one["item"]["name"] = "record"


def _without_arguments(one: Event) -> None:
    one["item"]["arguments"] = "{}"


@CLAUSES.add(
    "responses.tools.stream.forced",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability="tools",
    area=AREA,
    says="The streamed call names the forced function, and its arguments satisfy that function's schema.",
    source=OPENAI_SPEC,
    probe="tools.stream",
    needs=("responses.tools.stream.readable",),
    why="Programs that pass the arguments on unchecked fail on the missing one.",
    holds_on=(CALLED,),
    breaks_on=(
        changed("output_item.done", _renamed, CALL_EVENTS),
        changed("output_item.done", _without_arguments, CALL_EVENTS),
    ),
)
def forced(reply: Reply, context: Context) -> Outcome:
    for place, item in streamed_calls(reply):
        call, at = members(item.done), f"output_index {place}, $.item"
        if call.get("name") != FUNCTION:
            return ignored(f"{at}.name", FUNCTION, quote(call.get("name")))
        problem = problem_in(value_of(call.get("arguments"))[0], WORD_SCHEMA)
        if problem:
            return ignored(f"{at}.arguments", "arguments that satisfy the function's schema", problem)
    return done()
