"""One reading of an exchange, shared by clauses, diagnosis and record: body kind, strict JSON value, error, events.

The body is sniffed first and its header looked at second: gateways mislabel in both directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from chatproof.evidence.parsed_bodies import Events, Memory, Parsed, is_done, read_stream
from chatproof.evidence.provider_error import ProviderError, find_error
from chatproof.printable import quote
from chatproof.wire import strictjson
from chatproof.wire.exchange import BODY, END, HEADERS, STATUS, Exchange, NotCaptured
from chatproof.wire.strictjson import Json, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _T = TypeVar("_T")

_CHALLENGES = (  # words of the pages that Cloudflare, Imperva and Akamai put before an origin
    "just a moment",
    "attention required",
    "/cdn-cgi/",
    "cf-error",
    "error code: 10",
    "error-1010",
    "captcha",
    "access denied | ",
    "request blocked",
    "web application firewall",
    "incapsula",
    "akamai",
)
_FILTERS = (  # words of the pages that the filters of companies and schools put in the place of whatever was asked for
    "internet security by zscaler",  # microsoft/vscode-copilot-release#2258
    "web page blocked",  # Palo Alto, Fortinet: Ekultek/WhatWaf#476
    "blocked in accordance with company policy",  # Palo Alto, in the same report
    "web filter violation",  # Fortinet: Ekultek/WhatWaf#513
    "fortiguard",
    "cisco umbrella",
    "to protect you from internet threats",  # Zscaler
    "mcafee web gateway",
    "forcepoint",
    "netskope",
)
_OF_PHP = tuple(b"<br />\n<b>%b</b>:" % kind for kind in (b"Fatal error", b"Parse error", b"Warning", b"Notice"))
# The end of a line and an empty line after it. CR LF is one end, so it is not among them; CR LF CR LF has the second.
_BLANK_LINES = (b"\n\n", b"\n\r", b"\r\r")
_SSE_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_DOWN = (502, 504, 520, 521, 522, 523, 524)
ENOUGH_DOWN = 3
"""Mistakes of different kinds that are answered like an outage: so many are no chance."""
_LARGE = 32 * 1024
"""Bytes from which on a body's value is not kept by its reply, but in a memory of a few: a value takes up to thirty
times the room of its bytes, and a run has fifty replies. What is asked of a reply is asked in a row: few suffice."""


class Reply:
    """What an exchange's response says. Every property works without a response, too.

    Of an exchange from a capture, what the capture does not hold raises NotCaptured when it is asked for: whoever needs
    it cannot come to a verdict, and whoever does not need it can.
    """

    def __init__(self, exchange: Exchange, memory: Memory | None = None) -> None:
        self.exchange = exchange
        self._memory = memory if memory is not None else Memory()
        self.probe = exchange.probe
        self.response = exchange.response
        self.fault = exchange.fault
        self._missing = exchange.missing
        self._settled: tuple[Json, Problem | None] | None = None  # what `_parsed` says of a small body

    def forget(self) -> None:
        """Give back what was parsed of large bodies; it is parsed again when it is asked for."""
        self._memory.json.clear()
        self._memory.stream.clear()

    def lacks(self, part: str) -> bool:
        """The capture does not hold this part; never so in a live exchange."""
        return part in self.exchange.missing

    def need(self, *parts: str) -> None:
        """Raise NotCaptured when one of these parts is not known."""
        for part in parts:
            if part in self.exchange.missing:
                raise NotCaptured(part)

    @property
    def complete(self) -> bool:
        """A whole HTTP response was observed."""
        return self.response is not None and self.fault is None

    @property
    def left_open(self) -> bool:
        """All was said, and the HTTP message did not end."""
        return self.response is not None and self.response.left_open

    @property
    def status(self) -> int:
        if self._missing:
            self.need(STATUS)
        return self.response.status if self.response else 0

    @property
    def body(self) -> bytes:
        if self._missing:
            self.need(BODY)
        return self.response.body if self.response else b""

    @cached_property
    def kind(self) -> str:
        """json, sse, html, text, empty or binary: what the body is, whatever the header says."""
        kind = sniff(self.body)
        if kind == "empty":
            self.need(END)
        return kind

    @cached_property
    def media_types(self) -> list[str]:
        """Distinct media types declared, lower case, without parameters. More than one is a contradiction."""
        self.need(HEADERS)
        declared = self.response.values(b"content-type") if self.response else []
        # A proxy may merge two headers into one with a comma; equal ones say one thing.
        parts = (part for value in declared for part in value.split(","))
        return list(
            dict.fromkeys(part.split(";")[0].strip().lower() for part in parts if "/" in part or not part.strip())
        )

    @property
    def media_type(self) -> str:
        return next(iter(self.media_types), "")

    @property
    def says_json(self) -> bool:
        """Every Content-Type header indicates JSON, and there is one."""
        return bool(self.media_types) and all(_is_json(media) for media in self.media_types)

    @property
    def _parsed(self) -> tuple[Json, Problem | None]:
        if self._settled is not None:
            return self._settled
        body = self.body
        found = self._memory.json(body) if len(body) > _LARGE else strictjson.parse(body)
        if found[1] is not None and self.lacks(END) and _at_the_end(found[1]):
            raise NotCaptured(END)  # a document that is not finished here may have been finished by what followed
        if len(body) <= _LARGE:
            self._settled = found
        return found

    @property
    def json(self) -> Json:
        """The body's value; None when it is not strict JSON (see `json_problem`)."""
        return self._parsed[0]

    @property
    def json_problem(self) -> Problem | None:
        return self._parsed[1]

    @property
    def is_object(self) -> bool:
        return isinstance(self.json, dict)

    @property
    def object(self) -> dict[str, Json]:
        """The body's JSON object; empty when it is none."""
        value = self.json
        return value if isinstance(value, dict) else {}

    @cached_property
    def error(self) -> ProviderError | None:
        """The error the body carries, in any known shape, whatever the status."""
        if self.lacks(STATUS):
            strict, loose = find_error(self.json), find_error(self.json, failing=True)
            if strict is None and loose is not None:
                raise NotCaptured(STATUS)  # words that are an error under a failing status only
            return strict or self._error_at_first
        return find_error(self.json, failing=self.status >= 400) or self._error_at_first

    @property
    def _error_at_first(self) -> ProviderError | None:
        """The error that a body begins with, where another document or an event stands behind it."""
        problem = self.json_problem if self.kind == "json" else None
        if problem is None or problem.reason != "trailing":
            return None
        return find_error(strictjson.parse(self.body[: problem.offset])[0])

    @property
    def challenge(self) -> str:
        """What shows that a firewall or CDN put a challenge or block page in place of an answer; empty if nothing."""
        if self.complete and or_default(lambda: self.header(b"x-amzn-waf-action"), ""):
            return "header x-amzn-waf-action is present"
        if self.web_filter:
            return f"the page says {quote(self.web_filter)}"
        if not self.complete or self.status not in (403, 429, 503):
            return ""
        if or_default(lambda: self.header(b"cf-mitigated"), ""):
            return "header cf-mitigated is present"
        if self.is_cloudflares:
            title = quote(self.object.get("title"), 80)
            return f"the body identifies itself as Cloudflare's: {title}" if self.status == 403 else ""
        text = self.body[:4096].decode("latin-1").lower()
        at = next((text.find(mark) for mark in _CHALLENGES if mark in text), -1)
        if at < 0 or (self.kind == "json" and "1010" not in text):
            return ""
        return f"the page says {quote(text[at : at + 24].split('<')[0].strip())}"

    @property
    def web_filter(self) -> str:
        """The words by which a page, also one under 200, is known as that of a network's own filter; empty if none."""
        if not self.complete or self.kind != "html":
            return ""
        text = self.body[:4096].decode("latin-1")
        at = next((found for mark in _FILTERS if (found := text.lower().find(mark)) >= 0), -1)
        return text[at : at + 41].split("<")[0].strip() if at >= 0 else ""

    @property
    def script_error(self) -> str:
        """What PHP prints of an error of a script of the server, before an answer or in its place; empty if nothing."""
        start = self.body[:4096] if self.complete and self.kind == "html" else b""
        at = next((at for kind in _OF_PHP if (at := start.find(kind)) >= 0), -1)
        said = start[at:].split(b"\n")[1].split(b" in <b>")[0] if at >= 0 else b""
        return said.removeprefix(b"<b>").replace(b"</b>", b"").removesuffix(b"<br />").decode("latin-1")

    @property
    def is_cloudflares(self) -> bool:
        """Cloudflare's error in JSON, which it writes instead of a page where JSON is accepted (2026-03-11)."""
        named = b'"cloudflare_error"' in self.body[:8192]
        return named and or_default(lambda: self.object.get("cloudflare_error"), None) is True

    @property
    def is_outage(self) -> bool:
        """A gateway's status for a service behind it that is down or failing."""
        return self.status in _DOWN or (self.status == 503 and self.kind != "json")

    @cached_property
    def _small_stream(self) -> tuple[Events, Parsed]:
        return read_stream(self.body)

    @property
    def _read(self) -> tuple[Events, Parsed]:
        return self._memory.stream(self.body) if len(self.body) > _LARGE else self._small_stream

    @property
    def events(self) -> Events:
        """(events, unfinished rest, broken limit)."""
        return self._read[0]

    @property
    def comments(self) -> int:
        """Comment lines of a stream: what keeps a connection alive and says nothing."""
        from chatproof.wire import sse

        return sse.read(self.body).comments

    @property
    def empty_events(self) -> list[int]:
        """Where blocks of a stream end that hold fields and no data."""
        from chatproof.wire import sse

        return sse.read(self.body).empty

    @property
    def unmarked_events(self) -> list[tuple[int, bytes, dict[str, Json]]]:
        """Lines of a stream that are a JSON document without its `data:`: where each begins, the line and its value.
        The first few."""
        from chatproof.wire import sse

        bare = sse.read(self.body).bare if b"\n{" in self.body or b"\r{" in self.body else []
        read = ((at, line, strictjson.parse(line)[0]) for at, line in bare)
        return [(at, line, value) for at, line, value in read if isinstance(value, dict)]

    @property
    def parsed_events(self) -> Parsed:
        """Each event's data as strict JSON, `[DONE]` left out."""
        return self._read[1]

    @property
    def stream_limit(self) -> str:
        """The limit of ours that the stream exceeds; empty if none."""
        large = (p.detail for _, p in self.parsed_events if p is not None and p.reason == "too_many_nodes")
        return self.events[2] or next(large, "")

    @property
    def chunks(self) -> list[dict[str, Json]]:
        return [value for value, _ in self.parsed_events if isinstance(value, dict)]

    @property
    def done_seen(self) -> bool:
        return any(is_done(event.data) for event in self.events[0]) or self._rest_is_done

    @property
    def ends_with_done(self) -> bool:
        """Nothing but terminators comes after the first of them: who reads on there reads what nobody else does."""
        done = [is_done(event.data) for event in self.events[0]]
        after = done[done.index(True) :] if True in done else []
        return all(after) if after else self._rest_is_done

    @property
    def _rest_is_done(self) -> bool:
        """The terminator ends the stream without a blank line, or without any line end: line readers need neither."""
        return is_done(self.events[1].removeprefix(b"data:"))

    @property
    def is_open(self) -> bool:
        """A stream whose end is not known: it was not captured, and nothing says that this is it."""
        return self.lacks(END) and not self.lacks(BODY) and sniff(self.body) == "sse" and not self.ends_with_done

    def endings(self, ways: Iterable[bytes]) -> list[Reply]:
        """Of a stream whose end is not known: the reply as it may have gone on, in each of these ways. What holds or
        breaks in all of them is so however it ended. Empty when the end is known: captured, or the body's own end."""
        if not self.is_open:
            return []
        assert self.response is not None
        body = self.body
        whole = body[: max((body.rfind(blank) + 2 for blank in _BLANK_LINES if blank in body), default=0)]
        ended = self.exchange.missing - {END}
        return [
            Reply(
                self.exchange._replace(response=self.response._replace(body=whole + ending), missing=ended),
                self._memory,
            )
            for ending in ways
        ]

    def header(self, name: bytes) -> str:
        self.need(HEADERS)
        return self._first_values.get(name.lower(), "")

    @cached_property
    def _first_values(self) -> dict[bytes, str]:
        headers = self.response.headers if self.response else ()
        return {name.lower(): value.decode("latin-1").strip() for name, value in reversed(headers)}


def or_default(value: Callable[[], _T], otherwise: _T) -> _T:
    """The value, or what stands for it where a capture does not hold what it is made of."""
    try:
        return value()
    except NotCaptured:
        return otherwise


def sniff(body: bytes) -> str:
    """The kind of a body by its first bytes."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "binary"  # UTF-16: no JSON client reads it
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if not start:
        return "empty"
    if start[:1] in b"{[":
        return "json"
    if start.startswith(_SSE_FIELDS):
        return "sse"
    if start[:1] == b"<" and not start[1:2].isdigit() and start[1:3] != b"--":  # a log's level or arrow is no tag
        return "html"
    if strictjson.parse(body)[1] is None:
        return "json"  # a bare string, number or word
    if b"\0" in body[:1024]:
        return "binary"
    return "text"


def _at_the_end(problem: Problem) -> bool:
    """More bytes might have mended it: the document, or its last character, is cut off."""
    return problem.reason in ("empty", "truncated") or "unexpected end" in problem.detail  # the decoder's words


def _is_json(media: str) -> bool:
    # Not text/json: openai-node and @anthropic-ai/sdk hand on the text of such a body, and no object.
    return media == "application/json" or (media.startswith("application/") and media.endswith("+json"))
