"""An incident review for a ticket or a wiki."""

from typing import Any

from chatproof.reporters import Style
from chatproof.reporters.markdown import own, words
from chatproof.reporters.review.sections import headline, sections


def render(document: dict[str, Any], style: Style) -> str:
    verdict, follows = headline(document)
    lines = [f"# Incident review: {verdict}", "", *(f"{words(line)}" for line in follows)]
    lines += [
        "",
        *(f"- {words(t['name'])}: {words(t['base_url'])}, model {words(t['model'])}" for t in document["targets"]),
    ]
    for section in sections(document):
        lines += ["", f"## {section.title}", ""]
        if section.columns:
            lines += [f"| {' | '.join(section.columns)} |", "|" + "---|" * len(section.columns)]
            for row in section.rows:
                cells = (own(text) if i in section.own else words(text) for i, text in enumerate(row))
                lines.append(f"| {' | '.join(cells)} |")
        else:
            lines += [f"- {words(line)}" for line in section.lines]
    made = f"Made by chatproof {document['tool']['version']}, {document['reviewed_at']}."
    return "\n".join([*lines, "", made, ""])
