"""What smoke sends to the Embeddings API: one row for each probe."""

from collections.abc import Callable

from chatproof.contract.probe import (
    ANSWER,
    CONTROL,
    INVALID,
    KEY,
    KEY_REFUSAL,
    NONE,
    REJECTION,
    Body,
    Probe,
)
from chatproof.surfaces.shared_probes import Asking

PATH = "/embeddings"
PROMPT, OTHER = "The cat sat on the mat.", "The invoice is due in March."
"""Two texts of unrelated meaning: one alone shows no order. By the first our own requests are known."""


def ask(input: object = (PROMPT, OTHER), encoding: str = "base64", **more: object) -> Callable[[str], Body]:
    """The body of a request. Base64 is what both official SDKs ask for when their caller says nothing."""
    given = list(input) if isinstance(input, tuple) else input
    return lambda model: {"model": model, "input": given, "encoding_format": encoding, **more}


_PLAIN = "inputs=2, encoding_format=base64"
_WRONG, _NO = "the same with a wrong key", "the same without a key"
ASKING = Asking(PATH, ask(), tokens=16)


def _row(id: str, credential: str, does: str, role: str) -> Probe:
    return Probe(id, "POST", PATH, credential, ask(), _PLAIN, False, "", does, role=role)


ROWS: dict[str, Probe] = {
    row.id: row
    for row in (
        _row("happy", KEY, "one valid request with two texts, in base64", CONTROL)._replace(
            billable=True,
            tokens=16,
            feeds=ANSWER,
            shown_as="the embeddings",
            otherwise=ask(encoding="float"),
            blamed=("encoding_format", "base64"),
        ),
        _row("auth.invalid_key", INVALID, _WRONG, KEY_REFUSAL)._replace(
            feeds=REJECTION, shown_as="the refusal of a wrong key"
        ),
        _row("auth.missing_key", NONE, _NO, KEY_REFUSAL),
        ASKING.listing(),
    )
}
"""The probes of smoke, by name, in order."""
