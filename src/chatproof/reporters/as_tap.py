"""TAP version 14, with a YAML block under each line that is not plainly ok.

A broken should is `not ok … # TODO`: a harness reports it and does not fail. An interrupted run bails out.
"""

from typing import Any

from chatproof.reporters import Style
from chatproof.reporters.as_yaml import quoted
from chatproof.reporters.cases import ERROR, FAILED, PASSED, SHOWN, SKIPPED, WARNED, Case, cases, clean, headline


def render(document: dict[str, Any], style: Style) -> str:
    all_cases = cases(document)
    lines = ["TAP version 14", f"1..{len(all_cases)}" if all_cases else "1..0 # SKIP nothing was judged"]
    lines.append(f"# {headline(document)}")
    for number, case in enumerate(all_cases, 1):
        word, _, directive = SHOWN[case.state].tap.partition(" # ")
        why = f"{case.outcome.replace('_', ' ')}: {case.message}" if case.state == SKIPPED else f"{case.level} clause"
        ending = f" # {directive} {_described(why)}" if directive else ""
        lines.append(f"{word} {number} - {_described(case.id)}{ending}")
        if case.state in (FAILED, ERROR, WARNED):
            lines += _block(case)
    lines += [f"# cause {d['code']}, owner {d['owner']}: {clean(d['next_step'])}" for d in document["diagnoses"][:1]]
    stopped = next((note for note in document["notes"] if note.startswith("interrupted by")), "")
    if stopped:
        lines.append(f"Bail out! {clean(stopped)}")
    return "\n".join([*lines, ""])


def _described(text: str) -> str:
    """TAP's own escapes: a # would begin a directive."""
    return text.replace("\\", "\\\\").replace("#", "\\#")


def _block(case: Case) -> list[str]:
    severity = {FAILED: "fail", ERROR: "error", WARNED: "warning", PASSED: ""}[case.state]
    lines = ["  ---", f"  message: {quoted(case.message)}", f"  severity: {severity}", f"  level: {case.level}"]
    if case.code:
        lines += [f"  cause: {quoted(case.code)}", f"  owner: {case.owner}"]
    lines += ["  details:", *(f"    - {quoted(line)}" for line in case.details)] if case.details else []
    return [*lines, "  ..."]
