"""Rows for a run whose verdict is UNDECIDED though no reply shows a cause: what it takes was left out or not captured.

They are asked of the findings, by the beginning of their reasons, and only where no row of a reply says why.
"""

from typing import NamedTuple

from chatproof.contract.failure_mode import CERTAIN, POSSIBLE, UNKNOWN, YOU, Case, Mode, Sign
from chatproof.judging.judge import DEPENDS, NOT_CAPTURED, Finding

THROTTLED = "throttled: "


class Absence(NamedTuple):
    begins: tuple[str, ...]  # how the reasons begin that this row explains; any, where one is empty
    mode: Mode


def _of_no_reply(case: Case) -> Sign | None:
    return None


ABSENCES = (
    Absence(
        (THROTTLED,),
        Mode(
            "account.rate_limited",
            UNKNOWN,
            "the endpoint asks to wait longer than a run allows, so requests were left out",
            "Wait as long as it asks and run again, with a smaller --burst; look at who else uses this key.",
            CERTAIN,
            _of_no_reply,
        ),
    ),
    Absence(
        (NOT_CAPTURED, DEPENDS),
        Mode(
            "limit.capture",
            YOU,
            "the captures lack a part that required clauses need",
            "Capture the complete exchange (curl -i -N, or a HAR with content), judge only what is there (with --only), or ask the endpoint itself with chatproof smoke.",
            CERTAIN,
            _of_no_reply,
        ),
    ),
    Absence(
        ("",),
        Mode(
            "limit.unobserved",
            YOU,
            "a required clause was not observed: its request was left out, or it does not apply to what was requested",
            "Run again without the option that left it out (see the evidence): --only, --skip, --max-requests, --budget-tokens, an interrupt.",
            CERTAIN,
            _of_no_reply,
        ),
    ),
)
OPEN = Mode(
    "limit.unobserved",
    UNKNOWN,
    "the reply is not enough to judge a required clause, and shows no known cause",
    "Run again, with --keep-bodies and -v; if it still fails, report it with the evidence.",
    POSSIBLE,
    _of_no_reply,
)
BROKEN = Mode(
    "limit.unobserved",
    UNKNOWN,
    "a required clause failed, and the reply or the capture shows no known cause",
    "Read the failed clause in the findings. Capture the complete exchange (curl -i -N), or run again with --keep-bodies; if it still fails, report it with the evidence.",
    POSSIBLE,
    _of_no_reply,
)
MODES: tuple[Mode, ...] = (*(row.mode for row in ABSENCES), OPEN, BROKEN)


def of_findings(findings: tuple[Finding, ...]) -> Mode:
    """The row that explains most of what comes first in the table. `findings` are those that keep the run undecided."""
    if all(finding.exchange and not finding.not_captured for finding in findings):
        return OPEN
    for row in ABSENCES:
        if any(finding.reason.startswith(row.begins) for finding in findings):
            return row.mode
    return ABSENCES[-1].mode
