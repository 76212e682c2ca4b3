"""curl's transcripts: -v, alone or with -i, its lines `> `, `< ` and `* ` mixed with what went to standard output."""

import re
from typing import NamedTuple

from chatproof.captures import trouble as words
from chatproof.captures import wire
from chatproof.captures.entry import (
    MOST_CALLS,
    Capture,
    Captured,
    Unreadable,
    as_secrets,
    credential,
    secrets_of,
    tokens_in,
)
from chatproof.printable import cut, escape
from chatproof.secrets.of_requests import as_keys, secrets_in_url
from chatproof.wire.exchange import BODY, END, HEADERS, KEY, Fault, Response

_MOST, _MOST_LINES = 16 * 1024 * 1024, 300_000  # a line costs more memory than its length
_REQUEST = re.compile(rb"> ([A-Z]{3,10}) (\S{1,8000}) HTTP/[0-9.]+\r?$")
_NOISE = re.compile(rb"[{}] \[\d+ bytes data\]\r?$")
_METER = re.compile(
    rb"(?:(?:^|\r) {0,3}\d{1,3} [ \d.kMGTP:-]{0,90}(?:--:--:--|\d{1,3}:\d\d:\d\d) {1,6}[\d.]{1,8}[kMGTP]?)+"
)
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
_FAILED = re.compile(rb"curl: \(22\) [^\r\n]{0,80}?\b([45]\d\d)\b")
_SENTENCE = 160  # characters of it
_TORN = "curl wrote the reply into the middle of its own lines; the body is not read: put the two into two files"
_KEPT_BACK = "curl did not print the body of a failing reply, because of its option --fail"
_CONNECTED = re.compile(rb"\* Connected to (\S+) \(([^)]*)\) port (\d+)")
_ELISIONS = (b"...", b"\xe2\x80\xa6", b"[...]")  # lines that someone left out of a transcript
_FOLLOWS = re.compile(rb"\* (?:Issue another request to this URL|Ignoring the response-body)")
_FAULTS = {
    5: ("net.proxy", "proxy"),
    6: ("net.dns", "dns"),
    7: ("net.refused", "connect"),
    16: ("http.malformed", "headers"),  # what came is not HTTP/2, which both sides had agreed on
    18: ("http.incomplete_body", "body"),
    28: ("limit.deadline", "body"),
    35: ("tls.protocol", "tls"),
    51: ("tls.hostname_mismatch", "tls"),
    52: ("net.closed", "first_byte"),
    55: ("net.reset", "write"),
    56: ("net.reset", "body"),
    60: ("tls.untrusted", "tls"),
    61: ("http.encoding", "body"),
    92: ("http.framing", "body"),
    97: ("net.proxy", "proxy"),
}
"""curl's exit codes (man curl, EXIT CODES), for words that are not known, by what a live run calls the trouble."""
_NOTHING_SENT = {
    1: "curl does not support the URL's scheme",
    2: "curl could not start",
    3: "the URL is malformed",
    4: "this build of curl lacks a required feature",
    23: "curl could not write its output",
    26: "curl could not read the file that its options name",
    27: "curl ran out of memory",
    37: "curl could not read the file that the URL names",
    43: "curl was called with wrong options",
    58: "curl could not use the client certificate that its options name",
    59: "curl does not have the cipher that its options name",
    77: "curl could not read the CA file that its options name",
    82: "curl could not read the CRL file that its options name",
}
"""Exit codes that are about curl's own side: what the server does is not in them."""


class _Turn(NamedTuple):
    """One request of a transcript: lines by kind, and what was written to standard output after it."""

    request: list[bytes]
    head: list[bytes]
    info: list[bytes]
    output: list[bytes]


def looks_like(data: bytes) -> bool:
    start = data[:4096]
    if start.split(None, 2)[:2] == _METER_HEADS[0] and re.search(rb"(?m)^curl: \(\d", start):
        return True
    return bool(re.search(rb"(?m)^(?:\* +\S|> [A-Z]+ \S+ HTTP/|< HTTP/)", start)) or bool(_ERROR.match(start))


def read(data: bytes) -> Capture:
    """The exchanges of a transcript. Raises Unreadable when no request or reply is in it."""
    if len(data) > _MOST or data.count(b"\n") > _MOST_LINES:
        raise Unreadable(
            f"it is longer than {_MOST >> 20} MiB or {_MOST_LINES} lines; reduce it to the calls that you want to check"
        )
    turns = _turns(data)
    if len(turns) > MOST_CALLS:
        raise Unreadable(f"it contains more than {MOST_CALLS} requests; reduce it to the calls that you want to check")
    own = next(filter(None, (_own_side(turn.info) for turn in turns)), "")
    if own and not any(turn.head for turn in turns):
        raise Unreadable(f"curl sent nothing: {own}")
    if not any(turn.head or turn.output or _trouble(turn.info) or _refused(turn.info) for turn in turns):
        raise Unreadable("no line `> METHOD path HTTP/…`, `< HTTP/…` or `curl: (N)` of curl -v was found")
    entries: list[Captured] = []
    secrets: list[str] = [*tokens_in(data)]
    asked_with: list[str] = []
    notes: list[str] = []
    where: tuple[bytes, ...] = (b"", b"", b"")
    for number, turn in enumerate(turns):
        connected = [found.groups() for line in turn.info if (found := _CONNECTED.match(line))]
        where = connected[-1] if connected else where
        tls = any(b"SSL connection using" in line or b"ALPN" in line for line in turn.info)
        if turn.request[:1] and turn.request[0].startswith(b"> CONNECT "):
            asked_with += secrets_of(_headers(turn.request), sent=True)
            if number == len(turns) - 1 and (entry := _refused_tunnel(len(entries) + 1, turn)) is not None:
                entries.append(entry)
            continue
        if number and any(_FOLLOWS.match(line) for line in turns[number - 1].info):
            asked_with += secrets_of(_headers(turn.request), sent=True)
            notes.append(
                "curl followed a redirect; the first reply is judged, which is what a client gets that does not "
                "follow redirects"
            )
            continue
        entry, said = _entry(len(entries) + 1, turn, where, tls)
        asked_with += [*secrets_of(entry.headers or (), sent=True), *secrets_in_url(entry.url)]
        secrets += _response_secrets(entry.response)
        notes += said
        entries.append(entry)
    if not any(credential(entry.headers or ()) for entry in entries):
        # People take the line with their key out, and many servers want none: that says nothing of a missing key.
        entries = [entry._replace(missing=entry.missing | {KEY}) for entry in entries]
    kept = as_secrets([*secrets, *asked_with])
    return Capture("curl -v output", tuple(entries), kept, tuple(dict.fromkeys(notes)), as_keys(asked_with))


def _response_secrets(response: Response | None) -> list[str]:
    headers = response.headers if response else ()
    return [*secrets_of(((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers), sent=False)]


def _turns(data: bytes) -> list[_Turn]:
    """Lines sorted by who wrote them. Once output has begun, only what curl says at an end is taken for curl's own."""
    turns = [_Turn([], [], [], [])]
    blank: list[bytes] = []
    for whole in _lines(data):
        line = _METER.sub(b"", whole)
        if line.split(None, 2)[:2] in _METER_HEADS or _NOISE.match(line) or (line is not whole and not line.strip()):
            continue
        turn = turns[-1]
        if not turn.output and (not line.strip() or line.strip() in _ELISIONS) and (turn.request or turn.head):
            blank.append(line)  # the body's, if the body is what comes next
            continue
        before, blank = blank, []
        if _REQUEST.match(line.rstrip(b"\n")):
            if turn.request:
                # What was said before this request belongs to it: how it connected.
                turns.append(_Turn([], [], [], []))
            turns[-1].request.append(line)
        elif _marked(line, b">") and turn.request and not turn.head:
            turn.request.append(line)
        elif line.startswith(b"| ") and turn.request and not turn.head:
            pass  # Insomnia shows the request's body so
        elif line.startswith(b"< HTTP/") and turn.output and not turn.head and not wire.is_response(turn.output[0]):
            turn.output.clear()  # what some shell or curl itself remarked before the reply
            turn.head.append(line)
        elif _marked(line, b"<") and not turn.output:
            turn.head.append(line)
        elif ((line.startswith(b"* ") or line.strip() == b"*") and not turn.output) or _ERROR.match(line):
            turn.info.append(line)
        elif (over := _OVER.search(line)) and (over.start() == 0 or turn.output or turn.head or line[:1] not in b"<>*"):
            if over.start():
                turn.output.append(line[: over.start()])
            turn.info.append(line[over.start() :])
        else:
            turn.output.extend(part for part in before if turn.head and part.strip() not in _ELISIONS)
            turn.output.append(line)
    return turns


def _marked(line: bytes, mark: bytes) -> bool:
    """curl's mark and a blank; the blank is lost where an editor took white space off the ends of lines."""
    return line.startswith(mark + b" ") or line.strip() == mark


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
    stopped = _trouble(turn.info)
    output = b"".join(turn.output)
    if _refused(turn.info) is not None and not turn.head:
        output = _reply_in(output)
    ended = stopped is None and any(_WELL.search(line) or _CLOSED.search(line) for line in turn.info)
    if wire.is_response(output):
        message = wire.read(output, method=method, curl=True, ended=ended)
        torn = [line for line in turn.output if _marked(line, b"<")]
        if torn and turn.head and message.response is None:  # a head beyond 16 KiB: its marked lines are whole
            message = _with_body(_raw(turn.head + torn), b"", method, ended)._replace(notes=(_TORN,))
    elif turn.head:
        message = _with_body(_raw(turn.head), output, method, ended)
    elif (refused := _refused(turn.info)) is not None:
        message = wire.Message(refused, None, frozenset({HEADERS, BODY, END}), (_KEPT_BACK,))
    else:
        message = wire.Message(None, stopped, frozenset())
    if message.response is None and stopped is None and message.fault is None:
        raise Unreadable("the transcript has a request but no reply to it")
    fault = message.fault or stopped
    if fault is not None and fault.phase == "body" and message.response is None:
        fault = fault._replace(phase="first_byte")
    body = b"" if method == "GET" else None
    address = where[1].decode("latin-1")
    return (
        Captured(number, message.response, fault, message.missing, method, url, headers, body, address=address),
        message.notes,
    )


def _raw(head: list[bytes]) -> bytes:
    """A head from the lines that curl marks with `<`."""
    raw = b"".join(line[2:] if line.startswith(b"< ") else line[1:] for line in head)
    return raw if raw.endswith((b"\n\r\n", b"\n\n")) else raw + b"\r\n"


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


def _reply_in(output: bytes) -> bytes:
    """What follows from the first status line on; nothing where there is none."""
    at = re.search(rb"(?m)^HTTP/[0-9.]+ [0-9]{3}", output)
    return output[at.start() :] if at else b""


def _refused_tunnel(number: int, turn: _Turn) -> Captured | None:
    """A proxy's refusal of CONNECT, after which nothing was sent to the endpoint."""
    status = next((match[1] for line in turn.head if (match := re.match(rb"< HTTP/[0-9.]+ ([0-9]{3})", line))), b"")
    told = _trouble(turn.info)
    if not (status[:1] in (b"3", b"4", b"5") or (told is not None and told.code == "net.proxy")):
        return None
    said = f"the proxy answers CONNECT with HTTP {status.decode()}" if status else "the proxy refused CONNECT"
    return Captured(number, None, Fault("net.proxy", "proxy", said))


def _url(path: str, headers: tuple[tuple[str, str], ...], where: tuple[bytes, ...], tls: bool) -> str:
    if path.startswith(("http://", "https://")):
        return path  # by way of a proxy
    host = next((value for name, value in headers if name.lower() == "host"), where[0].decode("latin-1"))
    return f"{'https' if tls or where[2] == b'443' else 'http'}://{host}{path}"


def _trouble(info: list[bytes]) -> Fault | None:
    """What curl says went wrong: its error's sentence first, then its number, then its remarks on the way."""
    remarks = b"\n".join(line for line in info if not _ERROR.match(line)).decode("utf-8", "replace")
    for line in info:
        found = _ERROR.match(line)
        if not found:
            continue
        number, sentence = int(found[1]), found[2].decode("utf-8", "replace")
        if "Request CERT" in remarks and number in (35, 55, 56):
            return Fault("tls.client_certificate", "tls", f"curl: ({number}) after the server's Request CERT")
        fault = words.by_words(sentence, "curl")
        if fault is None and number in (35, 51, 55, 56, 60):
            fault = words.by_words(remarks, "curl")
        code, phase = (fault.code, fault.phase) if fault else _FAULTS.get(number, ("", ""))
        if not code:
            return None
        # A sentence that is not known is shown: whoever reads it may know it. It names the host at most.
        said = _words_of(fault) if fault else cut(escape(sentence), _SENTENCE) if phase == "tls" else ""
        return Fault(code, phase, f"curl: ({number}) {said}".rstrip())
    if any(b"Excess found" in line for line in info):
        return Fault("http.framing", "body", "curl says that bytes follow the complete message")
    ill = next((line for line in info if _ILL.search(line)), None)
    if ill is None:
        return None
    told = words.by_words(ill.decode("utf-8", "replace"), "curl")
    return told or Fault("http.incomplete_body", "body", "curl reports that the transfer did not end correctly")


def stopped(data: bytes) -> Fault | None:
    """Why the transfer ended, as curl says behind a reply that it wrote. That a reply fails, its status says."""
    lines = [found[0] for found in re.finditer(rb"(?m)^curl: \(\d{1,3}\) [^\r\n]*", data[-4096:])]
    return _trouble([line for line in lines if not line.startswith(b"curl: (22)")][:1])


def of_number(number: int) -> Fault | None:
    """What curl's number stands for, where a program that uses libcurl tells no more; None for its own side's."""
    code, phase = _FAULTS.get(number, ("", ""))
    return Fault(code, phase, f"the client says: curl error {number}") if code else None


def _words_of(fault: Fault) -> str:
    return fault.detail.partition("says: ")[2]


def _own_side(info: list[bytes]) -> str:
    """Why curl sent nothing; empty when it did, or does not say."""
    for line in info:
        found = _ERROR.match(line)
        if found and int(found[1]) in _NOTHING_SENT and b"HTTP/0.9" not in found[2]:  # (1) stands for that, too
            return _NOTHING_SENT[int(found[1])]
    return ""


def _refused(info: list[bytes]) -> Response | None:
    """What `curl -f` says of a reply that it does not show: its status."""
    found = next((match for line in info if (match := _FAILED.match(line))), None)
    return Response("", int(found[1]), b"", (), b"", 0, "identity") if found else None
