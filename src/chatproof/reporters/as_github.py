"""GitHub Actions' workflow commands: annotations on the run, and on the target's line in chatproof.toml.

GitHub keeps ten annotations of a kind for each step, so each is a diagnosis with all it explains, and what is over the
limit is counted in the last one.
"""

from typing import Any

from chatproof.reporters import Style, narrowed
from chatproof.reporters.cases import ERROR, FAILED, SHOWN, WARNED, Case, cases, clean, headline, place

LIMIT = 10
_MESSAGE = 3500  # the runner cuts at 4,096 characters


def render(document: dict[str, Any], style: Style) -> str:
    found = _annotations(document)
    lines = []
    for kind in ("error", "warning"):
        rows = [(title, text) for level, title, text in found if level == kind]
        if len(rows) > LIMIT:
            rest = [title for title, _ in rows[LIMIT - 1 :]]
            rows = [*rows[: LIMIT - 1], (f"{len(rest)} more", "\n".join(rest))]
        lines += [command(kind, title, text, place(document)) for title, text in rows]
    if not lines or narrowed(document):
        lines += [command("notice", headline(document), f"run {document['run_id']}", ("", 0))]
    return "\n".join([*lines, ""])


def command(kind: str, title: str, text: str, where: tuple[str, int]) -> str:
    """One workflow command. The runner undoes exactly these escapes (its ActionCommand.cs)."""
    named = [f"title={_property(title)}"]
    if where[0]:
        named += [f"file={_property(where[0])}", f"line={where[1]}"]
    return f"::{kind} {','.join(named)}::{_data(text[:_MESSAGE])}"


def _annotations(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(error or warning, title, text): each diagnosis, then what no diagnosis explains."""
    left = [case for case in cases(document) if case.state in (FAILED, ERROR, WARNED)]
    rows = []
    for number, diagnosis in enumerate(document["diagnoses"]):
        mine = [case for case in left if case.code == diagnosis["code"]]
        left = [case for case in left if case not in mine]
        about = [case for case in cases(document) if case.clause in diagnosis["clauses"]]
        error = any(SHOWN[case.state].github == "error" for case in (mine or about))
        verdict = f"{document['verdict']}: " if number == 0 else ""
        text = [
            diagnosis["summary"],
            *diagnosis["evidence"],
            f"owner: {diagnosis['owner']} ({diagnosis['confidence']})",
            f"next: {diagnosis['next_step']}",
            *_told(mine),
        ]
        title = clean(f"{verdict}{diagnosis['code']}", 200)
        rows.append(("error" if error else "warning", title, "\n".join(clean(line) for line in text)))
    for case in left:
        rows.append((SHOWN[case.state].github, clean(f"{case.id}: {case.outcome}", 200), case.message))
    return rows


def _told(explained: list[Case]) -> list[str]:
    broken = [case.id for case in explained if case.outcome == "broken"]
    undecided = [case.id for case in explained if case.outcome == "undecided"]
    lines = [f"failed: {', '.join(broken)}"] if broken else []
    return [*lines, f"not checked: {', '.join(undecided)}"] if undecided else lines


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
