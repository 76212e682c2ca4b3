"""An error of our own side on a terminal: folded at its width. Loaded only there; elsewhere each part is one line."""

from chatproof.reporters.lines import wrap
from chatproof.usage_error import UsageError

_NEXT = "  next: "


def told(error: UsageError, width: int) -> str:
    """What is wrong and what to do, in lines of this width."""
    lines = _folded("chatproof: ", f"{error.code}: {error.detail}", "  ", width)
    return "\n".join([*lines, *(_folded(_NEXT, error.advice, " " * len(_NEXT), width) if error.advice else [])])


def _folded(head: str, text: str, indent: str, width: int) -> list[str]:
    """The text behind its head; a line of the text's own stays one."""
    first, *more = [part for line in text.split("\n") for part in wrap(line, max(width - len(head), 24))]
    return [head + first, *(indent + part for part in more)]
