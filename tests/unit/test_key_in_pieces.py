"""A key that a program wrote in pieces, with a number, a name or a call between them, is found and not kept."""

import json

import pytest

from chatproof.secrets.redaction import MARK, Redactor, find_secret
from chatproof.wire.exchange import Secret
from tests.pace import within
from tests.support import KEY

SECRET = Secret(KEY)


def _cut(size: int) -> list[str]:
    return [KEY[at : at + size] for at in range(0, len(KEY), size)]


SORTED = dict(sorted((str(at), char) for at, char in enumerate(KEY)))
"""As Go writes every map, and Python with sort_keys: 10 comes before 2."""
PIECES = {
    "copied as an object": json.dumps(dict(enumerate(KEY))),
    "copied as an object, escaped": json.dumps(json.dumps(dict(enumerate(KEY)))),
    "an array of bytes as an object": json.dumps(dict(enumerate(KEY.encode()))),
    "copied as an object, its names sorted": json.dumps(SORTED),
    "its names sorted, indented": json.dumps(SORTED, indent=2),
    "bytes as an object, its names sorted": json.dumps({name: ord(char) for name, char in SORTED.items()}),
    "sorted lines": "\n".join(sorted(f"{at}: {char}" for at, char in enumerate(KEY))),
    "lines in no order": "\n".join(
        sorted((f"{at}={char}" for at, char in enumerate(KEY)), key=lambda line: line[::-1])
    ),
    "printed by Python": repr(dict(enumerate(KEY))),
    "numbered pairs": repr(list(enumerate(KEY))),
    "named": json.dumps([{"char": char} for char in KEY]),
    "elements of a query": "&".join(f"key[{at}]={char}" for at, char in enumerate(KEY)),
    "tokens": json.dumps([{"token": piece, "logprob": -0.5} for piece in _cut(4)]),
    "tokens with bytes": json.dumps(
        [{"token": piece, "logprob": -1.5, "bytes": list(piece.encode())} for piece in _cut(3)]
    ),
    "numbered lines of 1": "\n".join(f"{at}: {piece}" for at, piece in enumerate(_cut(1))),
    "numbered lines of 7": "\n".join(f"{at}: {piece}" for at, piece in enumerate(_cut(7))),
    "lines of a log": "\n".join(f"2026-01-01 INFO {piece}" for piece in _cut(5)),
    "calls": ".".join(f"chr({byte})" for byte in KEY.encode()),
    "casts": ", ".join(f"(byte)0x{byte:02X}" for byte in KEY.encode()),
}


@pytest.mark.parametrize("form", PIECES)
def test_is_found_and_nothing_is_kept(form: str) -> None:
    text = f"Incorrect header {PIECES[form]} for this account"
    assert find_secret(text.encode(), SECRET)
    assert Redactor([SECRET]).text(text) == MARK


def test_other_things_in_pieces_stay() -> None:
    other = {"a": "The s and the k are letters, 1 and 2 are numbers.", "b": list(range(300))}
    for text in (json.dumps(other), json.dumps(dict(enumerate("nothing of it in here at all"))), KEY[:3] + " 1 2 3"):
        assert not find_secret(text.encode(), SECRET)
        assert Redactor([SECRET]).text(text) == text


@pytest.mark.parametrize("between", [" ", ".", ", ", " | ", "\n"])
def test_eight_letters_apart_are_no_words(between: str) -> None:
    redactor = Redactor([SECRET])
    assert redactor.text(f"the key begins {between.join(KEY[-9:])} and so on") == MARK
    for text in (f"A B C D E F G H I J: {between.join(KEY[-6:])}", between.join("otherletters"), "x y z " * 9):
        assert redactor.text(text) == text


def test_the_look_is_bounded() -> None:
    text = json.dumps([{"index": n, "a": "s", "b": 1} for n in range(200_000)])
    with within(2):
        assert not find_secret(text.encode(), SECRET)
