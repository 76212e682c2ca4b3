"""An incident review for a ticket or a wiki."""

from typing import Any

from chatproof.reporters import Style
from chatproof.reporters.comparison.as_markdown import cell
from chatproof.reporters.review.sections import headline, sections


def render(document: dict[str, Any], style: Style) -> str:
    verdict, follows = headline(document)
    lines = [f"# Incident review: {verdict}", "", *(f"{cell(line)}" for line in follows)]
    lines += [
        "",
        *(f"- {cell(t['name'])}: {cell(t['base_url'])}, model {cell(t['model'])}" for t in document["targets"]),
    ]
    for section in sections(document):
        lines += ["", f"## {section.title}", ""]
        if section.columns:
            lines += [f"| {' | '.join(section.columns)} |", "|" + "---|" * len(section.columns)]
            lines += [f"| {' | '.join(map(cell, row))} |" for row in section.rows]
        else:
            lines += [f"- {cell(line)}" for line in section.lines]
    return "\n".join([*lines, "", f"Made by chatproof {document['tool']['version']}, {document['reviewed_at']}.", ""])
