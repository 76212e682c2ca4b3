"""Two calls of one turn: both arrive, each with an input of its own."""

from chatproof.contract.capability import damaged, done, ignored, refusal, refused_here
from chatproof.contract.clause import BEHAVIOUR, SHOULD, VALIDATE, Clauses, Context, Example, Outcome, not_applicable
from chatproof.evidence.json_schema import problem_in
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.clauses.validate.tools import (
    AREA,
    CALL,
    CODE,
    PARAMETERS,
    SECOND,
    calls,
    instead,
    with_calls,
)
from chatproof.surfaces.messages.examples import COMETAPI, GOOD, JSON
from chatproof.surfaces.messages.probes_validate import ALLOWED
from chatproof.surfaces.tool_choice import any_is_refused
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(VALIDATE)

CAPABILITY = "parallel_tools"
EXPECTED = "two blocks of type tool_use"


def alone(name: Json, input: Json, at: str, context: Context) -> Outcome:
    """Judge a call that came alone where two were asked for: one that was made of two has the input of both."""
    said = f"one call, of {quote(name, 40)}, with input {quote(input, 80)}"
    if view.members(input).keys() >= {"word", "number"}:
        return damaged(at, EXPECTED, said)
    if CAPABILITY in context.required:
        return ignored(at, EXPECTED, said)
    return not_applicable("the model made one call, not two at once")


def unfit(name: Json, input: Json) -> str:
    """What is wrong with the input of one of two calls, for the tool that it names; empty where nothing is."""
    return problem_in(input, ALLOWED.get(name, {}) if isinstance(name, str) else {})


def unfit_block(call: view.Fields) -> str:
    """What is wrong with the input of a call of a message; empty where nothing is."""
    return unfit(call.get("name"), call.get("input"))


@CLAUSES.add(
    "messages.tools.parallel",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability=CAPABILITY,
    area=AREA,
    says=(
        "Two tool calls of one turn arrive as two blocks with different ids, each with the input of its own tool, not "
        "as one with the input of both; or the request is refused. (A model that makes one call at a time is not "
        "judged, unless this is required.)"
    ),
    source=COMETAPI,
    probe="tools.parallel",
    why="Gateways that bridge to chat merge them into one: the second call is lost. Agents that demand any tool get "
    "nothing where only one by its name can be forced.",
    check=2,
    holds_on=(with_calls(CALL, SECOND),),
    breaks_on=(
        with_calls(CALL.replace(b'"pong"}', b'"pong","number":7}')),
        with_calls(CALL, SECOND.replace(b"toolu_2", b"toolu_1")),
        with_calls(CALL, SECOND.replace(b'"toolu_2"', b"null")),
        GOOD,
        with_calls(CALL, SECOND.replace(b'{"number":7}', b"{}")),
        with_calls(CALL, SECOND.replace(b',"input":{"number":7}', b"")),
        with_calls(CALL.replace(b'"record_word"', b"[]"), SECOND.replace(b'{"number":7}', b"{}")),
        Example(400, JSON, b'{"type":"error","error":{"message":"tool_choice: only auto is supported"}}'),
    ),
)
def parallel(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, CAPABILITY, PARAMETERS)
    if refused and any_is_refused(reply, context):
        return refused_here(refused, "an answer: one tool by its name can be forced")
    if refused:
        return refused
    found = calls(reply)
    if not found:
        return ignored("$.content", EXPECTED, instead(reply))
    if len(found) == 1:
        (one,) = found
        return alone(one.get("name"), one.get("input"), "$.content", context)
    ids = [call.get("id") for call in found]
    if len({id for id in ids if isinstance(id, str)}) < len(ids):
        return damaged("$.content[*].id", "an id for each call", quote(ids, 120))
    for number, call in enumerate(found):
        if problem := unfit_block(call):
            return damaged(f"call {number}, $.input", "the input of its own tool", problem)
    return done(number_of(len(found), "call"))
