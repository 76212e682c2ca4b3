"""The ids of answers: two answers have two, or what is kept by them is lost."""

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
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote


def add_fresh_ids(
    clauses: Clauses, api: str, source: Source, probe: str, why: str, another: Example, same: Example
) -> None:
    """Add the clause that the answer to another question, that of `probe`, has another id than the plain one."""

    def fresh(reply: Reply, context: Context) -> Outcome:
        plain = context.control
        id = reply.object.get("id")
        if plain is None or not isinstance(id, str) or not id:
            return not_applicable("no two ids to compare")
        if id == plain.object.get("id"):
            return broken("$.id", "another id than that of the plain answer", quote(id, 60))
        return holds()

    clauses.add(
        id_in(api, "ids.fresh"),
        layer=BEHAVIOUR,
        area="Response shape",
        code="contract.schema",
        level=SHOULD,
        says="The answer to another question has another id.",
        source=source,
        probe=probe,
        why=why,
        holds_on=(another,),
        breaks_on=(same,),
    )(fresh)
