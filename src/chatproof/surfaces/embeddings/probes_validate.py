"""The rows of validate: what must not pass, and what clients use beyond the plain request."""

from chatproof.contract.probe import ALIVE, Body, Probe
from chatproof.evidence.json_values import items, members
from chatproof.surfaces.embeddings import probes, vectors
from chatproof.surfaces.embeddings.probes import ASKING, OTHER, PROMPT, ask

DIMENSIONS = 256
"""What the models take that can shorten their vectors; half of the whole length, where that is no more than this."""
SAME_MEANING = "A cat was sitting on a rug."
BATCH = 33
"""Texts: one more than text-embeddings-inference takes in its default setting."""
_SCRIPTS = ("кошка", "ложка")
"""Words of one length with no letter of ASCII: a hop that puts a mark in the place of each makes them one."""
_BROKEN = "One text,\nwith a line break."
"""A text in two lines: a server that takes each line for a text gives too many vectors."""
_BEGINNING = "".join(
    f"In the year {year} the ship {year % 7} came home with {year % 9} sacks. " for year in range(1801, 1812)
)
ALIKE = len(_BEGINNING)
"""Characters in which two long texts are alike, some 150 tokens, of 256 that most models read or more."""
_ENDS = (f"{_BEGINNING}The last word is silver.", f"{_BEGINNING}The last word is cotton.")
_OWN = (*_SCRIPTS, _BROKEN, *_ENDS)
_LINES = (*(f"The number of this line is {number}." for number in range(1, BATCH - len(_OWN))), *_OWN)
_TEXTS = (*_LINES, _LINES[0])  # one of them twice: a server that makes equal texts one gives too few vectors
TOKENS = ([791, 8415, 7731, 389, 279, 5634, 13], [791, 25637, 374, 4245, 304, 5587, 13])
"""The two texts of the plain request as tokens of cl100k_base, the vocabulary in which LangChain sends them unless it
knows the model."""
_ONE = "inputs=1, encoding_format=base64"


def _shorter(model: str, before: Body) -> Body:
    """A request for shorter vectors than the endpoint gave."""
    return ask(dimensions=_wanted(before))(model)


def _wanted(before: Body) -> int:
    first = members(next(iter(items(before.get("data"))), None))
    length = vectors.read(first.get("embedding")).length
    return DIMENSIONS if length > DIMENSIONS or length < 2 else length // 2


_refusal, _paid = ASKING.refusal, ASKING.paid
_with, _without, _cut_short = ASKING.having, ASKING.without, ASKING.cut_short

_ROWS = (
    ASKING.empty_key("inputs=2, encoding_format=base64"),
    _refusal("malformed_json", "a body that is cut off", _cut_short),
    _refusal("missing_input", "no input", _without("input"))._replace(
        shown_as="the refusal of a request without input"
    ),
    _refusal("missing_model", "no model", _without("model")),
    _refusal("wrong_input_type", "input is a number", _with(input=7)),
    _refusal("empty_input", "an empty text", _with(input="")),
    _refusal("unknown_model", "a model that does not exist", _with(model="chatproof-no-such-model")),
    _paid("float", "the same as numbers", ask(encoding="float"), "inputs=2, encoding_format=float")._replace(
        shown_as="the embeddings as numbers"
    ),
    _paid("single", "the first text again, alone", ask(PROMPT), _ONE, tokens=8),
    _paid("dimensions", "shorter vectors", ask(dimensions=DIMENSIONS), "inputs=2, dimensions")._replace(
        answers=_shorter
    ),
    _paid(
        "tokens", "texts as arrays of tokens", ask(TOKENS), "inputs=2 token arrays, encoding_format=base64", tokens=20
    ),
    _paid("batch", f"{BATCH} texts in one request", ask(_TEXTS), f"inputs={BATCH}, encoding_format=base64", tokens=700),
    _paid(
        "meaning",
        "two texts with the same meaning, and a different one",
        ask((PROMPT, SAME_MEANING, OTHER)),
        "inputs=3",
        tokens=24,
    ),
)

ROWS: dict[str, Probe] = {
    # The plain request waits until something has answered at all: the free requests go first.
    **{id: row._replace(after=ALIVE) if id == "happy" else row for id, row in probes.ROWS.items()},
    **{row.id: row for row in _ROWS},
}
"""The probes of validate, those of smoke among them, by name, in order."""
