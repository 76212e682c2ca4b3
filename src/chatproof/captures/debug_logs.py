"""Logs of Python's clients: httpx (INFO), httpcore (DEBUG), openai (OPENAI_LOG=debug), LiteLLM's."""

import re
from collections.abc import Iterator

from chatproof.captures import trouble
from chatproof.captures.entry import Headers
from chatproof.captures.told import Told, as_body, value_at

NAME = "a log of a Python client"
_HTTPX = re.compile(r'HTTP Request: (\w{3,7}) (\S{1,500}) "HTTP/[0-9.]+ (\d{3})[^"\n]{0,60}"')
_OPENAI = re.compile(
    r'HTTP Response: (\w{3,7}) (?:(https?://\S{1,500}) )?"?(\d{3})\b[^"\n]{0,60}"?(?: Headers\((?=[{\[]))?'
)
_HTTPCORE = re.compile(
    r"receive_response_headers\.complete return_value=\(b'HTTP/[0-9.]+', (\d{3}), b'[^']{0,60}', (?=\[)"
)
_HTTP2 = re.compile(r"receive_response_headers\.complete return_value=\((\d{3}), (?=\[)")
_FAILED = re.compile(r"\bhttpcore[.:][\w.: ]{2,60}\.failed exception=([^\n]{4,1000})")
_OPTIONS = re.compile(r"Request options: (?=\{)")
_CURL = re.compile(r"(?m)^curl -X POST ?\\?\s*\n?\s*(https?://\S{1,500})")  # LiteLLM's "POST Request Sent from LiteLLM"
_OPENAI_0 = re.compile(  # openai-python 0, at level INFO
    r"\berror_code=(\S{1,80}) error_message=('(?:[^'\\\n]|\\.){1,4000}'|\"(?:[^\"\\\n]|\\.){1,4000}\") "
    r"error_param=\S{1,200} error_type=(\S{1,80})"
)
_RAW = re.compile(r"RAW RESPONSE:\s*(?=[{\[<])")
_COMPLETION = re.compile(r"\bChatCompletion\(id=")


def looks_like(text: str) -> bool:
    forms = (_HTTPX, _OPENAI, _OPENAI_0, _HTTPCORE, _HTTP2, _RAW, _FAILED)
    return any(form.search(text) for form in forms) or bool(_CURL.search(text) and "LiteLLM" in text)


def pieces(text: str) -> Iterator[Told]:
    """What each line of the log tells, in order."""
    found: list[tuple[int, Told]] = []
    for match in _OPTIONS.finditer(text):
        value = value_at(text, match.end())
        if isinstance(value, dict):
            method = str(value.get("method", "")).upper()
            found.append((match.start(), Told(method=method, posted=as_body(value.get("json_data")))))
    found += ((m.start(), Told(int(m[3]), method=m[1], url=m[2])) for m in _HTTPX.finditer(text))
    for match in _OPENAI.finditer(text):
        headers = _pairs(value_at(text, match.end())) if match[0].endswith("Headers(") else ()
        found.append((match.start(), Told(int(match[3]), None, headers, match[1], match[2] or "")))
    for form in (_HTTPCORE, _HTTP2):
        for match in form.finditer(text):
            found.append((match.start(), Told(int(match[1]), None, _pairs(value_at(text, match.end())))))
    found += ((m.start(), Told(fault=trouble.by_words(m[1], "the client"))) for m in _FAILED.finditer(text))
    if not any(told.url for _, told in found):  # what LiteLLM shows of a call is a base URL at times
        found += ((m.start(), Told(url=m[1].rstrip("\\"), method="POST")) for m in _CURL.finditer(text))
    for match in _OPENAI_0.finditer(text):
        error = {"message": value_at(text, match.start(2)), "code": match[1], "type": match[3]}
        found.append((match.start(), Told(body=as_body({"error": error}))))
    for match in _RAW.finditer(text):
        found.append((match.start(), Told(body=as_body(value_at(text, match.end())))))
    yield from (told for _, told in sorted(found, key=lambda pair: pair[0]))


def _pairs(value: object) -> Headers:
    """Headers as a list of pairs, or as a dict."""
    items = list(value.items()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return tuple((str(pair[0]), str(pair[1])) for pair in items[:200] if len(pair) == 2)
