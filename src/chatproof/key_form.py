"""Whether a text is a key, or holds one, by its form alone. The one place where that is decided.

The command line, configuration files, error messages, captures and the redactor of others' secrets all ask here. A name
is made of words, numbers, dates and versions; a key is made of characters that nobody chose. Each word of 8 characters
or more is weighed by its neighbouring characters: two letters that follow each other in names speak for a name; others,
a change of case within a word, or between letters and digits, speak for chance. The weights come from 4,878 model ids
and 45,938 package names against random texts: none of those names was taken for a key. The tests have tables of both.

Some forms are both: a UUID, a hash of 32, 40 or 64 hexadecimal digits and a short random word are keys at some
providers and names elsewhere (a fine-tuned model, a commit, an image). They are UNSURE, and the place decides: as a
model's id, in a path or within a longer name they pass; alone, as any other argument, they are refused; no error
message repeats them.
"""

from collections.abc import Iterator
from itertools import pairwise

NAME, UNSURE, KEY = 0, 1, 2
SHOWN = "(not shown: it may be a key)"
PREFIXES = (
    "sk-", "sk-lf-", "pk-lf-", "sk-helicone-", "sk_live_", "sk_test_", "sk_", "pk-", "pk_", "rk_", "gsk_", "gsk-",
    "xai-", "hf_", "api_org_", "AIza", "AQ.", "ya29.", "pplx-", "r8_", "fw_", "fw-", "csk-", "nvapi-", "ghp_", "gho_",
    "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "xoxe-", "xoxr-", "xoxs-", "xapp-",
    "dapi", "AKIA", "ASIA", "ABSK", "bedrock-api-key-", "jina_", "pa-", "up_", "flp_", "tgp_", "lsv2_", "esecret_",
    "dop_v1_", "npm_", "pypi-", "SG.", "eyJ", "rpa_", "vck_",
)  # fmt: skip
"""What vendors let keys begin with. Behind one, little chance is enough."""
_FOLLOWS = {
    "a": "bcdfgiklmnprstuvwxyz", "b": "aeilorsu", "c": "acehikloprstu", "d": "abdeiklorsu",
    "e": "abcdefgklmnoprstuvwx", "f": "aeilortu", "g": "aehilmopru", "h": "aeiortu", "i": "abcdefgklmnoprstuvxz",
    "j": "aes", "k": "aeisu", "l": "adeilmopstuy", "m": "abceilmopu", "n": "acdefgiknostuv",
    "o": "abcdfgiklmnoprstuvwx", "p": "aehiloprstuy", "q": "luw", "r": "abcdegiklmnoprstuvy", "s": "acdehiklmopstuy",
    "t": "acefhilmorstuy", "u": "abcdegilmnprstx", "v": "aeio", "w": "aehios", "x": "aipt", "y": "ampst", "z": "aeu",
}  # fmt: skip
"""The 281 pairs of letters that make up 95 % of all pairs in names."""
_HEX = frozenset("0123456789abcdef")
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
_SHORTEST, _LONG = 8, 20  # characters of a word that are weighed; of a word that no name has without a separator
_WEIGHED, _SURE, _LITTLE = 6, 22, 8
_BEHIND = 16  # characters of random words behind a prefix: a pod, a build or a commit has up to 12 in its name
_HASH = 20  # hexadecimal digits of a piece: of a UUID that was cut, too


def form(text: str, *, folders: bool = False) -> int:
    """KEY, UNSURE or NAME: the strongest of what stands in the text. `folders`: parts of the path of a folder that is
    there are no keys; a system's temporary folder has a random name."""
    if "Bearer " in text and len(text.partition("Bearer ")[2].strip()) >= 12:
        return KEY
    return max((_form(piece) for piece in _pieces(text) if not (folders and _is_folder(text, piece))), default=NAME)


def is_unsure_alone(text: str) -> bool:
    """The whole text is a UUID, a hash or a short random word: there is no name around it."""
    return ("-" not in text and _is_word(text) and _form(text) == UNSURE) or _is_uuid(text)


def without(text: str, *, least: int = UNSURE) -> str:
    """The text with SHOWN in the place of every piece that is or may be a key; `least` KEY: only of those that are.
    Folders that are there stay."""
    if len(text) < 16:
        return SHOWN if form(text) >= least else text
    for piece in sorted(set(_pieces(text)), key=len, reverse=True):
        if _form(piece) >= least and not _is_folder(text, piece):
            text = text.replace(piece, SHOWN)
    return text


def _is_folder(text: str, piece: str) -> bool:
    """The piece is a part of the path of a folder that exists."""
    import os

    if "/" not in text or not _form(piece):
        return False
    head, _, tail = text.partition(piece)
    start = max(map(head.rfind, " '\"=")) + 1
    path = head[start:] + piece
    return tail.startswith("/") and "/" in path and os.path.isdir(path)


def _pieces(text: str) -> Iterator[str]:
    """What stands between spaces, quotes and the marks that join names. Random neighbours at a slash, a plus or a dot
    are one piece, because those are characters of keys, too."""
    for part in _split(_without_host(text)):
        if ("+" in part or part[0] not in "/~.") and _BASE64.issuperset(part) and sum(_weights(part)) >= _SURE:
            yield part
            continue
        joined, rest = "", part
        while rest:
            at = min((place for mark in "/+." if (place := rest.find(mark)) >= 0), default=len(rest))
            piece, mark, rest = rest[:at], rest[at : at + 1], rest[at + 1 :]
            if piece and sum(_weights(piece)) >= _LITTLE:
                joined += piece + mark
                continue
            if joined:
                yield joined.rstrip("/+.")
            joined = ""
            if piece:
                yield piece
        if joined:
            yield joined.rstrip("/+.")


def _without_host(text: str) -> str:
    """The text without the host of a URL, of which no part is a key unless it has capitals, a vendor's prefix or no
    dot: names of functions and endpoints in clouds are random."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        return text
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    is_name = "." in host and host == host.lower() and not _has_prefix(host, sum(_weights(host)))
    kept = "" if is_name else host
    return f"{scheme} {user}{at}{kept}{slash}{path}"


def _split(text: str) -> list[str]:
    for mark in "\t\r\n'\"`()[]{}<>,;:|&?#@%=…":
        text = text.replace(mark, " ")
    return text.split()


def _form(piece: str) -> int:
    chance, hashed = _weights(piece)
    if _has_prefix(piece, chance + hashed):
        return KEY
    if (chance >= _SURE and sum(map(len, _random_words(piece))) >= _LONG) or (chance >= 10 and chance + hashed >= 30):
        return KEY
    digits = sum(len(word) for word in _words(piece) if _is_hex(word))
    return UNSURE if digits >= _HASH or chance >= 16 else NAME


def _has_prefix(piece: str, weight: float) -> bool:
    """A vendor's prefix, and behind it what is no name."""
    for prefix in PREFIXES:
        at = piece.find(prefix)
        if at < 0 or (at and piece[at - 1].isalnum()):
            continue
        rest = piece[at + len(prefix) :]
        if prefix == "sk-" and len(rest) >= 4 and rest.isdigit():  # LiteLLM's sk-1234
            return True
        random = sum(map(len, _random_words(rest)))
        words = _words(rest)
        if (weight >= _LITTLE and random >= _BEHIND) or any(map(_is_no_word, words)):
            return True
        if len(rest) >= _LONG and sum(map(_weight, words)) >= _LITTLE and not any(map(_is_a_word, words)):
            return True
    return False


def _is_no_word(word: str) -> bool:
    return len(word) >= _LONG or (len(word) >= 16 and (not word.isalpha() or word.isupper()))


def _is_a_word(word: str) -> bool:
    return len(word) >= 4 and word.isalpha() and not _weight(word)


def _weights(piece: str) -> tuple[float, float]:
    """(how much speaks for chance in its words, the same for those that are hexadecimal)."""
    chance = hashed = 0.0
    for word in _random_words(piece):
        if _is_hex(word):
            hashed += _weight(word)
        else:
            chance += _weight(word)
    return chance, hashed


def _random_words(piece: str) -> list[str]:
    return [word for word in _words(piece) if len(word) >= _SHORTEST and _weight(word) >= _WEIGHED]


def _words(piece: str) -> list[str]:
    if "+" in piece:  # base64, in which a slash is a character, too
        piece = piece.replace("+", "").replace("/", "")
    return "".join(char if char.isascii() and char.isalnum() else " " for char in piece).split()


def _weight(word: str) -> float:
    """The weight of the run of characters within a word that speaks most for chance."""
    common = -2.0
    if len(word) >= _LONG and _switches(word) >= 4:
        common = -0.5  # no name goes on for so long
    most = now = 0.0
    for at in range(len(word) - 1):
        first, second = word[at], word[at + 1]
        if first.isdigit() or second.isdigit():
            value = 0.5 if first.isdigit() and second.isdigit() else 2.0 + (first + second).isupper() / 2
        else:
            follows = second.lower() in _FOLLOWS[first.lower()]
            if first.isupper() == second.isupper():
                value = common if follows else 1.5
            elif at == 0:
                value = -1.5  # a capital begins a word
            else:
                value = 3.0 if follows else 4.0
        now = max(0.0, now + value)
        most = max(most, now)
    return most


def _switches(word: str) -> int:
    return sum(first.isdigit() != second.isdigit() for first, second in pairwise(word))


def _is_word(text: str) -> bool:
    return text.isascii() and text.isalnum()


def _is_hex(word: str) -> bool:
    return (_HEX.issuperset(word) or (_HEX.issuperset(word.lower()) and word == word.upper())) and not word.isdigit()


def _is_uuid(text: str) -> bool:
    parts = text.split("-")
    return [*map(len, parts)] == [8, 4, 4, 4, 12] and _HEX.issuperset("".join(parts).lower())
