"""Forms of a key made of two others, and what the libraries of readers make of a text. Written without a look at ours."""

import html
import re
import unicodedata
import urllib.parse
from collections.abc import Callable

LETTERS: dict[str, Callable[[str], str]] = {
    "plain": lambda char: char,
    "wide": lambda char: chr(ord(char) + 0xFEE0),
    "bold": lambda char: _bold(char),  # noqa: PLW0108  it is defined below
}
BETWEEN: dict[str, tuple[str, str]] = {  # before and after each letter
    "nothing": ("", ""),
    "span": ('<span class="h">', "</span>"),
    "cell": ("<td>", "</td>\n"),
    "comment": ("", "<!-- x -->"),
    "note": ("", "/* x */"),
    "dot": ("", "."),
    "thin": ("", "&thinsp;"),
    "bullet": ("", "\u2022"),
    "joiner": ("", "\u200d"),
    "colour": ("\x1b[31m", "\x1b[0m"),
}
SPELT: dict[str, Callable[[str], str]] = {
    "as it is": lambda char: char,
    "json": lambda char: "".join(f"\\u{unit:04x}" for unit in _units(char)),
    "braces": lambda char: f"\\u{{{ord(char):x}}}",
    "long": lambda char: f"\\U{ord(char):08X}",
    "program": lambda char: "".join(f"\\x{byte:02x}" for byte in char.encode()),
    "octal": lambda char: "".join(f"\\{byte:03o}" for byte in char.encode()),
    "entity": lambda char: f"&#{ord(char)};",
    "hexentity": lambda char: f"&#x{ord(char):06x};",
    "percent": lambda char: "".join(f"%{byte:02X}" for byte in char.encode()),
    "mail": lambda char: "".join(f"={byte:02X}" for byte in char.encode()),
}


def _bold(char: str) -> str:
    if char.isdigit():
        return chr(0x1D7CE + int(char))
    if char.isascii() and char.isalpha():
        return chr((0x1D400 if char.isupper() else 0x1D41A - 32) + ord(char) - 65)
    return char


def _units(char: str) -> list[int]:
    data = char.encode("utf-16-be")
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]


def woven(letters: str, between: str, first: str, second: str, key: str) -> str:
    """Each letter of the key in a form, spelt in a way, and that spelt in another; what stands between stays as it is."""
    before, after = BETWEEN[between]
    once = (SPELT[first](LETTERS[letters](char)) for char in key)
    return "".join(before + "".join(map(SPELT[second], one)) + after for one in once)


def read_by_others(text: str) -> str:
    """What the libraries that readers use make of a text; written without a look at ours."""
    for _ in range(3):
        text = re.sub(r"=([0-9A-F]{2})", r"%\1", text)
        text = re.sub(r"\\+x([0-9a-f]{2})", r"%\1", text)
        text = re.sub(r"\\+([0-3][0-7]{2})", lambda found: f"%{int(found[1], 8):02x}", text)
        text = re.sub(
            r"\\+(?:u\{([0-9a-fA-F]{1,5})\}|u([0-9a-fA-F]{4})|U(000[0-9a-fA-F]{5}))",
            lambda found: chr(int(found[1] or found[2] or found[3], 16)),
            text,
        )
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = unicodedata.normalize("NFKC", urllib.parse.unquote(html.unescape(text)))
    return letters_of(re.sub(r"<!--.*?-->|/\*.*?\*/|<[^<>]*>|\x1b\[[0-9;]*m|\\n", "", text))


def letters_of(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text)
