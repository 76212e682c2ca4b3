"""Two calls of one turn: both arrive, each with arguments of its own."""

from chatproof.contract.capability import damaged, done, ignored, refusal, refused_here
from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    not_applicable,
)
from chatproof.evidence.json_schema import problem_in
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import GOOD, with_output
from chatproof.surfaces.responses.clauses.validate.tools import (
    AREA,
    CALL,
    CODE,
    PARAMETERS,
    SECOND,
    calls,
    value_of,
    without_call,
)
from chatproof.surfaces.responses.probes_validate import ALLOWED
from chatproof.surfaces.tool_choice import any_is_refused

CLAUSES = Clauses(VALIDATE)

CAPABILITY = "parallel_tools"
REFUSED_BY = ("parallel_tool_calls", *PARAMETERS)


def alone(call: view.Fields, at: str, context: Context) -> Outcome:
    """Judge a call that came alone where two were asked for: it may have been made of two, whose arguments are then no
    JSON, or are of both functions."""
    expected, said = "two items of type function_call", f"one call, of {quote(call.get('name'), 40)}"
    value, problem = value_of(call.get("arguments"))
    if problem or view.members(value).keys() >= {"word", "number"}:
        return damaged(at, expected, f"{said}; {problem or f'arguments are {quote(value, 80)}'}")
    if CAPABILITY in context.required:
        return ignored(at, expected, said)
    return not_applicable("the model made one call, not two at once")


def unfit(call: view.Fields) -> str:
    """What is wrong with the arguments of one of two calls, for the function that it names; empty where nothing is."""
    value, problem = value_of(call.get("arguments"))
    name = call.get("name")
    return problem or problem_in(value, ALLOWED.get(name, {}) if isinstance(name, str) else {})


@CLAUSES.add(
    "responses.tools.parallel",
    layer=BEHAVIOUR,
    code=CODE,
    level=SHOULD,
    capability=CAPABILITY,
    area=AREA,
    says=(
        "Two tool calls of one turn arrive as two items with different call_ids, each with the arguments of its own "
        "function, not as one with the arguments of both; or the request is refused. (A model that makes one call at "
        "a time is not judged, unless this is required.)"
    ),
    source=OPENAI_SPEC,
    probe="tools.parallel",
    why="Gateways that bridge to chat merge them into one: the second call is lost. Agents that demand any tool get "
    "nothing where only one by its name can be forced.",
    check=2,
    holds_on=(with_output(CALL, SECOND),),
    breaks_on=(
        with_output(CALL.replace(b'pong\\"}', b'pong\\"}{\\"number\\":7}')),
        with_output(CALL.replace(b'pong\\"}', b'pong\\",\\"number\\":7}')),
        with_output(CALL, SECOND.replace(b"call_2", b"call_1")),
        with_output(CALL, SECOND.replace(b'"call_2"', b"null")),
        GOOD,
        with_output(CALL, SECOND.replace(b'{\\"number\\":7}', b"")),
        with_output(CALL, SECOND.replace(b'{\\"number\\":7}', b"{}")),
        with_output(CALL.replace(b'"record_word"', b"[]"), SECOND.replace(b'{\\"number\\":7}', b"{}")),
        Example(400, JSON, b'{"type":"error","error":{"message":"tool_choice: only auto is supported"}}'),
    ),
)
def parallel(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, CAPABILITY, REFUSED_BY)
    if refused and any_is_refused(reply, context):
        return refused_here(refused, "an answer: one tool by its name can be forced")
    if refused:
        return refused
    found = calls(reply)
    if not found:
        return ignored("$.output", "two items of type function_call", without_call(reply))
    if len(found) == 1:
        (one,) = found
        return alone(one, "$.output", context)
    ids = [call.get("call_id") for call in found]
    if len({id for id in ids if isinstance(id, str)}) < len(ids):
        return damaged("$.output[*].call_id", "a call_id for each call", quote(ids, 120))
    for number, call in enumerate(found):
        if problem := unfit(call):
            return damaged(f"call {number}, $.arguments", "arguments of its own function", problem)
    return done(number_of(len(found), "call"))
