"""A secret of eight to nineteen characters, whole in a reply, and cut off by a sentence of ours that quotes it.

Shorter than twenty, it is removed whole only: of what stood before the cut, up to fifteen of sixteen characters stayed.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable

import pytest

import chatproof
from chatproof.printable import cut, quote, snippet
from chatproof.secrets.redaction import MARK, Redactor, clean, is_word_like
from chatproof.wire.exchange import Secret

SECRETS = ("x7Qp2Lm9", "pw-8Zr4Kd1Tq", "lhQCvpm8FOFlEsD4", "a9F3k2L8q7W6e5R4t1Y")
MOST = 5  # characters that may stay of one
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "hex": lambda text: text.encode().hex(),
    "\\u": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "\\x": lambda text: "".join(f"\\x{ord(char):02x}" for char in text),
    "percent": lambda text: "".join(f"%{ord(char):02X}" for char in text),
    "HTML": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "zero width": "\u200b".join,
    "blanks": " ".join,
    "full width": lambda text: "".join(chr(ord(char) + 0xFEE0) for char in text),
}
CUTS: dict[str, Callable[[str], str]] = {
    "a quotation": lambda text: f"error message {quote(text, 120)}",
    "a body": lambda text: f"text: {snippet(text.encode(), 100)}",
    "a name": lambda text: f'$.error["{cut(text, 60)}"]',
}


def left(text: str, secret: str) -> int:
    """The longest run of the secret's characters in a text, whose escapes are undone; as it stands and squeezed."""
    plain = re.sub(r"\\+u([0-9a-f]{4})|\\+x([0-9a-f]{2})", lambda f: chr(int(f[1] or f[2], 16)), html.unescape(text))
    plain = re.sub("%([0-9A-F]{2})", lambda f: chr(int(f[1], 16)), plain)
    plain = "".join(chr(ord(char) - 0xFEE0) if 0xFF01 <= ord(char) <= 0xFF5E else char for char in plain)
    hexadecimal = "".join(
        bytes.fromhex(run[: len(run) // 2 * 2]).decode("latin-1") for run in re.findall("[0-9a-f]{6,}", plain)
    )
    squeezed, wanted = (re.sub("[^a-z0-9]", "", each.lower()) for each in (f"{plain} {hexadecimal}", secret))
    runs = (wanted[at : at + size] for size in range(len(wanted), 0, -1) for at in range(len(wanted) - size + 1))
    return next((len(run) for run in runs if run in squeezed), 0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("where", CUTS)
def test_no_more_than_a_few_characters_stay(form: str, where: str) -> None:
    for secret in SECRETS:
        written = FORMS[form](secret)
        for before in range(0, 124, 1 if form == "plain" else 6):
            filler = ("the gateway said no to it, " * 5)[:before]
            text = clean(CUTS[where](f"{filler} {written} and so on, at length, " + "as ever " * 20), Secret(secret))
            assert left(text, secret) <= MOST, (secret, before, text)


def test_what_is_not_cut_stays_as_it_was() -> None:
    secret = Secret("gateway-12345")
    for text in ("the gateway is down", "gateway-123 is none", "it said: the gate", "… gateway-123 is behind the cut"):
        assert clean(text, secret) == text and not Redactor([secret]).finds(text)
    assert clean("it said: the gateway-1…", secret) == f"it said: the {MARK}…"
    assert clean("ollama is a wo… and olla…", Secret("ollama")) == "ollama is a wo… and olla…"


@pytest.mark.parametrize("secret", SECRETS[1:])
def test_nor_of_a_password_that_a_capture_shows(secret: str) -> None:
    """In every place of a reply's sentence."""
    for before in range(40, 130, 5):
        said = json.dumps(
            {"error": {"message": f"{'no such user ' * 20}"[:before] + f" {secret} is wrong" + " ." * 60}}
        )
        text = (
            f"curl -i -u me:{secret} https://api.test/v1/chat/completions -d '{{}}'\n"
            f"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n{said}"
        )
        made = chatproof.judge_bytes(text.encode())
        assert left(json.dumps(made.document, ensure_ascii=False), secret) <= MOST


def test_an_id_of_a_request_says_that_it_was_cut() -> None:
    said = '{"error": {"message": "no"}}'
    text = f"HTTP/1.1 401 U\r\nx-request-id: {'r' * 260}\r\nContent-Type: application/json\r\n\r\n{said}"
    made = chatproof.judge_bytes(text.encode())
    assert made.document["exchanges"][0]["response"]["request_id"] == "r" * 199 + "…"


@pytest.mark.parametrize("key", ["qWzRtYpLkJhGfDsX", "xKqZvJwPbTgRmHdN"])
def test_letters_that_nobody_chose_are_no_words(key: str) -> None:
    """They are found in every form, as a key with digits is."""
    assert not is_word_like(Secret(key))
    for form in (key.encode().hex(), " ".join(key), base64.b64encode(key.encode()).decode()):
        assert form not in clean(f"bad key {form}", Secret(key))


@pytest.mark.parametrize("word", ["ollama", "EMPTY", "not-needed", "NotNeeded", "noApiKeyNeeded", "MyCompanyGateway"])
def test_and_words_stay_words(word: str) -> None:
    assert is_word_like(Secret(word))
    assert clean(f"bad key {' '.join(word)}", Secret(word)) == f"bad key {' '.join(word)}"
