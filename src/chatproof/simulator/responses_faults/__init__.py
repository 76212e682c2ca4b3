"""Every fault of the Responses API by name, in reading order. A new one is one row in one of the files here.

`breaks` are the clauses that a run finds broken, and no other; tests hold each of them.
"""

from chatproof.simulator.fault import Fault
from chatproof.simulator.responses_faults import (
    abilities,
    elsewhere,
    harmless,
    left_open,
    mistakes,
    plain,
    reported,
    streams,
    tools,
    two_calls,
    values,
)

_FILES = (plain, streams, reported, left_open, tools, two_calls, abilities, elsewhere, mistakes, values, harmless)

ALL: dict[str, Fault] = {row.name: row for file in _FILES for row in file.ROWS}
VALIDATE = frozenset(
    row.name for row in (*tools.ROWS, *two_calls.ROWS, *abilities.ROWS, *elsewhere.ROWS, *mistakes.ROWS, *values.ROWS)
)
"""Those that only validate sees."""
