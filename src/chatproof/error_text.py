"""A provider's error in words, and which parameters it blames."""

from chatproof.printable import quote
from chatproof.provider_error import ProviderError


def error_words(error: ProviderError) -> str:
    parts = [
        f"{name} {quote(value, 60)}"
        for name, value in (("code", error.code), ("type", error.type), ("param", error.param))
        if value
    ]
    if error.message:
        parts.append(f"message {quote(error.message, 200)}")
    return "error " + ", ".join(parts) if parts else f"an error at {error.where}"


def names(error: ProviderError, parameters: tuple[str, ...]) -> bool:
    """The error blames one of these parameters: in its `param`, or as a word of its message."""
    words = _words(f"{error.param} {error.message[:4000]}")
    return any(_words(parameter) <= words for parameter in parameters)


def _words(text: str) -> set[str]:
    return set("".join(char if char.isalnum() or char == "_" else " " for char in text.lower()).split())
