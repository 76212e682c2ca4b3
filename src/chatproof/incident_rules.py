"""The verdict of an incident review: one table, first match wins, each row with its reason.

Four verdicts (client bug, documentation drift, deployment drift, unresolved vendor or account question) and none: no
incident. Evidence decides; where it does not reach, the question is unresolved and says what would settle it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from chatproof.incident import Move

NONE = "no incident"
CLIENT, DOCS, DEPLOYMENT = "client bug", "documentation drift", "deployment drift"
UNRESOLVED = "unresolved vendor or account question"
VERDICTS = (CLIENT, DOCS, DEPLOYMENT, UNRESOLVED, NONE)
_ACCOUNT = ("account.", "auth.permission", "auth.organization")


class Facts(NamedTuple):
    """What the rules look at. `bad` is the first bad run, `good` the last good one before it."""

    bad: dict[str, Any] | None
    good: dict[str, Any] | None
    later_good: dict[str, Any] | None
    move: "Move | None"  # from good to bad
    bads: tuple[dict[str, Any], ...]
    before: tuple[dict[str, Any], ...]

    @property
    def cause(self) -> dict[str, Any]:
        """The principal diagnosis of the first bad run."""
        found: dict[str, Any] = next(iter(self.bad["diagnoses"] if self.bad else ()), {"code": "", "owner": "unknown"})
        return found

    @property
    def code(self) -> str:
        return str(self.cause["code"])

    @property
    def owner(self) -> str:
        return str(self.cause["owner"])

    @property
    def broken(self) -> bool:
        return self.bad is not None and self.bad["verdict"] == "NO-GO"

    @property
    def we_changed(self) -> bool:
        return self.move is not None and bool(self.move.ours)

    @property
    def contract_changed(self) -> bool:
        """What we hold the endpoint to is not what we held it to."""
        return (
            self.move is not None
            and any(d.path == "tool.contract" for d in self.move.surroundings)
            and (self.move.a["kind"] == self.move.b["kind"])
        )

    @property
    def replies_changed(self) -> bool:
        """Something in replies differs beside what we concluded from them."""
        told = ("verdict", "diagnosis", "finding", "cost")
        return self.move is not None and any(d.kind not in told for d in self.move.theirs)

    @property
    def always_so(self) -> bool:
        """Never good, and broken in the same clauses each time, at least twice."""
        marks = [broken_in(run) for run in self.bads]
        return not self.good and not self.later_good and len(marks) > 1 and len(set(marks)) == 1 and bool(marks[0])


def broken_in(run: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(f["probe"], f["clause"]) for f in run.get("findings", ()) if f["outcome"] == "broken"}))


class Decision(NamedTuple):
    verdict: str
    rule: str
    reason: str
    settles: str  # what would confirm it, or settle the question


class Rule(NamedTuple):
    id: str
    verdict: str
    when: Callable[[Facts], bool]
    reason: str
    settles: str
    why: str  # why this row stands, and where


RULES = (
    Rule(
        "nothing-bad",
        NONE,
        lambda f: f.bad is None,
        "no run of these was broken, and none was left undecided",
        "give the runs of the time in question",
        "A review of good runs must not find somebody guilty.",
    ),
    Rule(
        "account",
        UNRESOLVED,
        lambda f: f.code.startswith(_ACCOUNT),
        "the endpoint refuses for a reason of the account: quota, rate, region, permission or organisation",
        "ask whoever owns the account, with the request ids; no change of code mends it",
        "Before all rules about change: limits are reached without anybody's change.",
    ),
    Rule(
        "our-network",
        CLIENT,
        lambda f: not f.broken and f.owner == "you",
        "no complete reply was seen, and what stopped the request is on our side: name, address, proxy or trust",
        "correct it as the diagnosis says, and run again",
        "A broken set-up of ours is ours even when nothing of the contract was observed.",
    ),
    Rule(
        "not-observed",
        UNRESOLVED,
        lambda f: not f.broken,
        "the contract was not seen broken: it could not be observed. That is degradation, not a contract mismatch",
        "ask the vendor for this time, with UTC times and request ids; run again",
        "A timeout or reset says nothing of the contract, and must not be counted as drift.",
    ),
    Rule(
        "contract-changed",
        DOCS,
        lambda f: f.contract_changed and not f.we_changed and not f.replies_changed,
        "the replies are what they were; what changed is the contract they are held to",
        "read the sources of the broken clauses again, and sign or waive them",
        "Same evidence, other verdict: only the expectation moved.",
    ),
    Rule(
        "we-changed-and-it-is-ours",
        CLIENT,
        lambda f: f.we_changed and f.owner == "you",
        "our side changed between the last good and the first bad run, and the diagnosis names our side",
        "undo that change and run again; good then confirms it",
        "Change and cause point the same way.",
    ),
    Rule(
        "both-changed",
        UNRESOLVED,
        lambda f: f.we_changed,
        "our side changed as well as the replies: these runs cannot tell which of the two broke it",
        "run once more as the last good run was made: same URL, model, key and headers",
        "One change too many for a verdict; one more run settles it.",
    ),
    Rule(
        "refused-without-a-change",
        UNRESOLVED,
        lambda f: f.good is not None and f.code.startswith(("auth.rejected", "auth.header", "model.")),
        "the same key, URL and model were accepted before, and are refused now",
        "check in the dashboard whether key and model are still active; then ask the vendor with the request ids",
        "An expired key and a vendor's change look the same from here.",
    ),
    Rule(
        "replies-changed",
        DEPLOYMENT,
        lambda f: f.good is not None,
        "nothing that matters changed on our side between the last good and the first bad run; the replies did",
        "give the vendor both runs; a good run after their answer confirms it",
        "What was kept before and is broken now, without our doing, was deployed by somebody else.",
    ),
    Rule(
        "never-worked-from-here",
        CLIENT,
        lambda f: f.owner == "you" and f.cause.get("confidence") != "possible",
        "no run before it was good, and the diagnosis names our side",
        "correct it as the diagnosis says, and run again",
        "A first set-up that fails for a named reason of ours is no incident of the vendor's.",
    ),
    Rule(
        "always-so",
        DOCS,
        lambda f: f.always_so,
        "the same clauses were broken in every run, and none was good: the endpoint keeps to something else than the sources",
        "read the sources again; if they still say so, report it to the vendor; if not, waive with a reason",
        "What never held did not drift by a deployment that these runs could have seen.",
    ),
    Rule(
        "mended-without-a-start",
        DEPLOYMENT,
        lambda f: f.later_good is not None,
        "there is no good run from before, but a later one is: the replies changed while we did not",
        "ask the vendor what was deployed between these times",
        "Half of the evidence for a deployment: the end of it.",
    ),
    Rule(
        "alone",
        UNRESOLVED,
        lambda f: True,
        "there is no good run to compare with: a deployment and a documentation that was never right look the same",
        "find a good run in the history, or run again later and review both",
        "The last row: what is not known is said.",
    ),
)


def decide(facts: Facts) -> Decision:
    """The first rule that matches."""
    rule = next(rule for rule in RULES if rule.when(facts))
    return Decision(rule.verdict, rule.id, rule.reason, rule.settles)
