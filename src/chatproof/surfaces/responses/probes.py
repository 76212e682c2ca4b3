"""What smoke sends to the Responses API: one row for each probe."""

from collections.abc import Callable

from chatproof.contract.probe import (
    ANSWER,
    CONTROL,
    INVALID,
    KEY,
    KEY_REFUSAL,
    NONE,
    REJECTION,
    STREAM,
    Body,
    Probe,
)
from chatproof.surfaces.shared_probes import Asking

PATH = "/responses"
PROMPT = "Respond with the single word: pong"


def ask(input: object = PROMPT, stream: bool = False, **more: object) -> Callable[[str], Body]:
    """The body of a request. Nothing is to be stored; and no cap of tokens: a small one starves reasoning models and
    makes the probe the liar."""
    return lambda model: {"model": model, "input": input, "stream": stream, "store": False, **more}


_PLAIN = "input=text, stream=false, store=false"
_WRONG, _NO = "the same with a wrong key", "the same without a key"


def _storeless(model: str) -> Body:
    """The plain request for a server that knows no store, and refuses the field."""
    return {name: value for name, value in ask()(model).items() if name != "store"}


ASKING = Asking(PATH, ask())


def _row(id: str, credential: str, does: str, role: str) -> Probe:
    return Probe(id, "POST", PATH, credential, ask(), _PLAIN, False, "", does, role=role)


ROWS: dict[str, Probe] = {
    row.id: row
    for row in (
        _row("happy", KEY, "one valid request, not streamed", CONTROL)._replace(
            billable=True,
            tokens=20,
            feeds=ANSWER,
            shown_as="the response",
            otherwise=_storeless,
            blamed=("store",),
        ),
        _row("auth.invalid_key", INVALID, _WRONG, KEY_REFUSAL)._replace(
            feeds=REJECTION, shown_as="the refusal of a wrong key"
        ),
        _row("auth.missing_key", NONE, _NO, KEY_REFUSAL),
        ASKING.listing(),
        Probe(
            "stream",
            "POST",
            PATH,
            KEY,
            ask(stream=True),
            "input=text, stream=true, store=false",
            True,
            "happy",
            "the same, streamed",
            tokens=20,
            role=STREAM,
            shown_as="the events of a stream",
        ),
    )
}
"""The probes of smoke, by name, in order."""
