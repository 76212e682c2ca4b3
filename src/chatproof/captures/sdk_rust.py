"""Error text of Rust's clients as `{:?}` writes it, in one line or laid out: async-openai, reqwest, hyper.

`ApiError(ApiError { message: "…", type: Some("…"), param: None, code: Some("…") })` is the server's error, read into
values; `reqwest::Error { kind: Request, url: …, source: … }` is the client's own, and tells why nothing came.
"""

import re
from collections.abc import Iterator

from chatproof.captures import trouble
from chatproof.captures.told import Told, as_body
from chatproof.wire.exchange import Fault

NAME = "error text of a Rust client"
_LOOKED_AT = 64 * 1024
_MOST = 20
_STRING = r'"((?:[^"\\]|\\.){0,8000})"'
_API = re.compile(r'\bApiError\s*\{\s*(?=message:\s*")')
_MEMBER = re.compile(
    r"(?:^|[\s,])(?:r#)?(message|type|param|code):\s*(?:Some\(\s*)?"
    rf"(?:(?:String\(\s*)?{_STRING}|(?:Number\()?(\d{{1,6}}))"
)
_DISPLAYED = re.compile(  # what `{}` writes of the same: the type, the words, and the code
    r"(?m)(?:^|[\s:])(\w{4,40}(?:_error|_quota|Error)): ([^\n]{4,2000}?) \((?:param: (\S{1,80}), )?code: (\w{3,60})\)"
)
_KIND = re.compile(r"\bkind:\s*Status\(\s*(\d{3})\b")
_EVENTS = re.compile(  # reqwest-eventsource, which async-openai streams with
    r"\bInvalidStatusCode\(\s*(\d{3})|\bInvalid status code: (\d{3})\b|"
    r'\b(?:InvalidContentType\(|Invalid header value:)\s*\\?"([\w./+-]{3,60})'
)
_UNREAD = re.compile(rf"\bJSONDeserialize\(\s*Error\({_STRING}[^)]{{0,80}}\)(?:,\s*{_STRING})?")
_UNREAD_TEXT = re.compile(r"\bfailed deserialization of: (?=[^\s{\[\"])([^\n]{3,2000})")
_CLIENT = re.compile(r"\breqwest::Error\s*\{|\berror sending request for url|\bhyper(?:_util)?::[\w:]{0,60}Error\s*\(")
_URL_TEXT = re.compile(rf"\burl:\s*{_STRING}")
_URL_PARTS = re.compile(
    r'\burl:\s*Url\s*\{\s*scheme:\s*"(\w{2,8})"[^{}]{0,400}?host:\s*Some\(\s*\w+\(\s*"?([^")\s]{1,200})"?\s*,?'
    r'\s*\)\s*,?\s*\),\s*port:\s*(?:Some\(\s*(\d{1,5})\s*,?\s*\)|None),\s*path:\s*"([^"\s]{1,400})"'
)
_PHASES = (
    # what the names of hyper's and of the standard library's errors stand for: (name, words of a known cause)
    (r"\bIncompleteMessage\b|\bChannelClosed\b", "connection closed before message completed"),
    (r"\bIncompleteBody\b|kind:\s*Body\b[^\n]{0,200}\bUnexpectedEof\b", "error reading a body from connection"),
    (r"\bReset\(\s*StreamId\b|\bConnectionReset\b|\bConnectionAborted\b|\bBrokenPipe\b", "Connection reset"),
    (r"\bConnectionRefused\b", "Connection refused"),
    (r"\bTimedOut\b", "Request timed out"),
)


def looks_like(text: str) -> bool:
    head = text[:_LOOKED_AT]
    return (
        any(form.search(head) for form in (_API, _CLIENT, _UNREAD, _UNREAD_TEXT, _DISPLAYED))
        or _in_a_stream(head) is not None
    )


def pieces(text: str) -> Iterator[Told]:
    """What each error in the text tells; why nothing came only where none of them tells of a reply."""
    text = text[:_LOOKED_AT]
    url = _url(text)
    found = [*_of_server(text), *_of_statuses(text)]
    streamed = _in_a_stream(text)
    if streamed is not None:
        found.append(streamed)
    for told in found:
        yield told._replace(url=url, method="POST" if url else "")
    if not found and _CLIENT.search(text):
        fault = _stopped(text)
        if fault is not None:
            yield Told(fault=fault, url=url, method="POST" if url else "")


def _of_server(text: str) -> Iterator[Told]:
    for match in list(_API.finditer(text))[:_MOST]:
        rest = text[match.end() : match.end() + 16_000]
        members: dict[str, str] = {}
        for member in _MEMBER.finditer(rest[: _end(rest)]):
            members.setdefault(member[1], _plain(member[2]) if member[2] is not None else member[3])
        if "message" in members:
            yield Told(body=as_body({"error": members}))
    for match in list(_DISPLAYED.finditer(text))[:_MOST]:
        error = {"type": match[1], "message": match[2], "param": match[3] or "", "code": match[4]}
        yield Told(body=as_body({"error": error}))
    for match in list(_UNREAD.finditer(text))[:_MOST]:
        if match[2]:  # newer versions quote the reply that they could not read
            yield Told(body=as_body(_plain(match[2])))
    for match in list(_UNREAD_TEXT.finditer(text))[:_MOST]:  # async-openai's log; a JSON reply is read as one
        yield Told(body=as_body(match[1].strip()))


def _of_statuses(text: str) -> Iterator[Told]:
    for match in list(_KIND.finditer(text))[:_MOST]:
        yield Told(int(match[1]))


def _in_a_stream(text: str) -> Told | None:
    """A stream that did not begin: its status, or the Content-Type that came in place of an event stream's."""
    match = _EVENTS.search(text)
    known = re.search(r"\bStreamError\b|\bEventSource\b|stream failed: ", text)
    if match is None or not (known or (match[3] and "/" in match[3])):
        return None
    status = match[1] or match[2]
    if status:
        return Told(int(status))
    return Told(200, headers=(("content-type", match[3]),)) if match[3] else None


def _stopped(text: str) -> Fault | None:
    known = trouble.by_words(text, "the client")
    if known is not None:
        return known
    for names, words in _PHASES:
        if re.search(names, text):
            return trouble.by_words(words, "the client")
    return None


def _url(text: str) -> str:
    parts = _URL_PARTS.search(text)
    if parts:
        host = f"[{parts[2]}]" if ":" in parts[2] else parts[2]
        return f"{parts[1]}://{host}{':' + parts[3] if parts[3] else ''}{parts[4]}"
    whole = _URL_TEXT.search(text)
    return whole[1] if whole and "://" in whole[1] else ""


def _end(text: str) -> int:
    """Where the braces close that are open at the beginning; strings are passed over."""
    for match in re.finditer(rf"{_STRING}|\}}", text):
        if match[0] == "}":
            return match.start()
    return len(text)


def _plain(text: str) -> str:
    """A string as Rust's `{:?}` escapes it."""

    def one(match: re.Match[str]) -> str:
        char = match[1]
        if char.startswith("u{"):
            return chr(int(char[2:-1], 16)) if int(char[2:-1], 16) < 0x110000 else ""
        return {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}.get(char, char)

    return re.sub(r"\\(u\{[0-9a-fA-F]{1,6}\}|.)", one, text, flags=re.DOTALL)
