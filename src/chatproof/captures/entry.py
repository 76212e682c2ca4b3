"""What the readers of captures make: exchanges as some tool wrote them down, and what that tool does not say."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from chatproof.contract.clause import VALIDATE
from chatproof.contract.probe import ENTRY, LISTING
from chatproof.contract.surface import Surface
from chatproof.key_form import KEY, UNSURE, form
from chatproof.secrets.of_requests import basic_secrets, credentials, names_secret
from chatproof.surfaces import names, surface_of
from chatproof.wire.exchange import STATUS, Fault, Response, Secret, Timings, Url
from chatproof.wire.urls import OTHER_PATHS, UrlProblem, parse_base_url

Headers = tuple[tuple[str, str], ...]


class Unreadable(Exception):
    """The bytes are not this format, or they break its rules. The text says where; it never quotes the capture."""


class Captured(NamedTuple):
    """One request with its reply. None or empty: the capture does not say.

    `response.body` is decoded; `missing` are parts of the reply (see `exchange`) that the capture does not hold.
    """

    number: int  # in its file, from 1
    response: Response | None
    fault: Fault | None = None
    missing: frozenset[str] = frozenset()
    method: str = ""
    url: str = ""
    headers: Headers | None = None  # of the request
    body: bytes | None = None  # of the request
    sent_at: str = ""
    timings: Timings = Timings()
    address: str = ""
    probe: str = ""  # a run document says it
    role: str = ""  # what the probe is for that it answers, where that is known and not which API it is of
    model: str = ""  # likewise

    def with_status(self, status: int) -> "Captured":
        """The same exchange where another line of the text tells the status that was lacking."""
        if self.response is None or STATUS not in self.missing:
            return self
        return self._replace(response=self.response._replace(status=status), missing=self.missing - {STATUS})


class Capture(NamedTuple):
    """What one file holds. `keys`: secrets that were asked with, to be looked for in every form; `secrets`: what else
    must not be shown."""

    format: str  # for people: "HAR by mitmproxy 12.1"
    entries: tuple[Captured, ...]
    secrets: tuple[Secret, ...] = ()
    notes: tuple[str, ...] = ()
    keys: tuple[Secret, ...] = ()
    api: str = ""  # whose probes the entries name; "": not said
    refused: bool = False  # a client says that it refused the form of the reply


_KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "x-portkey-api-key")
_TOKEN = re.compile(
    rb"(?:sk-|gsk_|xai-|hf_|ghp_|github_pat_|AIza|AKIA|pplx-|r8_)[A-Za-z0-9_\-]{12,512}"
    rb"|eyJ[A-Za-z0-9_\-]{8,4096}\.[A-Za-z0-9_\-]{8,4096}\.[A-Za-z0-9_\-]{8,1024}"
)
_NAMED = re.compile(
    rb"(?P<name>api[-_ ]?key|authorization|bearer|password|passwd|secret|(?:\b|[-_])(?:key|token))"
    rb"(?: provided| is| was)?[\"'\\]{0,3}[ \t]{0,4}[:=]?>?[ \t]{0,4}[\"'\\(<\[{`]{0,3}"
    rb"(?P<scheme>bearer |basic |token )?(?P<value>[A-Za-z0-9+/_.~-]{16,512}={0,2})",
    re.IGNORECASE,
)
"""`Authorization: Bearer …`, `export OPENAI_API_KEY=…`, `api_key="…"`, `Incorrect API key provided: …`."""
_JOINED = re.compile(rb"[\"'`]\s{0,8}\+\s{0,8}[\"'`]")  # "Bearer " + "abc"
_FOLDED = re.compile(rb"(?i)((?:authorization|key|token|secret):[ \t]{0,8}\S{0,20}[ \t]{0,8})\r?\n[ \t]{1,8}(?=\S)")
_OFTEN_NO_SECRET = (
    b"key",
    b"_key",
    b"-key",
    b"token",
    b"_token",
    b"-token",
)  # idempotency-key, prompt_cache_key: often a UUID or a hash
_WEIGHED = 512  # characters of a token: enough to tell
_PARTS = re.compile(r"[ ,;=.&?/]")  # between them, a key is one part of a header
MOST_CALLS = 1000  # chat and models exchanges in one file: each is judged
MOST_SECRETS, SECRET_BYTES = 2000, 256 * 1024


def credential(headers: Headers) -> tuple[str, str, str] | None:
    """(header name, scheme, token) of the request's key, as sent; None when no header carries one."""
    for name, value in headers:
        if name.lower() == "authorization":
            scheme, _, token = value.partition(" ")
            known = scheme.lower() in ("bearer", "basic", "token")
            return (name, scheme, token) if known else (name, "", value)
        if name.lower() in _KEY_HEADERS:
            return name, "", value
    return None


def secrets_of(headers: Iterable[tuple[str, str]], *, sent: bool) -> Iterator[str]:
    """Values of headers that are secrets by their name; of cookies each value. Of what a client sent, keys by form."""
    for name, value in headers:
        if not names_secret(name, sent):
            if sent and len(value) <= _WEIGHED and form(value) == KEY:  # a gateway's own header
                yield value
                yield from (part for part in _PARTS.split(value) if form(part) == KEY)
            continue
        lowered = name.lower()
        if "cookie" in lowered:
            for part in value.split(";"):
                yield part.partition("=")[2].strip() or part.strip()
        elif "authorization" in lowered:
            yield from credentials(value.strip())
        else:
            yield value.strip()
            yield value.strip().partition(" ")[2].strip()  # X-Api-Key: Bearer …


def tokens_in(data: bytes) -> Iterator[str]:
    """What looks like a key or token of a known kind, or is called one, anywhere; each once. Linear."""
    yield from named_in(data)
    for found in dict.fromkeys(found[0] for found in _TOKEN.finditer(data)):
        token = found.decode("ascii")
        if form(token[:_WEIGHED]) == KEY:  # else a name: xai-grok-production-large
            yield token


def named_in(data: bytes) -> Iterator[str]:
    """What a text calls a key or a password, where it looks like one; a header's line, a variable, a reply's words. A
    program may put it together, and a header go over two lines."""
    yield from _named(data)
    for written, instead in ((_JOINED, b""), (_FOLDED, rb"\1 ")):
        plain = written.sub(instead, data)
        if plain != data:
            yield from _named(plain)


def _named(data: bytes) -> Iterator[str]:
    for found in _NAMED.finditer(data):
        value = found["value"].decode("ascii").rstrip(".")
        wanted = KEY if found["name"].lower() in _OFTEN_NO_SECRET else UNSURE
        if form(value[:_WEIGHED]) >= wanted:
            yield value
            if (found["scheme"] or b"").lower() == b"basic ":
                yield from basic_secrets(value)


def as_secrets(values: Iterable[str]) -> tuple[Secret, ...]:
    """Each distinct value once. Raises Unreadable when there are more than can be kept out of a report."""
    distinct = dict.fromkeys(value for value in values if len(value) >= 8)
    if len(distinct) > MOST_SECRETS or sum(map(len, distinct)) > SECRET_BYTES:
        raise Unreadable(
            f"it contains more than {MOST_SECRETS} different cookies and keys; reduce it to the calls "
            "that you want to check"
        )
    return tuple(map(Secret, distinct))


_MASKED = re.compile(r"[*•…█]+")


def base_of(url: str) -> tuple[Url, str] | None:
    """(base URL, what was appended to it) of a request to an API that is known, or for its models; None for others."""
    head, path = _parts(url)
    ends, within = _places()
    suffix = next((end for end in ends if path.endswith(end)), "")
    if suffix:
        base = path.removesuffix(suffix)
    else:
        start = next((start for start in within if start in path), "")
        if not start:
            return None
        base, _, model = path.rpartition(start)
        suffix = f"{start}{model}"
    found = parse_base_url(f"{head}{base}", allow_http=True)
    return None if isinstance(found, UrlProblem) else (found, suffix)


def method_of(url: str) -> str:
    """The method that an API takes at a URL where no other can be meant: GET for a listing; "" for all else."""
    found = base_of(url)
    rows = [row for api in names() for row in surface_of(api).rows(VALIDATE).values() if row.role == LISTING]
    return next((row.method for row in rows if found is not None and row.suffix == found[1]), "")


@cache
def _places() -> tuple[list[str], list[str]]:
    """(the paths of all APIs and their listings, what stands before a model's id)."""
    rows = [row for api in names() for row in surface_of(api).rows(VALIDATE).values()]
    ends = [surface_of(api).path for api in names()] + [row.suffix for row in rows if row.role == LISTING]
    within = [row.suffix.partition("{model}")[0] for row in rows if row.role == ENTRY]
    return list(dict.fromkeys(ends)), list(dict.fromkeys(within))


def near_base_of(url: str) -> tuple[Url, str] | None:
    """(base URL, what was appended to it) of a URL whose path is no API's and was meant to be one: a letter is missing
    or too much, or a part of it. None for any other, another API's path among them."""
    head, path = _parts(url)
    if any(path.endswith(other) for other in OTHER_PATHS[:3]):
        return None
    for api in names():
        near = surface_of(api).matcher().near(path)
        if near is not None:
            found = parse_base_url(f"{head}{near[0]}", allow_http=True)
            return None if isinstance(found, UrlProblem) else (found, near[1])
    return None


def _parts(url: str) -> tuple[str, str]:
    """(scheme and authority without user information, path without slashes at its end). People make a host unreadable
    before they show its URL: it has a name then, that says so."""
    plain = url.partition("#")[0].partition("?")[0].rstrip("/")
    scheme, separator, rest = plain.partition("://")
    authority, slash, path = rest.partition("/")
    host = _MASKED.sub("masked", authority.rpartition("@")[2])
    return f"{scheme}{separator}{host}", slash + path


def other_api(url: str, surface: Surface) -> str:
    """The path of another API that a URL ends in; empty when it does not."""
    path = _parts(url)[1]
    others = (*OTHER_PATHS[:3], *(surface_of(api).path for api in names()))
    return next((other for other in others if other != surface.path and path.endswith(other)), "")
