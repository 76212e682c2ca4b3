"""What a failure mode is, and the small questions its patterns ask."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from chatproof.contract.clause import BROKEN, UNDECIDED, Context
from chatproof.contract.probe import CONTROL, KEY_REFUSAL, STREAM, Probe, is_own
from chatproof.evidence.provider_error import ProviderError, classify, error_words
from chatproof.evidence.reply import Reply, or_default
from chatproof.printable import snippet
from chatproof.wire.exchange import ARRIVALS, BODY, END, HEADERS, REQUEST, STATUS, STATUS_LINE, NotCaptured, Url
from chatproof.wire.urls import version_segments

if TYPE_CHECKING:
    from chatproof.judging.judge import Finding

YOU, PROVIDER, GATEWAY, NETWORK, UNKNOWN = "you", "provider", "gateway", "network", "unknown"
CERTAIN, LIKELY, POSSIBLE = "certain", "likely", "possible"
_BARE = 160  # bytes: a status's own phrase, a sentence; a page of a proxy's has more


IN_REASONING = "The server's reasoning parser puts the answer into the wrong field: configure the parser of this model (vLLM: --reasoning-parser), or turn thinking off for it. Other token limits change nothing."


ANY_HOP = "the reply does not show which hop wrote it: the server, a gateway, or a proxy on the way"
WHICH_HOP = "Look for this request in the logs of the server and of each gateway and proxy before it: the last hop that logged it wrote the reply. Escalate with the request id and UTC time."
"""Of a reply that is empty or has a few words, under a status that any hop can send."""


class Sign(NamedTuple):
    """A matched pattern. Empty fields leave what the row says; `evidence` comes after the exchange's own line."""

    evidence: tuple[str, ...] = ()
    summary: str = ""
    owner: str = ""
    next_step: str = ""
    confidence: str = ""


class Case(NamedTuple):
    """One exchange with trouble, and what else is known of the run."""

    reply: Reply
    context: Context
    findings: "tuple[Finding, ...]"  # of this exchange, broken or undecided

    @property
    def row(self) -> Probe:
        """What was asked, and what for."""
        return self.context.surface.known(self.reply.probe)

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def page(self) -> bool:
        """A complete reply whose body is not JSON and not a stream: what intermediaries write. Or Cloudflare's own JSON."""
        return self.reply.complete and (
            self.reply.kind in ("html", "text", "empty", "binary") or self.reply.is_cloudflares
        )

    @property
    def url(self) -> Url:
        self.reply.need(REQUEST)
        return self.reply.exchange.request.url

    @property
    def base_versions(self) -> int:
        return version_segments(self.url)

    @property
    def is_auth_probe(self) -> bool:
        return self.row.role == KEY_REFUSAL

    @property
    def is_plain(self) -> bool:
        """The plain request, or it again: streamed, or without the right key."""
        return self.row.role in (CONTROL, STREAM, KEY_REFUSAL)

    @property
    def is_plain_url(self) -> bool:
        """Sent to where the plain request is sent."""
        control = self.context.control
        return control is not None and control.exchange.request.url == self.url

    @property
    def is_users_own(self) -> bool:
        """The request is the user's, out of a capture or a file, and not one that this tool made up."""
        exchange = self.reply.exchange
        if is_own(exchange.probe):
            return True
        return ARRIVALS in exchange.missing and self.context.surface.prompt.encode() not in exchange.request.body

    @property
    def asks_for_stream(self) -> bool:
        """The request, as far as it was captured, asks for a stream."""
        return self.row.role == STREAM or or_default(
            lambda: b'"stream": true' in self.reply.exchange.request.body, False
        )

    @property
    def plain_stream(self) -> bool:
        """The plain request, streamed, and answered with 200, whatever came."""
        return self.row.role == STREAM and self.reply.complete and self.status == 200

    @property
    def path(self) -> str:
        """What is appended to the base URL for this request: the path of its own probe, and no other API's."""
        return self.row.suffix.replace("{model}", "MODEL")

    @property
    def is_bare(self) -> bool:
        """A page that is empty, or has a few words of plain text: nothing in it says which hop wrote it."""
        return self.page and (
            self.reply.kind == "empty" or (self.reply.kind == "text" and len(self.reply.body) <= _BARE)
        )

    @property
    def lacks_body(self) -> bool:
        """The body is not in the capture; or none is, and nobody saw whether one followed."""
        reply = self.reply
        return reply.lacks(BODY) or (reply.lacks(END) and reply.response is not None and not reply.response.body)

    @property
    def succeeded(self) -> bool:
        """The endpoint did the work that was asked for."""
        return self.context.surface.view.is_success(self.reply)

    def broken(self, clause: str) -> bool:
        """Say whether a clause is broken here: one by its id, or any whose id ends in this word (`body_json`)."""
        return any(_is(f.clause, clause) and f.outcome == BROKEN for f in self.findings)

    def observed(self, clause: str) -> tuple[str, ...]:
        """What a clause saw here, and where; it is named by its id."""
        return tuple(f"{f.at}: {f.observed}" for f in self.findings if f.clause == clause)

    def undecided(self, clause: str) -> bool:
        """Say whether a clause is undecided here: named as for `broken`."""
        return any(_is(f.clause, clause) and f.outcome == UNDECIDED for f in self.findings)

    @property
    def error_class(self) -> str:
        """The class of the provider's error; also of a failing JSON body that carries none. "" when neither."""
        if not self.reply.complete:
            return ""
        if self.reply.lacks(STATUS):
            return classify(self.reply.error, 0, self.context.model) if self.reply.error else ""
        if self.reply.error:
            return classify(self.reply.error, self.status, self.context.model)
        if self.reply.kind == "json" and self.status >= 400:
            return classify(ProviderError("$", "", "", "", ""), self.status)
        return ""

    def text(self) -> str:
        """The beginning of the body, lower case, for looking up words."""
        return self.reply.body[:4096].decode("latin-1").lower()


Pattern = Callable[[Case], Sign | None]


class Mode(NamedTuple):
    code: str
    owner: str
    summary: str
    next_step: str
    confidence: str
    when: Pattern


def last(clause: str) -> str:
    """What a clause is about, by the last part of its id: rejected, body_json, error_present, media_type, …"""
    return clause.rpartition(".")[2]


def _is(clause: str, wanted: str) -> bool:
    return clause == wanted or ("." not in wanted and last(clause) == wanted)


def when(condition: bool, *evidence: str) -> Sign | None:
    return Sign(evidence) if condition else None


def describe(reply: Reply) -> str:
    """One line: what this exchange showed."""
    if not reply.complete:
        fault = reply.fault
        said = f"{fault.code} in phase {fault.phase}: {fault.detail}" if fault else "no reply"
        status = f"HTTP {_status(reply)}, then " if reply.response else ""
        return f"{status}{said}"
    media = "Content-Type unknown" if reply.lacks(HEADERS) else reply.media_type or "no Content-Type"
    line = f"HTTP {_status(reply)}, {media}"
    try:
        return f"{line}, {body_line(reply)}"
    except NotCaptured as part:
        return f"{line}, not in the capture: {part}"


def body_line(reply: Reply) -> str:
    """The body in a line: its error's words, its visible beginning, or its kind and size."""
    if reply.error:
        return error_words(reply.error)
    if reply.kind in ("html", "text"):
        return f"{reply.kind}: {snippet(_visible(reply.body), 100)}"
    return "empty body" if reply.kind == "empty" else f"{reply.kind} of {len(reply.body)} bytes"


def _status(reply: Reply) -> str:
    if reply.lacks(STATUS):
        return "status unknown"
    return f"{reply.status} (inferred from the body)" if reply.lacks(STATUS_LINE) else str(reply.status)


def _visible(body: bytes) -> bytes:
    """An HTML page's title, else its beginning: the part a person would recognise."""
    lowered = body[:8192].lower()
    start = lowered.find(b"<title>")
    end = lowered.find(b"</title>", start)
    if end > start:
        return body[start + 7 : end].strip()
    return body.strip()
