"""wget -S: its remarks, the reply's head indented by two, and the body between remarks."""

import re

from chatproof.captures import transcript
from chatproof.captures.entry import Capture

_STARTED = re.compile(rb"--\d{4}-\d\d-\d\d \d\d:\d\d:\d\d--  (\S+)")
_HEAD = re.compile(rb"(?m)^  (HTTP/[0-9.]+ [0-9]{3}[^\n]*\n(?:  [^\s:][^\n]*\n)*)")
_REMARKS = re.compile(
    rb"(?m)^(?:Length: [^\n]*|Saving to: [^\n]*|Remote file exists[^\n]*|(?:ERROR|[0-9: -]{10,30} ERROR)[^\n]*|"
    rb"[ \t]*+(?:\d+[KMG] )?[. \t]*+(?:\d{1,3}%|<=>)[^\n]*|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \([^\n]*|[ \t]*)\n?"
)


def looks_like(data: bytes) -> bool:
    return bool(_STARTED.match(data) and _HEAD.search(data))


def read(data: bytes) -> Capture:
    """The reply, made into what `curl -i` would have written. The request is known by its URL alone."""
    head = _HEAD.search(data)
    assert head is not None
    lines = b"\r\n".join(line[2:].rstrip(b"\r") for line in head[0].rstrip(b"\n").split(b"\n"))
    body = _REMARKS.sub(b"", data[head.end() :])
    capture = transcript.read(lines + b"\r\n\r\n" + body)
    said = _STARTED.match(data)
    url = said[1].decode("latin-1") if said else ""
    entries = tuple(entry._replace(url=url) for entry in capture.entries)
    return capture._replace(format="output of wget -S", entries=entries)
