"""Rows whose point is what is written down: the key reflected, secrets of others, text that is dangerous elsewhere."""

from __future__ import annotations

import codecs
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

from tests.rogue.row import GO, HAPPY, KEYED, MODELS, NO_GO, Row, Script, Turn, plays
from tests.rogue.wire import ANSWER, completion, dumps, error, gzipped, head, reply


def _b64(shift: int, encode: Callable[[bytes], bytes] = b64encode) -> Callable[[str], bytes]:
    return lambda key: encode(b"x" * shift + key.encode() + b"yz")


def _each(form: str) -> Callable[[str], bytes]:
    return lambda key: "".join(form % ord(char) for char in key).encode()


# case: how it is named in the evidence, how the key is written into the content of a good answer
ENCODINGS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "": ("base64", _b64(0)),
    "shift-1": ("base64", _b64(1)),
    "shift-2": ("base64", _b64(2)),
    "url-safe": ("base64", _b64(2, urlsafe_b64encode)),
    "unpadded": ("base64", lambda key: b64encode(b"Bearer " + key.encode()).rstrip(b"=")),
    "hex": ("hex", lambda key: key.encode().hex().encode()),
    "hex-upper": ("hex", lambda key: key.encode().hex().upper().encode()),
    "percent": ("", _each("%%%02x")),
    "percent-upper": ("", _each("%%%02X")),
    "json-escapes": ("", _each("\\u%04x")),
    "json-escapes-upper": ("", _each("\\u%04X")),
    "html-hex": ("", _each("&#x%x;")),
    "html-decimal": ("", _each("&#%d;")),
    "rot13": ("rot13", lambda key: codecs.encode(key, "rot13").encode()),
    "reversed": ("reversed", lambda key: key[::-1].encode()),
    "folded": ("plain", lambda key: key.upper().encode()),
    "gzip-base64": ("", lambda key: b64encode(gzipped(b"key=" + key.encode()))),
}
_FOREIGN = {
    "openai": "sk-proj-" + "Zx9" * 16,
    "github": "ghp_" + "A1b2C3d4" * 4 + "wxyz",
    "aws": "AKIAQ7W8E9R0T1Y2U3I4",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlLW9mLXNvbWVib2R5",
    "pem": "-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----",
}
_FOREIGN_TEXT = " ".join(_FOREIGN.values())
_FOREIGN_VALUES = (*list(_FOREIGN.values())[:-1], "MIIBVgIBADANBgkqhkiG9w0BAQEFAASC")


def _written(encode: Callable[[str], bytes]) -> Script:
    """A good answer with the key in it, in some form."""
    return lambda turn: (reply(ANSWER.replace(b'"pong"', b'"pong ' + encode(turn.key) + b'"')),)


REFLECTIONS = (
    Row(
        "F154-reflect-body",
        "The refusal of a good key quotes it.",
        lambda turn: (reply(error(f"bad key Bearer {turn.key}"), "401 Unauthorized"),),
        NO_GO,
        "auth.rejected",
        ("body (plain)", "[REDACTED:api_key]"),
        on=KEYED,
        beside=("secret.reflected",),
        why="the refusal is what a person must mend first; the reflection stands beside it",
        loud=True,
    ),
    Row(
        "F154-reflect-body",
        "A good answer with the key in an unknown field.",
        lambda turn: (reply(completion(debug={"authorization": f"Bearer {turn.key}"})),),
        NO_GO,
        "secret.reflected",
        ("body (plain)",),
        case="answer",
        on=HAPPY,
        loud=True,
    ),
    Row(
        "F154-reflect-body",
        "The key is the name of a field, of a model, and of the error's code.",
        lambda turn: (
            reply(dumps({turn.key: 1, "model": turn.key, "error": {"code": turn.key, "type": turn.key[9:]}}), "400 B"),
        ),
        NO_GO,
        "request.rejected",
        ("[REDACTED:api_key]",),
        case="names",
        on=KEYED,
        beside=("secret.reflected",),
        why="the refusal is what a person must mend first; the reflection stands beside it",
        loud=True,
    ),
    Row(
        "F155-reflect-headers",
        "The key comes back in X-Echo, WWW-Authenticate and Set-Cookie of a good answer.",
        lambda turn: (
            reply(
                ANSWER,
                "200 OK",
                f"X-Echo: Bearer {turn.key}",
                f'WWW-Authenticate: Bearer realm="{turn.key}"',
                f"Set-Cookie: k={turn.key}",
            ),
        ),
        NO_GO,
        "secret.reflected",
        ("header X-Echo", "header WWW-Authenticate", "header Set-Cookie"),
        on=HAPPY,
        loud=True,
    ),
    Row(
        "F155-reflect-headers",
        "The key is the name of a header, and stands in Server, Content-Type and the request id.",
        lambda turn: (
            head(
                "200 OK",
                f"{turn.key}: x",
                f"Server: {turn.key[20:]}{turn.key[:30]}",
                f"X-Request-Id: {turn.key}",
                f"Content-Type: application/{turn.key}",
                f"Content-Length: {len(ANSWER)}",
            )
            + ANSWER,
        ),
        NO_GO,
        "contract.media_type",
        ("[REDACTED:api_key]",),
        case="names",
        on=HAPPY,
        beside=("secret.reflected",),
        why="a media type that is no JSON is a fault of its own; the reflection stands beside it",
        loud=True,
    ),
    *(
        Row(
            "F156-reflect-base64",
            f"A good answer whose content holds the key in another form: {case or 'base64'}.",
            _written(encode),
            NO_GO,
            "secret.reflected",
            (name,) if name else ("the key is in",),
            case=case,
            on=HAPPY,
            loud=True,
        )
        for case, (name, encode) in ENCODINGS.items()
    ),
    Row(
        "F159-reflect-other-secrets",
        "A good answer with secrets of somebody else in it.",
        plays(reply(completion("pong", debug=_FOREIGN_TEXT))),
        GO,
        on=HAPPY,
        never=_FOREIGN_VALUES,
    ),
    Row(
        "F159-reflect-other-secrets",
        "An error whose message holds secrets of somebody else.",
        plays(reply(error(f"upstream said: {_FOREIGN_TEXT}"), "500 Internal Server Error")),
        NO_GO,
        "server.error",
        case="error",
        never=_FOREIGN_VALUES,
        why="a 500 is a fault of its own; what faults.json forbids is to store the secrets",
    ),
)

XSS = ('"><img src=x onerror=alert(1)>', "</script><script>", "--><svg onload=alert(1)>")
FORMULAS = {
    "": "=cmd|' /C calc'!A0",
    "plus": "+1",
    "minus": "-1",
    "at": "@x",
    "tab": "\t=1",
    "cr": "\r=1",
    "space": " =1",
    "second-line": "ok\n=1",
    "full-width": "\uff1d1",
}
YAML = {
    "": 'x"\npass_fail: "PASS',
    "tag": "!!python/object:os.system",
    "alias": "*a",
    "anchor": "&a",
    "directive": "%TAG ! x",
    "no": "no",
    "float": "1e3",
    "octal": "0o7",
    "next-line": "x\u0085pass_fail: PASS",
}
_ERROR = '{"error":{"message":"%s","code":"bad_thing"}}'


def _said(id: str, does: str, message: str, *says: str, case: str = "", never: tuple[str, ...] = ()) -> Row:
    """A JSON error with this message, to every request."""
    body = error(message, code="bad_thing")
    return Row(
        id, does, plays(reply(body, "400 Bad Request")), NO_GO, "request.rejected", says, case, never=never, loud=True
    )


def _everywhere(turn: Turn) -> tuple[bytes, ...]:
    text = XSS[0]
    body = dumps({"id": XSS[2], "model": XSS[1], "error": {"message": " ".join(XSS), "code": XSS[0]}})
    return (reply(body, f"400 {text}", f"X-Request-Id: {text}", f"Server: {XSS[1]}{XSS[2]}"),)


def _listing(turn: Turn) -> tuple[bytes, ...]:
    hostile = 'a"} 1\n# HELP evil\nevil 1'
    if turn.probe == "models":
        ids = [hostile, *(f"model-{number}-{'x' * 40}" for number in range(10_000))]
        return (reply(dumps({"object": "list", "data": [{"id": id} for id in ids]})),)
    return (reply(completion(model=hostile, choices=[])),)


OUTPUT = (
    Row(
        "F160-xss-everywhere",
        "Tags in header, reason, message, code, model and id.",
        _everywhere,
        NO_GO,
        "request.rejected",
        ("onerror=alert(1)",),
        loud=True,
    ),
    *(
        _said("F161-csv-formula", f"An error message that a spreadsheet runs: {text!r}.", text, case=case)
        for case, text in FORMULAS.items()
    ),
    *(
        _said("F162-yaml-break", f"An error message that breaks hand-made YAML: {text!r}.", text, case=case)
        for case, text in YAML.items()
    ),
    Row(
        "F163-junit-control",
        "Escaped controls, a non-character, half a surrogate pair, ]]> and an emoji in the message.",
        plays(reply(_ERROR % "\\u0000 \\u001b \\ufffe \\ud800 ]]> \\ud83d\\ude00", "400 Bad Request")),
        NO_GO,
        "request.rejected",
        ("400",),
        loud=True,
    ),
    _said(
        "F163-junit-control",
        "The same without the surrogate, which makes it JSON: the emoji is kept.",
        "\x00 \x1b \ufffe ]]> \U0001f600",
        "\U0001f600",
        "\\x00 \\x1b \\ufffe ]]>",
        case="json",
    ),
    Row(
        "F164-prom-label",
        "A model name that breaks a metrics page, in a listing of 10001.",
        _listing,
        NO_GO,
        "contract.choices_empty",
        ("rogue-1",),
        on=(*HAPPY, *MODELS),
        never=("evil 1\n", "model-9999-"),
        loud=True,
        heavy=True,
    ),
    _said(
        "F165-log-forge",
        "A message that forges a second log line, with U+2028 and a bidi override.",
        "x\nINFO pass_fail=PASS\r\n\u2028y\u202ez",
        "x\\x0aINFO pass_fail=PASS\\x0d\\x0a\\u2028y\\u202ez",
        never=("\nINFO",),
    ),
)

ROWS = (*REFLECTIONS, *OUTPUT)
