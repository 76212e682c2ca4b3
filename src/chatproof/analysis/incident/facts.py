"""What an incident review looks at: the runs that matter, and what differs between two of them."""

from typing import Any, NamedTuple

from chatproof.analysis.incident.changes import POSSIBLE, YES, Change, held_to_more
from chatproof.analysis.incident.streak import cause_of
from chatproof.analysis.run_diff import ENVIRONMENT, TIMING, Difference, differences, exchanges
from chatproof.wire.exchange import Url
from chatproof.wire.urls import parse_base_url

SIMULATOR = "simulator"
_OURS_HARMLESS = (
    "target.name",
    "target.environment",
    "target.profile",
    "target.key.source",
    "environment.ci",
    "environment.container",
    "environment.variables_set",
    "environment.python",
    "environment.platform",
    "environment.user_agent",
    "environment.tz",
    "environment.proxy_variables_ignored",
    "environment.trust_variables_ignored",
    "environment.captures",
    "tool.version",
    "tool.contract",
    "kind",
    "narrowed",
)
"""Differences on our side that alone change no well-formed exchange: where it ran, with which Python."""
_CAPTURED = "judge"
_NOT_SAID: tuple[Any, ...] = (None, "", 0, [], "unobserved")
_THEIRS = ("peer.", "environment.addresses")


class Move(NamedTuple):
    """From one run to a later one: what differs, by who can have changed it."""

    a: dict[str, Any]
    b: dict[str, Any]
    ours: tuple[Difference, ...]
    surroundings: tuple[Difference, ...]  # ours, too, but none that alone would break an exchange
    theirs: tuple[Difference, ...]


def move_between(a: dict[str, Any], b: dict[str, Any]) -> Move:
    ours, surroundings, theirs = [], [], []
    for found in differences(a, b):
        if found.kind == TIMING:
            continue
        if found.kind != ENVIRONMENT or found.path.startswith(_THEIRS):
            theirs.append(found)
        elif _is_harmless(found, a, b):
            surroundings.append(found)
        else:
            ours.append(found)
    return Move(a, b, tuple(ours), tuple(surroundings), tuple(theirs))


def _is_harmless(found: Difference, a: dict[str, Any], b: dict[str, Any]) -> bool:
    if found.path in _OURS_HARMLESS:
        return not _trusts_otherwise(found, b)
    if _is_not_captured(found, a, found.a) or _is_not_captured(found, b, found.b):
        return True
    return _is_simulators(found, a, b) or _is_the_same_place(found)


def _is_not_captured(found: Difference, run: dict[str, Any], value: Any) -> bool:
    """A capture does not say it: a body alone has no URL, no model and no headers, which is no change of them."""
    if run["kind"] != _CAPTURED:
        return False
    if not found.probe:
        return value in _NOT_SAID
    exchange = exchanges(run).get(found.probe)
    return exchange is not None and not exchange["request"]["url"]


def _is_simulators(found: Difference, a: dict[str, Any], b: dict[str, Any]) -> bool:
    """The simulator has another port and another key each time it starts."""
    both = all(run["target"]["name"] == SIMULATOR for run in (a, b))
    return both and found.path in ("target.base_url", "target.key.fingerprint")


def _is_the_same_place(found: Difference) -> bool:
    """One base URL spelled in two ways: with the port that its scheme has anyway, or a slash at the end."""
    if found.path != "target.base_url":
        return False
    a, b = (parse_base_url(str(text), allow_http=True) for text in (found.a, found.b))
    return isinstance(a, Url) and a == b


def _trusts_otherwise(found: Difference, bad: dict[str, Any]) -> bool:
    """Another Python, and a certificate that is not trusted since: it may look for authorities in another place."""
    return found.path == "environment.python" and cause_of(bad).startswith("tls.")


class Facts(NamedTuple):
    """What the rules look at. `bad` is the first run of the streak that has its present cause."""

    bad: dict[str, Any] | None
    good: dict[str, Any] | None
    later_good: dict[str, Any] | None
    move: Move | None  # from good to bad
    bads: tuple[dict[str, Any], ...]
    changes: tuple[Change, ...] = ()  # of ours, from the good to the bad run
    mending: tuple[Change, ...] = ()  # of ours, from the last bad to the first good run after it
    elsewhere: bool = False  # the good run is of another environment
    good_there_since: dict[str, Any] | None = None  # a good run of another environment after the failure began

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
    def explaining(self) -> list[Change]:
        """Our changes that can have caused this, by what kind of cause it is."""
        return [change for change in self.changes if change.effect == YES]

    @property
    def possible(self) -> list[Change]:
        return [change for change in self.changes if change.effect == POSSIBLE]

    @property
    def mended_by(self) -> list[Change]:
        return [change for change in self.mending if change.effect == YES]

    @property
    def contract_changed(self) -> list[str]:
        """The clauses that the good run was not held to, where what we hold the endpoint to was changed."""
        if self.move is None or not self.broken or self.move.a["kind"] != self.move.b["kind"]:
            return []
        if not any(d.path in ("tool.contract", "tool.version") for d in self.move.surroundings):
            return []
        return held_to_more(self.move.a, self.move.b)

    @property
    def always_so(self) -> bool:
        """Never good, and broken in the same clauses each time, at least twice."""
        marks = [broken_in(run) for run in self.bads]
        return not self.good and not self.later_good and len(marks) > 1 and len(set(marks)) == 1 and bool(marks[0])


def broken_in(run: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(f["probe"], f["clause"]) for f in run.get("findings", ()) if f["outcome"] == "broken"}))
