"""Rows of the network: TCP, DNS, TLS, proxies."""

from __future__ import annotations

from collections.abc import Iterable

from tests.rogue.row import GO, NO_GO, UNDECIDED, Act, Place, Row, Script, Step, Turn, Wait, nobody, plays
from tests.rogue.scripts import well
from tests.rogue.wire import GOOD, HTML, JSON, error, head, reply

# A server that knows TLS 1.0 or 1.1 only: its ServerHello, by hand (no session, TLS_RSA_WITH_AES_128_CBC_SHA).
_HELLO = b"\x02\0\0\x26\x03%c" + bytes(range(32)) + b"\0\0\x2f\0"
# The beginning of a TLS 1.2 ServerHello record of 122 bytes.
_DRIPPED = bytes.fromhex("160303007a0200007603 03".replace(" ", "")) + bytes(range(111))


def _old_hello(minor: int) -> bytes:
    return b"\x16\x03%c\0\x2a" % minor + _HELLO % minor


def _dripping_hello(turn: Turn) -> Iterable[Step]:
    for byte in _DRIPPED:
        yield bytes([byte])
        yield Wait(1)


def _endless_head(turn: Turn) -> Iterable[Step]:
    yield b"HTTP/1.1 200 Connected\r\n"
    for number in range(1_000_000):
        yield b"X-%d: a\r\n" % number


def _moved(status: int) -> Script:
    def script(turn: Turn) -> Iterable[Step]:
        location = f"Location: http://127.0.0.1:{turn.trap}/stolen?token=t-0-k"
        yield head(f"{status} Moved", location, "Content-Length: 0")

    return script


TCP = (
    Row(
        "F002-blackhole",
        "The backlog is full: no SYN is answered.",
        nobody,
        UNDECIDED,
        "net.connect_timeout",
        ("connect", "no answer within 0.5 s"),
        timeout=1.0,
        place=Place(full=True),
    ),
    Row(
        "F003-accept-close",
        "Each connection is closed at once, unread.",
        plays(Act.DROP),
        UNDECIDED,
        "net.closed",
        ("first_byte", "0 bytes"),
        place=Place(unread=True),
        race=("net.reset",),
        never=("empty JSON", "not JSON"),
        why="closing with the request unread makes the kernel send RST, which may overtake the FIN: net.reset then",
    ),
    Row(
        "F004-accept-silence",
        "The request is read and never answered.",
        plays(Act.HANG),
        UNDECIDED,
        "net.read_timeout",
        ("first_byte", "silent for", "0 bytes received"),
        timeout=1.0,
    ),
    Row(
        "F005-rst-midbody",
        "Three bytes of 1000, then RST.",
        plays(head("200 OK", JSON, "Content-Length: 1000") + b'{"a', Wait(0.05), Act.RESET),
        UNDECIDED,
        "net.reset",
        ("body", "reset by peer", "3 of 1000 bytes"),
        never=("malformed JSON",),
    ),
    Row(
        "F007-early-response",
        "A whole 413 and close, while the client still sends 5 MiB.",
        plays(reply(error("Payload Too Large"), "413 Payload Too Large"), Act.DROP),
        NO_GO,
        "request.rejected",
        ("413",),
        place=Place(prompt=5 * 1024 * 1024),
        why="413 is named by what it means; the status is in the evidence",
    ),
    Row(
        "F007-early-response",
        "The same with an HTML page, as nginx does.",
        plays(reply(b"<html><title>413 Request Entity Too Large</title></html>", "413 X", media=HTML), Act.DROP),
        NO_GO,
        "request.rejected",
        ("413",),
        case="page",
        place=Place(prompt=5 * 1024 * 1024),
        why="413 is named by what it means; the status is in the evidence",
    ),
    Row(
        "F008-half-close",
        "FIN right after a head that announces 50 bytes.",
        plays(head("200 OK", JSON, "Content-Length: 50"), Act.SHUT, Act.HANG),
        UNDECIDED,
        "http.incomplete_body",
        ("received 0 of 50 bytes",),
    ),
)

DNS = (
    Row(
        "F011-dns-rebind",
        "The name resolves to one address when first asked, and to 127.0.0.1 ever after.",
        well,
        GO,
        says=("127.0.0.2",),
        place=Place(address="127.0.0.2", host="rebind.invalid", answers=(("127.0.0.2",), ("127.0.0.1",)), twin=True),
        why="a name is resolved once for a run: the second answer is never asked for, so nothing can change; the server at 127.0.0.1 sees no connection",
    ),
    Row(
        "F011-dns-rebind",
        "One answer with two addresses: nobody listens at the first, a server of another name at 127.0.0.1.",
        nobody,
        UNDECIDED,
        "tls.hostname_mismatch",
        ("rebind.invalid",),
        case="both",
        place=Place(certificate="good", host="rebind.invalid", answers=(("127.0.0.3", "127.0.0.1"),)),
        why="all addresses of one answer are the name's; what vouches for them is the certificate, and no key is sent without",
    ),
)

TLS = (
    Row(
        "F012-tls-expired",
        "The certificate expired in 2020.",
        nobody,
        UNDECIDED,
        "tls.expired",
        ("expired", "to 2020-01-01"),
        place=Place(certificate="expired"),
    ),
    Row(
        "F014-tls-wronghost",
        "A valid chain for another name.",
        nobody,
        UNDECIDED,
        "tls.hostname_mismatch",
        ("127.0.0.1", "not valid for", "somewhere-else.invalid"),
        place=Place(certificate="wrong-host"),
    ),
    Row(
        "F016-tls-on-http",
        "A TLS alert answers a plain request.",
        plays(bytes.fromhex("15030100020246")),
        UNDECIDED,
        "http.not_http",
        ("15 03 01 00 02 02 46", "looks like TLS"),
    ),
    Row(
        "F017-tls-handshake-drip",
        "The ServerHello comes one byte a second.",
        _dripping_hello,
        UNDECIDED,
        "limit.deadline",
        ("tls", "handshake not done after 2 s"),
        place=Place(raw=True),
    ),
    *(
        Row(
            "F018-tls-renegotiate-old",
            f"The server knows nothing newer than TLS 1.{minor - 1}.",
            plays(_old_hello(minor), Wait(0.2)),
            UNDECIDED,
            "tls.protocol",
            ("protocol", f"the server offered TLS 1.{minor - 1}", "TLS 1.2 or newer"),
            case=f"1.{minor - 1}",
            place=Place(raw=True),
        )
        for minor in (1, 2)
    ),
    Row(
        "F019-tls-cert-ansi",
        "A stranger's certificate with terminal escapes and a script tag in its subject.",
        nobody,
        UNDECIDED,
        "tls.untrusted",
        ("certificate",),
        place=Place(certificate="hostile-stranger"),
        loud=True,
    ),
    Row(
        "F019-tls-cert-ansi",
        "The same subject under a trusted authority: it is shown, escaped.",
        well,
        GO,
        says=("\\x1b]0;PWN\\x07<script>",),
        case="trusted",
        place=Place(certificate="hostile-trusted"),
        why="a trusted certificate is no fault; the row is here for the escaping",
        loud=True,
    ),
)

REDIRECTS = (
    *(
        Row(
            f"F0{number}-redir-{status}-port",
            f"{status} to another port of the same host.",
            _moved(status),
            NO_GO,
            "url.redirected",
            (str(status), "http://127.0.0.1:", "not followed"),
            never=("t-0-k",),
        )
        for number, status in ((74, 302), (76, 307), (77, 308))
    ),
    Row(
        "F079-redir-downgrade",
        "https redirects to http on the same host.",
        lambda turn: (
            head("307 R", f"Location: http://127.0.0.1:{turn.trap}/v1/chat/completions", "Content-Length: 0"),
        ),
        NO_GO,
        "url.redirected",
        ("307", "without TLS"),
        place=Place(certificate="good"),
    ),
    Row(
        "F080-redir-userinfo",
        "307 to an address with a name and a password in it.",
        lambda turn: (head("307 R", f"Location: http://u:p@127.0.0.1:{turn.trap}/", "Content-Length: 0"),),
        NO_GO,
        "url.redirected",
        ("307", "http://127.0.0.1:"),
        never=("u:p", "dTpw"),
    ),
    Row(
        "F082-redir-badurl",
        "307 to http://[::1 which is no URL.",
        plays(head("307 R", "Location: http://[::1", "Content-Length: 0")),
        NO_GO,
        "url.redirected",
        ("307", "http://[::1"),
    ),
    Row(
        "F083-redir-loop",
        "307 to /loop, for ever.",
        plays(head("307 R", "Location: /loop", "Content-Length: 0")),
        NO_GO,
        "url.redirected",
        ("307", "/loop"),
    ),
    Row(
        "F084-redir-key-in-location",
        "307 with the key in the address.",
        lambda turn: (head("307 R", f"Location: /x?key={turn.key}", "Content-Length: 0"),),
        NO_GO,
        "url.redirected",
        ("307", "header Location (plain)"),
        beside=("secret.reflected",),
        loud=True,
    ),
    Row(
        "F085-redir-meta-refresh",
        "A page that redirects by itself, with a Refresh header as well.",
        lambda turn: (
            reply(
                f'<html><meta http-equiv="refresh" content="0;url=http://127.0.0.1:{turn.trap}/"></html>',
                "200 OK",
                f"Refresh: 0; url=http://127.0.0.1:{turn.trap}/",
                media=HTML,
            ),
        ),
        NO_GO,
        "url.not_an_api",
        ("text/html", "HTML page"),
        why="the truer cause: a page with status 200 on an API path is somebody else's server",
    ),
)

# Not in faults.json: what can stand between us and the server.
PROXIES = (
    Row(
        "X01-proxy-silence",
        "The proxy never answers CONNECT.",
        plays(Act.HANG),
        UNDECIDED,
        "net.proxy",
        ("proxy",),
        timeout=1.0,
        place=Place(proxy=True, raw=True),
    ),
    Row(
        "X02-proxy-refuses",
        "The proxy refuses with terminal escapes in its words.",
        plays(head("407 \x1b]0;PWN\x07", 'Proxy-Authenticate: Basic realm="\x9b31m"', "Content-Length: 0")),
        UNDECIDED,
        "net.proxy",
        ("407",),
        place=Place(proxy=True, raw=True),
        loud=True,
    ),
    Row(
        "X03-proxy-endless-head",
        "The proxy's head never ends.",
        _endless_head,
        UNDECIDED,
        "net.proxy",
        ("proxy", "header block exceeds"),
        place=Place(proxy=True, raw=True),
    ),
    Row(
        "X04-proxy-speaks-for-the-server",
        "The proxy answers CONNECT with 200 and goes on with a reply of its own, without a tunnel.",
        plays(head("200 Connected") + GOOD["happy"], Wait(0.2)),
        UNDECIDED,
        "tls.protocol",
        ("wrong version number",),
        place=Place(proxy=True, raw=True),
    ),
)

ROWS = (*TCP, *DNS, *TLS, *REDIRECTS, *PROXIES)
