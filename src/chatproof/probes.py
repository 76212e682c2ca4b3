"""What is sent: one row for each probe. A request is built from a row and a target, and from nothing else."""

import json
from collections.abc import Callable
from typing import NamedTuple

from chatproof.exchange import Request, Secret, Url
from chatproof.keys import INVALID_KEY
from chatproof.urls import CHAT_PATH, MODELS_PATH

PROMPT = "Respond with the single word: pong"
KEY, INVALID, NONE = "key", "invalid", "none"


class Probe(NamedTuple):
    id: str
    method: str
    suffix: str  # appended to the base URL
    credential: str  # which key: the real one, the constant wrong one, none
    body: Callable[[str], dict[str, object]] | None  # from the model id
    summary: str
    billable: bool
    after: str  # a probe whose clauses must all hold first; "" for none
    does: str  # for --plan and the docs


def _chat(stream: bool) -> Callable[[str], dict[str, object]]:
    # No token cap: a small one starves reasoning models and makes the probe the liar.
    return lambda model: {
        "model": model,
        "messages": [{"role": "user", "content": PROMPT}],
        "stream": stream,
    }


_PLAIN = "messages_count=1, stream=false"

PROBES: dict[str, Probe] = {
    row.id: row
    for row in (
        Probe("happy", "POST", CHAT_PATH, KEY, _chat(False), _PLAIN, True, "", "one valid request, not streamed"),
        Probe(
            "auth.invalid_key",
            "POST",
            CHAT_PATH,
            INVALID,
            _chat(False),
            _PLAIN,
            False,
            "",
            "the same with a wrong key",
        ),
        Probe(
            "auth.missing_key",
            "POST",
            CHAT_PATH,
            NONE,
            _chat(False),
            _PLAIN,
            False,
            "",
            "the same without a key",
        ),
        Probe("models", "GET", MODELS_PATH, KEY, None, "no body", False, "", "the list of models for this key"),
        Probe(
            "stream",
            "POST",
            CHAT_PATH,
            KEY,
            _chat(True),
            "messages_count=1, stream=true",
            True,
            "happy",
            "the same, streamed",
        ),
    )
}
SMOKE = ("happy", "auth.invalid_key", "auth.missing_key", "models")


def build(probe: Probe, base: Url, model: str, key: Secret | None, auth_header: str, user_agent: str) -> Request:
    """The request of a probe. The credential stays a Secret; the header is built when it is sent."""
    headers = [("Accept", "text/event-stream" if probe.id == "stream" else "application/json")]
    body = b""
    if probe.body is not None:
        headers.append(("Content-Type", "application/json"))
        body = json.dumps(probe.body(model), ensure_ascii=False).encode("utf-8", "surrogatepass")
    headers.append(("User-Agent", user_agent))
    credential = {KEY: key, INVALID: Secret(INVALID_KEY), NONE: None}[probe.credential]
    return Request(probe.method, base.join(probe.suffix), tuple(headers), body, credential, auth_header, probe.summary)
