"""Every row of faults.json (and a few of our own, X…), produced by hand on loopback. This table is the suite's data.

`NOT_HERE` names what cannot be produced, with the reason.
"""

from __future__ import annotations

from tests.rogue import (
    rows_body,
    rows_contract,
    rows_framing,
    rows_http,
    rows_network,
    rows_output,
    rows_size,
    rows_stream,
)
from tests.rogue.codes import ANY, ASKED, CODES, OUTCOMES
from tests.rogue.row import Row

ROWS: tuple[Row, ...] = (
    *rows_network.ROWS,
    *rows_http.ROWS,
    *rows_framing.ROWS,
    *rows_body.ROWS,
    *rows_size.ROWS,
    *rows_contract.ROWS,
    *rows_stream.ROWS,
    *rows_output.ROWS,
)

# id → why it cannot be produced on this machine
NOT_HERE: dict[str, str] = {}


def asked(row: Row) -> tuple[str, tuple[str, ...]]:
    """(verdict, codes) that faults.json asks of a row, in our words; nothing for a row of our own."""
    outcome, _, code = ASKED.get(row.id, "").partition(" ")
    return (OUTCOMES[outcome], CODES[code]) if outcome else ("", ())


def differs(row: Row) -> bool:
    verdict, codes = asked(row)
    return bool(verdict) and (row.verdict != verdict or (codes != (ANY,) and row.code not in codes))


def markdown() -> str:
    """The table for docs/: what each server does, the verdict and the principal diagnosis, and why it differs."""
    lines = [
        "| row | what the server does | verdict | diagnosis | remark |",
        "|---|---|---|---|---|",
    ]
    for row in ROWS:
        code = f"`{row.code}`" if row.code else "none"
        if row.race:
            code += " or " + ", ".join(f"`{other}`" for other in row.race)
        if row.beside:
            code += ", then " + ", ".join(f"`{other}`" for other in row.beside)
        lines.append("| " + " | ".join(_cell(text) for text in (row.name, row.does, row.verdict, code, row.why)) + " |")
    lines += [f"| {id} | not produced here: {_cell(why)} | | | |" for id, why in NOT_HERE.items()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Rows quote hostile text: nothing of it may be live in the page."""
    shown = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    return shown.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*") if shown else ""
