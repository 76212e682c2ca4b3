"""Error text of JavaScript's clients as Node prints it: openai-node, the AI SDK, axios, fetch."""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from chatproof.captures import own_words, trouble
from chatproof.captures.axios import is_error, read
from chatproof.captures.entry import Unreadable
from chatproof.captures.json_files import event_line, is_event
from chatproof.captures.sdk_python import CLASSES
from chatproof.captures.told import Told, as_body, body_after, value_at
from chatproof.evidence.provider_error import ProviderError, by_words

NAME = "error text of a JavaScript client"
_RAISED = re.compile(
    r"(?m)^[ \t>]*(?:Uncaught |Unhandled[^\n]{0,40} )?(?:\w+\.)?(" + "|".join(CLASSES) + r"|Error)"
    r"(?: \[\w+\])?: (\d{3}) ([^\n]{0,4000})"
)
_AXIOS = re.compile(
    r"(?:AxiosError|Error): Request failed with status code (\d{3})(?:[ \t]*\n(?![ \t]*at )([^\s{}\[\]][^\n]{11,600}))?"
)
_AI = re.compile(r"(?m)^[ \t>]*(?:\w+: )?(?:AI_)?(?:APICallError|RetryError)(?: \[\w+\])?: ([^\n]{0,4000})")
_TYPE = re.compile(r"Type validation failed: Value: (?=\{)")
_UNREAD = re.compile(  # not beyond another beginning: what repeats it is not read to its end for each
    r"JSON parsing failed: Text: ((?:[^\0J]|J(?!SON parsing failed: Text: )){1,8000}?)\.?\nError message: "
)
_FIELD = re.compile(
    r"(?m)^[ \t]*['\"]?(status|statusCode|url|baseURL|responseBody|body|responseHeaders|headers|error|data|code|"
    r"request_id|requestBodyValues)['\"]?: (?=\S)"
)
_ERROR = re.compile(
    r"(?m)(?:\[cause\]: |cause: |reason: |^[ \t>]*(?:Uncaught )?)(?:\[)?"
    r"((?:\w*Error|\w*Exception)(?: \[\w+\])?(?::|\b) ?[^\n]{0,400}|"
    r"[^\n]{0,80}\bCannot connect to API: [^\n]{0,400}|[^\n]{0,80}\bE[A-Z]{5,20}\b[^\n]{0,200})"
)
_TIMEOUT = re.compile(
    r"APIConnectionTimeoutError|DOMException \[TimeoutError\]|TimeoutError: The operation was aborted"
)
_NODE = re.compile(r"(?m)^ {4,}at .{1,300}\(?(?:node:|file://|/|[A-Z]:\\).{1,300}:\d+:\d+\)?(?: \{)?$|\bnode:internal/")
_RESPONSE = re.compile(  # of fetch; of Node's http, which axios shows with an error
    r"\bResponse \{\s{0,8}status: (?=[45]\d\d,\s)|\bstatusCode: (?=[45]\d\d,\s{1,60}statusMessage: ')"
)
_PHRASES = {status.value: status.phrase.lower() for status in HTTPStatus}
_CONNECTION = re.compile(
    r"(?m)(?<![\w.])APIConnection(?:Timeout)?Error(?=[:\s\[]|$)|fetch failed|FetchError|"
    r"(?<![\w.])Error: Connection error\.|: terminated$"
)


def looks_like(text: str) -> bool:
    if "Traceback (most recent" in text:
        return False
    forms = (_RAISED, _AXIOS, _AI, _CONNECTION, _TIMEOUT, _TYPE, _UNREAD, _RESPONSE)
    return any(form.search(text) for form in forms) or bool(_NODE.search(text) and _ERROR.search(text))


def pieces(text: str) -> Iterator[Told]:
    """What the errors in the text tell: each line that raises, with the members that Node prints below it."""
    fields = _fields(text)
    found = [*_of_an_object(fields), *_raised(text, fields), *_refused_by_type(text)]
    found += (Told(int(match[1]), _of_the_api(match[2] or "")) for match in _AXIOS.finditer(text))
    found += (Told(int(text[match.end() : match.end() + 3]), url=_url_of(fields)) for match in _RESPONSE.finditer(text))
    if not any(told.status or told.body for told in found):
        found += _words(text)
    if not any(told.status or told.body for told in found):
        lines = [match[1] for match in _ERROR.finditer(text)]
        lines += ["Request timed out"] if _TIMEOUT.search(text) else []
        found.append(Told(fault=trouble.of_lines(lines, "the client")))
    yield from found


def _of_the_api(words: str) -> bytes | None:
    """The server's words that an application shows below what its client says; None for any other line."""
    error = ProviderError("$", words.strip(), "", "", "")
    if not words or own_words.kind(words) or by_words(error) in ("unknown", "upstream", "server"):
        return None
    return as_body({"error": {"message": words.strip()}})


def _url_of(fields: dict[str, Any]) -> str:
    return fields["url"] if isinstance(fields.get("url"), str) else ""


def _raised(text: str, fields: dict[str, Any]) -> Iterator[Told]:
    """openai-node: the class, the status, and the error's words or the body as it came."""
    for match in _RAISED.finditer(text):
        words = match[3].strip()
        body = body_after(text, match.start(3))
        # The phrase of a status is no word of the API: a gateway's bare text, or what a client says where it got none.
        if own_words.kind(words) or words.removesuffix("{").strip().lower() == _PHRASES.get(int(match[2])):
            words = ""
        if body is None and words and "status code (no body)" not in words:
            error = {"message": re.sub(r"\s*\{$", "", words)}
            error |= {name: fields[name] for name in ("code", "type", "param") if isinstance(fields.get(name), str)}
            body = json.dumps({"error": error}).encode()
        yield Told(int(match[2]), body)


def _refused_by_type(text: str) -> Iterator[Told]:
    """The AI SDK's quotation of a reply, or of an event of one, whose form it refuses. Its status is not told."""
    unread = _UNREAD.search(text)
    if unread:
        yield Told(body=unread[1].encode())
        return
    match = _TYPE.search(text)
    value = value_at(text, match.end()) if match else None
    if isinstance(value, dict):
        body = json.dumps(value)
        yield Told(body=(f"{event_line(value)}data: {body}\n\n" if is_event(value) else body).encode())


def _words(text: str) -> Iterator[Told]:
    """The AI SDK's message alone: the server's own words, without a status."""
    for match in _AI.finditer(text):
        words = own_words.within(match[1])
        if not words or own_words.kind(words):
            continue
        status = next((status for status, phrase in _PHRASES.items() if phrase == words.lower()), 0)
        if status >= 400:
            yield Told(status)
            return
        error = ProviderError("$", words, "", "", "")
        if by_words(error) != "unknown":  # words that say nothing of a cause are no ground to blame anyone
            yield Told(body=json.dumps({"error": {"message": words}}).encode())
            return


def _fields(text: str) -> dict[str, Any]:
    """The members of the errors' objects, the first of each name: each is read for itself, as others may be cut."""
    found: dict[str, Any] = {}
    for match in _FIELD.finditer(text):
        if match[1] not in found:
            value = value_at(text, match.end())
            if value is not None:
                found[match[1]] = value
    return found


def _of_an_object(fields: dict[str, Any]) -> Iterator[Told]:
    if not fields:
        return
    told = dict(fields)
    told.setdefault("message", "")
    if is_error(told):
        try:
            entry = read(told).entries[0]
        except Unreadable:
            return
        response = entry.response
        if response is not None:
            headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers)
            body = response.body or None
            yield Told(response.status, body, headers, entry.method, entry.url, entry.body, entry.fault)
            return
    status = next((fields[name] for name in ("statusCode", "status") if isinstance(fields.get(name), int)), 0)
    quoted = fields.get("body")  # of a generated SDK (Speakeasy's); an object there is the request's
    body = as_body(fields.get("responseBody") or fields.get("data") or (quoted if isinstance(quoted, str) else None))
    if status and 100 <= status <= 599:
        yield Told(status, body, url=_url_of(fields))
