"""What is sent: one row for each probe. A request is built from a row and a target, and from nothing else.

Here are the rows of smoke; `probes_validate` adds those of validate when that is what runs.
"""

from collections.abc import Callable

from chatproof.contract.probe import (
    ANSWER,
    CONTROL,
    INVALID,
    KEY,
    KEY_REFUSAL,
    LISTING,
    NONE,
    REJECTION,
    STREAM,
    Body,
    Probe,
)
from chatproof.wire.urls import CHAT_PATH, MODELS_PATH

PROMPT = "Respond with the single word: pong"


def chat(prompt: str = PROMPT, stream: bool = False, **more: object) -> Callable[[str], Body]:
    """The body of a chat request with one user message."""
    # No token cap: a small one starves reasoning models and makes the probe the liar.
    return lambda model: {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "stream": stream,
        **more,
    }


_PLAIN = "messages_count=1, stream=false"
_WRONG, _NO = "the same with a wrong key", "the same without a key"

ROWS: dict[str, Probe] = {
    row.id: row
    for row in (
        Probe(
            "happy",
            "POST",
            CHAT_PATH,
            KEY,
            chat(),
            _PLAIN,
            True,
            "",
            "one valid request, not streamed",
            tokens=20,
            role=CONTROL,
            feeds=ANSWER,
            shown_as="the completion",
        ),
        Probe(
            "auth.invalid_key",
            "POST",
            CHAT_PATH,
            INVALID,
            chat(),
            _PLAIN,
            False,
            "",
            _WRONG,
            role=KEY_REFUSAL,
            feeds=REJECTION,
            shown_as="the refusal of a wrong key",
        ),
        Probe("auth.missing_key", "POST", CHAT_PATH, NONE, chat(), _PLAIN, False, "", _NO, role=KEY_REFUSAL),
        Probe(
            "models",
            "GET",
            MODELS_PATH,
            KEY,
            None,
            "no body",
            False,
            "",
            "the list of models for this key",
            role=LISTING,
            shown_as="the listing of models",
        ),
        Probe(
            "stream",
            "POST",
            CHAT_PATH,
            KEY,
            chat(stream=True),
            "messages_count=1, stream=true",
            True,
            "happy",
            "the same, streamed",
            tokens=20,
            role=STREAM,
            shown_as="the chunks of a stream",
        ),
    )
}
"""The probes of smoke, by name, in order."""
