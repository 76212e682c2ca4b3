"""Exit statuses: the one place where a run's result becomes a number.

A NO-GO and an UNDECIDED run fail unless told otherwise. `--fail-on` names what else fails, or what alone does:

    (nothing)     NO-GO 1, UNDECIDED 3
    broken        NO-GO 1; an UNDECIDED run exits 0
    undecided     the default, said aloud
    warning       the default, and 1 when a `should` clause is broken
    drift         the default, and 1 when the endpoint's shape has drifted from the last run
    never         0 whatever was found (the same as --exit-zero)

Words combine: `broken,drift` fails on NO-GO and on drift, not on UNDECIDED. Our own faults (2, 4) and signals are no
results, and no policy hides them.
"""

from __future__ import annotations

from collections.abc import Iterable

from chatproof.usage_error import UsageError, near, repeated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

EXIT = {
    0: "GO",
    1: "NO-GO, or something that --fail-on names was found",
    2: "usage or configuration: bad option, bad or missing key, bad URL, nothing was checked",
    3: "UNDECIDED",
    4: "our own fault: internal error, or a file or journal could not be written (the verdict is still printed)",
    129: "terminal closed (SIGHUP); an interrupted record is written",
    130: "interrupted (SIGINT); an interrupted record is written",
    143: "terminated (SIGTERM); an interrupted record is written",
}


class Ended(SystemExit):
    """A command that has told all there is to tell, as --help does. A SystemExit of a library's is an error."""


def ended(parser: object, status: int = 0, message: str | None = None) -> NoReturn:
    """End as a parser does that has told what it was asked for."""
    raise Ended(status)


VERDICT_EXIT = {"GO": 0, "NO-GO": 1, "UNDECIDED": 3}
SIGNAL_EXIT = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}

BROKEN, UNDECIDED, WARNING, DRIFT, NEVER = "broken", "undecided", "warning", "drift", "never"
FAIL_ON = {
    BROKEN: "NO-GO only; an UNDECIDED run exits 0",
    UNDECIDED: "NO-GO and UNDECIDED: the default",
    WARNING: "also a failed should clause",
    DRIFT: "also drift from the last run",
    NEVER: "nothing; exit 0 whatever was found",
}
DEFAULT = frozenset((BROKEN, UNDECIDED))


def policy(words: Iterable[str], exit_zero: bool = False) -> frozenset[str]:
    """What fails a run, from the values of --fail-on (each may hold several words, separated by commas).

    `broken` is always in it but for `never`: a NO-GO outranks whatever else was asked for. Raises UsageError.
    """
    named = {word for group in words for word in group.split(",")}
    for word in sorted(named):
        if word not in FAIL_ON:
            raise UsageError("usage", f"--fail-on does not accept {repeated(word)}", near(word, FAIL_ON))
    if NEVER in named and len(named) > 1:
        raise UsageError("usage", "--fail-on never cannot be combined", "use never alone, without the other words")
    if exit_zero and named - {NEVER}:
        raise UsageError("usage", "--exit-zero and --fail-on contradict each other", "leave one of them out")
    if exit_zero or NEVER in named:
        return frozenset()
    if named & DEFAULT:
        return frozenset({BROKEN} | named)
    return DEFAULT | named


def of_run(document: dict[str, Any], fails: frozenset[str] = DEFAULT) -> int:
    """The exit status of a finished run: 0, 1, 3, or a signal's."""
    signal = interrupted(document)
    if signal:
        return SIGNAL_EXIT[signal]
    verdict = document["verdict"]
    if verdict == "NO-GO" and BROKEN in fails:
        return VERDICT_EXIT[verdict]
    if verdict == "UNDECIDED" and UNDECIDED in fails:
        return VERDICT_EXIT[verdict]
    return 1 if reasons(document, fails) else 0


def with_journal(status: int, kept: int) -> int:
    """The exit status of a run whose verdict comes to `status`, and whose way into the journal to `kept`: 0, 4 where it
    is not in it, or a signal's status."""
    return kept if kept > 4 or status == 0 else status


def of_decision(decision: str, fails: frozenset[str] = DEFAULT) -> int:
    """The exit status of a comparison: GO WITH CHANGES is a GO, and 1 with --fail-on warning."""
    if decision == "NO-GO":
        return 1 if BROKEN in fails else 0
    if decision == "UNDECIDED":
        return 3 if UNDECIDED in fails else 0
    return 1 if decision == "GO WITH CHANGES" and WARNING in fails else 0


def reasons(document: dict[str, Any], fails: frozenset[str]) -> list[str]:
    """Why a run fails that its verdict alone would not: sentences, empty for none."""
    found = []
    if WARNING in fails:
        broken = [f["clause"] for f in document["findings"] if f["outcome"] == "broken" and f["level"] != "must"]
        if broken:
            found.append(f"--fail-on warning: failed: {', '.join(dict.fromkeys(broken))}")
    if DRIFT in fails and document.get("drift"):
        found.append(f"--fail-on drift: {len(document['drift'])} differences from the last run")
    return found


def interrupted(document: dict[str, Any]) -> str:
    """The name of the signal that ended a run early; empty when none did."""
    notes = document["notes"]
    return next((name for name in SIGNAL_EXIT for note in notes if note.startswith(f"interrupted by {name}")), "")
