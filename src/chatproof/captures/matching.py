"""Which probe of the contract a captured exchange answers: by URL, method, key and body, as far as they were captured.

A request that no probe resembles (with tools, without messages) is not judged: its reply may rightly look different.
"""

import json
import re
from typing import Any, NamedTuple

from chatproof.captures import json_files
from chatproof.captures.entry import Captured, base_of, credential, near_base_of, other_api
from chatproof.contract import probe as probes
from chatproof.contract.probe import EMPTY, INVALID, LISTING, NONE, Probe
from chatproof.contract.surface import AskedFor, Surface
from chatproof.evidence.provider_error import ProviderError, by_words, find_error
from chatproof.evidence.reply import Reply, sniff
from chatproof.secrets.key_check import INVALID_KEY, check
from chatproof.secrets.of_requests import basic_secrets
from chatproof.wire import sse, strictjson
from chatproof.wire.exchange import (
    ARRIVALS,
    ASKED,
    BODY,
    CONNECTION,
    END,
    KEY,
    MODEL,
    REQUEST,
    STATUS,
    Exchange,
    Peer,
    Request,
    Secret,
    Url,
)

UNKNOWN = "unknown"
_WAITED = ("limit.deadline", "net.read_timeout")
"""What a client says that gave up because nothing more came."""
_NOWHERE = Url("https", "unobserved", 443, "")
_MASK = re.compile(r"[*•●█]{2,}|\.{3}|…|[xX]{5,}|redacted|masked|removed|hidden|filtered|secret", re.IGNORECASE)


class Match(NamedTuple):
    """A captured exchange as an answer to a probe. `probe` is empty when it answers none; `why` says so."""

    entry: Captured
    probe: str
    why: str = ""
    base: str = ""
    model: str = ""
    key: Secret | None = None
    exchange: Exchange | None = None


def match(entry: Captured, surface: Surface, scope: str, auth_header: str, wanted: str = "", id: str = "x1") -> Match:
    """The match of an entry among the probes of a scope. `wanted` is what the user says that it answers."""
    place = base_of(entry.url) or near_base_of(entry.url)
    asked = _body(entry)
    sort, key = _key(entry)
    model = entry.model or (asked["model"] if asked and isinstance(asked.get("model"), str) else "")
    named = entry.probe if entry.probe and surface.row(entry.probe) else ""  # another API's, or somebody else's word
    probe, why = wanted or named or (surface.listing if entry.role == LISTING else ""), ""
    if not probe:
        probe, why = _Matching(surface, list(surface.rows(scope).values())).probe(
            entry, auth_header, asked, sort, model
        )
    if not probe:
        return Match(entry, "", why, str(place[0]) if place else "")
    exchange = _exchange(entry, surface, probe, place, key, sort, auth_header, model, id)
    if wanted:  # the user says what was asked for
        exchange = exchange._replace(missing=exchange.missing - {ASKED})
    return Match(entry, probe, why, str(place[0]) if place else "", model, key, exchange)


def _key(entry: Captured) -> tuple[str, Secret | None]:
    """(which kind of key was sent, the key where it is a real one that was captured)."""
    if entry.headers is None or KEY in entry.missing:
        return UNKNOWN, None
    found = credential(entry.headers)
    if found is None:
        return NONE, None
    token = found[2].strip()
    if not token:
        return EMPTY, None
    if token == INVALID_KEY:
        return INVALID, None
    if found[1].lower() == "basic":  # what is secret in it, as a reply quotes it; the header itself is found, too
        token = next(basic_secrets(token), token)
        if token == INVALID_KEY:
            return INVALID, None
    # A mark that a tool put in the key's place is no key to look for in replies.
    return probes.KEY, None if check(token) or len(token) < 8 or _MASK.search(token) else Secret(token)


def _body(entry: Captured) -> dict[str, Any] | None:
    """The JSON object that was sent; None when it was not captured, or is none."""
    if not entry.body:
        return None
    try:
        value = json.loads(entry.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


class _Matching(NamedTuple):
    """The probes that a captured exchange may answer."""

    surface: Surface
    rows: list[Probe]

    def probe(
        self, entry: Captured, auth_header: str, asked: dict[str, Any] | None, sort: str, model: str
    ) -> tuple[str, str]:
        """(probe, a remark): what the request asked for."""
        surface, path = self.surface, self.surface.path
        if entry.headers is None:  # a reply alone
            return self._by_reply(entry, "its request is not in the capture")
        other = other_api(entry.url, surface)
        if other:
            said = f"it is a request to {other}, not to {surface.title}"
            return "", said + json_files.option_for(other)
        place = base_of(entry.url)
        suffix = place[1] if place else ""
        listing = next((row for row in self.rows if row.role == LISTING), None)
        if listing is not None and suffix == listing.suffix and entry.method == listing.method:
            return (listing.id, "") if sort in (probes.KEY, UNKNOWN) else ("", "a listing of models without a key")
        near = near_base_of(entry.url) if place is None else None
        if near is not None and _fails(entry):
            return surface.control, f"the path ends in {near[1]}, not in {path}"
        if suffix != path:
            known = [row.id for row in self.rows if row.method == entry.method and _path(row, model) == suffix]
            said = self._of_another_api(entry) or self._further(entry) or "no probe sends such a request"
            return (known[0], "") if known else ("", said)
        exact = next((row.id for row in self.rows if _is_it(row, path, entry, auth_header, asked, sort, model)), "")
        if exact:
            return exact, ""
        method = surface.known(surface.control).method
        if entry.method not in (method, ""):
            if _fails(entry):
                return surface.control, f"the request was sent with {entry.method}, but {path} requires {method}"
            said = f"no probe sends such a request; {surface.title} are requested with {method}"
            return "", f"{entry.method} {path}: {said}"
        return self._alike(entry, asked, sort, model)

    def _alike(self, entry: Captured, asked: dict[str, Any] | None, sort: str, model: str) -> tuple[str, str]:
        """A request that is none of ours, word for word, and asks for the same thing as one of them."""
        if sort in (INVALID, NONE, EMPTY):
            refused = next((row.id for row in self.rows if row.credential == sort), "")
            return (refused, "") if refused else ("", "a request with an empty key")
        if asked is None:
            if entry.body:
                return "", "its request body is not a JSON object"
            return self._by_reply(entry, "its request body is not in the capture")
        error = _error(entry)
        status = entry.response.status if entry.response is not None and STATUS not in entry.missing else 0
        status = status or (400 if error is not None else 0)
        probe, why = self.surface.matcher().alike(AskedFor(asked, bool(entry.body), status))
        if not probe and error is not None and status >= 400 and by_words(error, model) not in _OF_THE_FORM:
            return (
                self.surface.control,
                "the reply reports a different error from the one that this request should cause",
            )
        return probe, why

    def _further(self, entry: Captured) -> str:
        """That a request went to one of the API's further paths (…/compact, …/count_tokens); empty where it did not."""
        _, found, more = entry.url.partition("?")[0].partition("#")[0].rpartition(f"{self.surface.path}/")
        if not found or not more:
            return ""
        # What stands there may be an id, or a key: nothing but plain words is shown.
        shown = more if re.fullmatch(r"[a-z][a-z_/-]{1,40}", more) else "…"
        return (
            f"it is a request to {self.surface.path}/{shown}, which many providers do not have and no probe sends; "
            f"what came says nothing of {self.surface.path} itself"
        )

    def _of_another_api(self, entry: Captured) -> str:
        """Which other API's the reply is, as a sentence; empty for none that is known."""
        api = json_files.api_of(entry.response.body, self.surface) if entry.response is not None else ""
        return f"the reply is {api}, not of {self.surface.title}{json_files.option_for(api)}" if api else ""

    def _by_reply(self, entry: Captured, said: str) -> tuple[str, str]:
        surface = self.surface
        api = self._of_another_api(entry)
        if api:
            return "", api
        held = entry.response is not None and BODY not in entry.missing
        listed = held and not entry.url and surface.listing and _lists_models(entry)
        if listed:  # a wrong guess would blame the provider for a reply to what nobody asked
            said += f"; the reply is a list of models, so it is judged as the answer to {surface.listing}"
            return surface.listing, f"{said} (otherwise use --as)"
        streamed = held and entry.response is not None and sniff(entry.response.body) == "sse"
        if streamed and surface.stream:
            said += f"; the reply is a stream, so it is judged as the answer to {surface.stream} (otherwise use --as)"
            return surface.stream, said
        return surface.control, f"{said}; the reply is judged as the answer to {surface.control} (otherwise use --as)"


def _lists_models(entry: Captured) -> bool:
    try:
        return entry.response is not None and json_files.is_listing(json.loads(entry.response.body))
    except (ValueError, RecursionError):
        return False


def _fails(entry: Captured) -> bool:
    """The reply is a refusal or a failure, which is one whatever the request asked for."""
    if entry.response is not None and STATUS not in entry.missing:
        return entry.response.status >= 400
    return _error(entry) is not None  # nobody saw the status, and the body says so itself


_OF_THE_FORM = ("unknown", "form", "request", "parameter", "context")


def _error(entry: Captured) -> ProviderError | None:
    """The error that a reply carries; None for one that answers, or whose body says nothing of that."""
    if entry.response is None or BODY in entry.missing:
        return None
    try:
        value = json.loads(entry.response.body)
    except (ValueError, RecursionError):
        return None
    return None if json_files.holds_answer(value) else find_error(value)


def _path(row: Probe, model: str) -> str:
    return row.place.replace("{model}", model)


def _is_it(
    row: Probe, path: str, entry: Captured, auth_header: str, asked: dict[str, Any] | None, sort: str, model: str
) -> bool:
    """The request is this row's, word for word."""
    if row.method != entry.method or row.place != path or asked is None or row.body is None:
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
    surface: Surface,
    probe: str,
    place: tuple[Url, str] | None,
    key: Secret | None,
    sort: str,
    auth_header: str,
    model: str,
    id: str,
) -> Exchange:
    row = surface.known(probe)
    missing = {*entry.missing, ARRIVALS, CONNECTION}
    if place is None:
        missing.add(REQUEST)
    if entry.body is None:
        missing.add(ASKED)
    if key is None and sort in (probes.KEY, UNKNOWN):
        missing.add(KEY)
    if not model:
        missing.add(MODEL)
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
        row.summary if place is None or entry.body is None else _summary(entry, surface, row),
    )
    exchange = Exchange(
        id,
        probe,
        entry.sent_at,
        request,
        entry.response,
        entry.fault,
        entry.timings,
        Peer(entry.address) if entry.address else None,
        missing=frozenset(missing),
    )
    return _with_its_end(_ended_by_its_mark(exchange, surface))


_OF_ANOTHER_HOP = re.compile(r"(?i)<!doctype html|<html|Traceback \(most recent call last\):")


def _with_its_end(exchange: Exchange) -> Exchange:
    """The exchange with what is known of the end of a stream that was copied as text.

    Behind a hop's words, a page or a traceback nothing of a stream can follow. And who copies text loses the blank line
    behind the last event: a JSON document that is complete goes on in no way.
    """
    response = exchange.response
    if response is None or END not in exchange.missing or sniff(response.body) != "sse":
        return exchange
    words = sse.behind_events(response.body).decode("utf-8", "replace")
    if words and (_OF_ANOTHER_HOP.match(words) or by_words(ProviderError("$", words, "", "", "")) != "unknown"):
        return exchange._replace(missing=exchange.missing - {END})
    whole = _with_blank_line(response.body)
    return exchange._replace(response=response._replace(body=whole)) if whole != response.body else exchange


def _with_blank_line(body: bytes) -> bytes:
    text = body.replace(b"\r\n", b"\n")
    last = text[text.rfind(b"\n\n") + 2 if b"\n\n" in text else 0 :].rstrip(b"\n")
    events = sse.read(last + b"\n\n").events if last else []
    if len(events) != 1 or events[0].data[:1] != b"{" or strictjson.parse(events[0].data)[1] is not None:
        return body
    return body.rstrip(b"\r\n") + (b"\r\n\r\n" if b"\r\n" in body else b"\n\n")


def _ended_by_its_mark(exchange: Exchange, surface: Surface) -> Exchange:
    """The exchange as a live run has it: a stream that ended by its own mark is whole, though the client waited on."""
    fault, response = exchange.fault, exchange.response
    if fault is None or response is None or fault.code not in _WAITED or sniff(response.body) != "sse":
        return exchange
    known = exchange.missing - {END}
    whole = exchange._replace(fault=None, response=response._replace(left_open=True), missing=known)
    return whole if surface.is_ended(Reply(whole)) else exchange


def _summary(entry: Captured, surface: Surface, row: Probe) -> str:
    asked = _body(entry)
    return (surface.matcher().summary(asked) if asked is not None else "") or row.summary
