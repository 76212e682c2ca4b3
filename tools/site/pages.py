"""Pages that the site has and the repository has not: one for each diagnosis code, and the clauses one by one.

What they say is what `chatproof explain` says, from the same tables.
"""

from __future__ import annotations

import json
import re

from tools.site.examples import FILE

from chatproof.cli.commands.explain import Rows, codes, known, of_clause, of_code

CODES = "reference/codes"
CLAUSES = "reference/each-clause.md"
_LABELS = {"meaning": "What it means", "owner": "Whose it is", "next": "What to do", "how sure": "How sure"}


def pages() -> dict[str, str]:
    """Markdown by its place below docs/."""
    examples = json.loads(FILE.read_text())
    made = {f"{CODES}/{code}.md": code_page(code, of_code(code), examples.get(code)) for code in codes()}
    return made | {CLAUSES: clause_page()}


def code_page(code: str, rows: Rows, example: dict[str, str] | None) -> str:
    """One code: each way that leads to it, how sure that is, the clauses that name it, and an example."""
    parts = [f"# {code}", ""]
    told = dict(rows)
    if "on our own side" in told["code"]:
        parts += ["Of our own side: exit status 2, nothing is sent.", ""]
    several = sum(label == "meaning" for label, _ in rows) > 1
    for label, text in rows:
        if label == "meaning" and several:
            parts += [f"## {_first(text)}", ""]
        elif label in _LABELS and label != "how sure":
            parts += [f"**{_LABELS[label]}.** {_first(text)}", ""]
    if "how sure" in told:
        parts += ["## How sure", "", _first(told["how sure"]), ""]
    clauses = [text for label, text in rows if label == "clause"]
    if clauses:
        parts += ["## Clauses that name it", "", *(_clause_line(text) for text in clauses), ""]
    if example is not None:
        parts += ["## An example", "", *_example(example)]
    parts += [f"In a terminal: `chatproof explain {code}`. All codes in one table: [diagnosis codes](../codes.md).", ""]
    return "\n".join(parts)


def _example(example: dict[str, str]) -> list[str]:
    shown = (
        ["With this in `pasted.txt`:", "", "```text", example["pasted"].rstrip(), "```", ""]
        if example["pasted"]
        else []
    )
    return [*shown, "```text", f"$ {example['command']}", "", example["output"].rstrip(), "```", ""]


def _clause_line(text: str) -> str:
    clause, _, says = text.partition(": ")
    return f"- [`{clause}`](../each-clause.md#{anchor(clause)}): {says}"


def clause_page() -> str:
    """Every clause under a heading of its own, so that a search for its id ends there."""
    parts = ["# Each clause", "", "What `chatproof explain CLAUSE` says. The tables: [clauses](clauses.md).", ""]
    names = set(codes())
    for id in known():
        rows = of_clause(id)
        if not rows or id in names:
            continue
        parts += [f"## {id}", ""]
        for label, text in rows:
            if label == "code":
                code = text.partition(":")[0]
                parts.append(f"- diagnosis: [`{code}`](codes/{code}.md)")
            elif label in ("holds on", "breaks on"):
                parts.append(f"- {label}: `` {text.replace('`', '')} ``")
            else:
                parts.append(f"- {label}: {_plain(text)}")
        parts.append("")
    return "\n".join(parts)


def anchor(heading: str) -> str:
    """The id that the site gives a heading."""
    from tools.site.hooks import slug

    return slug(heading, "-")


def linked(table: str) -> str:
    """The page of codes with each code in a first column as a link to its own page."""
    named = set(codes())
    return re.sub(
        r"(?m)^\| `([a-z_.]+)` \|", lambda m: f"| [`{m[1]}`](codes/{m[1]}.md) |" if m[1] in named else m[0], table
    )


def _first(text: str) -> str:
    plain = _plain(text)
    return plain[:1].upper() + plain[1:]


def _plain(text: str) -> str:
    """Text as text: what Markdown gives a meaning to stands for itself."""
    return re.sub(r"([<*_\[\]])", r"\\\1", text)
