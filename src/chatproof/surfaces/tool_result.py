"""The clauses that a tool's result reaches the model: no second call for it, and an answer that holds what only the
result has."""

from collections.abc import Callable

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
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.everyday import NOT_FOLLOWED, WORD

_NUMBER = "40713"
RECEIPT = f"R-{_NUMBER}"
"""What only the tool's result has. Its number is looked for: models write hyphens of several kinds."""
RESULT = f'{{"recorded":true,"receipt":"{RECEIPT}"}}'
"""What the tool answers."""
OTHER_NUMBER = "52968"
OTHER_RESULT = f'{{"recorded":true,"receipt":"R-{OTHER_NUMBER}"}}'
"""What it answers to a second call of the same turn."""
NUMBERS = (_NUMBER, OTHER_NUMBER)


def add_result_used(
    clauses: Clauses,
    api: str,
    source: Source,
    area: str,
    code: str,
    at: str,
    again: Callable[[Reply], str],
    good: tuple[Example, ...],
    bad: tuple[Example, ...],
) -> None:
    """Add the clause that the call is not made again. `again` reads the arguments of the same call from an answer, and
    is empty where there is none."""

    def used(reply: Reply, context: Context) -> Outcome:
        made = again(reply)
        return broken(at, "an answer, or another call", f"the call again: {quote(made, 60)}") if made else holds()

    clauses.add(
        id_in(api, "tools.result_used"),
        layer=BEHAVIOUR,
        code=code,
        level=SHOULD,
        area=area,
        says="A model that gets a tool's result does not make the same call again.",
        source=source,
        probe="tools.result",
        needs=(id_in(api, "tools.result"),),
        why="Every client with tools, such as an agent for code, runs the same one without end. A gateway that leaves "
        "the results out is the usual cause.",
        holds_on=good,
        breaks_on=bad,
    )(used)


def add_result_heard(
    clauses: Clauses,
    api: str,
    source: Source,
    area: str,
    code: str,
    mark: bytes,
    says: Callable[[bytes], Example],
    text_of: Callable[[Reply], str],
    calls: Callable[[Reply], object],
) -> None:
    """Add the clause. `mark` is what a request with a tool's result has, `says` makes an answer with a text, `text_of`
    and `calls` read an answer's text and the calls in it."""

    def heard(reply: Reply, context: Context) -> Outcome:
        text = text_of(reply)
        if _NUMBER in text:
            return holds()
        if calls(reply):
            return not_applicable("another call in place of an answer")
        asked = reply.exchange.request.body
        if mark in asked and RECEIPT.encode() not in asked:
            return not_applicable("the request is not ours")
        if context.control is not None and WORD not in text_of(context.control).lower():
            return undecided(NOT_FOLLOWED, quote(text, 60))
        return broken("the answer's text", f"the receipt {RECEIPT}, which is in the tool's result", quote(text, 60))

    clauses.add(
        id_in(api, "tools.result_heard"),
        layer=BEHAVIOUR,
        code=code,
        level=SHOULD,
        area=area,
        says="A model that is asked for what a tool answered says it.",
        source=source,
        probe="tools.result",
        needs=(id_in(api, "tools.result_used"),),
        why="Every client that runs tools gets answers that are made up: what its tools found does not reach the "
        "model. A gateway that sends an empty result on is the usual cause.",
        holds_on=(says(f"The receipt is {RECEIPT}.".encode()), says("It is R\u2011".encode() + _NUMBER.encode())),
        breaks_on=(says(b"I have recorded the word."), says(b"The receipt is 1234.")),
    )(heard)
