"""Keys that stand beside a reply in a text: in a program, a configuration, another tool's export or its log.

A reader knows a request by its form; what programs call and configure has a hundred. What of it is a key is known by
the key's own form, whatever it is called, unless it is called an id; the password of Basic credentials, which may be
short, by the call.
"""

import re
from binascii import Error, a2b_base64
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from chatproof.captures.entry import Captured, secrets_of
from chatproof.key_form import KEY, form

_LONGEST = 256 * 1024
_WORD = re.compile(rb"[A-Za-z0-9+_~-][A-Za-z0-9+/_.~-]{15,511}={0,2}")
_LOOKED_AT, _MOST = 2000, 100  # words; keys
_WEIGHED = 64  # characters of a word: enough to tell
_ADJACENT = re.compile(rb"([\"'])(?:\s|\\\n){1,40}\1")  # a program puts these texts together
_ID = re.compile(
    rb"(?i)(?:ids?|request|trace|span|parent|commit|sha\d*|etag|ray|nonce|digest|hash|boundary|version|model|build|tag"
    rb"|image|organi[sz]ation|project|deployment|thread|file|batch|assistant|agent|fingerprint)"
    rb"[\"'\])]{0,2}\s{0,3}(?:=>|[:=,])?\s{0,3}[\"'(\[]{0,2}\Z"
)
"""What stands before a word that is no key, however random."""
_BASIC = re.compile(  # requests, aiohttp, Go, Rust, Ruby; curl_setopt; btoa; .http files, Hurl
    r"(?i)(?:basic_?auth|\bauth\s{0,3}=|userpwd|btoa|\bbasic)\W{0,6}?[\"'(]\s{0,3}[\"']?(?P<user>[^\"'\s:,]{1,80})"
    r"(?:[\"']\s{0,3},\s{0,3}(?:some\()?[\"']|:)(?P<password>[^\"'\n]{8,80})[\"']"
    r"|\bbasic[ \t]{1,4}[^\s:\"']{1,80}[ \t:]{1,4}(?P<of_file>[^\s\"']{8,80})[ \t\r]*$"
    r"|^\[BasicAuth\][ \t\r]*\n[^\s:\"']{1,80}:[ \t]{0,4}(?P<of_hurl>[^\s\"']{8,80})[ \t\r]*$",
    re.MULTILINE,
)
_NAMES = (
    rb"(?:proxy[-_])?authorization|(?:x[-_](?:goog[-_]|portkey[-_])?)?api[-_]key|ocp[-_]apim[-_]subscription[-_]key"
    rb"|x[-_]auth[-_]token|cookie"
)
_BETWEEN = (  # a name and its value: marks, and what XML, var_dump, Go, print_r, Python and JSON write there
    rb"</?\w{1,20}|[\s\"'\\:=>,\[\](){}<|]|string(?:\(\d{1,5}\)|(?=\{))|\bArray\b|\b0(?=\])|\bb(?=[\"'])"
    rb"|\b(?:key|name|value)\b"
)
_SENT = re.compile(  # a header of a request, in whatever way a language or a tool prints it
    rb"(?i)(?<![\w-])(?P<name>" + _NAMES + rb")(?:" + _BETWEEN + rb"){1,60}+(?<=[\"':=>,\[(<|\s\\])"
    rb"(?!(?:" + _NAMES + rb")\b)(?P<value>[^\s\"'\\:=>,\[\](){}<|][^\n\"',\]})<|]{7,512})"
)
"""`["Authorization"]=> string(44) "Bearer …"`, `Authorization:[Bearer …]`, `<<"authorization">>,<<"Bearer …">>`."""


def keys_beside(data: bytes, entries: Iterable[Captured], *, is_one_document: bool = False) -> Iterator[str]:
    """Each once, those of replies alone left out: what a server calls a thing is its own name for it. Of a document
    that nothing stands beside, the headers that it prints."""
    text = data[:_LONGEST]
    said = b"\n".join(
        part
        for entry in entries
        if entry.response is not None
        for part in (entry.response.body, *(value for _, value in entry.response.headers))
    )
    yield from _sent(text, said)
    if is_one_document:
        return
    for found in islice(_BASIC.finditer(text.decode("utf-8", "replace")), _MOST):
        yield next(filter(None, (found["password"], found["of_file"], found["of_hurl"])))
    joined = _ADJACENT.sub(b"", text)
    yield from _by_form(text, said)
    if joined != text:
        yield from _by_form(joined, said)


def _sent(text: bytes, said: bytes) -> Iterator[str]:
    """What the header of a key or a cookie holds, whatever its form: the name tells that it is one."""
    for found in islice(_SENT.finditer(text), _MOST):
        name = found["name"].decode("ascii").replace("_", "-")
        value = found["value"].decode("utf-8", "surrogateescape").strip().rstrip(";\\")
        for secret in secrets_of([(name, value)], sent=True):
            # A word that the reply says of a header (`x-api-key: required`) is none; with a digit in it, it is an echo.
            known = secret.encode("utf-8", "surrogateescape")
            is_odd = known not in text or any(char.isdigit() for char in secret)
            if secret.strip() and (is_odd or text.count(known) > said.count(known)):
                yield secret


def _by_form(text: bytes, said: bytes) -> Iterator[str]:
    left, seen = _MOST, set[bytes]()
    for found in islice(_WORD.finditer(text), _LOOKED_AT):
        word = found[0].rstrip(b".")
        if word in seen or not _is_mixed(word):
            continue
        seen.add(word)
        if _ID.search(text, max(found.start() - 48, 0), found.start()):
            continue
        if form(word[:_WEIGHED].decode("ascii")) == KEY and (word not in said or text.count(word) > said.count(word)):
            yield word.decode("ascii")
            yield from _packed(word)
            left -= 1
            if not left:
                return


def _packed(word: bytes) -> Iterator[str]:
    """What base64 holds, as Kubernetes keeps a secret."""
    with suppress(Error, UnicodeDecodeError):
        held = a2b_base64(word + b"=" * (-len(word) % 4)).decode("ascii").strip()
        if held.isprintable() and form(held[:_WEIGHED]) == KEY:
            yield held


def _is_mixed(word: bytes) -> bool:
    """Letters and digits, or both cases: what else is random is rare, and names are not."""
    digits = len(word.translate(None, b"0123456789")) < len(word)
    return (digits and not word.isdigit()) or not (word.islower() or word.isupper())
