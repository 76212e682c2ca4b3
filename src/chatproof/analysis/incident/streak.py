"""Which runs of a recorded history are the incident: the failing streak that stands, else the last one. Pure.

A streak is of one API of one target in one environment: a laptop that is fine ends no failure in CI, and an answer of
the Responses API none of chat completions. A good run ends it only where it judged what the streak broke, and where the
same failure did not come back in the next run without a change of ours.
"""

from typing import Any, NamedTuple

from chatproof.contract.surface import CHAT
from chatproof.target.environment import environment_of

GO, NO_GO, UNDECIDED, NO_END = "GO", "NO-GO", "UNDECIDED", "NO END"
_UNNAMED = ("", "url")
Run = dict[str, Any]


class Streak(NamedTuple):
    """One failing streak. `bad` is its first run with the cause that it has now; `good` the last good run before the
    streak, of another environment where its own has none; `recovered` the first good run after it."""

    bad: Run
    failing: tuple[Run, ...]
    good: Run | None
    recovered: Run | None
    elsewhere: bool  # `good` is of another environment
    passed: tuple[Run, ...]  # retries that were good between two failures of the same cause

    @property
    def standing(self) -> bool:
        return self.recovered is None


def verdict_of(run: Run) -> str:
    return str(run.get("verdict") or NO_END)


def failed(run: Run) -> bool:
    return verdict_of(run) in (NO_GO, UNDECIDED)


def cause_of(run: Run) -> str:
    """The code of the principal diagnosis; empty where there is none."""
    return str(next((d["code"] for d in run.get("diagnoses", ())), ""))


def target_of(run: Run) -> str:
    """What stays the same when a target's URL is changed: its name; its URL where it has none."""
    name = str(run["target"].get("name", ""))
    return str(run["target"].get("base_url", "")) if name in _UNNAMED else name


def api_of(run: Run) -> str:
    """Which API was asked: two of one endpoint are no before and after."""
    return str(run.get("api", CHAT))


def is_good(run: Run, bad: Run | None) -> bool:
    """A GO that says something of what broke: of the same API, of the whole contract or of the part that the bad run
    judged, and with the broken clauses among its own, unless it asked all that its kind knew of then."""
    if bad is not None and api_of(run) != api_of(bad):
        return False
    less = run.get("narrowed") or []
    if verdict_of(run) != GO or (less and (bad is None or less != bad.get("narrowed"))):
        return False
    if bad is None or run.get("kind") == bad.get("kind"):
        return True
    judged = {finding["clause"] for finding in run.get("findings", ())}
    return judged.issuperset(f["clause"] for f in bad.get("findings", ()) if _breaks(f))


def _breaks(finding: dict[str, Any]) -> bool:
    return bool(finding["outcome"] == "broken" and finding["level"] == "must")


def of_one_target(ordered: list[Run]) -> tuple[list[Run], list[str]]:
    """(the runs of the target that fails now, else of the newest run; the other targets' names)."""
    if not ordered:
        return [], []
    streaks = {name: find([run for run in ordered if target_of(run) == name]) for name in map(target_of, ordered)}
    standing = [s.failing[-1] for s in streaks.values() if s is not None and s.standing]
    newest = max(standing or ordered, key=ordered.index)
    chosen = target_of(newest)
    return [run for run in ordered if target_of(run) == chosen], [name for name in streaks if name != chosen]


def find(ordered: list[Run]) -> Streak | None:
    """The streak that stands now (the one that failed last, where several do), else the last one that is over."""
    places = dict.fromkeys(map(_place, ordered))
    found = [s for place in places if (s := _last_streak(ordered, place)) is not None]
    if not found:
        return None
    return max(found, key=lambda s: (s.standing, ordered.index(s.failing[-1])))


def _place(run: Run) -> tuple[str, str]:
    return environment_of(run), api_of(run)


def _last_streak(ordered: list[Run], place: tuple[str, str]) -> Streak | None:
    here = [run for run in ordered if _place(run) == place]
    last = next((run for run in reversed(here) if failed(run)), None)
    if last is None:
        return None
    before, failing, passed = here[: here.index(last)], [last], []
    while before and (not is_good(before[-1], last) or _only_a_retry(before, failing[-1])):
        run = before.pop()
        if failed(run):
            failing.append(run)
        elif is_good(run, last):
            passed.append(run)
    failing.reverse()
    bad = _first_of_the_present_cause(failing)
    good = before[-1] if before else None
    recovered = next((run for run in here[here.index(last) + 1 :] if is_good(run, bad)), None)
    elsewhere = good is None and recovered is None
    if elsewhere:
        good = _good_elsewhere(ordered, bad)
    return Streak(bad, tuple(failing), good, recovered, elsewhere and good is not None, tuple(reversed(passed)))


def _only_a_retry(before: list[Run], next_failure: Run) -> bool:
    """The last of `before` is one good run between two failures of the same cause, all three asked of the same place
    with the same key and model."""
    if len(before) < 2 or not failed(before[-2]) or cause_of(before[-2]) != cause_of(next_failure):
        return False
    return _asked(before[-2]) == _asked(before[-1]) == _asked(next_failure)


def _asked(run: Run) -> tuple[Any, ...]:
    target = run["target"]
    return target.get("base_url"), target.get("model"), (target.get("key") or {}).get("fingerprint")


def _first_of_the_present_cause(failing: list[Run]) -> Run:
    """A run that could not observe the contract tells less than one that saw it broken: it is the present cause only
    where none was seen broken, or where it is the last and asks another place."""
    last = failing[-1]
    if verdict_of(last) == UNDECIDED:
        broken = [run for run in failing if verdict_of(run) == NO_GO]
        if broken and broken[-1]["target"].get("base_url") == last["target"].get("base_url"):
            last = broken[-1]
    return next(run for run in failing if (verdict_of(run), cause_of(run)) == (verdict_of(last), cause_of(last)))


def _good_elsewhere(ordered: list[Run], bad: Run) -> Run | None:
    """The good run of another environment that is nearest to the failure: the last one before, else the first after."""
    here = environment_of(bad)
    others = [run for run in ordered if environment_of(run) != here and is_good(run, bad)]
    at = ordered.index(bad)
    before = [run for run in others if ordered.index(run) < at]
    return before[-1] if before else next(iter(others), None)
