"""What is sent: one row for each probe. A request is built from a row and a target, and from nothing else.

Here are the rows of smoke; `probes_validate` adds those of validate when that is what runs.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

from chatproof.exchange import Request, Secret, Url
from chatproof.keys import INVALID_KEY
from chatproof.urls import CHAT_PATH, MODELS_PATH

PROMPT = "Respond with the single word: pong"
KEY, INVALID, NONE, EMPTY = "key", "invalid", "none", "empty"
JSON = "application/json"
ALIVE = "(any reply)"  # as `after`: any complete reply will do

Body = dict[str, object]


class Probe(NamedTuple):
    id: str
    method: str
    suffix: str  # appended to the base URL
    credential: str  # which key: the real one, the constant wrong one, none, one without characters
    body: Callable[[str], Body | bytes] | None  # from the model id
    summary: str
    billable: bool
    after: str  # a probe whose clauses must all hold first; "" for none
    does: str  # for --plan and the docs
    media: str = JSON  # of the request's body
    header: Callable[[str], str] | None = None  # credential header → another form of it
    tail: str = ""  # follows the credential in its header
    answers: Callable[[str, Body], Body] | None = None  # body from the model id and the JSON of `after`'s reply
    tokens: int = 0  # expected for prompt and answer together; a cap is sent only where that is what is asked about
    rides: str = ""  # the probe whose connection is used again if the server keeps it open
    opt_in: bool = False  # sent only when asked for by name


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

PROBES: dict[str, Probe] = {
    row.id: row
    for row in (
        Probe("happy", "POST", CHAT_PATH, KEY, chat(), _PLAIN, True, "", "one valid request, not streamed", tokens=20),
        Probe("auth.invalid_key", "POST", CHAT_PATH, INVALID, chat(), _PLAIN, False, "", _WRONG),
        Probe("auth.missing_key", "POST", CHAT_PATH, NONE, chat(), _PLAIN, False, "", _NO),
        Probe("models", "GET", MODELS_PATH, KEY, None, "no body", False, "", "the list of models for this key"),
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
        ),
    )
}
SMOKE = ("happy", "auth.invalid_key", "auth.missing_key", "models")


def build(
    probe: Probe,
    base: Url,
    model: str,
    key: Secret | None,
    auth_header: str,
    user_agent: str,
    before: Body | None = None,
) -> Request:
    """The request of a probe. The credential stays a Secret; the header is built when it is sent.

    `before` is the JSON of the reply to the probe it comes after, for a row that answers it.
    """
    content = _content(probe, model, before)
    streams = isinstance(content, dict) and content.get("stream") is True
    headers = [("Accept", "text/event-stream" if streams else JSON)]
    body = b""
    if content is not None:
        headers.append(("Content-Type", probe.media))
        if isinstance(content, bytes):
            body = content
        else:
            body = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
    headers.append(("User-Agent", user_agent))
    credential = {KEY: key, INVALID: Secret(INVALID_KEY), NONE: None, EMPTY: Secret("")}[probe.credential]
    header = probe.header(auth_header) if probe.header else auth_header
    url = base.join(probe.suffix.replace("{model}", _segment(model)))
    return Request(probe.method, url, tuple(headers), body, credential, header, probe.summary, probe.tail)


def _content(probe: Probe, model: str, before: Body | None) -> Body | bytes | None:
    if probe.answers is not None and before is not None:
        return probe.answers(model, before)
    return probe.body(model) if probe.body else None


def _segment(model: str) -> str:
    """A model id inside a path. Its slashes stay, as SDKs and servers take them; the rest is percent-encoded."""
    if all((char.isalnum() and char.isascii()) or char in "-._~/" for char in model):
        return model
    from urllib.parse import quote

    return quote(model, safe="/:@", errors="surrogatepass")
