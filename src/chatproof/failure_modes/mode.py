"""What a failure mode is, and the small questions its patterns ask."""

from collections.abc import Callable
from typing import NamedTuple

from chatproof.clause import BROKEN, UNDECIDED, Context
from chatproof.error_text import error_words
from chatproof.exchange import HEADERS, REQUEST, STATUS, NotHeld, Url
from chatproof.judging import Finding
from chatproof.printable import snippet
from chatproof.provider_error import ProviderError, by_words, classify
from chatproof.reply import Reply
from chatproof.urls import version_segments

YOU, PROVIDER, GATEWAY, NETWORK, UNKNOWN = "you", "provider", "gateway", "network", "unknown"
CERTAIN, LIKELY, POSSIBLE = "certain", "likely", "possible"


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
    findings: tuple[Finding, ...]  # of this exchange, broken or undecided

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
        return self.reply.probe.startswith("auth.")

    @property
    def is_chat(self) -> bool:
        return self.reply.probe == "happy" or self.is_auth_probe or self.reply.probe == "stream"

    @property
    def is_chat_url(self) -> bool:
        """Sent to where the happy path is sent."""
        control = self.context.control
        return control is not None and control.exchange.request.url == self.url

    def broken(self, clause: str) -> bool:
        return any(f.clause == clause and f.outcome == BROKEN for f in self.findings)

    def undecided(self, clause: str) -> bool:
        return any(f.clause == clause and f.outcome == UNDECIDED for f in self.findings)

    @property
    def error_class(self) -> str:
        """The class of the provider's error; also of a failing JSON body that carries none. "" when neither."""
        if not self.reply.complete:
            return ""
        if self.reply.lacks(STATUS):
            return by_words(self.reply.error) if self.reply.error else ""
        if self.reply.error:
            return classify(self.reply.error, self.status)
        if self.reply.kind == "json" and self.status >= 400:
            return classify(ProviderError("$", "", "", "", ""), self.status)
        return ""

    def text(self) -> str:
        """The beginning of the body, lower case, for looking up words."""
        return self.reply.body[:4096].decode("latin-1").lower()


class Mode(NamedTuple):
    code: str
    owner: str
    summary: str
    next_step: str
    confidence: str
    when: Callable[[Case], Sign | None]


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
        return f"{line}, {_body(reply)}"
    except NotHeld as part:
        return f"{line}, not in the capture: {part}"


def _body(reply: Reply) -> str:
    if reply.error:
        return error_words(reply.error)
    if reply.kind in ("html", "text"):
        return f"{reply.kind}: {snippet(_visible(reply.body), 100)}"
    return "empty body" if reply.kind == "empty" else f"{reply.kind} of {len(reply.body)} bytes"


def _status(reply: Reply) -> str:
    return "status unknown" if reply.lacks(STATUS) else str(reply.status)


def _visible(body: bytes) -> bytes:
    """An HTML page's title, else its beginning: the part a person would recognise."""
    lowered = body[:8192].lower()
    start = lowered.find(b"<title>")
    end = lowered.find(b"</title>", start)
    if end > start:
        return body[start + 7 : end].strip()
    return body.strip()
