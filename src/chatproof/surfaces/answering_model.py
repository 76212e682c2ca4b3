"""The model that an answer names: another one than was asked for is seen where nothing in its name is the same."""

import re

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
from chatproof.surfaces.model_listing import listed_ids

_WORDS = re.compile(r"(?<![a-z0-9])[a-z]+")  # without numbers: qwen-max answers as qwen3-max; 7b and 4o are sizes
_COMMON = frozenset((
    "base", "chat", "embed", "embedding", "embeddings", "fast", "flash", "free", "instruct", "large", "latest",
    "lite", "max", "medium", "mini", "model", "nano", "plus", "preview", "pro", "small", "text", "turbo", "v",
    "vision",
))  # fmt: skip
"""What names of models of every maker have in them."""
_LONGEST = 200


def are_related(asked: str, answered: str) -> bool:
    """One name is in the other, or both have a word that is not in every maker's names: versions, dates and paths are
    told in many ways."""
    one, other = asked.lower()[:_LONGEST], answered.lower()[:_LONGEST]
    if one in other or other in one:
        return True
    words, others = (set(_WORDS.findall(name)) - _COMMON for name in (one, other))
    return bool(words & others)


def add_answering_model(
    clauses: Clauses, api: str, source: Source, good: Example, another: Example, probe: str = "happy"
) -> None:
    """Add the clause that the answer does not name a model of another kind than the one asked for. Of another probe
    than the plain one it is `stream.model_answers`, and says what is wrong in streams alone."""
    streamed = probe != "happy"
    name, answer = ("stream.model_answers", "a streamed answer") if streamed else ("model.answers", "the answer")

    def named(reply: Reply, context: Context) -> Outcome:
        answered = context.surface.view.model(reply)
        if not answered:
            return not_applicable("the answer names no model")
        if are_related(context.model, answered):
            return holds(quote(answered, 60))
        listing = context.listing
        plain = context.control if streamed else None
        if plain is not None and not are_related(context.model, context.surface.view.model(plain)):
            return not_applicable("the plain answer names another model, too")
        if listing is not None and context.model not in (listed_ids(listing.json) or ()):
            return not_applicable("the model asked for is not listed: it may be a name for another one")
        return broken("$.model", quote(context.model, 60), quote(answered, 60))

    clauses.add(
        id_in(api, name),
        layer=BEHAVIOUR,
        area="Model identifiers",
        code="contract.schema",
        level=SHOULD,
        says=f"The model that {answer} names has something of the name that was asked for.",
        source=source,
        probe=probe,
        why="Another model answered, or says that it did: who pays for one, or compares several, is deceived.",
        holds_on=(good,),
        breaks_on=(another,),
    )(named)
