"""The system prompt of a streamed request: that of a text outside ASCII carries one, so that none more is sent."""

from collections.abc import Callable

from chatproof.contract.capability import done, ignored
from chatproof.contract.clause import (
    BEHAVIOUR,
    HOLDS,
    SHOULD,
    Clauses,
    Context,
    Example,
    Judge,
    Outcome,
    Source,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.text_to_repeat import FIRST_WORD, RULE, UNICODE


def add_streamed_rule(
    clauses: Clauses,
    api: str,
    field: str,
    source: Source,
    says: Callable[[str], Example],
    texts: Callable[[Reply], tuple[str, ...]],
    plain: Judge,
    form: str = "",
) -> None:
    """Add the clause that the system prompt in an API's `field` reaches the model in a stream, as without one. `says`
    makes the stream that says a text, `texts` reads all that a client may show of an answer, `plain` judges the reply
    to such a prompt without a stream. `form` says in which other form than there it is sent."""

    def heard(reply: Reply, context: Context) -> Outcome:
        if RULE.encode() not in reply.exchange.request.body:
            return not_applicable(f"the request has no `{field}`, because it is refused or is not ours")
        if field in context.replies and plain(context.replies[field], context).outcome != HOLDS:
            return not_applicable(f"not followed without a stream, either: see {api}.{field}.heard")
        text = "\n".join(dict.fromkeys(texts(reply))).strip()
        if not text:
            return not_applicable("the answer has no text")
        if FIRST_WORD in text.lower():
            return done()
        return ignored("the stream's text", f"the word {FIRST_WORD}, which `{field}` asks for{form}", quote(text, 60))

    clauses.add(
        f"{api}.{field}.streamed",
        layer=BEHAVIOUR,
        code="contract.parameter",
        level=SHOULD,
        capability=field,
        area="Capabilities",
        says=f"The model follows the system prompt in `{field}` in a stream as well{form}.",
        source=source,
        probe="unicode",
        needs=(f"{api}.unicode.accepted",),
        why="Agents stream nearly every answer: their rules are lost where only plain requests carry them on.",
        holds_on=(says(f"{FIRST_WORD} {UNICODE}"), says("Bravo: I cannot repeat that.")),
        breaks_on=(says(UNICODE), says("I cannot repeat that.")),
    )(heard)
