"""A fleet's run for a person: the decision, the counts, and one paragraph for each cause, however many failed by it."""

from textwrap import wrap
from typing import Any

from chatproof.printable import escape
from chatproof.reporters import Style


def render(document: dict[str, Any], style: Style) -> str:
    counts = document["counts"]
    lines = [f"{document['decision']}  {counts['GO']:,} of {counts['targets']:,} targets pass{_others(counts)}"]
    if document["owners"] and style.verbosity >= 0:
        owners = ", ".join(f"{escape(owner or 'unknown')} {count:,}" for owner, count in document["owners"].items())
        lines.append(f"  owners: {owners}")
    for cause in document["causes"] if style.verbosity >= 0 else document["causes"][:1]:
        lines += ["", *_cause(cause, style)]
    lines += ["", *(f"  note: {escape(note)}" for note in document["notes"])] if document["notes"] else []
    if style.verbosity > 0:
        lines.append("")
        for row in document["targets"]:
            said = "  ".join(filter(None, (row["verdict"] or "not checked", row["name"], row["code"], row["run_id"])))
            lines.append(f"  {escape(said)}")
    return "\n".join(lines) + "\n"


def _others(counts: dict[str, int]) -> str:
    words = {name: name.replace("_", " ") for name in counts if name not in ("targets", "GO")}
    said = [f"{counts[name]:,} {word}" for name, word in words.items() if counts[name]]
    return f": {', '.join(said)}" if said else ""


def _cause(cause: dict[str, Any], style: Style) -> list[str]:
    examples = cause["examples"]
    more = cause["targets"] - len(examples)
    named = ", ".join(escape(name) for name in examples) + (f" and {more:,} more" if more else "")
    lines = [f"  {cause['targets']:,} × {cause['code'] or 'no cause was found'}  owner: {cause['owner'] or 'unknown'}"]
    for label, text in (("", escape(cause["summary"])), ("targets: ", named), ("next: ", escape(cause["next_step"]))):
        if text:
            lines += wrap(
                f"{label}{text}",
                style.width,
                initial_indent=" " * 4,
                subsequent_indent=" " * 6,
                break_long_words=False,
                break_on_hyphens=False,  # an option or a name is copied
            )
    return lines
