"""The arguments of a streamed call: they arrive in deltas, and then once more as a whole."""

from chatproof.contract.clause import OPENAI_SPEC, SCHEMA, SHOULD, VALIDATE, Clauses, Context, Outcome, broken, holds
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.event_examples import put
from chatproof.surfaces.responses import building, view
from chatproof.surfaces.responses.clauses.validate.tools import AREA, value_of
from chatproof.surfaces.responses.clauses.validate.tools_stream import streamed_calls
from chatproof.surfaces.responses.examples import CALL_EVENTS, CALLED, changed, streamed, without
from chatproof.surfaces.responses.view import kind_of, members

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_PROBE = "tools.stream"


@clause(
    "responses.tools.stream.in_deltas",
    layer=SCHEMA,
    code="stream.malformed",
    area=AREA,
    says="The arguments of a tool call arrive in deltas, and not only in the finished call.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.joined",),
    why="LangChain, and loops over the events of openai-python and openai-node as in the guide, join the deltas: the "
    "function runs without its arguments. Clients that read the finished call are not affected.",
    holds_on=(CALLED, without("function_call_arguments.done", events=CALL_EVENTS)),
    breaks_on=(
        without("function_call_arguments.delta", events=CALL_EVENTS),
        without("function_call_arguments.delta", "function_call_arguments.done", events=CALL_EVENTS),
    ),
)
def in_deltas(reply: Reply, context: Context) -> Outcome:
    for place, item in streamed_calls(reply):
        begun, held = members(item.added).get("arguments"), members(item.done).get("arguments")
        if value_of(held)[0] and not begun and not item.arguments.joined:
            said = f"none, for the arguments {quote(held, 60)}"
            return broken(f"output_index {place}", building.ARGUMENTS, said)
    return holds()


@clause(
    "responses.tools.stream.deltas",
    layer=SCHEMA,
    code="stream.malformed",
    level=SHOULD,
    area=AREA,
    says="The arguments of a tool call are empty when it is added, arrive in deltas, and then "
    "once more complete in a done event.",
    source=OPENAI_SPEC,
    probe=_PROBE,
    needs=("responses.tools.stream.in_deltas",),
    why=(
        "Loops like the one in the guide add the deltas to the arguments of the added tool call: they get them "
        "twice, or have nothing to add to; programs that read the finished call are not affected."
    ),
    holds_on=(CALLED,),
    breaks_on=(
        without("function_call_arguments.delta", events=CALL_EVENTS),
        without("function_call_arguments.done", events=CALL_EVENTS),
        changed("output_item.added", put('{"word":"pong"}', "item", "arguments"), CALL_EVENTS),
        streamed([*CALL_EVENTS[:4], CALL_EVENTS[5], CALL_EVENTS[4], *CALL_EVENTS[6:]]),
    ),
)
def deltas(reply: Reply, context: Context) -> Outcome:
    for place, item in streamed_calls(reply):
        if members(item.added).get("arguments"):
            at = f"response.output_item.added for output_index {place}, $.item.arguments"
            return broken(at, "an empty string", quote(members(item.added)["arguments"], 60))
    kinds = [kind_of(one) for one in view.events(reply)]
    ended = kinds.index(building.ARGUMENTS_DONE) if building.ARGUMENTS_DONE in kinds else len(kinds)
    if len(streamed_calls(reply)) == 1 and building.ARGUMENTS in kinds[ended:]:
        return broken("stream", f"no delta after {building.ARGUMENTS_DONE}", "one")
    missing = [kind for kind in (building.ARGUMENTS, building.ARGUMENTS_DONE) if kind not in kinds]
    return broken("stream", "each of these events", f"none of {', '.join(missing)}") if missing else holds()
