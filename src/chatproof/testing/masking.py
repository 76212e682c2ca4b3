"""The key out of what pytest and its plugins are about to show."""

from collections.abc import Mapping
from typing import Any

from _pytest._code.code import ExceptionRepr

from chatproof.secrets.redaction import MARK, Redactor

OF_THE_NAME = ("nodeid", "location", "keywords", "outcome", "when", "duration", "start", "stop", "result")
"""Of a report: which test it is of, and how that ended. Plugins look tests up by their names."""


def masked(value: Any, redactor: Redactor) -> Any:
    """Return `value` with every string in it redacted; pytest's own report objects are changed in place."""
    if isinstance(value, str):
        return redactor.text(value)
    if type(value) in (list, tuple):
        parts = [masked(part, redactor) for part in value]
        texts = [part for part in parts if isinstance(part, str)]
        # A diff of lists or long texts has a letter or a piece in each line.
        if len(texts) > 1 and redactor.finds("\n".join(text.removeprefix("E").lstrip() for text in texts)):
            parts = [MARK if isinstance(part, str) else part for part in parts]
        return type(value)(parts)
    if isinstance(value, Mapping):
        return {masked(name, redactor): masked(part, redactor) for name, part in value.items()}
    if type(value).__module__.startswith("_pytest."):
        for name in [*getattr(value, "__dict__", ()), *getattr(value, "__slots__", ())]:
            object.__setattr__(value, name, masked(getattr(value, name, None), redactor))  # some are frozen
        return value
    if value is None or isinstance(value, bool | int | float):
        return value
    return MARK if redactor.finds(_shown(value)) else value


def mask_interruption(plugin: object, redactor: Redactor) -> None:
    """Mask what a plugin keeps of the exception that ended the session: with --full-trace, the terminal shows it with
    the arguments of the test that it ended."""
    for value in list(getattr(plugin, "__dict__", {}).values()):
        if isinstance(value, ExceptionRepr):
            masked(value, redactor)


def _shown(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # a user's object: whoever writes it down will meet the same
        return ""
