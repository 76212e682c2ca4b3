"""An incident review for a terminal."""

from collections.abc import Iterable
from typing import Any

from chatproof.printable import escape
from chatproof.reporters import Style
from chatproof.reporters.lines import wrap
from chatproof.reporters.review.sections import Section, headline, sections

_LEAST = 30  # columns for what is said at the end of a row
_COLORS = {"our own change": "33", "client bug": "33", "no incident": "32"}


def render(document: dict[str, Any], style: Style) -> str:
    verdict, follows = headline(document)
    color = _COLORS.get(verdict, "31")
    shown = f"\x1b[{color}m{verdict}\x1b[0m" if style.color else verdict
    targets = dict.fromkeys(f"{t['name']}: {t['base_url']}, model {t['model']}" for t in document["targets"])
    lines = [f"Verdict: {shown}", *_indented([*follows, *targets], style.width)]
    if style.verbosity < 0:
        return "\n".join([*lines, ""])
    for section in sections(document):
        title = f"\x1b[1m{section.title}\x1b[0m" if style.color else section.title
        lines += ["", title, *_body(section, style.width)]
    return "\n".join([*lines, ""])


def _indented(texts: Iterable[str], width: int, indent: int = 2) -> list[str]:
    """Lines folded at the width, what goes on indented once more."""
    lines = []
    for text in texts:
        first, *more = wrap(escape(text), max(width - indent - 2, 24))
        lines += [f"{' ' * indent}{first}".rstrip(), *(f"{' ' * (indent + 2)}{line}".rstrip() for line in more)]
    return lines


def _body(section: Section, width: int) -> list[str]:
    if not section.columns:
        return _indented(section.lines, width)
    rows = [tuple(map(escape, row)) for row in section.rows]
    *heads, _ = section.columns
    sizes = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    room = width - 2 - sum(size + 2 for size in sizes)
    fits = sum(sizes) + 2 * len(sizes) <= width  # the heads do
    lines = []
    for row in rows:
        head = "  " + "".join(f"{row[i]:<{sizes[i] + 2}}" for i in range(len(heads)))
        if room < _LEAST:  # too wide for one line each: the last column goes below
            lines += [head.rstrip()] if fits else _indented(["  ".join(row[:-1])], width)
            lines += _indented([row[-1]], width, 4) if row[-1] else []
            continue
        first, *more = wrap(row[-1], room)
        lines += [f"{head}{first}".rstrip(), *(f"{' ' * len(head)}{line}".rstrip() for line in more)]
    return lines
