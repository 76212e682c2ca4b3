"""What the readers of captures make: exchanges as some tool wrote them down, and what that tool does not say."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chatproof.exchange import Fault, Response, Secret, Timings, Url
from chatproof.urls import CHAT_PATH, MODELS_PATH, UrlProblem, parse_base_url

Headers = tuple[tuple[str, str], ...]


class Unreadable(Exception):
    """The bytes are not this format, or they break its rules. The text says where; it never quotes the capture."""


class Captured(NamedTuple):
    """One request with its reply. None or empty: the capture does not say.

    `response.body` is decoded; `unheld` are parts of the reply (see `exchange`) that the capture does not hold.
    """

    number: int  # in its file, from 1
    response: Response | None
    fault: Fault | None = None
    unheld: frozenset[str] = frozenset()
    method: str = ""
    url: str = ""
    headers: Headers | None = None  # of the request
    body: bytes | None = None  # of the request
    sent_at: str = ""
    timings: Timings = Timings()
    address: str = ""
    probe: str = ""  # a run document says it
    model: str = ""  # likewise


class Capture(NamedTuple):
    """What one file holds."""

    format: str  # for people: "HAR by mitmproxy 12.1"
    entries: tuple[Captured, ...]
    secrets: tuple[Secret, ...] = ()
    notes: tuple[str, ...] = ()


_KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "x-portkey-api-key")
_SECRET_WORDS = ("authorization", "cookie", "api-key", "apikey", "api_key", "token", "secret", "password", "signature")
_SECRET_ENDS = ("key", "auth", "credential", "passwd")
_TOKEN = re.compile(
    rb"(?:sk-|gsk_|xai-|hf_|ghp_|github_pat_|AIza|AKIA|pplx-|r8_)[A-Za-z0-9_\-]{12,512}"
    rb"|eyJ[A-Za-z0-9_\-]{8,4096}\.[A-Za-z0-9_\-]{8,4096}\.[A-Za-z0-9_\-]{8,1024}"
)
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


def names_secret(name: str, sent: bool) -> bool:
    """By its name, a header, parameter or field holds a secret. `sent`: by a client, whose every …-Key is one; a
    reply's may be a cache's."""
    lowered = name.lower()
    return any(word in lowered for word in _SECRET_WORDS) or (sent and lowered.endswith(_SECRET_ENDS))


def secrets_of(headers: Iterable[tuple[str, str]], *, sent: bool) -> Iterator[str]:
    """Values of headers that are secrets by their name; of cookies each value."""
    for name, value in headers:
        if not names_secret(name, sent):
            continue
        lowered = name.lower()
        if "cookie" in lowered:
            for part in value.split(";"):
                yield part.partition("=")[2].strip() or part.strip()
        elif "authorization" in lowered:
            yield value.partition(" ")[2].strip() or value
        else:
            yield value.strip()


def secrets_in_url(url: str) -> Iterator[str]:
    """User information, and values of query parameters that are secrets by their name."""
    authority = url.partition("://")[2].split("/", 1)[0]
    if "@" in authority:
        yield from authority.rpartition("@")[0].split(":")
    for part in url.partition("?")[2].split("#")[0].split("&")[:200]:
        name, _, value = part.partition("=")
        if name.lower() in ("sig", "code") or names_secret(name, True):
            yield value


def secrets_in_body(posted: bytes) -> Iterator[str]:
    """Values of a request's JSON object that are secrets by their name: some gateways take a key there."""
    if not any(word.encode() in posted.lower() for word in (*_SECRET_WORDS, *_SECRET_ENDS)):
        return
    try:
        value = json.loads(posted)
    except (ValueError, RecursionError):
        return
    for name, said in value.items() if isinstance(value, dict) else ():
        if isinstance(said, str) and names_secret(name, True):
            yield said


def tokens_in(data: bytes) -> Iterator[str]:
    """What looks like a key or token of a known kind, anywhere; each once. Linear."""
    for token in dict.fromkeys(found[0] for found in _TOKEN.finditer(data)):
        yield token.decode("ascii")


def as_secrets(values: Iterable[str]) -> tuple[Secret, ...]:
    """Each distinct value once. Raises Unreadable when there are more than can be kept out of a report."""
    distinct = dict.fromkeys(value for value in values if len(value) >= 8)
    if len(distinct) > MOST_SECRETS or sum(map(len, distinct)) > SECRET_BYTES:
        raise Unreadable(
            f"it holds more than {MOST_SECRETS} different cookies and keys; cut it down to the calls meant"
        )
    return tuple(map(Secret, distinct))


def base_of(url: str) -> tuple[Url, str] | None:
    """(base URL, what was appended to it) of a chat or models URL; None for any other."""
    plain = url.partition("#")[0].partition("?")[0].rstrip("/")
    scheme, separator, rest = plain.partition("://")
    authority, slash, path = rest.partition("/")
    path = slash + path
    if path.endswith(CHAT_PATH):
        base, suffix = path.removesuffix(CHAT_PATH), CHAT_PATH
    elif path.endswith(MODELS_PATH):
        base, suffix = path.removesuffix(MODELS_PATH), MODELS_PATH
    elif f"{MODELS_PATH}/" in path:
        base, _, model = path.rpartition(f"{MODELS_PATH}/")
        suffix = f"{MODELS_PATH}/{model}"
    else:
        return None
    found = parse_base_url(f"{scheme}{separator}{authority.rpartition('@')[2]}{base}", allow_http=True)
    return None if isinstance(found, UrlProblem) else (found, suffix)
