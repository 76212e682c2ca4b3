"""The command line. `chatproof.cli:script` is the entry point of scripts made by earlier versions, so it stays."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def __getattr__(name: str) -> Any:
    if name != "script":
        raise AttributeError(f"module 'chatproof.cli' has no attribute {name!r}")
    from chatproof.cli.main import script

    return script
