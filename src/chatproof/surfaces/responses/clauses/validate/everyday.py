"""A request as applications write it by hand."""

import json

from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.everyday import PROBE, add_everyday
from chatproof.surfaces.own.own_request import asked_of
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import GOOD, altered
from chatproof.surfaces.responses.clauses.validate.tools import list_is_refused
from chatproof.surfaces.responses.examples import STREAMED

CLAUSES = Clauses(VALIDATE)


def _spared(context: Context) -> str:
    return "input in a list is refused: see responses.input.list" if list_is_refused(context) else ""


_ECHO = {"metadata": {"purpose": "probe"}, "store": False}
"""Fields of the request of every day that an answer repeats."""


def _repeating(**fields: object) -> Example:
    """The good reply with these fields, and without those of the request."""
    held = {name: value for name, value in json.loads(GOOD.body).items() if name not in _ECHO}
    return GOOD._replace(body=json.dumps({**held, **fields}).encode())


@CLAUSES.add(
    "responses.everyday.echoed",
    layer=BEHAVIOUR,
    area="Response shape",
    code="contract.parameter",
    level=SHOULD,
    says="Where an answer repeats `metadata` and `store`, it repeats what was sent.",
    source=OPENAI_SPEC,
    probe=PROBE,
    why="Programs find their answers by metadata, and send store=false so that nothing is kept: openai-python and "
    "every other client report what was not done.",
    holds_on=(_repeating(), _repeating(**_ECHO), _repeating(metadata=None, store=None)),
    breaks_on=(_repeating(metadata={}), _repeating(store=True), _repeating(metadata={"purpose": "other"})),
)
def echoed(reply: Reply, context: Context) -> Outcome:
    asked = asked_of(reply)
    for name in _ECHO:
        sent, told = asked.get(name), reply.object.get(name)
        if sent is not None and told is not None and told != sent:
            return broken(f"$.{name}", quote(sent, 60), quote(told, 60))
    return holds()


add_everyday(
    CLAUSES,
    "responses",
    OPENAI_SPEC,
    "two messages in a row, `user`, metadata, fields that are null, no `stream`",
    GOOD,
    altered(b'"text":"pong"', b'"text":"You gave me no word."'),
    STREAMED,
    lambda reply: view.text_of(reply.object),
    _spared,
)
