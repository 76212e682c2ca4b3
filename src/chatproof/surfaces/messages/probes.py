"""What smoke sends to the Messages API: one row for each probe.

The key travels in two headers and the version has two values, and each client sends one of each: the official SDKs
`Authorization: Bearer` with the new version, the AI SDK `x-api-key` with the old one. So the plain request is sent in
both forms; one that is answered is enough, and it is the plain request of the run.
"""

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
    TWIN,
    Body,
    Probe,
)
from chatproof.surfaces.shared_probes import Asking

PATH = "/messages"
PROMPT = "Respond with the single word: pong"
MOST = 2048
"""Tokens that an answer may have. The API wants a cap; a small one starves models that think."""
BEARER, X_API_KEY = "Authorization: Bearer", "x-api-key"
VERSION = "anthropic-version"
NEW, OLD = "2026-10-21", "2023-06-01"
"""What anthropic-python 2.14 and @anthropic-ai/sdk 1.14 send, and what @ai-sdk/anthropic 3 sends."""
VERSIONED, OF_OLD = ((VERSION, NEW),), ((VERSION, OLD),)


def ask(prompt: object = PROMPT, stream: bool = False, **more: object) -> Callable[[str], Body]:
    """The body of a request: one message of the user."""
    return lambda model: {
        "model": model,
        "max_tokens": MOST,
        "messages": [{"role": "user", "content": prompt}],
        "stream": stream,
        **more,
    }


def other_header(header: str) -> str:
    """The header that other clients send the key in."""
    return BEARER if header.lower() == X_API_KEY else X_API_KEY


_PLAIN = f"messages_count=1, stream=false, max_tokens={MOST}"
_WRONG, _NO = "the same with a wrong key", "the same without a key"
ASKING = Asking(PATH, ask(), VERSIONED)


def _row(id: str, credential: str, does: str, role: str) -> Probe:
    return Probe(id, "POST", PATH, credential, ask(), _PLAIN, False, "", does, role=role, headers=VERSIONED)


ROWS: dict[str, Probe] = {
    row.id: row
    for row in (
        _row("happy", KEY, "one valid request, not streamed", CONTROL)._replace(
            billable=True, tokens=20, feeds=ANSWER, shown_as="the message"
        ),
        _row("happy.other_form", KEY, "the same with the key in the other header and the other version", TWIN)._replace(
            billable=True, tokens=20, header=other_header, headers=OF_OLD, shown_as="the message in the other form"
        ),
        _row("auth.invalid_key", INVALID, _WRONG, KEY_REFUSAL)._replace(
            feeds=REJECTION, shown_as="the refusal of a wrong key"
        ),
        _row("auth.invalid_other", INVALID, f"{_WRONG} in the other header", KEY_REFUSAL)._replace(
            header=other_header, headers=OF_OLD
        ),
        _row("auth.missing_key", NONE, _NO, KEY_REFUSAL),
        ASKING.listing(),
        Probe(
            "stream",
            "POST",
            PATH,
            KEY,
            ask(stream=True),
            f"messages_count=1, stream=true, max_tokens={MOST}",
            True,
            "happy",
            "the same, streamed",
            tokens=20,
            role=STREAM,
            shown_as="the events of a stream",
            headers=VERSIONED,
        ),
    )
}
"""The probes of smoke, by name, in order."""
