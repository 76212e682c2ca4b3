"""How a document is stored: as JSON text, or packed by zlib with a preset dictionary, the contract's terms apart.

The first byte says which: `{` is JSON text (what 0.1.0 wrote, and every .jsonl journal holds), PACKED a packed text,
WITHOUT_TERMS a packed text that the terms were cut out of: their SHA-256 (32 bytes) and the place where they stood
(4 bytes) come before it. The byte after the first is the number of the dictionary. A dictionary is never changed: a new
one takes the next number, and stored rows stay readable.
"""

import os
from collections.abc import Callable

from chatproof.files import package_files
from chatproof.secrets.digest import sha256

PACKED, WITHOUT_TERMS = 1, 2
NEWEST = 1
"""The dictionary that is packed with: `dictionary-1.txt` beside this module."""
LARGEST = 32 * 1024 * 1024
"""Bytes of a document's text: what is stored may be small and mean gigabytes."""
_SHORTEST = 400  # bytes of terms: shorter ones are left where they are
_KEY = b'"terms":'
_LEVEL = 3


class Unreadable(Exception):
    """What is wrong with stored bytes, as the end of a sentence that begins with their place."""


def pack(text: bytes, terms: bytes = b"") -> tuple[bytes, bytes]:
    """(a document's stored bytes, the terms that they refer to and do not hold, or nothing) of its JSON text.

    `terms` is the text of its terms, as it stands in it after its key; may be empty."""
    place = text.find(_KEY + terms) if len(terms) >= _SHORTEST else -1
    if place < 0:
        return bytes((PACKED, NEWEST)) + _deflated(text), b""
    place += len(_KEY)
    head = bytes((WITHOUT_TERMS, NEWEST)) + bytes.fromhex(sha256(terms)) + place.to_bytes(4, "big")
    return head + _deflated(text[:place] + text[place + len(terms) :]), terms


def terms_hash(data: bytes) -> str:
    """The SHA-256 of the terms that stored bytes refer to, as hex; empty where they refer to none."""
    return data[2:34].hex() if data[:1] == bytes((WITHOUT_TERMS,)) else ""


def unpack(data: bytes, terms_of: Callable[[str], bytes] | None = None) -> bytes:
    """The JSON text of stored bytes. `terms_of` gives the terms of a hash. Raises Unreadable."""
    form = data[0] if data else 0
    if form == ord("{"):
        return data
    if form == PACKED and len(data) > 2:
        return _inflated(data[2:], data[1])
    if form != WITHOUT_TERMS or len(data) <= 38 or terms_of is None:
        raise Unreadable("is damaged, or stored in a form that this chatproof does not know")
    terms = terms_of(terms_hash(data))
    text, place = _inflated(data[38:], data[1]), int.from_bytes(data[34:38], "big")
    return text[:place] + terms + text[place:]


def _deflated(text: bytes) -> bytes:
    import zlib

    packer = zlib.compressobj(_LEVEL, zdict=_dictionary(NEWEST))
    return packer.compress(text) + packer.flush()


def _inflated(data: bytes, number: int) -> bytes:
    import zlib

    inflating = zlib.decompressobj(zdict=_dictionary(number))
    try:
        text = inflating.decompress(data, LARGEST + 1)
    except zlib.error:
        raise Unreadable("is damaged: it cannot be unpacked") from None
    if len(text) > LARGEST:
        raise Unreadable(f"is larger than {LARGEST >> 20} MiB")
    if not inflating.eof or inflating.unused_data:
        raise Unreadable("is damaged: it cannot be unpacked")
    return text


_read: dict[int, bytes] = {}


def _dictionary(number: int) -> bytes:
    """Raises Unreadable for one that this chatproof does not have."""
    if number not in _read:
        if not 1 <= number <= NEWEST:
            raise Unreadable("was packed by a newer chatproof")
        _read[number] = package_files.read(os.path.join(os.path.dirname(__file__), f"dictionary-{number}.txt"))
    return _read[number]
