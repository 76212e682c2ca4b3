"""Keys with escapes of their own, in another case, in few numbers, behind backslashes: what the seventh attack had found.

Each is a form of two; what a reader of texts makes of the key is not the key as it was given.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from chatproof.printable import cut
from chatproof.secrets.redaction import MARK, clean, find_secret
from chatproof.wire.exchange import Secret

KEYS = {
    "percent": "Wq3kZ8v%2FbN7tR4%3DmX9cL2p%2BsJ6dF1",
    "mail": "IZsNbNP0=41EhWzjRc=3DJrPm8Qw2Lx9T",
    "backslashes": "dom\\u0041o9kTcfi8Zmp\\x42Ns3vQ7rLw2Yd",
    "references": "KcBEKanD0&amp;Rw8Zt3Lq9&#65;Xv5Np2Ms7Jd4",
    "tags": "Qm4Xz8Lw2<b>Rt6Ky9Pd3</b>Vn5Jc7Hs1F",
}
UPPER_HEX = "378892e9ecc387ab8b4585023a0286cc"


def _escaped(text: str) -> str:
    return "".join(f"\\U{ord(char):08x}" for char in text)


def _referred(text: str) -> str:
    return "".join(f"&#{ord(char):07};" for char in text)


def _circled(text: str) -> str:
    digits = "⓪①②③④⑤⑥⑦⑧⑨"
    small, large = 0x24D0 - ord("a"), 0x24B6 - ord("A")
    return "".join(
        digits[int(char)]
        if char.isdigit()
        else chr(ord(char) + (small if char.islower() else large))
        if char.isalpha()
        else char
        for char in text
    )


SPELT: dict[str, Callable[[str], str]] = {"\\U": _escaped, "&#0": _referred, "circled": _circled, "as it is": str}
PACKED: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "numbers": lambda text: json.dumps([*text.encode()]),
    "as it is": str,
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("spelt", SPELT)
@pytest.mark.parametrize("packed", PACKED)
def test_a_key_with_escapes_of_its_own(key: str, spelt: str, packed: str) -> None:
    secret = Secret(KEYS[key])
    text = PACKED[packed](SPELT[spelt](KEYS[key]))
    assert find_secret(f"the token {text} is wrong".encode(), secret)
    assert text[20:60] not in clean(f"the token {text} is wrong", secret)


@pytest.mark.parametrize("form", [str.upper, str.swapcase])
def test_the_rest_of_what_is_seen_in_part(form: Callable[[str], str]) -> None:
    """Its digits are packed as those of the key itself are: they were removed, and hid the rest."""
    packed = base64.b64encode(form(UPPER_HEX).encode()).decode()
    for before, behind in (("", ""), ("=?utf-8?B?", "?="), ('{"key": "', '"}')):
        text = clean(f"it is {before}{packed}{behind} there", Secret(UPPER_HEX))
        assert text == MARK or not any(packed[at : at + 8] in text for at in range(len(packed) - 8))


def test_a_path_with_a_key_keeps_its_other_parts() -> None:
    secret = Secret("sk-q8Zr4Kd1TqlhQCvpm8FOFlEsD4")
    text = f"https://api.test/v1/{secret.reveal()}/chat/completions"
    assert clean(text, secret) == f"https://api.test/v1/{MARK}/chat/completions"


@pytest.mark.parametrize("letters", [str.upper, lambda text: " ".join(text[at : at + 4] for at in range(0, 40, 4))])
def test_few_numbers_before_a_cut(letters: Callable[[str], str]) -> None:
    key = "qNqVwYS81vP7HmDx3ZkT5LrJ9cBf2GsW6dKpEa4u"
    text = cut(f"names: {json.dumps([*letters(key).encode()])}", 80)
    assert len(text) == 80 and clean(text, Secret(key)) == MARK


def _object(data: bytes) -> str:
    return json.dumps({str(at): byte for at, byte in enumerate(data)})


def _dump(data: bytes) -> str:
    rows = (f"{at:08x}  {data[at : at + 16].hex(' ')}  |{'.' * 16}|" for at in range(0, len(data), 16))
    return "\n".join(rows)


@pytest.mark.parametrize("written", [_object, lambda data: json.dumps(_object(data)), _dump])
@pytest.mark.parametrize("form", ["base64", "\\U", "zero width", "circled"])
def test_bytes_with_their_places_of_another_form(written: Callable[[bytes], str], form: str) -> None:
    key = "qNqVwYS81vP7HmDx3ZkT5LrJ9cBf2GsW6dKpEa4u"
    spelt = {**SPELT, "base64": PACKED["base64"], "zero width": "\u200b".join}[form](key)
    text = f"it is {written(spelt.encode())} there" if written is not _dump else f"it is\n{written(spelt.encode())}\nso"
    assert find_secret(text.encode(), Secret(key)) and clean(text, Secret(key)) == MARK


@pytest.mark.parametrize("between", ["\\", "&#"])
def test_a_backslash_between_other_letters(between: str) -> None:
    """Made plain, they would be escapes: \\v, \\f, \\b, &#8."""
    for key in ("3fa85f64-9c1e-4d27-b6a8-07d1e95c2b4f", "bfnrtv0afbnx42Zuq8Wd5Kp"):
        text = between.join(["", *_circled(key)])
        assert clean(f"no {text} here", Secret(key)) == MARK
