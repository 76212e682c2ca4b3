"""Rows of bodies: content codings, charsets, JSON, the contract's own fields."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, product

from tests.rogue import bombs
from tests.rogue.row import AUTH, GO, HAPPY, NO_GO, UNDECIDED, Place, Row, Script, Step, Turn, plays
from tests.rogue.wire import (
    ANSWER,
    CLOSE,
    HTML,
    JSON,
    SSE,
    chunk,
    completion,
    dumps,
    error,
    gzipped,
    head,
    reply,
)

_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789"
_CODED = gzipped(ANSWER)


def _coded(coding: str, body: bytes) -> Script:
    return plays(reply(body, "200 OK", f"Content-Encoding: {coding}"))


def _json(body: bytes | str) -> Script:
    return plays(reply(body))


def _content(raw: bytes) -> bytes:
    """The good answer with these bytes as its content's, whatever they are."""
    return ANSWER.replace(b'"pong"', b'"' + raw + b'"')


def _keys(count: int) -> bytes:
    """An object of so many distinct short keys."""
    names = islice((bytes(name) for size in range(1, 7) for name in product(_LETTERS, repeat=size)), count)
    return b"{" + b",".join(b'"' + name + b'":0' for name in names) + b"}"


def _objects(count: int) -> bytes:
    return b'{"choices":[' + b"{}," * count + b"{}]}"


def _huge_string(turn: Turn) -> Iterable[Step]:
    start, _, end = ANSWER.partition(b"pong")
    yield head("200 OK", JSON, "Transfer-Encoding: chunked", CLOSE) + chunk(start)
    for _ in range(200):
        yield chunk(b"a" * (1 << 20))
    yield chunk(end) + b"0\r\n\r\n"


def _announced(turn: Turn) -> Iterable[Step]:
    start, _, end = ANSWER.partition(b"pong")
    yield head("200 OK", JSON, f"Content-Length: {len(start) + (200 << 20) + len(end)}", CLOSE) + start
    for _ in range(200):
        yield b"a" * (1 << 20)
    yield end


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
        ("gzip, gzip", "2000"),
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


def _unsafe(id: str, does: str, body: bytes, *says: str, case: str = "", code: str = "body.unsafe_json") -> Row:
    return Row(id, does, _json(body), NO_GO, code, says, case, HAPPY)


JSONS = (
    _unsafe("F101-json-depth-array", "100000 arrays in one another.", b"[" * 100_000 + b"]" * 100_000, "deeper than 64 levels", "byte 64"),
    _unsafe("F102-json-depth-object", "100000 objects in one another.", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deeper than 64 levels", "byte 320"),
    _unsafe("F103-json-depth-900", "900 arrays in one another: most parsers take it and what comes after them breaks.", b"[" * 900 + b"]" * 900, "deeper than 64 levels"),
    _unsafe("F108-json-dup-key", "choices twice, good and then empty.", ANSWER[:-1] + b',"choices":[]}', "named twice", "$.choices"),
    Row(
        "F109-json-dup-error",
        "error twice beside good choices.",
        _json(ANSWER[:-1] + b',"error":null,"error":{"message":"boom"}}'),
        NO_GO,
        "body.unsafe_json",
        ("named twice", "$.error"),
        on=HAPPY,
        why="which error counts depends on the parser: that is the cause, and the reason not to read either",
    ),
    _unsafe("F109-json-dup-error", "One error beside good choices.", ANSWER[:-1] + b',"error":{"message":"boom"}}', "$.error", "boom", case="beside", code="contract.error_present"),
    _unsafe("F110-json-lone-surrogate", "Half a surrogate pair in the content.", _content(b"\\ud800"), "half of a surrogate pair", "$.choices[0].message.content"),
    _unsafe("F112-json-bad-utf8", "ff fe in the content.", _content(b"\xff\xfe"), "ff fe", "byte ", code="body.encoding"),
    _unsafe("F113-json-overlong", "An overlong slash, c0 af.", _content(b"\xc0\xaf"), "c0 af", "byte ", code="body.encoding"),
    _unsafe("F113-json-overlong", "A surrogate in UTF-8, ed a0 80.", _content(b"\xed\xa0\x80"), "ed a0", "byte ", case="surrogate", code="body.encoding"),
    _unsafe("F117-json-two-docs", "Two good documents in a row.", ANSWER + ANSWER, "follows the document", "byte 145", code="body.not_json"),
    _unsafe("F118-json-raw-control", "A raw 01 inside a string.", _content(b"a\x01b"), "raw control character", "byte ", code="body.not_json"),
    _unsafe("F118-json-raw-control", "A raw line feed inside a string.", _content(b"a\nb"), "raw control character", "byte ", case="newline", code="body.not_json"),
    *(
        _unsafe("F119-json-wrong-top", f"The body is {body.decode()}.", body, *says, case=case, code="contract.choices_missing")
        for case, body, says in (
            ("array", b"[]", ("array of 0",)),
            ("null", b"null", ("null",)),
            ("string", b'"str"', ('"str"',)),
            ("number", b"42", ("42",)),
            ("true", b"true", ("true",)),
        )
    ),
)

FLOODS = (
    Row(
        "F120-json-3M-objects",
        "Three million empty objects: 9 MB.",
        lambda turn: (reply(_objects(3_000_000)),),
        UNDECIDED,
        "limit.size",
        ("exceeds the limit of 8388608 bytes",),
        on=HAPPY,
        timeout=5.0,
    ),
    Row(
        "F120-json-3M-objects",
        "As many as fit into the limit on bytes.",
        lambda turn: (reply(_objects(2_790_000)),),
        UNDECIDED,
        "limit.size",
        ("more than 200000 values",),
        case="fitting",
        on=HAPPY,
        timeout=5.0,
        place=Place(patient=True),
    ),
    Row(
        "F121-json-200MB-string",
        "A content of 200 MiB, announced.",
        _announced,
        UNDECIDED,
        "limit.size",
        ("exceeds the limit of 8388608 bytes",),
        timeout=5.0,
    ),
    Row(
        "F121-json-200MB-string",
        "A content of 200 MiB, in chunks, to every request at once.",
        _huge_string,
        UNDECIDED,
        "limit.size",
        ("body exceeds 8388608 bytes",),
        case="chunked",
        timeout=5.0,
        place=Place(patient=True),
    ),
    Row(
        "F122-json-key-flood",
        "A million keys in one object: more bytes than the limit.",
        lambda turn: (reply(_keys(1_000_000)),),
        UNDECIDED,
        "limit.size",
        ("exceeds the limit of 8388608 bytes",),
        on=HAPPY,
        timeout=5.0,
    ),
    Row(
        "F122-json-key-flood",
        "As many as fit into the limit on bytes.",
        lambda turn: (reply(_keys(880_000)),),
        UNDECIDED,
        "limit.size",
        ("more than 200000 values and keys",),
        case="fitting",
        on=HAPPY,
        timeout=5.0,
        place=Place(patient=True),
    ),
    Row(
        "F123-json-proto-keys",
        "No choices, but keys that are dangerous elsewhere, one of 2 MB.",
        _json(dumps({"__proto__": {"x": 1}, "constructor": 1, "</script>": 1, "=cmd|' /C calc'!A0": 1, "k" * 2_000_000: 1})),
        NO_GO,
        "contract.choices_missing",
        ("__proto__", "kkk"),
        on=HAPPY,
        never=("k" * 200,),
        timeout=5.0,
        loud=True,
    ),
)

CONTRACT = (
    _unsafe("F124-choices-missing", "An empty object.", b"{}", "$.choices", "an empty object", code="contract.choices_missing"),
    _unsafe("F125-choices-empty", "No choice.", completion(choices=[]), "$.choices", "rogue-1", code="contract.choices_empty"),
    *(
        _unsafe("F127-message-missing", f"choices is {dumps(choices).decode()}.", completion(choices=choices), "$.choices[0].message", case=case, code="contract.message_missing")
        for case, choices in (("object", [{}]), ("null", [None]), ("array", [[]]))
    ),
    _unsafe("F130-error-and-choices", "An error beside good choices.", completion(error={"message": "boom", "code": "upstream"}), "$.error", "boom", "upstream", code="contract.error_present"),
    Row(
        "F130-error-and-choices",
        "error: null beside good choices.",
        _json(completion(error=None)),
        GO,
        case="null",
        on=HAPPY,
        why="null is no error; faults.json says so in the same row",
    ),
    _unsafe("F131-200-with-error", "An error under 200.", error("invalid key", code=401), "200", "401", "invalid key", code="contract.error_present"),
    Row(
        "F133-ct-html",
        "A 502 page with a script.",
        plays(reply("<html><script>alert(1)</script>", "502 Bad Gateway", media=HTML)),
        NO_GO,
        "gateway.error",
        ("502", "text/html", "alert(1)"),
        why="the truer cause: the page is a gateway's, and neither model nor key are to blame",
        never=("auth.rejected", "model.unavailable"),
        loud=True,
    ),
    Row(
        "F134-ct-sse-for-nonstream",
        "A stream, although stream: false was sent.",
        plays(reply(b"data: " + ANSWER + b"\n\ndata: [DONE]\n\n", media=SSE)),
        NO_GO,
        "stream.unexpected",
        ("text/event-stream", "stream: false was sent"),
        on=HAPPY,
    ),
    *(
        Row(
            "F135-ct-json-suffix",
            f"Content-Type: {media}.",
            plays(reply(ANSWER, media=f"Content-Type: {media}")),
            GO,
            says=(media,),
            case=case,
            on=HAPPY,
        )
        for case, media in (
            ("problem", "application/problem+json"),
            ("case", "Application/JSON; Charset=UTF-8"),
            ("semicolons", "application/json;;"),
        )
    ),
    Row(
        "F137-auth-401-html",
        "A wrong key is refused with a page.",
        plays(reply("<html>401</html>", "401 Unauthorized", media=HTML)),
        NO_GO,
        "auth.error_body",
        ("401", "text/html"),
        on=AUTH,
    ),
    Row(
        "F138-auth-401-no-error",
        "A wrong key is refused with an empty object.",
        plays(reply("{}", "401 Unauthorized")),
        NO_GO,
        "auth.error_body",
        ("401", "an empty object"),
        on=AUTH,
    ),
    *(
        Row(
            "F139-auth-429",
            f"A wrong key is answered with 429 and Retry-After: {after}.",
            plays(reply(error("Too many requests"), "429 Too Many Requests", f"Retry-After: {after}")),
            UNDECIDED,
            "account.rate_limited",
            ("429", after),
            case=case,
            on=AUTH,
        )
        for case, after in (
            ("", "999999999"),
            ("negative", "-1"),
            ("words", "soon"),
            ("date", "Wed, 31 Feb 2026 00:00:00 GMT"),
        )
    ),
    Row(
        "F139-auth-429",
        "Everything is answered with 429 and Retry-After: 999999999.",
        plays(reply(error("Too many requests"), "429 Too Many Requests", "Retry-After: 999999999")),
        NO_GO,
        "account.rate_limited",
        ("429", "999999999"),
        case="all",
        why="a whole reply with another status than 200 breaks a must on the happy path (interface.md)",
    ),
    Row(
        "F140-model-echo-other",
        "The answer names another model than was asked for.",
        _json(completion(model="other-\x1b[31mmodel")),
        GO,
        on=HAPPY,
        loud=True,
    ),
)

ROWS = (*CODINGS, *CHARSETS, *JSONS, *FLOODS, *CONTRACT)

