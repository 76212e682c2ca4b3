"""The scanner finds what it must: without this, a green leak suite says nothing."""

import base64
import codecs
import gzip
import json
import os
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.leaks.scanner import DECOY, KEY, Canary, controls, hidden, scan, whole_forms

FORMS = [name for name, _ in whole_forms(KEY.value)]
NESTS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "base64": base64.b64encode,
    "hex": lambda data: data.hex().encode(),
    "json": lambda data: json.dumps({"a": [data.decode("latin-1")]}).encode(),
    "percent": lambda data: "".join(f"%{b:02x}" for b in data).encode(),
    "html": lambda data: "".join(f"&#x{b:x};" for b in data).encode(),
    "utf-16": lambda data: data.decode("latin-1").encode("utf-16"),
    "utf-32": lambda data: data.decode("latin-1").encode("utf-32"),
    "ansi": lambda data: b"\x1b[1m".join(data[i : i + 5] for i in range(0, len(data), 5)),
    "zero-width": lambda data: "\u200b".join(data.decode("latin-1")).encode(),
    "lines": lambda data: b"\n".join(data[i : i + 3] for i in range(0, len(data), 3)),
    "deltas": lambda data: b"".join(
        b"data: %s\n\n" % json.dumps({"delta": {"content": data[i : i + 4].decode("latin-1")}}).encode()
        for i in range(0, len(data), 4)
    ),
    "strings": lambda data: b'"' + b'" "'.join(data[i : i + 6] for i in range(0, len(data), 6)) + b'"',
}
PAIRS = [("gzip", "base64"), ("base64", "json"), ("deltas", "json"), ("percent", "percent"), ("html", "json"),
         ("base64", "base64"), ("hex", "gzip"), ("json", "json"), ("lines", "ansi"), ("zlib", "hex")]  # fmt: skip


@pytest.mark.parametrize("number", range(len(FORMS)), ids=FORMS)
def test_whole_forms(number: int) -> None:
    for _ in range(2):
        canary = Canary("fresh")
        form = list(whole_forms(canary.value))[number][1]
        for text in (form, form.upper() if "64" not in FORMS[number] and "85" not in FORMS[number] else form):
            assert scan(f"before {text} after", canary)
        assert not scan(f"before {form} after", KEY)


@pytest.mark.parametrize("nest", [*NESTS, *PAIRS], ids=str)
def test_nested(nest: str | tuple[str, ...]) -> None:
    data = KEY.value.encode()
    for name in (nest,) if isinstance(nest, str) else nest:
        data = NESTS[name](data)
    assert scan(b"before " + data + b" after" if data[:1] not in b"{[" else data, KEY)


def test_every_window_is_found_at_every_place_in_every_narrow_form() -> None:
    for start in range(len(KEY.random) - 7):
        piece = KEY.random[start : start + 8]
        raw = piece.encode()
        forms = [piece, piece.upper(), piece[::-1], codecs.encode(piece, "rot13"), raw.hex(), f"{raw!r}"]
        forms += ["".join(f"%{b:02x}" for b in raw), "".join(f"\\u{b:04x}" for b in raw), str(list(raw))]
        for pad in range(4):
            forms += [base64.b64encode(b"x" * (pad + 6) + raw + b"y" * 6).decode()]
            forms += ["." * pad + form for form in forms[:3]]
        assert [form for form in forms if not scan(form, KEY)] == []


def test_random_embeddings_in_base64() -> None:
    for _ in range(200):
        before, after = os.urandom(os.urandom(1)[0] % 40), os.urandom(os.urandom(1)[0] % 40)
        assert scan(base64.b64encode(before + KEY.value.encode() + after), KEY)


def test_hashes_are_oracles() -> None:
    import hashlib

    assert scan(hashlib.sha256(KEY.value.encode()).hexdigest(), KEY)
    assert scan(hashlib.md5(f"Bearer {KEY.value}".encode()).hexdigest().upper(), KEY)


def test_clean_text_is_clean() -> None:
    text = ("sk-CANARY [REDACTED:api_key] " + os.urandom(3000).hex() + base64.b64encode(os.urandom(3000)).decode()) * 2
    assert scan(text, KEY, DECOY) == []
    assert scan("sk-CANARY" + "…" + KEY.random[-4:], KEY) == []


def test_the_hidden_decoy_is_found() -> None:
    assert scan(hidden(), DECOY) and not scan(hidden(), KEY) and DECOY.random.encode() not in hidden()


def test_controls() -> None:
    assert controls(b"a\x1b[0m\xe2\x80\xae\r\n") == ["U+000D", "U+001B", "U+202E"] and not controls("é\n".encode())


@pytest.mark.parametrize("form", ["raw", "base64", "gzip"])
def test_a_journal_is_read_row_by_row_and_as_it_lies(form: str, tmp_path: Path) -> None:
    text = {
        "raw": KEY.value,
        "base64": json.dumps({"a": base64.b64encode(b"x" + KEY.value.encode()).decode()}),
        "gzip": hidden(KEY).decode(),
    }[form]
    kept = sqlite3.connect(tmp_path / "j.sqlite3")
    kept.execute("PRAGMA journal_mode = WAL")
    kept.execute("CREATE TABLE t (a TEXT)")
    kept.execute("INSERT INTO t VALUES (?)", ("y" * 9000 + " " + text,))
    kept.commit()
    assert form == "gzip" or scan((tmp_path / "j.sqlite3-wal").read_bytes(), KEY)
    kept.close()
    assert scan((tmp_path / "j.sqlite3").read_bytes(), KEY)
    assert not scan((tmp_path / "j.sqlite3").read_bytes(), DECOY)
