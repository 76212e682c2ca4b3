"""Looking for the canary in artefacts, in every encoding, whole or eight characters of it. Knows nothing of chatproof's
own redactor."""

from __future__ import annotations

import base64
import codecs
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from secrets import token_hex
from typing import Any

import yaml

WINDOW = 8
PREFIX = "sk-CANARY"


def canary() -> str:
    return PREFIX + token_hex(20)


def forms(text: str) -> Iterator[tuple[str, str]]:
    """(name, form) of each way in which a text may be written down, in lower case where case may be folded."""
    raw = text.encode()
    yield "plain", text
    yield "reversed", text[::-1]
    yield "rot13", codecs.encode(text, "rot13")
    yield "hex", raw.hex()
    yield "hex with colons", raw.hex(":")
    yield "percent", "".join(f"%{byte:02x}" for byte in raw)
    yield "JSON escapes", "".join(f"\\u{byte:04x}" for byte in raw)
    yield "hex escapes", "".join(f"\\x{byte:02x}" for byte in raw)
    yield "HTML decimal", "".join(f"&#{byte};" for byte in raw)
    yield "HTML hex", "".join(f"&#x{byte:x};" for byte in raw)
    yield "UTF-16", text.encode("utf-16-le").decode("latin-1")
    yield "UTF-16 escaped", "\\x00".join(text)
    yield "base32", base64.b32encode(raw).decode().rstrip("=")[:-1]


def exact_forms(text: str) -> Iterator[tuple[str, str]]:
    """Forms in which case matters: base64 at its three alignments, without the characters shared with neighbours."""
    raw = text.encode()
    for shift in range(3):
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            whole = encode(b"\0" * shift + raw).decode().rstrip("=")
            yield f"{name} at {shift}", whole[(0, 2, 3)[shift] : len(whole) - 1]


class Detector:
    """Finds a canary in bytes. Windows are of the random part: its prefix is no secret."""

    def __init__(self, key: str) -> None:
        random = key.removeprefix(PREFIX)
        windows = [random[i : i + WINDOW] for i in range(len(random) - WINDOW + 1)]
        self._folded: dict[str, str] = {}
        for text in (key, *windows):
            for name, form in forms(text):  # digits are the same in rot13: the first name counts
                self._folded.setdefault(form.lower(), name)
        self._exact = {form: name for text in (key, *windows) for name, form in exact_forms(text)}

    def find(self, data: bytes) -> list[str]:
        """Names of the forms found in the bytes, and in whatever the bytes decode to."""
        found: set[str] = set()
        for text in _readings(data):
            folded = text.lower()
            found |= {name for form, name in self._folded.items() if form in folded}
            found |= {name for form, name in self._exact.items() if form in text}
        return sorted(found)


def _readings(data: bytes) -> Iterator[str]:
    """The text as it stands, without white space, what base64 of gzip in it holds, and a document's strings, joined."""
    text = data.decode("utf-8", "replace")
    yield text
    yield re.sub(r"\s+", "", text)
    for run in re.findall(r"H4sI[A-Za-z0-9+/_-]+", text):
        with suppress(ValueError, zlib.error):
            packed = base64.b64decode(run.replace("-", "+").replace("_", "/")[: len(run) // 4 * 4] + "====")
            yield zlib.decompressobj(31).decompress(packed, 1 << 20).decode("latin-1")
    for load in (json.loads, yaml.safe_load):
        try:
            yield "\n".join(strings(load(text)))
            return
        except (ValueError, yaml.YAMLError):
            continue


def strings(value: Any) -> Iterator[str]:
    """Every string in a document, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif value is not None:
        yield str(value)
