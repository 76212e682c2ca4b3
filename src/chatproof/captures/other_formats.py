"""Formats of other tools that are known by their look and not read: named for what they are, with a better way."""

import json
import re

_KNOWN: tuple[tuple[str, str, str], ...] = (
    # (pattern near the start, what it is, how to capture instead)
    (r"(?m)^interactions:\s*$|^http_interactions:\s*$", "a VCR cassette", "curl -sS -i …"),
    (r"^--\d{4}-\d\d-\d\d \d\d:\d\d:\d\d--  http", "output of wget -S", "curl -sS -i …"),
    (r"(?m)^(?:StatusCode|StatusDescription) +: ", "output of PowerShell's Invoke-WebRequest", "curl.exe -sS -i …"),
    (r"(?m)^== Info: |^=> Send header", "a trace of curl (--trace, --trace-ascii)", "curl -sS -iv … > file 2>&1"),
    (r"^\d+:\d+:[a-z_]+;|^\d+:8:response;", "flows of mitmproxy", "mitmdump -nr FLOWS --set hardump=out.har"),
    (r"(?m)^meta \{$|^bruno ", "a request of Bruno", "curl -sS -i …"),
    (r"^\x0a\x0d\x0d\x0a|^\xd4\xc3\xb2\xa1|^\xa1\xb2\xc3\xd4", "a packet capture", "curl -sS -iv … > file 2>&1"),
    (r"^PK\x03\x04", "a ZIP archive", "unpack it, and name the file in it that you mean"),
    (r"^\x1f\x8b", "a gzip archive", "unpack it, and name the file in it that you mean"),
    (r"(?m)^(?:POST|GET) \S+ HTTP/1\.[01]\r?$", "a request as it goes over the wire", "curl -sS -i …"),
    (r"^(?:await )?fetch\(\"https?://", "a fetch() call as a browser copies it, without the reply", "curl -sS -i …"),
    (
        r"^(?:\$session = New-Object|Invoke-(?:WebRequest|RestMethod)\b[^\n]{0,80} -Uri )",
        "a request of PowerShell, without its reply",
        "curl.exe -sS -i …",
    ),
    (r"^(?:<\?xml[^>]{0,200}>\s*)?<testsuites?\b", "a report of tests (JUnit)", "curl -sS -i …"),
    (r"^(?:<\?xml[^>]{0,200}>\s*)?(?:<!DOCTYPE items\b|<items burpVersion=)", "an export of Burp", "curl -sS -i …"),
    (r"^curl\s", "a curl command, without what it printed", "run it with -sS -i, and give its output"),
)
_REQUEST = re.compile(
    rb"(?m)^(?:POST|GET) \S{1,2000} HTTP/1\.[01]\r?\n(?:[A-Za-z][\w-]{0,80}:[^\n]{0,8000}\n){1,100}\r?\n"
)
_COMPILED = tuple((re.compile(pattern), what, instead) for pattern, what, instead in _KNOWN)


def name(data: bytes) -> str:
    """What a file is and how to capture better, as a sentence; empty for what is not known."""
    start = data[:8192].decode("latin-1")
    for pattern, what, instead in _COMPILED:
        if pattern.search(start):
            return f"it is {what}, which chatproof cannot read; capture with: {instead}"
    return ""


def without_a_request(data: bytes) -> bytes:
    """A text without the request as it goes over the wire that stands near its beginning; empty for any other text, and
    for one that holds nothing else."""
    request = _REQUEST.search(data[: 64 * 1024])
    if request is None:
        return b""
    below = data[request.end() :]
    try:
        text = below.decode("utf-8", "surrogateescape")
        end = len(text[: json.JSONDecoder().raw_decode(text)[1]].encode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        end = 0
    rest = (data[: request.start()] + below[end:]).strip()
    return b"" if _REQUEST.search(rest) else rest
