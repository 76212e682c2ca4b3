"""FAILURE_MODES: evidence pattern → code, owner, next step. A failure mode is one row in one of these files.

Rows are tried in the order below, on each exchange that has a broken or undecided clause; the first that matches is
the exchange's cause. Order is the argument: transport before HTTP, HTTP before body, body before meaning.
"""

from chatproof.failure_modes import auth, content, faults, gateway, models, provider, stream
from chatproof.failure_modes.coded import CODED
from chatproof.failure_modes.mode import Case, Mode, Sign

FAILURE_MODES: tuple[Mode, ...] = (
    *faults.MODES,
    *auth.MODES,
    *models.MODES,
    *gateway.MODES,
    *stream.MODES,
    *provider.MODES,
    *content.MODES,
)

ALONGSIDE: tuple[Mode, ...] = auth.ALONGSIDE
"""Tried on every exchange, beside its cause: a leak is worth saying whatever else is wrong."""

__all__ = ["ALONGSIDE", "CODED", "FAILURE_MODES", "Case", "Mode", "Sign"]
