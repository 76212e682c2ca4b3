"""Reporters: one file each, `as_<format>.py` with `render(document, style) -> str`. Found by name; nothing lists them.

A reporter sees the redacted run document and nothing else (an import contract holds that). Those of a comparison are in
the folder `comparison`: where a function here takes `of`, it is the folder's name, empty for runs.
"""

from __future__ import annotations

import importlib
import os

from chatproof.files import package_files
from chatproof.printable import inert
from chatproof.usage_error import UsageError, install, near, repeated
from chatproof.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EXTRA = "reports"
COMMANDS = "github"
"""The one format that gives orders to a CI system on purpose; it escapes what it quotes."""


class Style(NamedTuple):
    """How text is shown. `color` only on a terminal; `verbosity` is the number of -v, -1 for -q."""

    color: bool = False
    width: int = 100
    verbosity: int = 0


PLAIN = Style()
_listed: dict[str, list[str]] = {}


def narrowed(document: dict[str, Any]) -> str:
    """What narrowed the run, in one line; empty where the whole contract was judged, or where an older run does not
    say."""
    return ", ".join(document.get("narrowed", ()))


def formats(of: str = "") -> list[str]:
    """Names of all formats, sorted."""
    if of not in _listed:
        names = package_files.names(os.path.join(os.path.dirname(__file__), of))
        _listed[of] = sorted({name[3:].split(".")[0] for name in names if name.startswith("as_") and ".py" in name})
    return [*_listed[of]]


def load(format: str, of: str = "") -> Any:
    """The module of a format. Raises UsageError when there is none, or when a library it needs is not installed."""
    known = formats(of)
    if format not in known:
        raise UsageError("usage", f"there is no format {repeated(format)}", near(format, known))
    try:
        return importlib.import_module(".".join(filter(None, ("chatproof.reporters", of, f"as_{format}"))))
    except ModuleNotFoundError as error:
        if (error.name or "chatproof").partition(".")[0] == "chatproof":
            raise  # a bug of ours, not an extra that is missing
        raise UsageError(
            "usage", f"the format {format} needs {error.name}, which is not installed", install(EXTRA)
        ) from None


def render(format: str, document: dict[str, Any], style: Style = PLAIN, of: str = "") -> str:
    """The document in a format, with nothing in it that a CI system's log reader obeys; ends with a newline.

    Raises UsageError as `load` does.
    """
    text: str = load(format, of).render(document, style)
    return text if format == COMMANDS else inert(text)
