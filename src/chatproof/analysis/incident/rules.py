"""The verdict of an incident review: one table, first match wins, each row with its reason.

First what we changed ourselves since the last good run, where it explains the failure: undoing it is the quickest proof.
Then the account, our surroundings, and what others changed. Where evidence does not reach, the question is unresolved
and the review says what would settle it.
"""

from collections.abc import Callable
from typing import NamedTuple

from chatproof.analysis.incident.changes import Change
from chatproof.analysis.incident.facts import Facts, Move
from chatproof.printable import cut
from chatproof.target.environment import environment_of

NONE = "no incident"
OURS, CLIENT = "our own change", "client bug"
DOCS, DEPLOYMENT = "documentation drift", "deployment drift"
UNRESOLVED = "unresolved vendor or account question"
VERDICTS = (OURS, CLIENT, DOCS, DEPLOYMENT, UNRESOLVED, NONE)
_BY_PLACE = ("auth.", "account.", "net.", "tls.", "http.", "url.", "gateway.", "limit.", "model.")
_OUTAGES = ("gateway.", "server.", "model.")  # what fails is no clause that the sources have wrong
_ACCOUNT = ("account.", "auth.permission", "auth.organization")


_VALUE = 120


class Decision(NamedTuple):
    verdict: str
    rule: str
    reason: str
    settles: str  # what would confirm it, or settle the question
    owner: str  # you, provider, gateway, network, account, unknown; empty where nothing failed
    runs: list[str]  # the two runs that it rests on: the good one and the bad one, as far as there are such
    evidence: list[str]


class Rule(NamedTuple):
    """`reason` and `settles` may hold {changes}, {undo} and {clauses}: what this rule looked at, in words."""

    id: str
    verdict: str
    owner: Callable[[Facts], str]
    when: Callable[[Facts], bool]
    reason: str
    settles: str
    why: str  # why this row stands, and where
    names: Callable[[Facts], list[Change]] = lambda facts: []  # the changes that {changes} and {undo} tell


def _is(owner: str) -> Callable[[Facts], str]:
    return lambda facts: owner


def _theirs(facts: Facts) -> str:
    """The owner that the diagnosis names where it is one of theirs."""
    return facts.owner if facts.owner in ("provider", "gateway", "network") else "provider"


def _observed(facts: Facts) -> str:
    return facts.owner


def _was_reached(facts: Facts) -> bool:
    """A run in this environment was good before."""
    return facts.good is not None and not facts.elsewhere


RULES = (
    Rule(
        "nothing-bad",
        NONE,
        _is(""),
        lambda f: f.bad is None,
        "no run has a failed or undecided check",
        "give the runs of the time in question",
        "A review of good runs must not blame anybody.",
    ),
    Rule(
        "we-changed",
        OURS,
        _is("you"),
        lambda f: bool(f.explaining),
        "we changed {changes} between the last good run and the failure, and that explains it",
        "run once more with {undo}: a good run proves it, a bad one rules our change out",
        "This rule comes before account and vendor: we can undo this cause ourselves, now.",
        lambda f: f.explaining,
    ),
    Rule(
        "mended-by-our-change",
        OURS,
        _is("you"),
        lambda f: f.good is None and bool(f.mended_by),
        "no earlier run was good, and it became good when we changed {changes}",
        "nothing, if the change is meant to stay; to learn what was wrong before, run once more with {undo}",
        "A failure that ended when we changed something does not show that the vendor changed.",
        lambda f: f.mended_by,
    ),
    Rule(
        "only-in-one-environment",
        OURS,
        _is("you"),
        lambda f: f.elsewhere and f.good_there_since is not None and f.code.startswith(_BY_PLACE),
        "it fails in one environment and works in the other at the same time: {changes}",
        "compare the two (chatproof diff): key, proxy, address, trust; then fix the one that fails",
        "An endpoint that answers our other environment at the same time has not changed.",
        lambda f: _environments(f.move),
    ),
    Rule(
        "contract-changed",
        OURS,
        _is("you"),
        lambda f: bool(f.contract_changed),
        "the good run was not checked for what fails now ({clauses}); our check changed: {changes}",
        "read the sources of these clauses, and fix, report or waive them; they may never have passed",
        "Only our expectation changed: there was no deployment.",
        lambda f: _check(f.move),
    ),
    Rule(
        "account",
        UNRESOLVED,
        _is("account"),
        lambda f: f.code.startswith(_ACCOUNT),
        "the endpoint refuses because of the account: quota, rate, region, permission or organization",
        "check the account's plan, limits and permissions; then ask the account's owner, with the request ids",
        "This rule comes before all rules about changes: limits are reached without any change.",
    ),
    Rule(
        "both-changed",
        UNRESOLVED,
        _is("unknown"),
        lambda f: bool(f.possible),
        "we changed {changes}, and the replies changed as well: these runs do not show which of the two is the cause",
        "run once more with {undo}; a good run shows that it was our change",
        "Our change may be the cause: one more run decides it.",
        lambda f: f.possible,
    ),
    Rule(
        "lost-without-a-change",
        UNRESOLVED,
        _is("unknown"),
        lambda f: _was_reached(f) and not f.broken and f.owner == "you" and f.cause.get("confidence") != "certain",
        "the same address was reached before, and none of our changes explains that it is not now",
        "try from another network: where it works there, the cause is ours (DNS, VPN, trust store); else ask the vendor",
        "From here, a deleted name and a failing resolver look the same, and a certificate may be the vendor's or a firewall's.",
    ),
    Rule(
        "our-network",
        CLIENT,
        _is("you"),
        lambda f: not f.broken and f.owner == "you",
        "no complete reply was observed, and the cause is on our side: name, address, proxy or trust",
        "correct it as the diagnosis says, and run again",
        "A broken setup on our side is our fault, even if no clause could be checked.",
    ),
    Rule(
        "not-observed",
        UNRESOLVED,
        _observed,
        lambda f: not f.broken,
        "no clause was observed to fail: the contract could not be checked. That is degradation, not a contract mismatch",
        "ask the vendor about this time, with UTC times and request ids; run again",
        "A timeout or reset shows nothing about the contract, and must not be counted as drift.",
    ),
    Rule(
        "good-elsewhere-only",
        UNRESOLVED,
        _is("unknown"),
        lambda f: f.elsewhere,
        "no run in this environment was good; the good run is from another one: {changes}",
        "run once more in the environment of the good run: a good run there shows that the environment is the cause",
        "The two runs differ in both place and time.",
        lambda f: _environments(f.move),
    ),
    Rule(
        "refused-without-a-change",
        UNRESOLVED,
        _is("unknown"),
        lambda f: f.good is not None and f.code.startswith(("auth.rejected", "auth.header", "model.")),
        "the same key, URL and model were accepted before, and are refused now",
        "check in the dashboard whether key and model are still active; then ask the vendor with the request ids",
        "An expired key and a vendor's change look the same from here.",
    ),
    Rule(
        "replies-changed",
        DEPLOYMENT,
        _theirs,
        lambda f: f.good is not None,
        "none of our changes between the last good and the first bad run explains it; the replies changed",
        "give the vendor both runs; a good run after their answer confirms it",
        "A clause that passed before and fails now without our change was changed by somebody else's deployment.",
    ),
    Rule(
        "never-worked-from-here",
        CLIENT,
        _is("you"),
        lambda f: f.owner == "you" and f.cause.get("confidence") != "possible",
        "no earlier run was good, and the diagnosis names our side",
        "correct it as the diagnosis says, and run again",
        "A first setup that fails because of us is not an incident of the vendor.",
    ),
    Rule(
        "always-so",
        DOCS,
        _is("unknown"),
        lambda f: f.always_so and not f.code.startswith(_OUTAGES),
        "the same clauses failed in every run, and none was good: the endpoint does not follow the sources",
        "read the sources again; if they still say so, report it to the vendor; if not, waive with a reason",
        "A clause that never passed cannot show a deployment in these runs.",
    ),
    Rule(
        "mended-without-a-start",
        DEPLOYMENT,
        _theirs,
        lambda f: f.later_good is not None,
        "there is no earlier good run, but a later one: the replies changed and we did not",
        "ask the vendor what was deployed between these times",
        "This is only half of the evidence for a deployment: we see its end, not its beginning.",
    ),
    Rule(
        "alone",
        UNRESOLVED,
        _observed,
        lambda f: True,
        "there is no good run to compare with: a deployment looks the same as documentation that was always wrong",
        "find a good run in the history, or run again later and review both",
        "This is the last rule: it says what is not known.",
    ),
)


def decide(facts: Facts) -> Decision:
    """The first rule that matches."""
    rule = next(rule for rule in RULES if rule.when(facts))
    told = rule.names(facts)
    words = {
        "{changes}": "; ".join(f"{c.name} ({_shown(c.a)} → {_shown(c.b)})" for c in told),
        "{undo}": " and ".join(dict.fromkeys(c.undo for c in told)),
        "{clauses}": cut(", ".join(facts.contract_changed), _VALUE),
    }
    reason, settles = rule.reason, rule.settles
    for name, text in words.items():
        reason, settles = reason.replace(name, text), settles.replace(name, text)
    runs = [run["run_id"] for run in (facts.good, facts.bad) if run]
    return Decision(rule.verdict, rule.id, reason, settles, rule.owner(facts), runs, _evidence(facts))


def _evidence(facts: Facts) -> list[str]:
    """What the verdict rests on, run by run."""
    if facts.bad is None:
        return []
    found = [f"{run['run_id']} at {run['started_at']}: {run['verdict']}" for run in (facts.good,) if run]
    summary = facts.cause.get("summary", "")
    found.append(
        f"{facts.bad['run_id']} at {facts.bad['started_at']}: {facts.bad['verdict']}"
        + (f", {facts.code}: {summary}" if facts.code else "")
    )
    found += [f"our change of {c.name} is not the cause: {c.evidence}" for c in facts.changes if c.evidence]
    if facts.elsewhere and facts.good_there_since:
        since = facts.good_there_since
        found.append(
            f"{since['run_id']} at {since['started_at']}: GO in {environment_of(since)}, after it began to fail"
        )
    return found


def _environments(move: Move | None) -> list[Change]:
    """The environments as a change; nothing else need differ."""
    if move is None:
        return []
    return [Change("environment", environment_of(move.a), environment_of(move.b), "", "", "the other environment")]


def _check(move: Move | None) -> list[Change]:
    """What of our check changed: its version, else the clauses and the profile in force."""
    if move is None:
        return []
    paths = {d.path: d for d in move.surroundings if d.path in ("tool.version", "tool.contract", "target.profile")}
    if len(paths) > 1:
        paths.pop("tool.contract", None)
    names = {"tool.version": "version", "tool.contract": "contract (its sha256)", "target.profile": "profile"}
    return [Change(names[path], d.a, d.b, "", "", "") for path, d in paths.items()]


def _shown(value: object) -> str:
    if isinstance(value, list):
        return cut(", ".join(map(str, value)), _VALUE)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return cut(str(value), _VALUE) if value not in ("", None) else "none"
