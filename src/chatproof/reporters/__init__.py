"""Reporters: one file each, `as_<format>.py` with `render(document, style) -> str`. Found by name; nothing lists them.

A reporter sees the redacted run document and nothing else (an import contract holds that).
"""

import importlib
import os
from typing import Any, NamedTuple


class Style(NamedTuple):
    """How text is shown. `color` only on a terminal; `verbosity` is the number of -v, -1 for -q."""

    color: bool = False
    width: int = 100
    verbosity: int = 0


PLAIN = Style()


def formats() -> list[str]:
    """Names of all formats, sorted."""
    names = os.listdir(os.path.dirname(__file__))
    return sorted({name[3:].split(".")[0] for name in names if name.startswith("as_") and ".py" in name})


def render(format: str, document: dict[str, Any], style: Style = PLAIN) -> str:
    """The document in a format; ends with a newline."""
    module = importlib.import_module(f"chatproof.reporters.as_{format}")
    text: str = module.render(document, style)
    return text
