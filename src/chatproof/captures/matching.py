"""Which probe of the contract a captured exchange answers: by URL, method, key and body, as far as they were captured.

A request that no probe resembles (with tools, without messages) is not judged: its reply may rightly look different.
"""

import json
from typing import Any, NamedTuple

from chatproof import probes
from chatproof.captures.entry import Captured, base_of, credential
from chatproof.exchange import ARRIVALS, BODY, CONNECTION, KEY, MODEL, REQUEST, Exchange, Peer, Request, Secret, Url
from chatproof.keys import INVALID_KEY, check
from chatproof.probes import EMPTY, INVALID, NONE, Probe
from chatproof.reply import sniff
from chatproof.urls import CHAT_PATH, MODELS_PATH

UNKNOWN = "unknown"
HAPPY, STREAM, MODELS = "happy", "stream", "models"
_NOWHERE = Url("https", "unobserved", 443, "")
# What a request may ask for that makes a reply without text a good one.
_OTHER_ANSWERS = ("tools", "tool_choice", "functions", "function_call", "modalities", "audio", "stop")
_ENOUGH_TOKENS = 16  # a smaller cap may leave no room for text


class Match(NamedTuple):
    """A captured exchange as an answer to a probe. `probe` is empty when it answers none; `why` says so."""

    entry: Captured
    probe: str
    why: str = ""
    base: str = ""
    model: str = ""
    key: Secret | None = None
    exchange: Exchange | None = None


def match(entry: Captured, scope: tuple[str, ...], auth_header: str, wanted: str = "", id: str = "x1") -> Match:
    """The match of an entry among the probes of a scope. `wanted` is what the user says that it answers."""
    place = base_of(entry.url)
    asked = _body(entry)
    sort, key = _key(entry)
    model = entry.model or (asked["model"] if asked and isinstance(asked.get("model"), str) else "")
    probe, why = wanted or entry.probe, ""
    if not probe:
        probe, why = _probe(entry, scope, auth_header, asked, sort, model)
    if not probe:
        return Match(entry, "", why, str(place[0]) if place else "")
    exchange = _exchange(entry, probe, place, key, sort, auth_header, model, id)
    return Match(entry, probe, why, str(place[0]) if place else "", model, key, exchange)


def _key(entry: Captured) -> tuple[str, Secret | None]:
    """(which kind of key was sent, the key where it is a real one that was captured)."""
    if entry.headers is None or KEY in entry.unheld:
        return UNKNOWN, None
    found = credential(entry.headers)
    if found is None:
        return NONE, None
    token = found[2].strip()
    if not token:
        return EMPTY, None
    if token == INVALID_KEY:
        return INVALID, None
    # A mark that a tool put in the key's place is no key to look for in replies.
    return probes.KEY, None if check(token) or len(token) < 8 else Secret(token)


def _body(entry: Captured) -> dict[str, Any] | None:
    """The JSON object that was sent; None when it was not captured, or is none."""
    if not entry.body:
        return None
    try:
        value = json.loads(entry.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _probe(
    entry: Captured, scope: tuple[str, ...], auth_header: str, asked: dict[str, Any] | None, sort: str, model: str
) -> tuple[str, str]:
    """(probe, a remark): what the request asked for."""
    if entry.headers is None:  # a reply alone
        return _by_reply(entry, "its request is not in the capture")
    place = base_of(entry.url)
    suffix = place[1] if place else ""
    if suffix == MODELS_PATH and entry.method == "GET":
        return (MODELS, "") if sort in (probes.KEY, UNKNOWN) else ("", "a listing of models without a key")
    if suffix != CHAT_PATH:
        known = [row.id for row in _rows(scope) if row.method == entry.method and _path(row, model) == suffix]
        return (known[0], "") if known else ("", "no probe asks for this")
    exact = next((row.id for row in _rows(scope) if _is_it(row, entry, auth_header, asked, sort, model)), "")
    if exact:
        return exact, ""
    if entry.method != "POST":
        return "", "no probe asks for this"
    return _alike(entry, scope, asked, sort)


def _alike(entry: Captured, scope: tuple[str, ...], asked: dict[str, Any] | None, sort: str) -> tuple[str, str]:
    """A chat request that is none of ours, word for word, and asks for the same thing as one of them."""
    refused = {INVALID: "auth.invalid_key", NONE: "auth.missing_key", EMPTY: "auth.empty_key"}.get(sort)
    if refused:
        return (refused, "") if refused in scope else ("", "a request with an empty key")
    if asked is None:
        if entry.body:
            return "", "its request body is no JSON object"
        return _by_reply(entry, "its request body is not in the capture")
    other = next((name for name in _OTHER_ANSWERS if asked.get(name)), "")
    if other:
        return "", f"the request has {other}: a reply without text may be right"
    caps = [asked.get(name) for name in ("max_tokens", "max_completion_tokens")]
    if any(isinstance(cap, int) and cap < _ENOUGH_TOKENS for cap in caps):
        return "", "the request caps the answer at a few tokens: a reply without text may be right"
    messages = asked.get("messages")
    if not (isinstance(messages, list) and messages and isinstance(asked.get("model"), str)):
        return "", "the request has no model or no messages: it may rightly be refused"
    return (STREAM if asked.get("stream") is True else HAPPY), ""


def _by_reply(entry: Captured, said: str) -> tuple[str, str]:
    held = entry.response is not None and BODY not in entry.unheld
    if held and entry.response is not None and sniff(entry.response.body) == "sse":
        return STREAM, f"{said}; the reply is a stream, so it is taken to answer {STREAM} (else say --as)"
    return HAPPY, f"{said}; the reply is taken to answer {HAPPY} (else say --as)"


def _rows(scope: tuple[str, ...]) -> list[Probe]:
    return [probes.PROBES[id] for id in scope]


def _path(row: Probe, model: str) -> str:
    return row.suffix.replace("{model}", model)


def _is_it(row: Probe, entry: Captured, auth_header: str, asked: dict[str, Any] | None, sort: str, model: str) -> bool:
    """The request is this row's, word for word."""
    if row.method != entry.method or row.suffix != CHAT_PATH or asked is None or row.body is None:
        return False
    if sort not in (UNKNOWN, row.credential):
        return False
    found = credential(entry.headers or ())
    if found is not None and row.header is not None:
        name, _, scheme = row.header(auth_header).partition(":")
        if (name.lower(), scheme.strip()) != (found[0].lower(), found[1]):
            return False
    elif row.header is None and row.tail:
        return False  # white space at a value's end survives in no capture
    return bool(row.body(model) == asked)


def _exchange(
    entry: Captured,
    probe: str,
    place: tuple[Url, str] | None,
    key: Secret | None,
    sort: str,
    auth_header: str,
    model: str,
    id: str,
) -> Exchange:
    row = probes.PROBES[probe]
    unheld = {*entry.unheld, ARRIVALS, CONNECTION}
    if place is None:
        unheld.add(REQUEST)
    if key is None and sort in (probes.KEY, UNKNOWN):
        unheld.add(KEY)
    if not model:
        unheld.add(MODEL)
    found = credential(entry.headers or ())
    header = f"{found[0]}: {found[1]}".strip() if found else auth_header
    names = tuple((name, "") for name, _ in entry.headers or () if not found or name != found[0])
    sent = key or (Secret("not in the capture") if sort in (probes.KEY, UNKNOWN) else None)
    if sort == INVALID:
        sent = Secret(INVALID_KEY)
    request = Request(
        entry.method or row.method,
        place[0].join(place[1]) if place else _NOWHERE,
        names,
        entry.body or b"",
        sent,
        header,
        row.summary if place is None or entry.body is None else _summary(entry, row),
    )
    return Exchange(
        id,
        probe,
        entry.sent_at,
        request,
        entry.response,
        entry.fault,
        entry.timings,
        Peer(entry.address) if entry.address else None,
        unheld=frozenset(unheld),
    )


def _summary(entry: Captured, row: Probe) -> str:
    asked = _body(entry)
    messages = asked.get("messages") if asked else None
    if asked is None or not isinstance(messages, list):
        return row.summary
    return f"messages_count={len(messages)}, stream={str(asked.get('stream') is True).lower()}"
