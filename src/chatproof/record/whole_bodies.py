"""The whole bodies of exchanges with something broken or undecided, redacted: for a journal, never for a report.

A body is redacted before it is cut. What comes out is asked once more whether the key can be read in it; a
body that cannot be made clean, or not be looked through, is refused with the reason. Loaded only where something is
wrong, and there is a journal that keeps bodies.
"""

from typing import NamedTuple

from chatproof.contract.clause import BROKEN, UNDECIDED
from chatproof.evidence.reply import Reply, or_default
from chatproof.judging.judge import Judgement
from chatproof.printable import is_text
from chatproof.secrets import bundle_scan
from chatproof.secrets.redaction import FOREIGN_STARTS, MARK, MOST_IN_FULL, clean, find_secret, plainly
from chatproof.wire.exchange import Exchange, Response, Secret

MOST = 1024 * 1024
"""Bytes that are kept of a body."""
_SLACK = 128 * 1024  # redacted beyond that: more than the longest form of the longest key, so that none is cut in half
HIDDEN = "it contains the key in a form that cannot be removed"
SEALED = "it is compressed, so its content cannot be searched"
NO_TEXT = "it is not text, so its content cannot be searched"
FOREIGN = "it contains another secret in a form that cannot be removed"
_COMPRESSED = (
    *(b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"PK\3\4", b"\x28\xb5\x2f\xfd", b"BZh"),
    *(b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x04\x22\x4d\x18"),
)
"""What gzip, zlib, zip, zstd, bzip2, xz, 7z, rar and lz4 begin with."""


BEGINNING = 128 * 1024
"""Bytes that are kept of a body that is larger than `MOST`."""


class WholeBody(NamedTuple):
    """`data` is redacted, and empty where `refused` says why nothing is kept. `whole` is false where it was cut."""

    exchange: str
    data: bytes
    whole: bool
    refused: str = ""

    def __repr__(self) -> str:
        """Without what the server sent."""
        return f"<WholeBody of {self.exchange}, {len(self.data)} bytes>"


def of(
    judgement: Judgement,
    exchanges: list[Exchange],
    others: tuple[Secret, ...] = (),
    besides: tuple[Secret, ...] = (),
) -> tuple[WholeBody, ...]:
    """The bodies of the exchanges that the findings put in question, in order; an empty body is none.

    `others` are secrets besides the key: values of further headers. `besides` are those of other targets; where there
    are many, a body that holds one as it stands is refused.
    """
    others = (*dict.fromkeys((*others, *besides[:MOST_IN_FULL])),)
    for reply in judgement.context.replies.values():
        reply.forget()  # the room is needed: what is kept is searched in many readings
    troubled = {f.exchange for f in judgement.findings if f.outcome in (BROKEN, UNDECIDED)}
    return tuple(
        _kept(exchange, exchange.response, judgement, others, besides[MOST_IN_FULL:])
        for exchange in exchanges
        if exchange.id in troubled and exchange.response is not None and exchange.response.body
    )


def _kept(
    exchange: Exchange,
    response: Response,
    judgement: Judgement,
    others: tuple[Secret, ...],
    many: tuple[Secret, ...],
) -> WholeBody:
    key = judgement.context.key
    # Searching takes a hundred times the room of what is searched: of what is larger anyway only the beginning is kept.
    large = len(response.body) > MOST
    data = _cut(response.body, BEGINNING + _SLACK) if large else response.body
    refused = ""
    for secret in (key, *others):
        if not refused:
            data, refused = _redacted(exchange, data, secret)
        if not refused and secret is not None and _reads(secret, exchange, response, data, judgement):
            refused = HIDDEN
    if many and plainly(many).finds_plainly(data.decode("latin-1")):
        refused = FOREIGN
    if refused:
        return WholeBody(exchange.id, b"", False, refused)
    return WholeBody(exchange.id, _cut(data, BEGINNING if large else MOST), not large and len(data) <= MOST)


def _redacted(exchange: Exchange, body: bytes, key: Secret | None) -> tuple[bytes, str]:
    """(the body without secrets, why it cannot be kept)."""
    try:
        text = clean(body.decode("utf-8"), key)
        return text.encode("utf-8"), HIDDEN if text == MARK else ""
    except UnicodeDecodeError:
        pass
    undecoded = exchange.fault is not None and exchange.fault.code == "http.encoding"
    if undecoded or body.startswith(_COMPRESSED):
        return b"", SEALED
    text = clean(body.decode("latin-1"), key)  # a character for each byte, so that all other bytes stay as they are
    if text == MARK:
        return b"", HIDDEN
    data = text.encode("latin-1")
    if key is not None and find_secret(bundle_scan.inflated(data), key):
        return b"", HIDDEN
    for coding in ("utf-16-le", "utf-16-be"):
        wide = data.decode(coding, "ignore") + data[1:].decode(coding, "ignore")
        if any(start in wide for start in FOREIGN_STARTS) and clean(wide, None) != wide:
            return b"", FOREIGN
    return (data, "") if is_text(body) else (b"", NO_TEXT)


def _reads(secret: Secret, exchange: Exchange, response: Response, data: bytes, judgement: Judgement) -> bool:
    """The clause about the key, asked of what would be kept: it also joins what a stream has cut into events."""
    kind = tuple((name, value) for name, value in response.headers if name.lower() == b"content-type")
    bare = response._replace(body=data, headers=kind, reason=b"", trailers=(), excess=b"", early=())
    clause, context = judgement.context.surface.leak, judgement.context._replace(key=secret)
    reply = Reply(exchange._replace(response=bare, fault=None))
    return or_default(lambda: clause.judge(reply, context).outcome == BROKEN, True)


def _cut(data: bytes, most: int) -> bytes:
    """At most `most` bytes, and no half of a character at the end of a text."""
    if len(data) <= most:
        return data
    cut = data[:most]
    for size in range(1, 4):
        last = cut[-size]
        if last >= 0xC0:  # begins a character of `needed` bytes
            needed = 2 if last < 0xE0 else 3 if last < 0xF0 else 4
            return cut[:-size] if size < needed else cut
        if last < 0x80:
            break
    return cut
