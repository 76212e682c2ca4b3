"""Rows of bodies: content codings, charsets, JSON, the contract's own fields."""

from __future__ import annotations

from tests.rogue import bombs
from tests.rogue.row import GO, HAPPY, NO_GO, UNDECIDED, Row, Script, plays
from tests.rogue.scripts import answer, json_body
from tests.rogue.wire import (
    ANSWER,
    gzipped,
    reply,
)

_CODED = gzipped(ANSWER)


def _coded(coding: str, body: bytes) -> Script:
    return plays(reply(body, "200 OK", f"Content-Encoding: {coding}"))


def _content(raw: bytes) -> bytes:
    """The good answer with these bytes as its content's, whatever they are."""
    return ANSWER.replace(b'"pong"', b'"' + raw + b'"')


CODINGS = (
    Row(
        "F087-gzip-gzip-bomb",
        "gzip of gzip: 1827 bytes that stand for 1 GiB, to every request at once.",
        _coded("gzip, gzip", bombs.GZIP_GZIP),
        UNDECIDED,
        "http.encoding",
        ('"gzip, gzip"', "not asked for"),
    ),
    Row(
        "F087-gzip-gzip-bomb",
        "The outer gzip alone is declared, and its mebibyte of gzip is the body.",
        _coded("gzip", bombs.GZIP_GZIP),
        NO_GO,
        "body.encoding",
        case="once",
        on=HAPPY,
        heavy=True,
        why="one declared coding is decoded under the cap, the inner one was never named; the bytes are no UTF-8",
    ),
    Row(
        "F088-br-bomb",
        "br: 841 bytes that stand for 1 GiB, to every request at once.",
        _coded("br", bombs.BROTLI),
        UNDECIDED,
        "http.encoding",
        ('"br"', "not asked for"),
    ),
    Row(
        "F089-zstd-bomb",
        "zstd: 32782 bytes that stand for 1 GiB, to every request at once.",
        _coded("zstd", bombs.zstd()),
        UNDECIDED,
        "http.encoding",
        ('"zstd"', "not asked for"),
    ),
    Row(
        "F090-encoding-chain-2000",
        "Content-Encoding names gzip 2000 times.",
        _coded(", ".join(["gzip"] * 2000), _CODED),
        UNDECIDED,
        "http.encoding",
        ("2000 content codings", "gzip, gzip", "not asked for"),
    ),
    Row(
        "F092-gzip-truncated",
        "gzip without the last 6 bytes of its checksum and size.",
        _coded("gzip", _CODED[:-6]),
        UNDECIDED,
        "http.encoding",
        ("ends before its checksum",),
    ),
    Row(
        "F095-encoding-unknown",
        "Content-Encoding: snappy, over plain JSON.",
        _coded("snappy", ANSWER),
        UNDECIDED,
        "http.encoding",
        ('"snappy"',),
    ),
    Row(
        "F096-encoding-unasked",
        "A good answer in gzip, although identity was asked for.",
        _coded("gzip", _CODED),
        GO,
        says=("gzip",),
        on=HAPPY,
    ),
)

CHARSETS = (
    Row(
        "F097-charset-bogus",
        "charset=bogus.",
        plays(reply(ANSWER, media="Content-Type: application/json; charset=bogus")),
        GO,
        says=("charset=bogus",),
        on=HAPPY,
        never=("LookupError",),
    ),
    Row(
        "F098-charset-latin1-lie",
        "charset=iso-8859-1 with a raw e9.",
        plays(reply(_content(b"caf\xe9"), media="Content-Type: application/json; charset=iso-8859-1")),
        NO_GO,
        "body.encoding",
        ("e9", f"byte {_content(b'caf').index(b'caf') + 3}"),
        on=HAPPY,
    ),
    *(
        Row(
            "F100-charset-escape-codec",
            f"charset={charset}, over text that this codec would make {danger}.",
            plays(reply(body, media=f"Content-Type: text/html; charset={charset}")),
            NO_GO,
            "body.not_json",
            ("text/html",),
            case=charset,
            on=HAPPY,
            never=("<script>", "LookupError"),
            why="the body is no JSON in any charset: that outranks its media type, which the same diagnosis names",
            loud=True,
        )
        for charset, body, danger in (
            ("unicode_escape", b"\\x1b[2J\\u0000", "a terminal escape"),
            ("utf-7", b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "a script tag"),
        )
    ),
)


JSONS = (
    answer(
        "F101-json-depth-array",
        "100000 arrays in one another.",
        b"[" * 100_000 + b"]" * 100_000,
        "deeper than 64 levels",
        "byte 64",
    ),
    answer(
        "F102-json-depth-object",
        "100000 objects in one another.",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "deeper than 64 levels",
        "byte 320",
    ),
    answer(
        "F103-json-depth-900",
        "900 arrays in one another: most parsers take it and what comes after them breaks.",
        b"[" * 900 + b"]" * 900,
        "deeper than 64 levels",
    ),
    answer(
        "F108-json-dup-key",
        "choices twice, good and then empty.",
        ANSWER[:-1] + b',"choices":[]}',
        "named twice",
        "$.choices",
    ),
    Row(
        "F109-json-dup-error",
        "error twice beside good choices.",
        json_body(ANSWER[:-1] + b',"error":null,"error":{"message":"boom"}}'),
        NO_GO,
        "body.unsafe_json",
        ("named twice", "$.error"),
        on=HAPPY,
        why="which error counts depends on the parser: that is the cause, and the reason not to read either",
    ),
    answer(
        "F109-json-dup-error",
        "One error beside good choices.",
        ANSWER[:-1] + b',"error":{"message":"boom"}}',
        "$.error",
        "boom",
        case="beside",
        code="contract.error_present",
    ),
    answer(
        "F110-json-lone-surrogate",
        "Half a surrogate pair in the content.",
        _content(b"\\ud800"),
        "half of a surrogate pair",
        "$.choices[0].message.content",
    ),
    answer(
        "F112-json-bad-utf8", "ff fe in the content.", _content(b"\xff\xfe"), "ff fe", "byte ", code="body.encoding"
    ),
    answer(
        "F113-json-overlong", "An overlong slash, c0 af.", _content(b"\xc0\xaf"), "c0 af", "byte ", code="body.encoding"
    ),
    answer(
        "F113-json-overlong",
        "A surrogate in UTF-8, ed a0 80.",
        _content(b"\xed\xa0\x80"),
        "ed a0",
        "byte ",
        case="surrogate",
        code="body.encoding",
    ),
    answer(
        "F117-json-two-docs",
        "Two good documents in a row.",
        ANSWER + ANSWER,
        "follows the document",
        "byte 145",
        code="body.not_json",
    ),
    answer(
        "F118-json-raw-control",
        "A raw 01 inside a string.",
        _content(b"a\x01b"),
        "raw control character",
        "byte ",
        code="body.not_json",
    ),
    answer(
        "F118-json-raw-control",
        "A raw line feed inside a string.",
        _content(b"a\nb"),
        "raw control character",
        "byte ",
        case="newline",
        code="body.not_json",
    ),
    *(
        answer(
            "F119-json-wrong-top",
            f"The body is {body.decode()}.",
            body,
            *says,
            case=case,
            code="contract.choices_missing",
        )
        for case, body, says in (
            ("array", b"[]", ("array of 0",)),
            ("null", b"null", ("null",)),
            ("string", b'"str"', ('"str"',)),
            ("number", b"42", ("42",)),
            ("true", b"true", ("true",)),
        )
    ),
)

ROWS = (*CODINGS, *CHARSETS, *JSONS)
