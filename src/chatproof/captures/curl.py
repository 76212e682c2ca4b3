"""curl's transcripts: -v, alone or with -i, its lines `> `, `< ` and `* ` mixed with what went to standard output."""

import re
from typing import NamedTuple

from chatproof.captures import wire
from chatproof.captures.entry import (
    MOST_CALLS,
    Capture,
    Captured,
    Unreadable,
    as_secrets,
    secrets_in_url,
    secrets_of,
    tokens_in,
)
from chatproof.exchange import BODY, END, Fault, Response

_MOST, _MOST_LINES = 16 * 1024 * 1024, 300_000  # a line costs more memory than its length
_REQUEST = re.compile(rb"> ([A-Z]{3,10}) (\S{1,8000}) HTTP/[0-9.]+\r?$")
_NOISE = re.compile(rb"[{}] \[\d+ bytes data\]\r?$")
_METER = re.compile(rb"(?:\r {0,3}\d{1,3} [ \d.kMGTP:-]{0,90}(?:--:--:--|\d{1,3}:\d\d:\d\d) {1,6}[\d.]{1,8}[kMGTP]?)+")
_METER_HEADS = ([b"%", b"Total"], [b"Dload", b"Upload"])
# What curl says when a transfer is over; without a line end before it where the body had none.
_OVER = re.compile(
    rb"\* (?:Connection #\d+ to host|Closing connection|closing connection|shutting down connection|transfer closed|"
    rb"Excess found|Issue another|Recv failure|Operation timed out|OpenSSL SSL_read|HTTP/[23] stream|"
    rb"TLSv1\.\d \((?:IN|OUT)\))"
    rb"|curl: \(\d{1,3}\) "
)
_WELL = re.compile(rb"Connection #\d{1,9} to host [^\r\n]{0,300}? left intact")
_CLOSED = re.compile(rb"(?:Closing|closing|shutting down) connection")
_ILL = re.compile(
    rb"transfer closed with|Recv failure|timed out|SSL_read|was not closed cleanly|Empty reply|Failed to connect|"
    rb"Could not resolve|SSL certificate problem|Connection reset"
)
_ERROR = re.compile(rb"curl: \((\d{1,3})\) ([^\r\n]*)")
_CONNECTED = re.compile(rb"\* Connected to (\S+) \(([^)]*)\) port (\d+)")
_FOLLOWS = re.compile(rb"\* (?:Issue another request to this URL|Ignoring the response-body)")
_FAULTS = {
    5: ("net.proxy", "proxy"),
    6: ("net.dns", "dns"),
    7: ("net.refused", "connect"),
    16: ("http.not_http", "headers"),
    18: ("http.incomplete_body", "body"),
    28: ("limit.deadline", "body"),
    35: ("tls.protocol", "tls"),
    51: ("tls.hostname_mismatch", "tls"),
    52: ("net.closed", "first_byte"),
    55: ("net.write_timeout", "write"),
    56: ("net.reset", "body"),
    60: ("tls.untrusted", "tls"),
    61: ("http.encoding", "body"),
    92: ("http.framing", "body"),
    97: ("net.proxy", "proxy"),
}
"""curl's exit codes (man curl, EXIT CODES), by what the same trouble is called in a live run."""


class _Turn(NamedTuple):
    """One request of a transcript: lines by kind, and what was written to standard output after it."""

    request: list[bytes]
    head: list[bytes]
    info: list[bytes]
    output: list[bytes]


def looks_like(data: bytes) -> bool:
    start = data[:4096]
    return bool(re.search(rb"(?m)^(?:\* +\S|> [A-Z]+ \S+ HTTP/|< HTTP/)", start)) or bool(_ERROR.match(start))


def read(data: bytes) -> Capture:
    """The exchanges of a transcript. Raises Unreadable when no request or reply is in it."""
    if len(data) > _MOST or data.count(b"\n") > _MOST_LINES:
        raise Unreadable(
            f"it is longer than {_MOST >> 20} MiB or {_MOST_LINES} lines; cut it down to the calls that are meant"
        )
    turns = _turns(data)
    if len(turns) > MOST_CALLS:
        raise Unreadable(f"it holds more than {MOST_CALLS} requests; cut it down to the calls that are meant")
    if not any(turn.head or turn.output or _trouble(turn.info) for turn in turns):
        raise Unreadable("no line `> METHOD path HTTP/…`, `< HTTP/…` or `curl: (N)` of curl -v was found")
    entries: list[Captured] = []
    secrets: list[str] = [*tokens_in(data)]
    notes: list[str] = []
    where: tuple[bytes, ...] = (b"", b"", b"")
    for number, turn in enumerate(turns):
        connected = [found.groups() for line in turn.info if (found := _CONNECTED.match(line))]
        where = connected[-1] if connected else where
        tls = any(b"SSL connection using" in line or b"ALPN" in line for line in turn.info)
        if turn.request[:1] and turn.request[0].startswith(b"> CONNECT "):
            secrets += secrets_of(_headers(turn.request), sent=True)
            continue
        if number and any(_FOLLOWS.match(line) for line in turns[number - 1].info):
            secrets += secrets_of(_headers(turn.request), sent=True)
            notes.append(
                "curl followed a redirect; judged is the first reply, as a client that does not follow gets it"
            )
            continue
        entry, said = _entry(len(entries) + 1, turn, where, tls)
        secrets += [
            *secrets_of(entry.headers or (), sent=True),
            *secrets_in_url(entry.url),
            *_response_secrets(entry.response),
        ]
        notes += said
        entries.append(entry)
    return Capture("curl -v output", tuple(entries), as_secrets(secrets), tuple(dict.fromkeys(notes)))


def _response_secrets(response: Response | None) -> list[str]:
    headers = response.headers if response else ()
    return [*secrets_of(((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers), sent=False)]


def _turns(data: bytes) -> list[_Turn]:
    """Lines sorted by who wrote them. Once output has begun, only what curl says at an end is taken for curl's own."""
    turns = [_Turn([], [], [], [])]
    for whole in _lines(data):
        line = _METER.sub(b"", whole)
        if line.split(None, 2)[:2] in _METER_HEADS or _NOISE.match(line) or (line is not whole and not line.strip()):
            continue
        turn = turns[-1]
        if _REQUEST.match(line.rstrip(b"\n")):
            if turn.request:
                # What was said before this request belongs to it: how it connected.
                turns.append(_Turn([], [], [], []))
            turns[-1].request.append(line)
        elif line.startswith(b"> ") and turn.request and not turn.head:
            turn.request.append(line)
        elif line.startswith(b"< HTTP/") and turn.output and not turn.head and not wire.is_response(turn.output[0]):
            turn.output.clear()  # what some shell or curl itself remarked before the reply
            turn.head.append(line)
        elif line.startswith(b"< ") and not turn.output:
            turn.head.append(line)
        elif (line.startswith(b"* ") and not turn.output) or _ERROR.match(line):
            turn.info.append(line)
        elif (over := _OVER.search(line)) and (over.start() == 0 or turn.output or turn.head or line[:1] not in b"<>*"):
            if over.start():
                turn.output.append(line[: over.start()])
            turn.info.append(line[over.start() :])
        else:
            turn.output.append(line)
    return turns


def _lines(data: bytes) -> list[bytes]:
    """Lines by line feeds alone: a progress meter is full of carriage returns."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _headers(request: list[bytes]) -> tuple[tuple[str, str], ...]:
    found = []
    for line in request[1:]:
        name, colon, value = line[2:].rstrip(b"\r\n").partition(b":")
        if colon:
            found.append((name.decode("latin-1").strip(), value.decode("latin-1").strip()))
    return tuple(found)


def _entry(number: int, turn: _Turn, where: tuple[bytes, ...], tls: bool) -> tuple[Captured, tuple[str, ...]]:
    headers, method, url = None, "", ""
    if turn.request:
        match = _REQUEST.match(turn.request[0].rstrip(b"\n"))
        assert match is not None
        headers, method = _headers(turn.request), match[1].decode()
        url = _url(match[2].decode("latin-1"), headers, where, tls)
    trouble = _trouble(turn.info)
    output = b"".join(turn.output)
    ended = trouble is None and any(_WELL.search(line) or _CLOSED.search(line) for line in turn.info)
    if wire.is_response(output):
        message = wire.read(output, method=method, curl=True, ended=ended)
    elif turn.head:
        raw = b"".join(line[2:] for line in turn.head)
        raw = raw if raw.endswith((b"\n\r\n", b"\n\n")) else raw + b"\r\n"
        message = _with_body(raw, output, method, ended)
    else:
        message = wire.Message(None, trouble, frozenset())
    if message.response is None and trouble is None and message.fault is None:
        raise Unreadable("the transcript holds a request and no reply to it")
    fault = message.fault or trouble
    if fault is not None and fault.phase == "body" and message.response is None:
        fault = fault._replace(phase="first_byte")
    body = b"" if method == "GET" else None
    address = where[1].decode("latin-1")
    return (
        Captured(number, message.response, fault, message.unheld, method, url, headers, body, address=address),
        message.notes,
    )


def _with_body(head: bytes, output: bytes, method: str, ended: bool) -> wire.Message:
    """`< ` lines, and what stands in the transcript as the body; nothing there may mean that it was put elsewhere."""
    empty = any(value == b"0" for block in wire.blocks(head)[0] for value in block.values(b"content-length"))
    if output or empty or not wire.blocks(head)[0] or wire.blocks(head)[0][-1].status in (204, 304):
        return wire.read(head + output, method=method, curl=True, ended=ended)
    plain = re.sub(rb"(?im)^(?:content-length|transfer-encoding|content-encoding):[^\n]*\n", b"", head)
    message = wire.read(plain, method=method, curl=True)
    whole = wire.read(head, method=method, curl=True)
    response = message.response
    if response is not None and whole.response is not None:
        response = response._replace(headers=whole.response.headers)
    return wire.Message(response, None if response else message.fault, frozenset({BODY, END}), message.notes)


def _url(path: str, headers: tuple[tuple[str, str], ...], where: tuple[bytes, ...], tls: bool) -> str:
    if path.startswith(("http://", "https://")):
        return path  # by way of a proxy
    host = next((value for name, value in headers if name.lower() == "host"), where[0].decode("latin-1"))
    return f"{'https' if tls or where[2] == b'443' else 'http'}://{host}{path}"


def _trouble(info: list[bytes]) -> Fault | None:
    for line in info:
        found = _ERROR.match(line)
        if found:
            code, phase = _FAULTS.get(int(found[1]), ("http.malformed", "headers"))
            if found[1] == b"28" and b"onnect" in found[2]:
                code, phase = "net.connect_timeout", "connect"
            return Fault(code, phase, f"curl: ({int(found[1])})")
    if any(b"Excess found" in line for line in info):
        return Fault("http.framing", "body", "curl says that bytes follow the complete message")
    ill = next((match for line in info if (match := _ILL.search(line))), None)
    return Fault("http.incomplete_body", "body", "curl says that the transfer did not end well") if ill else None
