"""Has the server behind an endpoint changed between runs of one target? Pure: documents in, sentences out.

A gateway may send a model's requests elsewhere from one day to the next, with the contract kept: it shows in the marks
that a server leaves on its replies. That is no fault, and explains what else changed; it is a note and no finding.
"""

from collections.abc import Container, Sequence
from typing import Any

_ROUTE = ("via", "server", "x-", "cf-", "fly-", "openrouter-", "apim-")
"""Headers, or beginnings of their names, by which servers and gateways are told apart."""
_CHANCE = ("x-ratelimit", "x-cache", "cf-cache-status", "x-simulator")
"""Of those, what comes and goes with the moment."""
_SHOWN = 4
_NAMED = 3  # changes that a review tells one by one
_LOOK_BACK = 3  # runs: what one of them had is no change
_DEEP = 2  # parts of a path: what lies below is about the request

Document = dict[str, Any]
Marks = frozenset[str]


def since(document: Document, baseline: Sequence[Document]) -> list[str]:
    """Say what no run of the baseline had of the marks of this run's replies: one sentence, or none."""
    said = _changes(document, baseline)
    return [f"the upstream changed since the good runs: {'; '.join(said)}"] if said else []


def remarks(ordered: Sequence[Document]) -> list[str]:
    """Say where the upstream changed between runs that follow each other, oldest first; only runs of one target."""
    found: list[str] = []
    before: dict[tuple[str, str], list[Document]] = {}
    for run in ordered:
        if not run.get("exchanges"):
            continue
        mine = before.setdefault((run["target"]["base_url"], run["target"]["model"]), [])
        if said := _changes(run, mine[-_LOOK_BACK:]):
            found.append(f"the upstream changed between {mine[-1]['run_id']} and {run['run_id']}: {'; '.join(said)}")
        mine.append(run)
    more = [f"the upstream changed {len(found) - _NAMED} more times"] if len(found) > _NAMED else []
    return [*found[:_NAMED], *more]


def _changes(run: Document, past: Sequence[Document]) -> list[str]:
    """What each kind of mark says, where this run has none in common with those before it."""
    said = []
    for what, name in (("system_fingerprint", "fingerprints"), ("the ids are", "ids")):
        now = frozenset(run.get("upstream", {}).get(name, ()))
        before = frozenset(mark for other in past for mark in other.get("upstream", {}).get(name, ()))
        if now and before and not now & before:
            said.append(f"{what} {_list(before)} → {_list(now)}")
    return [*said, *_of_headers(run, past), *_of_errors(run, past)]


def _list(marks: Marks) -> str:
    shown = sorted(marks)
    return ", ".join(shown[:_SHOWN]) + (" …" if len(shown) > _SHOWN else "")


def _replies(run: Document, classes: tuple[int, ...]) -> dict[str, Document]:
    """Complete replies of these classes of status, by probe."""
    return {
        x["probe"]: x["response"]
        for x in run["exchanges"]
        if x["response"] and x["fault"] is None and (x["response"]["status"] or 0) // 100 in classes
    }


def _headers(replies: dict[str, Document], probes: Container[str]) -> Marks:
    """The headers that tell servers apart, on all of these replies together."""
    names = (name for probe, reply in replies.items() if probe in probes for name in reply["header_names"])
    return frozenset(name for name in names if name.startswith(_ROUTE) and not name.startswith(_CHANCE))


def _of_headers(run: Document, past: Sequence[Document]) -> list[str]:
    """Headers that all runs before had on the same replies, and this one has not, or the other way round."""
    now = _replies(run, (2,))
    both = [(others, now.keys() & others.keys()) for others in (_replies(other, (2,)) for other in past)]
    both = [(others, probes) for others, probes in both if probes]
    if not both:
        return []
    added = frozenset.intersection(*(_headers(now, probes) - _headers(others, probes) for others, probes in both))
    lost = frozenset.intersection(*(_headers(others, probes) - _headers(now, probes) for others, probes in both))
    return [f"headers that are {word}: {_list(names)}" for word, names in (("new", added), ("gone", lost)) if names]


def _of_errors(run: Document, past: Sequence[Document]) -> list[str]:
    """A refusal that says nothing any more where all refusals of this request before said why."""
    refusals = [_replies(other, (4,)) for other in past]
    for probe, reply in _replies(run, (4,)).items():
        now = _places(reply)
        before = frozenset[str]().union(*(_places(others[probe]) for others in refusals if probe in others))
        if now and before and not now & before:
            return [f"errors ({probe}) give the reason in {_list(before)} → {_list(now)}"]
    return []


def _places(reply: Document) -> Marks:
    """The members of an error that are no deeper than `$.error.message`."""
    return frozenset(path for path, _ in reply["body"]["shape"] if 0 < path.count(".") <= _DEEP)
