"""Key hygiene: what can be wrong with a key before it is sent. Says the problem and the offset, never the value."""

from chatproof.values import NamedTuple

INVALID_KEY = "invalid-token-smoke-test"
"""The key of the auth.invalid_key probe: constant, and no extension of any real key.

new-api and one-api strip `sk-`, split at `-` and use only the first part, so a real key with something appended would
authenticate as the real one.
"""

NO_VALUES = ("undefined", "null", "None", "[object Object]")
NO_VALUE = "a word that programs print for a missing value (undefined, null or None)"
"""Such a key is sent: servers that ask for none take any, and some are given this one on purpose."""

_PLACEHOLDERS = (
    "your-api-key",
    "your_api_key",
    "yourapikey",
    "api-key-here",
    "changeme",
    "change-me",
    "placeholder",
    "replace-me",
    "xxxxxx",
    "todo",
    "insert-key",
    "my-api-key",
    "sk-xxx",
    INVALID_KEY,
)
_QUOTES = "\"'`“”‘’«»"
_OF_KEYS = frozenset(map(chr, range(0x21, 0x7F))) - {*_QUOTES}
_INVISIBLE = {
    0xFEFF: "byte order mark",
    0x200B: "zero-width space",
    0x200C: "zero-width non-joiner",
    0x200D: "zero-width joiner",
    0x2060: "word joiner",
    0xA0: "no-break space",
}
_MAX = 4096
_MARKS = str.maketrans("/.:=@-_", "       ")
_PREFIXES = ("sk-", "sk_", "glpat-", "pa-", "Bearer ")  # behind which all parts of a key may be short
_WEIGHED = 8  # characters of a part that key_form looks at


def looks_like_key(text: str, *, alone: bool = False) -> bool:
    """Whether a key stands in a text where none belongs: see `key_form`, which decides.

    `alone`: neither may the text as a whole be a UUID or a hash, which are keys at some providers.
    """
    odd = any(len(part) >= _WEIGHED and not _is_plain(part) for part in text.translate(_MARKS).split())
    if not odd and not any(prefix in text for prefix in _PREFIXES):
        return False  # as nearly every argument is: what follows is not imported for it
    from chatproof import key_form

    return key_form.form(text, folders=True) == key_form.KEY or (alone and key_form.is_unsure_alone(text))


def refuse_in(what: str, value: str) -> None:
    """Raise UsageError for a key that a variable or a file has in the place of a name, which is sent or kept. On the
    command line it is refused before."""
    if looks_like_key(value):
        from chatproof.usage_error import UsageError

        said = f"the {what} looks like a key: it would stand in every record"
        raise UsageError("usage", said, "check the configuration and the variables; a key is named by --key-env")


def _is_plain(part: str) -> bool:
    return part.isdigit() or (part.isalpha() and part.islower())


class KeyProblem(NamedTuple):
    """`code` is a diagnosis code; `detail` never holds any part of the key."""

    code: str
    detail: str
    advice: str


def clean(raw: str) -> tuple[str, list[str]]:
    """The key without edge white space, and a note for what was removed: nothing else is ever repaired."""
    key = raw.strip(" \t\r\n")
    if key in NO_VALUES:
        return key, [f"the key is {NO_VALUE}: look at what sets the variable"]
    if key == raw:
        return key, []
    sides = [
        side for side, cut in (("leading", raw.lstrip(" \t\r\n")), ("trailing", raw.rstrip(" \t\r\n"))) if cut != raw
    ]
    said = f"{' and '.join(sides)} white space around the key was removed; other clients may send it and get 401"
    return key, [said]


def check(key: str, other_providers: dict[str, str] | None = None) -> KeyProblem | None:
    """What is wrong with a cleaned key, or None. `other_providers` maps a key prefix to the provider it belongs to."""
    if not key:
        return KeyProblem("auth.key_missing", "the key is empty", "set it to the key from the provider's dashboard")
    if len(key.encode("utf-8", "surrogatepass")) > _MAX:
        return _malformed(f"the key is longer than {_MAX} bytes", "check that the variable holds only the key")
    if key[0] in _QUOTES and key[-1] in _QUOTES and len(key) > 1:
        return _malformed("quotation marks are part of the value", "remove the quotes around it")
    lowered = key.lower()
    if lowered.startswith(("authorization:", "bearer ", "bearer:")):
        return _malformed("the value begins with a part of the header (Bearer …)", "store only the key itself")
    placeholder = _placeholder(key, lowered)
    if placeholder:
        return placeholder
    for offset, char in () if _OF_KEYS.issuperset(key) else enumerate(key):
        code = ord(char)
        if char in _OF_KEYS:
            continue
        name = _INVISIBLE.get(code) or _class(code)
        return _malformed(f"{name} (U+{code:04X}) at offset {offset} of {len(key)}", "copy the key again")
    owner = next((who for prefix, who in (other_providers or {}).items() if key.startswith(prefix)), "")
    if owner:
        return KeyProblem(
            "auth.wrong_provider",
            f"the key has the form of a key of {owner}",
            "base URL, key and model must belong to one provider; check the variable, or use --profile",
        )
    return None


def _placeholder(key: str, lowered: str) -> KeyProblem | None:
    if key.startswith("$") or (key.startswith("%") and key.endswith("%")) or "${" in key or "{{" in key:
        return _malformed("a variable that was not expanded", "check how the variable is set")
    bare = lowered.removeprefix("sk-")
    if (
        key.startswith("<")
        or any(word == lowered or (len(word) > 7 and word in lowered) for word in _PLACEHOLDERS)
        or set(bare) <= set("x*.…-")
    ):
        return _malformed("a placeholder, not a key", "set the real key")
    if lowered.startswith(("http://", "https://")):
        return _malformed("a URL, not a key", "check that key and base URL are not swapped")
    return None


def _malformed(detail: str, advice: str) -> KeyProblem:
    return KeyProblem("auth.key_malformed", detail, advice)


def _class(code: int) -> str:
    if code == 0x20:
        return "a space"
    if code < 0x20 or code == 0x7F:
        return {0x0A: "line feed", 0x0D: "carriage return", 0x09: "tab", 0: "NUL"}.get(code, "a control character")
    if chr(code) in _QUOTES:
        return "a quotation mark"
    return "a character outside ASCII"
