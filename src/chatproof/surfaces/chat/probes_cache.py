"""One long prompt, three times: does the server read its beginning from a cache? Opt-in, for it costs 7,000 tokens.

Nothing is judged: a model on several hosts has a cache on each. What usage says of it is told in the notes, and
`compare` holds both sides against each other.
"""

from chatproof.contract.probe import KEY, Body, Probe
from chatproof.surfaces.chat.probes import chat
from chatproof.wire.urls import CHAT_PATH

# 2,300 tokens or so: OpenAI keeps beginnings of 1,024 tokens or more, others of 2,048.
_LINES = 230
_PROMPT = "".join(f"Line {number}: the word to remember is pong.\n" for number in range(1, _LINES + 1))
_ASK = "Respond with the single word: pong"
_TOKENS = 2400


def _body(model: str) -> Body:
    return chat(_PROMPT + _ASK)(model)


def _row(id: str, after: str, does: str, *, opt_in: bool = False) -> Probe:
    summary = f"messages_count=1, stream=false, {_LINES} lines"
    return Probe(
        id, "POST", CHAT_PATH, KEY, _body, summary, True, after, does, tokens=_TOKENS, opt_in=opt_in, unjudged=True
    )


ROWS = (
    _row("cache.first", "happy", "a long prompt, for the cache"),
    _row("cache.second", "cache.first", "the same again"),
    _row(
        "cache", "cache.second", "the same a third time: the notes show what usage reports about the cache", opt_in=True
    ),
)
