"""Markdown: the decision, the counts, and a table of causes."""

from typing import Any

from chatproof.reporters import Style
from chatproof.reporters.markdown import cell, words


def render(document: dict[str, Any], style: Style) -> str:
    counts = document["counts"]
    named = {name: name.replace("_", " ") for name in counts if name != "targets"}
    lines = [f"# chatproof fleet: {document['decision']}", "", f"{counts['targets']:,} targets: "]
    lines[-1] += ", ".join(f"{counts[name]:,} {word}" for name, word in named.items() if counts[name] or name == "GO")
    if document["causes"]:
        lines += ["", "| targets | cause | owner | what it is | next | for example |", "|---|---|---|---|---|---|"]
    for cause in document["causes"]:
        row = [
            f"{cause['targets']:,}",
            cell(cause["code"]),
            cell(cause["owner"]),
            cell(cause["summary"]),
            cell(cause["next_step"]),
            ", ".join(cell(name) for name in cause["examples"]),
        ]
        lines.append(f"| {' | '.join(row)} |")
    for note in document["notes"]:
        lines += ["", words(note)]
    return "\n".join(lines) + "\n"
