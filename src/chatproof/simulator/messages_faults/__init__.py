"""Every fault of the Messages API by name, in reading order. A new one is one row in one of the files here.

`breaks` are the clauses that a run finds broken, and no other; tests hold each of them.
"""

from chatproof.simulator.fault import Fault
from chatproof.simulator.messages_faults import (
    abilities,
    blocks,
    elsewhere,
    harmless,
    headers,
    mistakes,
    plain,
    reported,
    streams,
    tools,
    values,
)

_FILES = (plain, headers, streams, blocks, reported, tools, abilities, elsewhere, mistakes, values, harmless)

ALL: dict[str, Fault] = {row.name: row for file in _FILES for row in file.ROWS}
VALIDATE = frozenset(row.name for row in (*tools.ROWS, *abilities.ROWS, *elsewhere.ROWS, *mistakes.ROWS, *values.ROWS))
"""Those that only validate sees."""
