"""Evidence pattern → code, owner, next step. A failure mode is one row in one of these files.

Rows are tried in the order below, on each exchange that has a broken or undecided clause; the first that matches is
the exchange's cause. Order is the argument: transport before HTTP, HTTP before body, body before meaning.
"""

from chatproof.contract.failure_mode import Case, Mode, Sign
from chatproof.contract.surface import Surface
from chatproof.diagnosis.failure_modes import (
    auth,
    content,
    faults,
    gateway,
    models,
    provider,
    status_only,
    streams,
    unobserved,
)
from chatproof.diagnosis.failure_modes.coded import CODED
from chatproof.diagnosis.failure_modes.coded import coded as coded_row
from chatproof.surfaces import names, surface_of


def modes_of(surface: Surface) -> tuple[Mode, ...]:
    """Every row that is tried on a reply of an API, in order."""
    own = surface.failure_modes()
    return (
        *faults.MODES,
        *auth.MODES,
        *models.MODES,
        *gateway.MODES,
        *streams.MODES,
        *own.streams,
        *provider.MODES,
        *content.BODY,
        *own.answers,
        *content.LAST_RESORT,
        *status_only.MODES,
    )


def every_mode() -> tuple[Mode, ...]:
    """The rows of all APIs, each once: for the reference and for `explain`."""
    return tuple(dict.fromkeys(mode for api in names() for mode in modes_of(surface_of(api))))


def every_coded() -> tuple[Mode, ...]:
    """The rows for codes that clauses name themselves: ours, then those in which an API has words of its own."""
    return (*CODED.values(), *(mode for api in names() for mode in surface_of(api).failure_modes().coded))


def every_row() -> tuple[Mode, ...]:
    """All that a diagnosis can be made of: for `explain`, completion, and the table of how sure each code is."""
    return tuple(dict.fromkeys((*every_mode(), *ALONGSIDE, *every_coded(), *OF_RUNS)))


ALONGSIDE: tuple[Mode, ...] = auth.ALONGSIDE
"""Tried on every exchange, beside its cause: a leak is worth saying whatever else is wrong."""

OF_RUNS: tuple[Mode, ...] = unobserved.MODES
"""Asked of a run that is undecided and whose replies tell no cause."""

__all__ = [
    "ALONGSIDE", "CODED", "OF_RUNS", "Case", "Mode", "Sign", "coded_row", "every_coded", "every_mode", "every_row", "modes_of",
]  # fmt: skip
