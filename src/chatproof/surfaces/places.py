"""Words in each place where a text of a conversation may stand: who names them all has read all of it.

The requests are those that are sent for earlier turns anyway. One of the texts is long, and has a word at its end:
where a server cuts texts off, that word is missing.
"""

from collections.abc import Callable, Mapping

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
    broken,
    holds,
    id_in,
    not_applicable,
    undecided,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote

ASKED = "Which words were given? Answer with all of them, in their order, and nothing else."
_ORDER = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
WORDS = ("maple", "pong", "violin", "lemon", "copper", "garden", "window")
_MIDDLE = 6
"""Which word stands in the middle of the long text."""
_STORY = [
    f"In the year {year} the ship {year % 7} came home with {year % 9} sacks of grain. " for year in range(1801, 1836)
]
LONG = len("".join(_STORY))
"""Characters of the text before whose end and behind whose end a word stands: some 700 tokens."""


def said(number: int) -> str:
    """The sentence that gives a word, by its number from 0."""
    return f"The {_ORDER[number]} word is {WORDS[number]}."


def around_a_story(before: int, behind: int) -> str:
    """A long text with a word before it, one in its middle and one behind it."""
    half = len(_STORY) // 2
    return f"{said(before)} {''.join(_STORY[:half])}{said(_MIDDLE)} {''.join(_STORY[half:])}{said(behind)}"


def missing_from(text: str, places: Mapping[str, str]) -> list[str]:
    """The words that a text does not have, in their order."""
    return [word for word in places if word not in text.lower()]


def add_places(
    clauses: Clauses,
    id: str,
    says: str,
    api: str,
    source: Source,
    probe: str,
    needs: str,
    places: Mapping[str, str],
    example: Callable[[str], Example],
    text_of: Callable[[Reply], str],
    heard: Judge | None = None,
) -> None:
    """Add the clause that every text of a conversation reaches the model. `places` names by its word each place where
    a text stands, `example` makes the reply with a text; `heard` judges the request that shows whether the model has a
    memory at all, where that is the reply to another probe than this."""
    all_words = ", ".join(places)

    def judge(reply: Reply, context: Context) -> Outcome:
        if ASKED.encode() not in reply.exchange.request.body:
            return not_applicable("the request is not ours, or was sent in another form")
        before = context.replies.get("multi_turn")
        if heard is not None and before is not None and heard(before, context).outcome != HOLDS:
            return not_applicable("earlier turns are not read in a plain conversation, either")
        text = text_of(reply)
        missing = missing_from(text, places)
        if not missing:
            return holds(number_of(len(places), "word"))
        if 2 * len(missing) > len(places):
            return undecided("the model does not name the words that it was given", quote(text, 60))
        lost = " and ".join(f"{word} ({places[word]})" for word in missing)
        return broken("the answer's text", f"the words {all_words}", f"no {lost}: {quote(text, 60)}")

    first, *_, last = places
    clauses.add(
        id_in(api, id),
        layer=BEHAVIOUR,
        code="contract.messages",
        level=SHOULD,
        area="Capabilities",
        says=says,
        source=source,
        probe=probe,
        needs=(id_in(api, needs),),
        why="The AI SDK, LangChain and agents send texts in all of these places: documents, rules and earlier answers "
        "are lost without an error.",
        holds_on=(example(all_words), example(all_words.upper().replace(",", " and"))),
        breaks_on=(example(all_words.replace(last, "")), example(all_words.replace(first, ""))),
    )(judge)
