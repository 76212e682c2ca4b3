"""Reporters: one file each, `as_<format>.py` with `render(document, style) -> str`. Found by name; nothing lists them.

A reporter sees the redacted run document and nothing else (an import contract holds that). Those of a comparison are in
the folder `comparison`: where a function here takes `of`, it is the folder's name, empty for runs.
"""

import importlib
import os
from typing import Any, NamedTuple

from chatproof.usage_error import UsageError

EXTRA = "chatproof[reports]"


class Style(NamedTuple):
    """How text is shown. `color` only on a terminal; `verbosity` is the number of -v, -1 for -q."""

    color: bool = False
    width: int = 100
    verbosity: int = 0


PLAIN = Style()


def formats(of: str = "") -> list[str]:
    """Names of all formats, sorted."""
    names = os.listdir(os.path.join(os.path.dirname(__file__), of))
    return sorted({name[3:].split(".")[0] for name in names if name.startswith("as_") and ".py" in name})


def load(format: str, of: str = "") -> Any:
    """The module of a format. Raises UsageError when there is none, or when a library it needs is not installed."""
    known = formats(of)
    if format not in known:
        raise UsageError("usage", f"there is no format {format[:40]!r}", f"there are: {', '.join(known)}")
    try:
        return importlib.import_module(".".join(filter(None, ("chatproof.reporters", of, f"as_{format}"))))
    except ModuleNotFoundError as error:
        if (error.name or "chatproof").partition(".")[0] == "chatproof":
            raise  # a bug of ours, not an extra that is missing
        raise UsageError(
            "usage", f"the format {format} needs {error.name}, which is not installed", f"pip install '{EXTRA}'"
        ) from None


def render(format: str, document: dict[str, Any], style: Style = PLAIN, of: str = "") -> str:
    """The document in a format; ends with a newline. Raises UsageError as `load` does."""
    text: str = load(format, of).render(document, style)
    return text
