"""What a text is full of hides no key in it, nor in another text: searches have limits, and who knows them could first
fill them."""

import base64
import json
import os
import time
import zlib
from collections.abc import Callable

import pytest

from chatproof.record import whole_bodies
from chatproof.secrets.redaction import MARK, Redactor, find_secret, find_secret_among
from chatproof.wire.exchange import Secret
from tests.support import KEY, play, wire

SECRET = Secret(KEY)


def packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def bombs(number: int, size: int = 64 * 1024) -> str:
    """Texts of a few dozen characters, each of which holds a large one."""
    return " ".join(packed(zlib.compress(bytes([97 + at % 26]) * (size - at))) for at in range(number)) + " "


WIDE = "".join(chr(ord(char) + 0xFEE0) for char in KEY)
FORMS = {
    "base64 of hex": packed(KEY.encode().hex().encode()),
    "hex of base64": packed(KEY.encode()).encode().hex(),
    "base64 of full width": packed(WIDE.encode()),
    "base64 of UTF-16 in full width": packed(WIDE.encode("utf-16-le")),
    "compressed": packed(zlib.compress(KEY.encode())),
    "compressed behind much": packed(zlib.compress(b"a" * 30_000 + KEY.encode())),
    "an object of its letters": json.dumps({str(at): char for at, char in enumerate(KEY)}),
    "comments": "<!-- x -->".join(KEY),
    "escapes of CSS": "".join(f"\\{ord(char):06x}" for char in WIDE),
    "numbers behind numbers": str([1] * 9000 + [*WIDE.encode()]),
}
FULL: dict[str, Callable[[], str]] = {
    "nothing": str,
    "a page": lambda: "lorem ipsum dolor sit amet\n" * 12_000,
    "runs of base64": lambda: " ".join(packed(os.urandom(36)) for _ in range(5000)) + " ",
    "one run of base64": lambda: packed(os.urandom(100_000)) + " ",
    "one run that begins like zlib": lambda: "/eJ" + packed(os.urandom(100_000)) + " ",
    "bombs": lambda: bombs(100),
}


@pytest.mark.parametrize("full", FULL)
def test_what_a_text_is_full_of_hides_no_key_behind_it(full: str) -> None:
    before = FULL[full]()
    redactor = Redactor([SECRET])
    chosen = FORMS if not before else ("base64 of hex", "compressed behind much", "an object of its letters")
    assert not [name for name in chosen if FORMS[name] in redactor.text(before + FORMS[name])]


def test_a_key_within_a_long_run_is_found() -> None:
    run = packed(b"x" * 60_000 + WIDE.encode() + b"x" * 60_000)
    assert Redactor([SECRET]).text(run) == MARK and find_secret(run.encode(), SECRET)


@pytest.mark.parametrize("form", FORMS)
def test_what_one_text_is_full_of_hides_no_key_in_another(form: str) -> None:
    assert find_secret(FORMS[form].encode(), SECRET)
    assert find_secret_among([bombs(100).encode(), FORMS[form].encode(), bombs(100).encode()], SECRET)


def test_a_server_cannot_fill_a_record_so_that_the_key_stays_in_it() -> None:
    """A page of bombs as the body of each reply, and the key in a header that is kept."""
    head = f"502 text/plain\nX-Request-Id: {FORMS['base64 of hex']}\n\n"
    numbers = iter(range(1, 100))

    def page(head: str = "502 text/plain\n\n") -> bytes:
        return wire(head + bombs(80, 16 * 1024 - 50 * next(numbers)))

    probes = ("auth.invalid_key", "auth.missing_key", "models")
    played = play({"happy": page(head), **{probe: page() for probe in probes}})
    leak = [f for f in played.judgement.findings if f.clause == "secret.not_reflected" and f.exchange == "x-happy"]
    assert [finding.outcome for finding in leak] == ["broken"]
    assert FORMS["base64 of hex"] not in json.dumps(played.record.document)


@pytest.mark.parametrize("full", ["runs of base64", "one run of base64", "bombs", "a page"])
@pytest.mark.parametrize("form", ["base64 of hex", "an object of its letters"])
def test_no_whole_body_is_kept_that_holds_the_key_behind_much(form: str, full: str) -> None:
    played = play({"happy": wire(f"502 text/plain\n\n{FULL[full]()}{FORMS[form]}")})
    kept = next(body for body in whole_bodies.of(played.judgement, played.exchanges) if body.exchange == "x-happy")
    assert FORMS[form].encode() not in kept.data


@pytest.mark.parametrize("full", ["runs of base64", "one run of base64", "one run that begins like zlib", "a page"])
def test_a_full_text_without_the_key_is_left_alone(full: str) -> None:
    text = FULL[full]()
    assert Redactor([SECRET]).text(text) == text


@pytest.mark.parametrize("piece", ["\x1b[1", "_", "1 ", "ab" * 28 + "\n", "A" * 60 + "\n", '{"0":"s",', "H4sIAAAAAAAA"])
def test_searching_all_of_a_text_costs_what_its_size_costs(piece: str) -> None:
    redactor = Redactor([SECRET])

    def cost(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        begun = time.process_time()
        redactor.finds(text)
        return time.process_time() - begun

    assert cost(1024 * 1024) < 8 * cost(256 * 1024) + 0.5
