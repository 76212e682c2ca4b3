"""Where a clock went back: entries are numbered as they were written, and each says what the clock said then.

Nothing is put right: a time that was wrong stays in the record, and runs stand in the order of the chain.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chatproof.journal.reading import Row
from chatproof.journal.store import Journal

_SLACK = timedelta(minutes=1)  # machines that share a journal differ by seconds
_NEAR = 20  # entries before and after a run that are looked at


class Step(NamedTuple):
    """`later` was written after `earlier`, and its clock said less."""

    earlier: Row
    later: Row

    @property
    def note(self) -> str:
        return (
            f"the clock went back between {self.earlier.run_id} (written at {self.earlier.at[:19]}) "
            f"and {self.later.run_id} (written next, at {self.later.at[:19]}): runs are listed in the "
            "order in which they were written"
        )


def steps(rows: Sequence[Row]) -> list[Step]:
    """The steps back among runs that are listed newest first."""
    pairs = zip(rows[1:], rows, strict=False)
    return [Step(earlier, later) for earlier, later in pairs if went_back(earlier.at, later.at)]


def note_on(journal: Journal, row: Row) -> str:
    """What the entries written around a run say of its clock; empty where they agree."""
    sql = "SELECT seq, at FROM chatproof_entries WHERE seq > ? AND seq < ? ORDER BY seq"
    near = [
        (seq, at)
        for seq, at in journal.database.query(sql, (row.seq - _NEAR, row.seq + _NEAR))
        if isinstance(seq, int) and isinstance(at, str)
    ]
    before = max((at for seq, at in near if seq < row.seq), default="")
    after = min((at for seq, at in near if seq > row.seq), default="9")
    if went_back(before, row.at):
        return f"the clock went back before this run was written: earlier entries are dated {before[:19]}"
    if went_back(row.at, after):
        return f"the clock went back after this run was written: later entries are dated {after[:19]}"
    return ""


def went_back(earlier: str, later: str) -> bool:
    if later >= earlier:  # RFC 3339 in UTC: the order of texts is that of times
        return False
    try:
        return datetime.fromisoformat(earlier) - datetime.fromisoformat(later) > _SLACK
    except (ValueError, TypeError):  # damage, which verify names
        return False
