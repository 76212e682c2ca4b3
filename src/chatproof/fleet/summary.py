"""What a fleet's run comes to: counts, and the failures by cause and owner, so that one cause reads as one line."""

from collections.abc import Iterable, Sequence
from typing import Any

from chatproof import __version__
from chatproof.fleet.local import INTERNAL, Ended, Result

SCHEMA = "chatproof.fleet/1"
_EXAMPLES = 5  # targets that a cause names
WORST = (0, 3, 2, 4, 1)
"""Exit statuses of targets, the worst last: what an endpoint did is worth more than what was not looked at."""


def document_of(
    results: Sequence[Result], ended: Ended, started_at: str, finished_at: str, notes: Iterable[str] = ()
) -> dict[str, Any]:
    """The document of a fleet's run (schema chatproof.fleet/1): what reporters show."""
    verdicts = [result.verdict for result in results]
    counts = {
        "targets": len(results) + len(ended.interrupted) + ended.left,
        **{verdict: verdicts.count(verdict) for verdict in ("GO", "NO-GO", "UNDECIDED")},
        "not_checked": verdicts.count(""),
        "interrupted": len(ended.interrupted),
        "not_begun": ended.left,
    }
    unkept = next((result.unkept for result in results if result.unkept), "")
    said = [f"not all runs are in the journal: {unkept.partition(chr(10))[0]}"] if unkept else []
    if ended.signal:
        said.append(f"interrupted by {ended.signal}: --resume continues from there")
    if ended.failure:
        said.append(f"stopped: {ended.failure[0]}: {ended.failure[1]}")
    whole = counts["GO"] == counts["targets"]
    return {
        "schema": SCHEMA,
        "tool": {"name": "chatproof", "version": __version__},
        "started_at": started_at,
        "finished_at": finished_at,
        "decision": "NO-GO" if counts["NO-GO"] else "GO" if whole else "UNDECIDED",
        "counts": counts,
        "causes": causes_of(results),
        "owners": _owners(results),
        "targets": [row_of(result) for result in results],
        "notes": [*notes, *said],
    }


def row_of(result: Result) -> dict[str, Any]:
    """One target's line: name, verdict, code, owner and run id; null for what is not known."""
    return {
        "name": result.name,
        "verdict": result.verdict or None,
        "code": result.code or None,
        "owner": result.owner or None,
        "run_id": result.run_id or None,
    }


def causes_of(results: Iterable[Result]) -> list[dict[str, Any]]:
    """Those that did not pass, by code and owner, the most frequent first. What is said is of the first of them, and
    says so where others have another sentence, such as another variable that is not set."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    differs: set[tuple[str, str]] = set()
    for result in results:
        if result.verdict == "GO":
            continue
        key = (result.code, result.owner)
        row = found.setdefault(
            key,
            {
                "code": result.code,
                "owner": result.owner,
                "targets": 0,
                "examples": [],
                "summary": result.summary,
                "next_step": result.next_step,
            },
        )
        if (row["summary"], row["next_step"]) != (result.summary, result.next_step):
            differs.add(key)
        row["targets"] += 1
        if len(row["examples"]) < _EXAMPLES:
            row["examples"].append(result.name)
    for key in differs:
        row = found[key]
        row["summary"] = f"{row['summary']} (so for {row['examples'][0]}; others differ in details)"
    return sorted(found.values(), key=lambda row: (-row["targets"], row["code"]))


def _owners(results: Iterable[Result]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for result in results:
        if result.verdict != "GO":
            counts[result.owner] = counts.get(result.owner, 0) + 1
    return dict(sorted(counts.items(), key=lambda row: -row[1]))


def status_of(results: Iterable[Result], ended: Ended, *, broken: bool = True, undecided: bool = True) -> int:
    """The exit status of a fleet's run that no signal ended: the worst of its targets. `broken` and `undecided` say
    whether a NO-GO and an UNDECIDED fail it."""
    found = {0}
    for result in results:
        if result.verdict == "NO-GO":
            found.add(1 if broken else 0)
        elif result.verdict == "UNDECIDED":
            found.add(3 if undecided else 0)
        elif not result.verdict:
            found.add(4 if result.code == INTERNAL else 2)
        if result.unkept:
            found.add(-1)
    if ended.failure:
        found.add(4)
    worst = max(found - {-1}, key=WORST.index)
    return 4 if worst == 0 and -1 in found else worst
