"""No secret survives the redactor, whole, in part or encoded; and what is no secret does."""

import base64
import codecs
import copy
import gzip
import html
import itertools
import pickle
import re
import tracemalloc
import urllib.parse
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatproof.secrets import escapes, inflated, known_formats, windows
from chatproof.secrets.packed import encodings, squeeze
from chatproof.secrets.redaction import FOREIGN_STARTS, MARK, Redactor, clean, find_secret, fingerprint
from chatproof.wire.exchange import Secret
from tests.pace import within
from tests.support import KEY

SECRET = Secret(KEY)
FORMS = {
    "plain": KEY,
    "lower": KEY.lower(),
    "reversed": KEY[::-1],
    "hex": KEY.encode().hex(),
    "HEX": KEY.encode().hex().upper(),
    "percent": "".join(f"%{b:02x}" for b in KEY.encode()),
    "rot13": codecs.encode(KEY, "rot13"),
    "json": "".join(f"\\u{b:04x}" for b in KEY.encode()),
    "html": "".join(f"&#{b};" for b in KEY.encode()),
    "htmlx": "".join(f"&#x{b:x};" for b in KEY.encode()),
    **{f"base32+{n}": base64.b32encode(b"x" * n + KEY.encode() + b"y" * n).decode() for n in range(5)},
    **{f"base85+{n}": base64.b85encode(b"x" * n + KEY.encode() + b"y" * n).decode() for n in range(4)},
    **{f"ascii85+{n}": base64.a85encode(b"x" * n + KEY.encode() + b"y" * n).decode() for n in range(4)},
    **{f"base64+{n}": base64.b64encode(b"x" * n + KEY.encode() + b"y" * (n * 2)).decode() for n in range(4)},
    "base64url": base64.urlsafe_b64encode(b"Bearer " + KEY.encode()).decode(),
    "quoted": urllib.parse.quote(KEY),
    "html-escaped": html.escape(KEY),
}


@pytest.mark.parametrize("form", FORMS)
def test_found_and_removed(form: str) -> None:
    text = f"before {FORMS[form]} after"
    assert find_secret(text.encode(), SECRET)
    clean = Redactor([SECRET]).text(text)
    assert MARK in clean and clean.startswith("before ") and clean.endswith(" after")
    for _, encoded in encodings(KEY):
        assert not any(encoded[i : i + 12] in clean for i in range(len(encoded) - 11))


HALF = len(KEY) // 2
PARTLY = {
    "json": f"{KEY[:HALF]}\\u{ord(KEY[HALF]):04x}{KEY[HALF + 1 :]}",
    "hex": f"{KEY[:HALF]}\\x{ord(KEY[HALF]):02X}{KEY[HALF + 1 :]}",
    "percent": f"{KEY[:HALF]}%{ord(KEY[HALF]):02x}{KEY[HALF + 1 :]}",
    "percent-twice": f"{KEY[:HALF]}%25{ord(KEY[HALF]):02x}{KEY[HALF + 1 :]}",
    "html": f"{KEY[:HALF]}&#{ord(KEY[HALF])};{KEY[HALF + 1 :]}",
    "first": f"%{ord(KEY[0]):02x}{KEY[1:]}",
    "last": f"{KEY[:-1]}&#x{ord(KEY[-1]):x};",
    "all-but-eight": "".join(f"\\u{ord(char):04x}" for char in KEY[:-8]) + KEY[-8:],
}


@pytest.mark.parametrize("form", PARTLY)
def test_a_key_of_which_some_characters_are_encoded_is_found(form: str) -> None:
    for before in (0, 250_000, 262_144 - 20, 300_000):  # the look goes in steps
        data = b"x" * before + f" {PARTLY[form]} ".encode() + b"y" * 1000
        assert find_secret(data, SECRET) == "partly encoded"
    clean = Redactor([SECRET]).text(f"before {PARTLY[form]} after")
    assert not any(KEY[i : i + 8] in clean for i in range(len(KEY) - 7))


def _each(form: Callable[[int], str], step: int = 1) -> str:
    return "".join(form(ord(char)) if at % step == 0 else char for at, char in enumerate(KEY))


WOVEN = {
    "percent-every-second": _each(lambda c: f"%{c:02X}", 2),
    "html-every-sixth": _each(lambda c: f"&#{c};", 6),
    "html-zeros": _each(lambda c: f"&#{c:04};"),
    "html-twice": _each(lambda c: f"&amp;#{c};"),
    "json-every-third": _each(lambda c: f"\\u{c:04X}", 3),
    "octal-every-second": _each(lambda c: f"\\{c:03o}", 2),
    "long": _each(lambda c: f"\\U{c:08x}", 2),
    "quoted-printable": _each(lambda c: f"={c:02X}", 2),
    "braces": _each(lambda c: f"\\u{{{c:x}}}"),
    "0x": _each(lambda c: f"0x{c:02X}, "),
    "zeros": _each(lambda c: f"{c:03} "),
    "powershell": base64.b64encode(KEY.encode("utf-16-le")).decode(),
    "full-width": _each(lambda c: chr(c + 0xFEE0) if chr(c).isalnum() else chr(c)),
    "bold": _each(lambda c: chr(0x1D400 + c - 65) if chr(c).isupper() else chr(c)),
    **{
        f"between {mark!r}": mark.join(KEY)
        for mark in (
            "&nbsp;", "&shy;", "&#8203;", "%E2%80%8B", "%20", "%00", "<wbr>", "<br>", "</b><b>", "\u200b", "\\u200b",
            "\x1b[38:5:1m", "\x1b[?25h", "\x1b[1~", "\x1b(B", "\x1b]0;title\x07", "\x9b31m", "\\u001b\\u005b31m",
            "&#27;[31m", "%1B[31m", "\\E[0m", "\\033[0m", "\\x1b]8;;\\x07",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("form", WOVEN)
def test_a_key_woven_with_escapes_is_found_and_nothing_of_it_is_kept(form: str) -> None:
    assert find_secret(f"before {WOVEN[form]} after".encode(), SECRET)
    clean = Redactor([SECRET]).text(f"before {WOVEN[form]} after")
    assert MARK in clean and not any(KEY[at : at + 4] in clean for at in range(3, len(KEY) - 3))
    assert WOVEN[form][8:40] not in clean


def test_a_short_key_is_removed_in_any_form_that_is_found() -> None:
    """Below twenty characters no piece of it is looked for: it is removed whole, or its text is."""
    short = "sk-Vq7Zr2Kd9w"
    made = {
        "numbers": str([*short.encode()]), "dump": short.encode().hex(" "), "HTML": "".join(f"&#x{ord(c):04X};" for c in short),
        "apart": "_".join(short), "gzip": base64.b64encode(gzip.compress(short.encode())).decode(),
        "colour": "\x1b[31m".join(short), "wide": "\u200b".join(short), "percent": "".join(f"%{ord(c):02x}" for c in short),
        "utf-16": short.encode("utf-16-le").decode("latin-1"), "groups": " ".join(short[at : at + 4] for at in range(0, 13, 4)),
    }  # fmt: skip
    for name, text in made.items():
        assert find_secret(f"a {text} z".encode(), Secret(short)), name
        assert MARK in (clean := Redactor([Secret(short)]).text(f"a {text} z")) and text not in clean, name


def test_a_word_for_a_key_takes_no_text_with_it() -> None:
    assert Redactor([Secret("lm-studio")]).text("LM Studio's lm-studio") == f"LM Studio's {MARK}"


def test_a_key_with_few_letters_is_found_as_it_stands() -> None:
    for key in ("sk-12345", "sk-test-1", "#-4k~_=/+9.!?-"):
        assert find_secret(f"your key {key} is bad".encode(), Secret(key)) == "plain"


def test_many_short_runs_of_gzip_cost_little() -> None:
    text = ("H4sI" + "A" * 20 + " ") * 40_000
    with within(2):
        assert find_secret(text.encode(), SECRET) == "" and Redactor([SECRET]).text(text) == MARK
        stored = gzip.compress(b"x" * 40_000, 0)[:-9] + b"\xff" * 9
        damaged = (base64.b64encode(stored).decode() + " ") * 60
        find_secret(damaged.encode(), SECRET)


def test_most_of_a_key_is_not_the_key() -> None:
    masked = f"{KEY[:HALF]}****{KEY[HALF + 4 :]}"
    assert find_secret(f"{masked} {KEY[:HALF]}%2A{KEY[HALF + 1 :]}".encode(), SECRET) == ""
    assert find_secret((KEY[:-1] + " ").encode() * 100_000, SECRET) == ""


SPELT = {
    "utf-16-le": KEY.encode("utf-16-le"),
    "utf-16-be": KEY.encode("utf-16-be"),
    "utf-32": KEY.encode("utf-32"),
    "swapped case": KEY.swapcase().encode(),
    "hex with colons": ":".join(f"{b:02x}" for b in KEY.encode()).encode(),
    "hex with spaces": " ".join(f"{b:02X}" for b in KEY.encode()).encode(),
    "escapes": "".join(f"\\x{b:02X}" for b in KEY.encode()).encode(),
    "octal": "".join(f"\\{b:03o}" for b in KEY.encode()).encode(),
    "quoted-printable": "".join(f"={b:02X}" for b in KEY.encode()).encode(),
    "numbers": str(list(KEY.encode())).encode(),
    "percent twice": "".join(f"%25{b:02x}" for b in KEY.encode()).encode(),
    "escaped twice": "".join(f"\\\\u{b:04x}" for b in KEY.encode()).encode(),
    "padded references": "".join(f"&#x{b:04x};" for b in KEY.encode()).encode(),
    "ansi between": "\x1b[1m".join(KEY).encode(),
    "escaped line ends between": "\\x0a".join(KEY).encode(),
    "one character a line": "\n".join(KEY).encode(),
    "zero-width": "\u200b".join(KEY).encode(),
    "base32 lower": base64.b32encode(KEY.encode()).lower(),
    "gzip in base64": base64.b64encode(gzip.compress(b"key=" + KEY.encode(), mtime=0)),
    "gzip in base64, slashes escaped": base64.b64encode(gzip.compress(KEY.encode(), 0, mtime=0)).replace(b"/", b"\\/"),
}


def test_an_excerpt_that_was_cut_within_gzip_shows_no_eight_characters() -> None:
    whole, partly = base64.b64encode(gzip.compress(KEY.encode(), mtime=0)).decode(), 0
    for end in range(4, len(whole), 4):
        cut = f"it said {whole[:end]}…"
        held = zlib.decompressobj(31).decompress(base64.b64decode(whole[:end]))
        partly += 8 <= len(held) < 12
        if len(held) >= 8:
            assert Redactor([SECRET]).finds(cut) and Redactor([SECRET]).text(cut) == MARK, held
    assert partly  # fewer than the twelve of a squeezed text


def packed(data: bytes, level: int = 9) -> bytes:
    return base64.b64encode(gzip.compress(data, level, mtime=0))


@pytest.mark.parametrize("damage", [8, 4, 1])
def test_what_stands_before_the_damage_in_gzip_is_read(damage: int) -> None:
    whole = bytearray(gzip.compress(b"key=" + KEY.encode() + b"." * 40, mtime=0))
    whole[-damage] ^= 0xFF  # in the check sum or the length: whoever unpacks it has read the key by then
    text = base64.b64encode(whole).decode()
    assert find_secret(text.encode(), SECRET)
    assert Redactor([SECRET]).finds(text) and Redactor([SECRET]).text(text) == MARK


def test_a_key_behind_more_gzip_than_is_looked_at_is_not_kept() -> None:
    many = [packed(b"nothing here %d" % n).decode() for n in range(inflated._MOST_GZIP)]
    redactor = Redactor([SECRET])
    for texts in (
        [packed(b"\0" * inflated._GZIP_BYTES + KEY.encode()).decode()],
        [*many, packed(KEY.encode()).decode()],
    ):
        assert redactor.finds("\n".join(texts))
        assert redactor.text(" ".join(texts)) == MARK  # in one text: what could not be read is not kept
        assert redactor.text(texts[-1]) == MARK
    assert not redactor.finds("\n".join(many)) and redactor.text(many[0]) == many[0]
    assert Redactor([]).text(" ".join([*many, many[0]])) != MARK  # without a key, nothing can be hidden in it


def test_the_look_into_gzip_is_bounded() -> None:
    bomb = base64.b64encode(gzip.compress(b"\0" * 50_000_000, mtime=0)).decode()
    noise = "H4sI" + "A" * 60
    with within(3):
        assert not find_secret((noise + " ").encode() * 60_000 + bomb.encode() * 40, SECRET)


FOREIGN = [
    "sk-proj-" + "Zx9" * 16, "sk-" + "a1" * 24, "sk_live_" + "b2C" * 8, "gsk_" + "c3" * 20, "ghp_" + "A1b2C3d4" * 4 + "wxyz",
    "github_pat_" + "d4_" * 20, "AKIAQ7W8E9R0T1Y2U3I4", "AIzaSy" + "e5" * 17, "xoxb-123456789012-abcdefABCDEF", "hf_" + "F6" * 17,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlLW9mLXNvbWVib2R5", "glpat-" + "g7" * 10, "npm_" + "h8" * 18,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASC\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASC and then it is cut",
]  # fmt: skip


@pytest.mark.parametrize("secret", FOREIGN)
def test_secrets_of_others_are_removed(secret: str) -> None:
    assert any(start in secret for start in FOREIGN_STARTS)
    clean = known_formats.without(f"upstream said: {secret}")
    assert clean == f"upstream said: {known_formats.MARK}"
    for around in ('"', "=", " ", "(", "\n"):
        assert secret[6:30] not in known_formats.without(f"x{around}{secret}{around}y")


@pytest.mark.parametrize(
    "text",
    ["sk-***********Yh6F", "task-with-a-long-name-2026-01-01-and-more", "sk-learn-is-no-key-but-a-long-name-of-a-library",
     "eyJhbGciOiJIUzI1NiJ9", "-----BEGIN CERTIFICATE-----\nMIIB", "AKIA", "gpt-4o-mini-2024-07-18-fine-tuned-and-named", ""],
)  # fmt: skip
def test_what_only_looks_like_one_is_left(text: str) -> None:
    assert known_formats.without(text) == text


@pytest.mark.parametrize(
    "start", [*FOREIGN_STARTS, "-sk-", "_eyJ", "eyJaaaaaaaaaa.", "-----BEGIN PRIVATE KEY-----", "sk-a"]
)
def test_looking_for_them_is_linear(start: str) -> None:
    with within(2):  # some 0.2; a server that sends a megabyte of one word must not make a run late
        for text in (start * (1_000_000 // len(start)), (start + " ") * 60_000, start + "a" * 1_000_000):
            known_formats.without(text)


@pytest.mark.parametrize("rest", ["aB3" * 400_000, "word-of-a-name-" * 80_000])
def test_a_long_word_is_a_secret_by_its_beginning(rest: str) -> None:
    assert (known_formats.without("ghr_" + rest) == known_formats.MARK) is rest.startswith("aB3")


@settings(max_examples=200, deadline=None)
@given(st.text("sk-_eyJ.AIza09-----BEGIN PRIVATE KEY", max_size=120))
def test_removing_them_twice_changes_nothing(text: str) -> None:
    once = known_formats.without(text)
    assert known_formats.without(once) == once
    assert once == text or any(start in text for start in FOREIGN_STARTS)


@pytest.mark.parametrize("spelling", SPELT)
def test_spelt_with_separators_it_is_found_and_nothing_is_kept(spelling: str) -> None:
    assert find_secret(b"before " + SPELT[spelling] + b" after", SECRET)
    shown = SPELT[spelling].decode("utf-8", "backslashreplace")
    clean = Redactor([SECRET]).text(f"before {shown} after")
    assert MARK in clean and shown[8:40] not in clean


@pytest.mark.parametrize("text", ["sk-Canar***********YhF6", "nothing here", "sk-", KEY[:7]])
def test_masked_or_absent_is_not_found(text: str) -> None:
    assert find_secret(text.encode(), SECRET) == ""


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.integers(0, len(KEY) - 8), st.integers(8, len(KEY)))
def test_no_eight_characters_survive(left: str, right: str, start: int, length: int) -> None:
    redactor = Redactor([SECRET])
    clean = redactor.text(left + KEY[start : start + length] + right)
    windows = [KEY[i : i + 8] for i in range(len(KEY) - 7)]
    assert not [window for window in windows if window in clean]
    assert redactor.text(clean) == clean


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_other_text_is_left_alone(text: str) -> None:
    if not any(KEY[i : i + 4].lower() in text.lower() for i in range(len(KEY) - 3)) and "%" not in text:
        assert Redactor([SECRET]).text(text) == text


def test_longest_first_and_short_ones_left() -> None:
    redactor = Redactor([Secret("sk-abc12"), Secret("sk-abc12def"), Secret("abc"), Secret("")])
    assert redactor.text("x sk-abc12def y sk-abc12 z abc") == f"x {MARK} y {MARK} z abc"


def test_mark_does_not_tell_the_length() -> None:
    assert Redactor([Secret("a1" * 10)]).text("a1" * 10) == Redactor([Secret("b2" * 30)]).text("b2" * 30) == MARK


@pytest.mark.parametrize(
    "text",
    ["s" * 1_000_000, "sk-" * 300_000, (KEY[:7] + " ") * 100_000, "\\" * 1_000_000, "\\u00" * 200_000, "\x1b[0" * 250_000,
     "[" * 1_000_000, "[" + "0" * 1_000_000, "H4sI" * 250_000, "\\/" * 500_000],
    ids=lambda text: repr(text[:9]),
)  # fmt: skip
def test_linear(text: str) -> None:
    """No server makes us search for ever: not even a signal would end a regular expression that backtracks."""
    with within(2.5):
        Redactor([SECRET]).text(text)
        assert find_secret(text.encode(), SECRET) == ""


@pytest.mark.parametrize("fill", ["s", "abc0123 ", "\\n"])
def test_a_large_text_without_most_letters_hides_no_form(fill: str) -> None:
    """Forms whose letters a large text lacks are not looked for in it: those that it has, are."""
    for form in (KEY, KEY.encode().hex(), base64.b64encode(b"xy" + KEY.encode() + b"zz").decode(), KEY[::-1]):
        assert find_secret((fill * 20_000 + form + fill * 20_000).encode(), SECRET), form
    assert not find_secret((fill * 40_000).encode(), SECRET)


@pytest.mark.parametrize(
    "piece",
    [
        "[a",
        "\\u000a",
        "\x1b[0m",
        *(pytest.param(piece, marks=pytest.mark.nightly) for piece in ("\\n", "\\", "[", "\\n[m")),
    ],
)
def test_megabytes_of_escapes_cost_little_memory(piece: str) -> None:
    data = (piece * (8_000_000 // len(piece))).encode()
    tracemalloc.start()
    try:
        assert find_secret(data, SECRET) == ""
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_a_key_among_megabytes_of_escapes_is_found_wherever_it_stands() -> None:
    for before in range(0, 40, 3):
        noise = b"\\n" * ((escapes._STEP - len(KEY)) // 2) + b"x" * before
        assert find_secret(noise + "\\u200b".join(KEY).encode() + noise, SECRET)
        assert find_secret(noise + "\x1b[31m".join(KEY).encode() + noise, SECRET)


@given(st.lists(st.sampled_from([*"\\\x1b[;xun03Am ", "\\\\", "\\x1b", "\\u001b", "\\n", "\x1b[0m"]), max_size=20))
@settings(max_examples=2000)
def test_taking_escapes_out_quickly_leaves_what_the_plain_expressions_leave(pieces: list[str]) -> None:
    data = "".join(pieces).encode()
    coloured = rb"(?:\x1b|(?<!\\)\\++(?:x1[bB]|u001[bB]|U0000001[bB]|033|e))\[[0-9;]*[A-Za-z]"
    escape = rb"(?<!\\)\\++(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[bfnrt0])"
    plain = re.sub(escape, b" ", re.sub(coloured, b" ", data))
    assert squeeze(escapes.taken_out(data)) == squeeze(plain)


@pytest.mark.parametrize("many", [1, 2, 3, 8])
def test_escapes_of_any_depth_do_not_hide_a_key(many: int) -> None:
    """JSON in JSON in JSON doubles the backslashes each time."""
    slashes = "\\" * many
    for between in ("n", "x0a", "u200b", "x1b[31m", "u001b[0m", "033[1;31m", "e[m"):
        spelt = f"{slashes}{between}".join(KEY)
        assert find_secret(spelt.encode(), SECRET) and Redactor([SECRET]).text(spelt) == MARK


@pytest.mark.parametrize("between", ["\\f", "\\u200b", "\x1b[31m", "\\x1b[0m"])
def test_a_bracket_does_not_take_the_letter_after_it_for_the_code_of_a_colour(between: str) -> None:
    for piece in (KEY, KEY[:14]):  # twelve letters and digits
        for spelt in (between.join(piece), f"{between}[".join(piece)):
            assert Redactor([SECRET]).text(f"[{spelt}") == MARK
            assert bool(find_secret(f"[{spelt}".encode(), SECRET)) == (piece == KEY)


def test_a_secret_never_prints() -> None:
    shown = [repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET!r:>50}", f"{[SECRET]}", f"{ ({'k': SECRET}) }"]
    shown += [repr(copy.copy(SECRET)), repr(copy.deepcopy([SECRET])), str(dir(SECRET)), "{}".format(SECRET)]  # noqa: UP032
    assert not any(KEY[3:11] in text for text in shown)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(SECRET, protocol)
    with pytest.raises(TypeError):
        vars(SECRET)
    with pytest.raises(AttributeError):
        SECRET.other = 1  # type: ignore[attr-defined]


def test_fingerprint_tells_keys_apart_and_is_short() -> None:
    assert fingerprint(SECRET) != fingerprint(Secret(KEY + "x"))
    assert len(fingerprint(SECRET)) == 8 and fingerprint(SECRET) == fingerprint(Secret(KEY))


@pytest.mark.parametrize("key", [None, Secret("sk-" + "k3yK3y" * 6)])
def test_what_is_shown_has_neither_the_key_nor_the_secret_of_somebody_else(key: Secret | None) -> None:
    ours, theirs = "sk-" + "k3yK3y" * 6, "ghp_" + "A1b2C3d4" * 4 + "wxyz"
    shown = clean(f"upstream {theirs}, you {ours}, model gpt-4", key)
    assert shown.startswith("upstream [REDACTED") and shown.endswith("], model gpt-4")
    assert theirs not in shown and "k3yK3yk3y" not in shown


@pytest.mark.parametrize("form", ["plain", "reversed", "rot13"])
@pytest.mark.parametrize(
    "key", ["sk-Canary7Qv2mXw9LpTz4RbN8sKd3YhF6", "k3y-Of_22-chars-and-Xy", "sk-exactly-21-chars-7"]
)
def test_the_cheap_look_sees_eight_characters_wherever_they_begin(key: str, form: str) -> None:
    secret, whole = Secret(key), dict(encodings(key))[form]
    for at in range(len(whole) - 7):
        for cased in (whole, whole.lower(), whole.upper(), whole.swapcase()):
            shown = f"= {cased[at : at + 8]}…"
            assert Redactor([secret]).finds(shown) and Redactor([secret]).text(shown) == f"= {MARK}…", at
    assert not Redactor([secret]).finds(f"= {whole[:7]}…")


PIECES = st.sampled_from(
    [*(form for _, form in encodings(KEY)), packed(KEY.encode()).decode(), " ".join(KEY), "\u200b".join(KEY), MARK, "é"]
)


@given(
    st.lists(st.tuples(PIECES, st.integers(0, 300), st.integers(0, 14), st.text(max_size=3)), max_size=4),
    st.text(max_size=9),
    st.sampled_from([str, str.lower, str.upper, str.swapcase]),
)
@settings(max_examples=800, deadline=None)
def test_the_first_look_finds_exactly_what_would_be_removed(
    pieces: list[tuple[str, int, int, str]], end: str, cased: Callable[[str], str]
) -> None:
    texts = [cased(whole[at % len(whole) :][:size]) + between for whole, at, size, between in pieces]
    text, redactor = "".join(texts) + end, Redactor([SECRET])
    assert redactor.finds(text) == (redactor.text(text) != text)
    if any(redactor.finds(one) for one in texts):  # a document's strings are looked at as one text
        assert redactor.finds("\n".join(texts))


@pytest.mark.parametrize("clean", [0, windows._FEW * 2])
def test_many_places_to_look_at_change_no_answer(clean: int) -> None:
    # No piece goes on where another ends: words that together are the key would be found.
    near = "".join(f"{KEY[at : at + 6]}+" for at in range(3, 8)) * clean
    assert Redactor([SECRET]).text(near + KEY) == near + MARK
    assert not Redactor([SECRET]).finds(near + KEY[:7] + "+" + KEY[-7:])


def test_the_end_of_one_form_and_the_beginning_of_another_are_no_run() -> None:
    forms = [form.lower() for _, form in encodings(KEY)]
    for one, two in itertools.pairwise(forms):
        text = one[-4:] + two[:4]
        assert any(text in form for form in forms) or not Redactor([SECRET]).finds(text)
