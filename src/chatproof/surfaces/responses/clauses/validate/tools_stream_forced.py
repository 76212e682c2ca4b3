"""A streamed call is held to the request, as the plain one is, and it is in the final response."""

from chatproof.contract.capability import damaged, done, ignored
from chatproof.contract.clause import BEHAVIOUR, OPENAI_SPEC, SHOULD, VALIDATE, Clauses, Context, Outcome, broken, holds
from chatproof.evidence.json_schema import problem_in
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.event_examples import Event, put
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.validate.tools import AREA, CODE, alike, value_of
from chatproof.surfaces.responses.clauses.validate.tools_stream import SPACED, streamed_calls
from chatproof.surfaces.responses.examples import CALL_EVENTS, CALLED, changed
from chatproof.surfaces.responses.probes_validate import FUNCTION, RECORDED
from chatproof.surfaces.responses.view import members

CLAUSES = Clauses(VALIDATE)


def _renamed(one: Event) -> None:
    one["item"]["name"] = "record"


def _without_arguments(one: Event) -> None:
    one["item"]["arguments"] = "{}"


def _with_no_word(one: Event) -> None:
    one["item"]["arguments"] = '{"word":""}'


def _with_another(one: Event) -> None:
    output = one["response"]["output"]
    output.append({**output[0], "id": "fc_2", "call_id": "call_2", "arguments": "{}"})


def _called_otherwise(one: Event) -> None:
    one["response"]["output"][0]["call_id"] = "call_2"


@CLAUSES.add(
    "responses.tools.stream.forced",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability="tools",
    area=AREA,
    says="The streamed call names the forced function, and its arguments satisfy that function's schema, with a word "
    "that is not empty.",
    source=OPENAI_SPEC,
    probe="tools.stream",
    needs=("responses.tools.stream.readable",),
    why="Programs that pass the arguments on unchecked fail on the missing one.",
    holds_on=(CALLED,),
    breaks_on=(
        changed("output_item.done", _renamed, CALL_EVENTS),
        changed("output_item.done", _without_arguments, CALL_EVENTS),
        changed("output_item.done", _with_no_word, CALL_EVENTS),
    ),
)
def forced(reply: Reply, context: Context) -> Outcome:
    for place, item in streamed_calls(reply):
        call, at = members(item.done), f"output_index {place}, $.item"
        if call.get("name") != FUNCTION:
            return ignored(f"{at}.name", FUNCTION, quote(call.get("name")))
        problem = problem_in(value_of(call.get("arguments"))[0], RECORDED)
        if problem:
            return ignored(f"{at}.arguments", "arguments that satisfy the function's schema", problem)
    return done()


@CLAUSES.add(
    "responses.tools.stream.final",
    layer=BEHAVIOUR,
    code=CODE,
    capability="tools",
    area=AREA,
    says="The final response of a stream contains the streamed call.",
    source=OPENAI_SPEC,
    probe="tools.stream",
    needs=("responses.tools.stream.readable",),
    why="openai-node and LangChain raise if its output is missing; openai-python's final response has no call.",
    holds_on=(
        CALLED,
        changed("completed", put(SPACED, "response", "output", 0, "arguments"), CALL_EVENTS),
        changed("completed", put("call_2", "response", "output", 0, "call_id"), CALL_EVENTS),
        changed("completed", _with_another, CALL_EVENTS),
    ),
    breaks_on=(
        changed("completed", put([], "response", "output"), CALL_EVENTS),
        changed("completed", put(None, "response", "output"), CALL_EVENTS),
        changed("completed", put("{}", "response", "output", 0, "arguments"), CALL_EVENTS),
        changed("completed", put("record", "response", "output", 0, "name"), CALL_EVENTS),
    ),
)
def final(reply: Reply, context: Context) -> Outcome:
    calls = view.items(view.final(reply), view.CALL)
    for _, item in streamed_calls(reply):
        call = members(item.done)
        named = [one for one in calls if one.get("name") == call.get("name")]
        if not named:
            said = quote(view.final(reply).get("output"), 120)
            return damaged("$.response.output", f"the call of {quote(call.get('name'), 60)}", said)
        if not any(alike(one.get("arguments"), call.get("arguments")) for one in named):
            said = quote(view.final(reply).get("output"), 120)
            return damaged("$.response.output, arguments", quote(call.get("arguments"), 60), said)
    return done()


@CLAUSES.add(
    "responses.tools.stream.final_ids",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    area=AREA,
    says="The final response has each streamed call with the call_id with which it was streamed.",
    source=OPENAI_SPEC,
    probe="tools.stream",
    needs=("responses.tools.stream.final",),
    why="Programs that run a call when it is streamed, and continue from the final response, send a result to a call "
    "that the server does not find.",
    holds_on=(CALLED,),
    breaks_on=(changed("completed", _called_otherwise, CALL_EVENTS),),
)
def final_ids(reply: Reply, context: Context) -> Outcome:
    known = [call.get("call_id") for call in view.items(view.final(reply), view.CALL)]
    for _, item in streamed_calls(reply):
        id = members(item.done).get("call_id")
        if id not in known:
            return broken("$.response.output, call_id", quote(id, 60), quote(known, 120))
    return holds()
