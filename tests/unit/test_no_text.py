"""What cannot be read cannot be searched for the key: of compressed bytes nothing is shown but how they begin."""

import bz2
import gzip
import json
import zlib

import pytest

from chatproof.printable import decode, escape, is_text, snippet
from chatproof.secrets.redaction import MARK, Redactor
from chatproof.wire.exchange import Secret
from tests.support import KEY, play, wire

REPLY = json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()


COMPRESSED = {
    "gzip": gzip.compress(REPLY, mtime=0),
    "zlib": zlib.compress(REPLY),
    "deflate": zlib.compress(REPLY, wbits=-15),
    "deflate of the key alone": zlib.compress(KEY.encode(), wbits=-15),
    "deflate of digits": zlib.compress(b"12345678901234567890", wbits=-15),
    "bzip2": bz2.compress(REPLY),
}
TEXTS = {
    "JSON": REPLY,
    "latin-1": "Une erreur s'est produite : clé refusée à l'entrée, déjà utilisée".encode("latin-1"),
    "a page in Shift JIS": ("<html><body>" + "<p>Bad gateway</p>" * 9 + "エラー</body></html>").encode("shift_jis"),
    "UTF-16": REPLY.decode().encode("utf-16"),
    "UTF-8": "エラーが発生しました".encode(),
    "with a terminal's codes": b"\x1b[31mred\x1b[0m and green",
    "nothing": b"",
}


@pytest.mark.parametrize("form", COMPRESSED)
def test_compressed_is_no_text(form: str) -> None:
    data = COMPRESSED[form]
    assert not is_text(data)
    assert snippet(data, 80).endswith('… (no text)"') and len(snippet(data, 80)) < 50


@pytest.mark.parametrize("form", TEXTS)
def test_a_text_is_one_whatever_its_letters(form: str) -> None:
    assert is_text(TEXTS[form])


@pytest.mark.parametrize("form", COMPRESSED)
def test_a_record_shows_only_how_it_begins(form: str) -> None:
    body = COMPRESSED[form]
    document = play({"happy": wire(b"502 application/json\n\n" + body)}).record.document
    shown = next(e for e in document["exchanges"] if e["probe"] == "happy")["response"]
    assert shown["body"]["excerpt"].endswith("… (no text)")
    middle, told = escape(decode(body[16:-4])), json.dumps(document).replace("\\\\", "\\")
    assert not any(middle[at : at + 8] in told for at in range(len(middle) - 7))


def test_nor_of_a_header() -> None:
    value = b"ab\xfe\xc1\xff\xd3\xee\xf0zz\xa0"
    played = play({"happy": wire(b"502 application/json\nX-Request-Id: %s\n\n{}" % value)})
    headers = played.record.document["exchanges"][0]["response"]["headers"]
    assert ["X-Request-Id", "ab\\xfe\\xc1\\xff\\xd3\\xee\\xf0… (no text)"] in headers


PRINTED = {
    "by Python": repr,
    "by Python, in JSON": lambda data: json.dumps(repr(data)),
    "as characters": lambda data: data.decode("latin-1"),
    "as characters, in JSON": lambda data: json.dumps(data.decode("latin-1")),
    "as characters, in JSON of JavaScript": lambda data: json.dumps(data.decode("latin-1"), ensure_ascii=False),
}


@pytest.mark.parametrize("way", PRINTED)
@pytest.mark.parametrize("form", ["gzip", "zlib"])
def test_a_text_that_quotes_compressed_bytes_is_not_kept(form: str, way: str) -> None:
    assert Redactor([Secret(KEY)]).text(f"upstream said {PRINTED[way](COMPRESSED[form])}.") == MARK


def test_how_it_begins_is_kept() -> None:
    shown = f"the body is {snippet(COMPRESSED['gzip'])}, which is no JSON: see 1f 8b and 0x9c in the table of formats"
    assert Redactor([Secret(KEY)]).text(shown) == shown


@pytest.mark.parametrize(
    ("code_page", "words"),
    [
        ("gbk", "网关错误，请稍后再试，服务器暂时无法处理您的请求"),
        ("shift_jis", "ゲートウェイエラー。しばらくしてからもう一度お試しください"),
        ("cp1251", "Ошибка шлюза. Повторите попытку позже"),
    ],
)
def test_an_error_page_of_another_code_page_is_text(code_page: str, words: str) -> None:
    page = f"<html><head><title>502 Bad Gateway</title></head><body>{words}</body></html>".encode(code_page)
    assert is_text(page)
    assert not is_text(page.replace(b"<body>", b"\x02\x03\x04"))
