"""An incident review for a terminal."""

from typing import Any

from chatproof.printable import escape, inert
from chatproof.reporters import Style
from chatproof.reporters.review.sections import Section, headline, sections

_COLORS = {"client bug": "33", "no incident": "32"}


def render(document: dict[str, Any], style: Style) -> str:
    verdict, follows = headline(document)
    color = _COLORS.get(verdict, "31")
    shown = f"\x1b[{color}m{verdict}\x1b[0m" if style.color else verdict
    targets = dict.fromkeys(f"{t['name']}: {t['base_url']}, model {t['model']}" for t in document["targets"])
    lines = [f"Verdict: {shown}", *(f"  {escape(line)}" for line in (*follows, *targets))]
    if style.verbosity < 0:
        return inert("\n".join([*lines, ""]))
    for section in sections(document):
        lines += ["", section.title, *_body(section, style.width)]
    return inert("\n".join([*lines, ""]))


def _body(section: Section, width: int) -> list[str]:
    if not section.columns:
        return [f"  {escape(line)}" for line in section.lines]
    rows = [tuple(map(escape, row)) for row in section.rows]
    *heads, _ = section.columns
    sizes = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    if sum(sizes) > width:  # too wide for one line each: the last column goes below
        return [line for row in rows for line in (f"  {'  '.join(row[:-1])}", *([f"    {row[-1]}"] if row[-1] else []))]
    return ["  " + "  ".join([*(f"{row[i]:<{sizes[i]}}" for i in range(len(heads))), row[-1]]).rstrip() for row in rows]
