"""All targets: incidents by cause and origin, windows, a restart."""

from __future__ import annotations

import json

from chatproof.monitoring.board import Board
from chatproof.monitoring.standing import Policy, Rule
from chatproof.monitoring.values import (
    CHANGED,
    DEGRADED,
    FAILING,
    MAINTENANCE,
    NO_CAUSE,
    OPENED,
    PASSING,
    RESOLVED,
    SMOKE,
    STALE,
    UNKNOWN_OURS,
    Cause,
    IncidentChange,
    Observation,
)

POLICY = Policy(confirm=False, fail=Rule(1, 1))
GATE = "https://gate:443"


def run(target: str, at: float, code: str = "", verdict: str = "", origin: str = GATE, side: str = "",
        warnings: tuple[str, ...] = ()) -> Observation:  # fmt: skip
    run_id = f"smoke-{target}-{at}"
    cause = Cause(code, f"what {code} is", "gateway", "certain", "Do it.", run_id) if code else NO_CAUSE
    verdict = verdict or ("GO" if not code or warnings else "NO-GO")
    return Observation(target, at, run_id, SMOKE, verdict, cause, warnings, origin, side=side)


def board(count: int = 3) -> Board:
    made = Board({f"m{number}": POLICY for number in range(count)})
    for number in range(count):
        assert made.fold(run(f"m{number}", 1.0)).incidents == ()
    return made


def told(changes: tuple[IncidentChange, ...]) -> list[tuple[str, int, int]]:
    return [(change.what, change.incident.revision, len(change.incident.targets)) for change in changes]


def test_one_dead_gateway_is_one_incident() -> None:
    b = board(200)
    ids = set()
    for number in range(200):
        code = ("gateway.error", "net.refused", "gateway.timeout")[number % 3]
        step = b.fold(run(f"m{number}", 10.0 + number, code))
        ids |= {change.incident.id for change in step.incidents}
        assert told(step.incidents) == [(CHANGED if number else OPENED, number + 1, number + 1)]
    [incident] = b.open_incidents()
    assert ids == {incident.id} and len(incident.targets) == 200 and incident.since == 10.0
    for number in range(200):
        step = b.fold(run(f"m{number}", 1000.0 + number))
    assert told(step.incidents) == [(RESOLVED, 400, 1)] or step.incidents[0].what == RESOLVED
    assert len(b.incidents[incident.id].all_targets) == 200 and not b.open_incidents()


def test_other_causes_and_other_origins_are_incidents_of_their_own() -> None:
    b = board(5)
    b.fold(run("m0", 10, "gateway.error"))
    b.fold(run("m1", 11, "gateway.error", origin="https://other:443"))
    b.fold(run("m2", 12, "auth.rejected"))
    b.fold(run("m3", 13, "model.unavailable"))
    b.fold(run("m4", 14, "model.unavailable"))
    assert [i.targets for i in b.open_incidents()] == [("m0",), ("m1",), ("m2",), ("m3",), ("m4",)]


def test_a_cause_that_becomes_another_moves_the_target() -> None:
    b = board()
    b.fold(run("m0", 10, "net.refused"))
    same = b.fold(run("m0", 20, "gateway.error"))
    assert told(same.incidents) == [(CHANGED, 2, 1)] and same.incidents[0].incident.cause.code == "gateway.error"
    other = b.fold(run("m0", 30, "auth.rejected"))
    assert sorted(told(other.incidents)) == [(OPENED, 1, 1), (RESOLVED, 3, 1)] or sorted(
        what for what, _, _ in told(other.incidents)
    ) == [OPENED, RESOLVED]


def test_an_incident_that_says_nothing_new_is_not_told_again() -> None:
    b = board()
    b.fold(run("m0", 10, "gateway.error"))
    assert b.fold(run("m0", 20, "gateway.error")).incidents == ()


def test_our_own_network_is_one_incident_whatever_lies_behind_it() -> None:
    b = board()
    for number, origin in enumerate((GATE, "https://other:443", "https://third:443")):
        b.fold(run(f"m{number}", 10.0 + number, "net.unreachable", "UNDECIDED", origin, "ours"))
    [incident] = b.open_incidents()
    assert (incident.state, incident.side, len(incident.targets)) == (UNKNOWN_OURS, "ours", 3)


def test_warnings_are_an_incident_of_less_weight() -> None:
    b = board()
    b.fold(run("m0", 10, "model.not_listed", warnings=("model.listed",)))
    [incident] = b.open_incidents()
    assert (incident.state, b.status("m0", 11).state) == (DEGRADED, DEGRADED)
    assert b.fold(run("m0", 20)).incidents[0].what == RESOLVED


def test_maintenance_is_recorded_and_silent() -> None:
    b = board()
    b.tick(5, silent={"m0"})
    assert b.status("m0", 5).state == MAINTENANCE
    assert b.fold(run("m0", 10, "gateway.error")).incidents == ()
    step = b.tick(20)
    assert [change.what for change in step.incidents] == [OPENED] and step.states[0].after == FAILING
    assert step.incidents[0].incident.since == 10.0


def test_a_window_does_not_end_an_incident_and_a_recovery_within_it_does() -> None:
    b = board()
    b.fold(run("m0", 10, "gateway.error"))
    assert b.tick(11, silent={"m0"}).incidents == ()
    assert b.fold(run("m0", 12, "gateway.error")).incidents == ()
    assert [c.what for c in b.fold(run("m0", 13)).incidents] == [RESOLVED]


def test_a_restart_continues(monkeypatch: object) -> None:
    b = board()
    b.fold(run("m0", 10, "gateway.error"))
    b.fold(run("m1", 11, "gateway.error"))
    kept = json.loads(json.dumps(b.state()))
    again = Board(b.policies)
    again.restore(kept)
    assert again.standings == b.standings and again.incidents == b.incidents
    assert again.fold(run("m0", 20)) == b.fold(run("m0", 20))
    assert again.status("m0", 21).state == PASSING


def test_a_target_that_is_configured_no_more_leaves_its_incident() -> None:
    b = board()
    b.fold(run("m0", 10, "gateway.error"))
    step = b.configure({"m1": POLICY, "new": POLICY}, 20)
    assert [c.what for c in step.incidents] == [RESOLVED]
    assert b.status("new", 20).state == STALE
    assert b.fold(run("m0", 30)).states == ()


def test_since_and_incident_are_shown() -> None:
    b = board()
    b.fold(run("m0", 10, "gateway.error"))
    status = b.status("m0", 99)
    assert (status.since, status.last_go, status.cause.code, status.incident) == (
        10, 1, "gateway.error", b.open_incidents()[0].id,
    )  # fmt: skip
