"""Names, ids, texts, links and files of one request, replaced: equal names by equal ones, all as long as before."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

from chatproof.secrets.stand_in import StandIn
from chatproof.surfaces.chat.api_words import ENUMS, FIELDS, FLAGS, ID_PREFIXES, NUMBERS

_NUMBER = re.compile(r"\d+")
_DATA = re.compile(r"data:([a-z]+/[a-z0-9.+-]{1,80})?((?:;[a-z]+=[^;,]{1,80})*)(;base64)?,", re.IGNORECASE)
_LINK = re.compile(r"https?://", re.IGNORECASE)
_PLACE = "example.com/"  # reserved by RFC 2606: whoever fetches it finds nothing
_LONGEST_JSON = 1024 * 1024
_ENDINGS = frozenset(
    ("pdf", "png", "jpg", "jpeg", "gif", "webp", "txt", "md", "csv", "json", "wav", "mp3", "docx", "xlsx")
)
# The smallest files of their kinds: a black pixel, silence, an empty page. What decodes them passes over what follows.
FILES = {
    "image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mNgYGAAAAAEAAHI6uv5AAAAAElFTkSuQmCC",
    "image/jpeg": "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP"
    + "/" * 86
    + "wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAA"
    "AAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z",
    "image/gif": "R0lGODdhAQABAIEAAAAAAAAAAAAAAAAAACwAAAAAAQABAAAIBAABBAQAOw==",
    "image/webp": "UklGRhoAAABXRUJQVlA4TA4AAAAvAAAAAAcQEf0PRET/Aw==",
    "audio/wav": "UklGRiUAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQEAAACA",
    "application/pdf": b64encode(
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    ).decode(),
}


class Values:
    """What stands in for the values of one request. No word of `original`, its text, comes out again, but `keep`."""

    def __init__(self, original: str, keep: frozenset[str] = frozenset()) -> None:
        self._words = StandIn(original, keep)
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._taken = set[str]()

    def text(self, text: str) -> str:
        """A text of the same length and script; a JSON text stays one, with the names that are known."""
        if text[:1] in ("{", "[") and len(text) <= _LONGEST_JSON:
            value = _parsed(text)
            if isinstance(value, dict | list):
                compact = (",", ":") if ": " not in text and ":\n" not in text else None
                indent = 2 if "\n" in text else None
                return json.dumps(self.data(value), ensure_ascii=False, separators=compact, indent=indent).ljust(
                    len(text)
                )
        return self._words.text(text)

    def name(self, name: str) -> str:
        """The same stand-in for the same name of a tool, a property, a message or an item of metadata."""
        return self._consistent(name, self._names, self._words.text)

    def id(self, id: str) -> str:
        """The same stand-in for the same id. The prefixes that servers give them stay."""
        prefix = next((known for known in ID_PREFIXES if id.startswith(known)), "")
        return self._consistent(id, self._ids, lambda text: prefix + self._words.text(text[len(prefix) :]))

    def _consistent(self, old: str, known: dict[str, str], make: Callable[[str], str]) -> str:
        if old not in known:
            new, tries = make(old), 0
            while old and (new in self._taken or new == old) and tries < 50:
                new, tries = make(old), tries + 1
            if old and (new in self._taken or new == old):  # one letter, and all of them are taken
                new += str(len(self._taken))
            self._taken.add(new)
            known[old] = new
        return known[old]

    def data(self, value: Any) -> Any:
        """Any value of which nothing is known: arguments, defaults, fields of somebody's own."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            if value in self._names:
                return self._names[value]
            return self.address(value) if _LINK.match(value) else self.text(value)
        if isinstance(value, int | float):
            return self.number(value)
        if isinstance(value, list):
            return [self.data(item) for item in value]
        return {self.name(str(name)): self.data(item) for name, item in value.items()}

    def number(self, value: float) -> float:
        """Another number with as many digits, of the same sign."""
        text = json.dumps(value)
        mantissa, e, exponent = text.partition("e")
        made = _NUMBER.sub(lambda run: self._words.number(run[0]), mantissa)
        try:
            return type(value)(json.loads(made + e + exponent))
        except (ValueError, OverflowError):  # NaN, Infinity
            return 0

    def address(self, url: str) -> str:
        """A data URL with a file of the same kind and size; another URL with a host that leads nowhere."""
        data = _DATA.match(url[:400])
        if data is not None:
            kind = (data[1] or "text/plain").lower()
            known = kind if kind in FILES else "application/octet-stream" if "/" not in kind else _plain_kind(kind)
            head = f"data:{known}{data[3] or ''},"
            rest = url[data.end() :]
            return head + (self.file(rest, kind) if data[3] else self._words.text(rest))
        scheme = _LINK.match(url)
        if scheme is None:
            return self._words.text(url)
        start = scheme[0] + _PLACE
        left = max(len(url) - len(start), 0)
        ending = url.partition("?")[0].rpartition(".")[2].lower()
        tail = f".{ending}" if ending in _ENDINGS and left > len(ending) + 1 else ""
        return start + self._words.text("a" * (left - len(tail))) + tail

    def file(self, text: str, kind: str) -> str:
        """Base64 of a file of the same kind and, if the smallest one is not larger, of the same size."""
        head = b64decode(FILES.get(kind, ""))
        return b64encode(head + bytes(max(len(text) // 4 * 3 - len(head), 0))).decode()

    def filename(self, name: str) -> str:
        """Another name with the same ending, if that is a known one."""
        stem, dot, ending = name.rpartition(".")
        return f"{self._words.text(stem)}.{ending}" if dot and ending.lower() in _ENDINGS else self._words.text(name)

    def fields(self, value: Any) -> Any:
        """What the API defines somewhere in a request: its fields keep their names, its enums their values."""
        if isinstance(value, list):
            return [self.fields(item) for item in value]
        if not isinstance(value, dict):
            return self.data(value)
        return {
            name if name in FIELDS else self.name(str(name)): self.field(name, item) for name, item in value.items()
        }

    def field(self, name: str, value: Any) -> Any:
        """The value of one field, kept where it is the API's: a number, a switch, a word out of a list."""
        if isinstance(value, str) and value in ENUMS.get(name, ()):
            return value
        if isinstance(value, list) and name in ENUMS:
            return [self.field(name, item) if isinstance(item, str) else self.fields(item) for item in value]
        if isinstance(value, bool):
            return value if name in FIELDS else self.data(value)
        if isinstance(value, int | float):
            return value if name in NUMBERS or name == "index" else self.number(value)
        if name in FLAGS and not isinstance(value, dict):
            return self.data(value)
        return self.fields(value) if name in FIELDS else self.data(value)


def _plain_kind(kind: str) -> str:
    """The kind of a file that is not in the table: its first half is one of a few, its second may be anything."""
    first = kind.partition("/")[0]
    return f"{first}/plain" if first == "text" else "application/octet-stream"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
