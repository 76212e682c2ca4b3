"""Clauses on the choice of a tool, beside chat: the one that is named is called, and with `none` none is."""

from collections.abc import Callable

from chatproof.contract.capability import done, ignored, refusal
from chatproof.contract.clause import BEHAVIOUR, SHOULD, Clauses, Context, Example, Outcome, Source
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote

_AREA, _CODE, _CAPABILITY = "Capabilities", "contract.tools", "tool_choice"
_PARAMETERS = ("tool_choice", "tools", "tool")


def add_choices(
    clauses: Clauses,
    api: str,
    source: Source,
    name: str,
    text: Example,
    first: Example,
    second: Example,
    both: Example,
    called: Callable[[Reply], list[object]],
) -> None:
    """Add the clauses on the choice of a tool. `name` is the second tool's, which is asked for. The examples are a
    text, a call of the first tool, one of the second, and one of each; `called` reads the names of a reply's calls."""

    def named(reply: Reply, context: Context) -> Outcome:
        refused = refusal(reply, context, _CAPABILITY, _PARAMETERS)
        if refused:
            return refused
        found = called(reply)
        if not found:
            return ignored("the answer", f"a call of {name}", "no call")
        others = [one for one in found if one != name]
        return ignored("the answer", f"a call of {name} alone", f"one of {quote(others[0])}") if others else done()

    def none(reply: Reply, context: Context) -> Outcome:
        refused = refusal(reply, context, _CAPABILITY, _PARAMETERS)
        if refused:
            return refused
        found = called(reply)
        return ignored("the answer", "no call", number_of(len(found), "call")) if found else done()

    clauses.add(
        f"{api}.tools.named",
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area=_AREA,
        capability=_CAPABILITY,
        says="Of two tools, the one that tool_choice names is called, whatever the prompt says, and no other; or the "
        "choice is clearly refused.",
        source=source,
        probe="tools.named",
        needs=(f"{api}.tools.called",),
        why="LangChain's with_structured_output, and programs that get their values from a forced call, find another "
        "call or none.",
        holds_on=(second,),
        breaks_on=(text, first, both),
    )(named)
    clauses.add(
        f"{api}.tools.none",
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area=_AREA,
        capability=_CAPABILITY,
        says="With tool_choice none, no tool is called.",
        source=source,
        probe="tools.none",
        needs=(f"{api}.tools.called",),
        why="A client that asks for the final answer gets one more tool call, and its loop never ends.",
        holds_on=(text,),
        breaks_on=(first, both),
    )(none)
