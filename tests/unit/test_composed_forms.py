"""Two promised forms of a key, one made of the other, are promised as well: generated, not listed."""

import base64
import gzip
import itertools
import json
import random
import time
import zlib
from collections.abc import Callable

import pytest

from chatproof.printable import decode, escape
from chatproof.secrets import reading
from chatproof.secrets.packed import encodings, rows
from chatproof.secrets.reading import as_read, unpacked
from chatproof.secrets.redaction import MARK, Redactor, find_secret
from chatproof.wire.exchange import Secret
from tests.leaks.composed import BETWEEN, LETTERS, SPELT, letters_of, read_by_others, woven
from tests.support import KEY

SECRET = Secret(KEY)
REDACTOR = Redactor([SECRET])
CORE = letters_of(KEY)


@pytest.mark.parametrize("letters", LETTERS)
@pytest.mark.parametrize("between", BETWEEN)
def test_letters_spelt_twice_are_found_and_taken_out(letters: str, between: str) -> None:
    _spelt_twice(letters, between, [*itertools.product(SPELT, SPELT)][len(letters + between) % 3 :: 3])


@pytest.mark.nightly
@pytest.mark.parametrize("letters", LETTERS)
@pytest.mark.parametrize("between", BETWEEN)
def test_letters_spelt_in_any_two_ways_are_found_and_taken_out(letters: str, between: str) -> None:
    _spelt_twice(letters, between, [*itertools.product(SPELT, SPELT)])


def _spelt_twice(letters: str, between: str, ways: list[tuple[str, str]]) -> None:
    missed, left = [], []
    for first, second in ways:
        text = f"before {woven(letters, between, first, second, KEY)} after"
        if not find_secret(text.encode(), SECRET):
            missed.append((first, second))
        shown = read_by_others(REDACTOR.text(text))
        if any(CORE[at : at + 12] in shown for at in range(len(CORE) - 11)):
            left.append((first, second))
    assert (missed, left) == ([], [])


def test_what_the_others_read_shows_the_key_where_nothing_is_taken_out() -> None:
    """Else the test above could not fail."""
    assert [
        names
        for names in itertools.product(LETTERS, BETWEEN, SPELT, ("as it is", "entity", "percent"))
        if CORE not in read_by_others(woven(*names, KEY))
    ] == []


PACKED: dict[str, Callable[[bytes], str]] = {
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64url": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "hex": lambda data: data.hex(),
    "HEX": lambda data: data.hex().upper(),
    "base64 reversed": lambda data: base64.b64encode(data).decode()[::-1],
}


@pytest.mark.parametrize("outer", PACKED)
def test_a_form_that_is_packed_is_found_and_taken_out(outer: str) -> None:
    inner = [text for _, text in encodings(KEY)]
    inner += [PACKED[name](KEY.encode()) for name in ("base64", "base64url", "hex", "HEX")]
    for text in inner:
        packed = PACKED[outer](f"key {text} ".encode())
        assert find_secret(f'{{"x": "{packed}"}}'.encode(), SECRET), text
        shown = REDACTOR.text(f"x {packed} y")
        assert MARK in shown and packed[12:40] not in shown


HELD: dict[str, Callable[[bytes], str]] = PACKED | {
    "base64 in lines": lambda data: base64.encodebytes(data).decode(),
    "base64 in lines, in JSON": lambda data: base64.encodebytes(data).decode().replace("\n", "\\n"),
    "base64 behind a name": lambda data: f"ref-{base64.urlsafe_b64encode(data).decode()}",
    "base64 of gzip": lambda data: base64.b64encode(gzip.compress(data)).decode(),
    "hex of gzip": lambda data: gzip.compress(data).hex(),
    "base32": lambda data: base64.b32encode(data).decode(),
    "base32 behind a letter": lambda data: f"K{base64.b32encode(data).decode()}",
    "base32 behind six": lambda data: f"secret{base64.b32encode(data).decode().lower()}",
    "base32 backwards": lambda data: base64.b32encode(data).decode().rstrip("=")[::-1],
    "bytes": lambda data: str([*data]),
    "bytes in hex": lambda data: data.hex(":"),
    "bytes with 0x": lambda data: " ".join(map(hex, data)),
}
WOVEN = random.Random(15).sample([*itertools.product(LETTERS, BETWEEN, SPELT)], 60)
FEW = 20
SHORT = "sk-Ab3dEf6hIj9kLm2nOp5qRs"  # as LiteLLM makes them


@pytest.mark.parametrize("outer", HELD)
def test_letters_spelt_in_a_way_and_packed_are_found_and_taken_out(outer: str) -> None:
    _packed(outer, WOVEN[:FEW])


@pytest.mark.nightly
@pytest.mark.parametrize("outer", HELD)
def test_letters_spelt_in_more_ways_and_packed_are_found_and_taken_out(outer: str) -> None:
    _packed(outer, WOVEN[FEW:])


def _packed(outer: str, ways: list[tuple[str, str, str]]) -> None:
    for key in (KEY, SHORT):
        redactor, secret = Redactor([Secret(key)]), Secret(key)
        for letters, between, spelt in ways:
            packed = HELD[outer](woven(letters, between, spelt, "as it is", key).encode())
            assert find_secret(f'{{"x": "{packed}"}}'.encode(), secret), (letters, between, spelt)
            assert MARK in redactor.text(f"x {packed} y") and packed not in redactor.text(f"x {packed} y")


def _base64(data: bytes, size: int, between: str) -> str:
    text = base64.b64encode(data).decode()
    return between.join(text[at : at + size] for at in range(0, len(text), size))


IN_ROWS: dict[str, Callable[[bytes], str]] = {
    "lines of twenty": lambda data: _base64(data, 20, "\n"),
    "lines of forty, in JSON": lambda data: _base64(data, 40, "\\n"),
    "groups of five": lambda data: _base64(data, 5, " "),
    "letters": lambda data: _base64(data, 1, " "),
    "letters in quotes": lambda data: _base64(data, 1, '", "'),
    "letters in UTF-8 signs": lambda data: _base64(data, 1, "\u00b7"),
    "lines of gzip": lambda data: _base64(gzip.compress(data), 24, "\n"),
    "letters of zlib": lambda data: _base64(zlib.compress(data), 1, " "),
    "letters behind a name": lambda data: f"realm={_base64(zlib.compress(data), 1, ' ')}",
    "lines behind a name": lambda data: f"x realm={_base64(gzip.compress(data), 12, chr(10))}",
    "letters backwards": lambda data: _base64(data, 1, " ")[::-1],
    "numbers": lambda data: ", ".join(map(str, data)),
    "numbers with zeros": lambda data: " ".join(f"{byte:03}" for byte in data),
    "numbers in lines": lambda data: ",\n    ".join(map(str, data)),
    "hex beside letters": lambda data: f"key_{data.hex()}h",
    "hex and the next line": lambda data: f"retry: {data.hex()}\ndata: x",
    "numbers and bars": lambda data: "|".join(map(str, data)),
}


@pytest.mark.parametrize("outer", IN_ROWS)
def test_what_is_packed_and_then_divided_is_found_and_taken_out(outer: str) -> None:
    """In pieces of any one length, whatever stands between; words beside numbers may be hexadecimal numbers, too."""
    for letters, between, spelt in WOVEN[:12]:
        packed = IN_ROWS[outer](woven(letters, between, spelt, "as it is", KEY).encode())
        text = f"a bad code {packed} and"
        assert find_secret(text.encode(), SECRET), (letters, between, spelt)
        assert REDACTOR.text(text) == MARK


@pytest.mark.parametrize("spelt", SPELT)
def test_what_is_packed_and_then_spelt_is_found_and_taken_out(spelt: str) -> None:
    """Two letters of the key are spelt somewhere in what is packed, by chance: to remove them first hid all else."""
    for seed in range(6):
        key = "sk-" + "".join(random.Random(seed).choices(CORE, k=44))
        for packed in (zlib.compress(key.encode()), gzip.compress(key.encode()), key[::-1].encode()):
            text = "x " + "".join(map(SPELT[spelt], base64.b64encode(packed).decode())) + " y"
            assert Redactor([Secret(key)]).text(text) == MARK, (seed, packed)


def test_every_letter_with_a_plain_form_has_a_high_byte_that_is_looked_for() -> None:
    letters = map(chr, [*range(0xD800), *range(0xE000, 0x10000), *range(0x1D400, 0x1D800), 0x1F130, 0xE0061])
    highs = {letter.encode("utf-16-be")[0] for letter in letters if reading._is_plain(letter)}
    assert highs == reading._HIGHS


@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("letters", LETTERS)
def test_base64_of_utf16_of_any_letters_is_found(coding: str, letters: str) -> None:
    for before in ("", "k", "ke", "key"):
        wide = before.encode() + woven(letters, "nothing", "as it is", "as it is", KEY).encode(coding)
        text = f"x {base64.b64encode(wide).decode()} y"
        assert find_secret(text.encode(), SECRET) and MARK in REDACTOR.text(text), before


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_the_beginning_of_what_is_compressed_shows_a_part_of_the_key(pack: Callable[[bytes], bytes]) -> None:
    """A sentence quotes thirty characters of what a server said."""
    text = f"it points to https://{base64.b64encode(pack(KEY.encode())).decode()[:36]}… and"
    assert REDACTOR.text(text) == MARK


@pytest.mark.parametrize("between", ["\\n", "\\t", "\u200b", " "])
@pytest.mark.parametrize("before", ["", "/path/", "key-"])
def test_what_was_compressed_is_read_without_escapes_for_nothing(between: str, before: str) -> None:
    text = f"{before}{base64.b64encode(gzip.compress(between.join(KEY).encode())).decode()}"
    assert find_secret(text.encode(), SECRET) and REDACTOR.text(text) == MARK


def test_words_of_one_length_are_no_key() -> None:
    """Else a text of a server would be lost for nothing."""
    text = "this word that stop when busy here they said none 12 of 24 or 36 be at 48 by 60 and 72 to 84, or 96 ms"
    assert REDACTOR.text(text) == text and not find_secret(text.encode(), SECRET)
    ours = b"choices message content choices message choices index"  # every good reply's: nothing more is loaded
    assert rows(ours, 40) == b"" != rows(ours.title(), 40)


@pytest.mark.parametrize("around", ['<input value="{}">', "<!-- {} -->", "/* {} */", "<{}>", "<b title='{}'", "<!--{}"])
def test_a_key_within_a_tag_or_comment_is_found(around: str) -> None:
    """A page repeats what was sent in a field's value; what is taken out as a tag is read before."""
    for letters, first, second in itertools.product(LETTERS, SPELT, ("as it is", "entity", "json")):
        text = around.format(woven(letters, "nothing", first, second, KEY))
        assert find_secret(text.encode(), SECRET), (letters, first, second)
        assert MARK in REDACTOR.text(text)


@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("way", ["{}", "<input value='{}'>", "<!-- {} -->"])
def test_a_page_in_utf16_is_read_too(coding: str, way: str) -> None:
    for letters, spelt in itertools.product(("plain", "wide"), SPELT):
        page = f"<p>key {way.format(woven(letters, 'nothing', spelt, 'as it is', KEY))} is wrong</p>".encode(coding)
        assert find_secret(page, SECRET), (letters, spelt)
        assert MARK in REDACTOR.text(decode(page))


BETWEEN_ALL = {
    "joiner": "\u200b",
    "accent": "\u0301",
    "tag": "<b>",
    "comment": "<!-- x -->",
    "NUL": "\0",
    "colour": "\x1b[1m",
}


@pytest.mark.parametrize("between", BETWEEN_ALL)
def test_what_nobody_sees_may_stand_within_escapes_too(between: str) -> None:
    for spelt in SPELT.values():
        text = BETWEEN_ALL[between].join("".join(spelt(char) if at % 2 else char for at, char in enumerate(KEY)))
        assert find_secret(text.encode(), SECRET)
        assert MARK in REDACTOR.text(text)


def test_a_code_that_is_spelt_out_with_joiners_within_is_taken_out() -> None:
    text = "\u200b".join("\\u001b[0m".join(KEY))
    assert find_secret(text.encode(), SECRET) and MARK in REDACTOR.text(text)


def test_a_code_whose_characters_stand_in_tags_is_taken_out() -> None:
    text = "".join(f"<i>{char}</i>" for char in "\x1b[31m".join(KEY))
    assert find_secret(text.encode(), SECRET) and MARK in REDACTOR.text(text)


@pytest.mark.parametrize("escape", ["\\x{%x}", "%%u%04X", "\\u{%x}"])
def test_every_second_letter_in_an_escape_of_other_languages(escape: str) -> None:
    text = "".join(escape % ord(char) if at % 2 else char for at, char in enumerate(KEY))
    assert MARK in REDACTOR.text(text)


@pytest.mark.parametrize("between", ["\\v", "\\a", "\\r\\n"])
def test_blanks_of_programs_between_letters(between: str) -> None:
    assert MARK in REDACTOR.text(between.join(KEY))


@pytest.mark.parametrize(
    "text",
    [
        "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502</h1></center>&nbsp;</body></html>",
        '{"error": {"message": "Incorrect API key provided: sk-Ca***********hF6", "code": "invalid_api_key"}}',
        "caf\u00e9 \u4f60\u597d \\u4f60 %E4%BD%A0 &eacute; <b>bold</b> /* x */ <!-- y -->",
        "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY3ODkwYWJjZGVmZ2hpamtsbW5v " + "0123456789abcdef" * 8,
    ],
)
def test_pages_without_the_key_are_left_alone(text: str) -> None:
    assert REDACTOR.text(text) == text
    assert find_secret(text.encode(), SECRET) == ""


HOSTILE = [
    "\\u0061", "\\", "&amp;", "&a", "&#0", "&#115;", "%61", "%25", "<a", "<!--", "/*", "\uff53", "\ufdfa", "<a \"",
    "\\ud835\\udc1a", "\\141", "&" + "a" * 32, "=61", "YWJj", "6162", "&#9", "\\u{1", "\\u{0",
    "\u200b", "\u0301", "\x1b[", "\x1b(", "7 ", "07,", "0x7f, ", "MFRA", "eJwDAAAAAAE", "%u0041", "\\x{41}", "A" * 60 + "\n",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_reading_is_linear(piece: str) -> None:
    """A page of a mebibyte costs what its size costs. CPU against a plain text in the same run: machines differ."""
    data = (piece * (512 * 1024 // len(piece.encode()))).encode()
    plain = b"nothing to see " * (len(data) // 15)

    def cost(of: bytes) -> float:
        begun = time.process_time()
        as_read(of), unpacked(of, 40)
        return time.process_time() - begun

    quarter, whole = cost(data[: len(data) // 4]), cost(data)
    assert whole < 8 * quarter + 0.2, "four times the text costs about four times; what is quadratic costs sixteen"
    assert whole < 100 * cost(plain) + 2
    assert as_read(b"&#" + b"9" * 100_000 + b";") == b" ;"


HIDDEN: dict[str, Callable[[str], str]] = {
    "tags": lambda char: chr(0xE0000 + ord(char)),
    "variants": lambda char: chr(0xE0100 + ord(char) - 16),
}


@pytest.mark.parametrize("spelt", ["as they are", "json", "python", "html"])
@pytest.mark.parametrize("kind", HIDDEN)
def test_letters_that_nobody_sees(kind: str, spelt: str) -> None:
    """Tags and variants of Unicode stand for ASCII, are shown by nothing, and go along where a text is copied."""
    unseen = "".join(map(HIDDEN[kind], KEY))
    text = {
        "as they are": f"\U0001f600{unseen}",
        "json": json.dumps(unseen),
        "python": unseen.encode("unicode_escape").decode(),
        "html": unseen.encode("ascii", "xmlcharrefreplace").decode(),
    }[spelt]
    assert find_secret(text.encode(), SECRET)
    shown = REDACTOR.text(f"before {text} after")
    assert MARK in shown and unseen[:8] not in shown and text[4:40] not in shown


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("size", [8, 9, 11])
def test_a_part_of_the_key_is_taken_out_in_every_spelling(size: int, between: str) -> None:
    """A server shows so much of a key itself, or our own limit cut it: of few letters, too, eight tell them from words."""
    left = []
    for letters, first, second in itertools.product(LETTERS, SPELT, ("as it is", "entity", "json")):
        part = KEY[-size:]
        shown = read_by_others(REDACTOR.text(f"the key {woven(letters, between, first, second, part)} is wrong"))
        if letters_of(part) in shown:
            left.append((letters, first, second))
    assert left == []


@pytest.mark.parametrize("first", [0x1F150, 0x1F170, 0x1F1E6, 0x24B6, 0x1F130])
def test_letters_in_circles_squares_and_flags(first: int) -> None:
    text = "".join(chr(first + ord(char.upper()) - 65) if char.isalpha() else char for char in KEY)
    assert find_secret(text.encode(), SECRET) and MARK in REDACTOR.text(text)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("coding", ["latin-1", "cp1252"])
@pytest.mark.parametrize("letters", ["wide", "mathematics", "tags"])
def test_utf8_that_was_read_byte_by_byte(letters: str, coding: str, times: int) -> None:
    """As a header's value is, and what was stored in the wrong code page; shown with its controls escaped."""
    table = {"wide": lambda c: chr(ord(c) + 0xFEE0), "tags": lambda c: chr(ord(c) + 0xE0000)}
    make = table.get(letters, lambda c: chr(ord(c) - 97 + 0x1D5BA) if c.islower() else c)
    text = "".join(map(make, KEY))
    for _ in range(times):
        text = text.encode().decode(coding, "replace")
        if "\ufffd" in text:
            return  # what is lost cannot be read by anybody
    for shown in (text, escape(text)):
        assert MARK in REDACTOR.text(f"before {shown} after") and shown not in REDACTOR.text(f"before {shown} after")


@pytest.mark.parametrize(
    "alphabet", [bytes(range(256)), bytes(range(0x80, 0x100)), "aé€😀".encode(), b"a\xa6\x9a\xc3\xe2\xf0"]
)
def test_what_is_no_text_is_told_by_counting_at_most_what_reading_tells(alphabet: bytes) -> None:
    chance = random.Random(5)
    counted = 0
    for _ in range(2000):
        data = bytes(chance.choice(alphabet) for _ in range(chance.randrange(24)))
        least = reading._at_least_odd(data)
        assert least <= data.decode("utf-8", "replace").count("\ufffd"), data
        counted += least > 0
    assert counted, "it tells something"
