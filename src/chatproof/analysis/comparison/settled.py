"""What is left of the differences once both sides were asked again: which are told, which are not settled. Pure."""

from typing import Any, NamedTuple

from chatproof.analysis.comparison.chance import ONCE, OPEN, REPEATS, UNSTEADY, VARIES
from chatproof.analysis.comparison.difference import BREAKS, Difference
from chatproof.analysis.comparison.exchanges import closed_connection
from chatproof.analysis.comparison.repeats import Outcome, Pairing, is_tested


class AskedAgain(NamedTuple):
    """What asking again was allowed, what it cost, and what it brought."""

    limit: int
    pairings: dict[int, Pairing]  # by the candidate's number
    rows: list[dict[str, Any]]  # one for each further request, in their order
    stopped: str  # why it ended before all was settled; empty where it did not

    def document(self) -> dict[str, Any]:
        """Make the section of the comparison document."""
        return {
            "limit": self.limit,
            "requests": len(self.rows),
            "billable_requests": sum(row["billable"] for row in self.rows),
            "tokens_reported": sum(row["tokens"] for row in self.rows),
            "stopped": self.stopped,
            "rows": self.rows,
        }


def is_unsettled(one: Outcome) -> bool:
    """It came and went on one side; or it would be a break, and chance is not excluded yet."""
    if one.unit.effect == BREAKS:
        return one.state in (UNSTEADY, OPEN, ONCE)
    return one.state == UNSTEADY or one.fails_at_times


def settled_of(
    found: list[Difference], outcomes: list[Outcome], pairing: Pairing
) -> list[tuple[Difference, Outcome | None]]:
    """The differences that are told, each with what came of asking again; None where that was not asked."""
    kept: list[tuple[Difference, Outcome | None]] = []
    for one in found:
        if not is_tested(one, pairing.surface):
            kept.append((one, None))
            continue
        mine = [outcome for outcome in outcomes if outcome.unit.told == one and outcome.state != VARIES]
        for outcome in mine:
            if not is_unsettled(outcome):
                probes = one.probes if one.kind == "capability" else outcome.unit.probes
                kept.append((one._replace(probes=probes), outcome))
    kept += [(late.unit.told, late) for late in outcomes if late.state == REPEATS and not late.unit.first]
    for probe, sides in pairing.closed.items():
        if sides == ["B"]:
            kept.append((closed_connection(probe, "closed; answered on a new connection"), None))
    order = ("breaks", "change", "better", "note")
    return sorted(kept, key=lambda row: order.index(row[0].effect))
