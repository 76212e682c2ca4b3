"""One target: what its runs come to. Outcomes in, a judged state out; hysteresis, confirmation, staleness. Pure.

Two tracks are kept, each the last outcomes of its kind, newest last: `paid` (smoke, validate) and `free`. A streak
belongs to a track, for what a free check finds well says nothing of the paid path. A good paid check is good news for
both, because it asks the free questions, too.

    failing    m of the last n outcomes of a track are F            (fail_after: n in a row, or "m of n")
    unknown    m of the last n are F or U, and too few are F
    good       from bad: k of the last l paid outcomes since the trouble began are good (recover_after), which wipes
               both tracks; degraded where m of the last n paid outcomes have warnings

The very first outcome decides alone: nothing was said before it that would have to hold for longer.
"""

from typing import NamedTuple

from chatproof.monitoring.values import (
    BAD,
    BUDGET_SPENT,
    DEGRADED,
    FAILING,
    FREE,
    MAINTENANCE,
    NO_CAUSE,
    OURS,
    PASSING,
    STALE,
    THEIRS,
    UNKNOWN,
    UNKNOWN_OURS,
    UNKNOWN_THEIRS,
    Cause,
    Observation,
)

_KEPT = 64  # outcomes of a track; more than any rule looks at
_HOUR, _FLAPS = 3600.0, 4  # so many changes between good and bad within an hour are flapping
AHEAD = 900.0
"""Seconds that another instance's clock may be ahead of ours. What is dated later was dated by a wrong clock."""
CONFIRM, PAID = "confirm", "paid"
"""What a target's next check should be, where it should not wait for its turn: the same module again, or a paid one."""


class Rule(NamedTuple):
    """At least `least` of the last `of`. (3, 3) is three in a row."""

    least: int
    of: int


class Policy(NamedTuple):
    """When a target changes its state."""

    confirm: bool = True
    """A failing check is asked once more before anything is said. Both are recorded; they count as one outcome."""
    fail: Rule = Rule(2, 2)
    recover: Rule = Rule(1, 1)
    stale_after: float = 0.0
    """Seconds without a paid run after which nothing is known any more; 0.0: never."""


class Standing(NamedTuple):
    """All that is remembered of a target between two runs, and over a restart."""

    target: str
    judged: str = ""
    """What its runs come to: PASSING, DEGRADED, FAILING, UNKNOWN…; empty before there was enough of them."""
    judged_since: float = 0.0
    trouble_since: float = 0.0
    """Of a bad judged state: the first outcome that led to it."""
    cause: Cause = NO_CAUSE
    origin: str = ""
    side: str = ""
    changes: tuple[str, ...] = ()
    paid: str = ""
    free: str = ""
    good_since: str = ""
    """Paid outcomes since the judged state became bad."""
    first_bad: float = 0.0
    """The first of the bad outcomes that have not been followed by a good one; 0.0 where there is none."""
    pending: str = ""
    """The module of a failing check that waits for its confirmation. Nothing was said of it yet."""
    pending_at: float = 0.0
    unconfirmed: int = 0
    last_go: float = 0.0
    last_paid: float = 0.0
    last_run: float = 0.0
    last_run_id: str = ""
    turns: tuple[float, ...] = ()
    """When it changed between good and bad, of the last hour."""
    shown: str = STALE
    shown_since: float = 0.0
    spent: bool = False
    silent: bool = False

    @property
    def is_bad(self) -> bool:
        return self.judged in BAD


def observe(before: Standing, seen: Observation, policy: Policy, *, can_confirm: bool = True) -> tuple[Standing, str]:
    """What a run makes of a target: (its new standing, what to ask at once: CONFIRM, PAID or empty).

    `can_confirm` is false where a second look cannot be paid: the failure then counts as it is. An observation that is
    older than the last one, or the same again, changes nothing.
    """
    if seen.at < before.last_run or seen.run_id == before.last_run_id:
        return before, ""
    is_free = seen.module == FREE
    now = before._replace(last_run=seen.at, last_run_id=seen.run_id)
    if not is_free:
        now = now._replace(last_paid=seen.at)
    if seen.outcome in "FU":
        if policy.confirm and can_confirm and not before.pending and before.judged != _state_of(seen):
            return now._replace(pending=seen.module, pending_at=seen.at), CONFIRM
        began = before.first_bad or (before.pending_at if before.pending else seen.at)
        now = now._replace(pending="", first_bad=began, origin=seen.origin, side=seen.side, cause=seen.cause)
        if not before.is_bad:
            now = now._replace(changes=seen.changes)
    else:
        if before.pending and not (is_free and before.pending != FREE):
            now = now._replace(pending="", unconfirmed=before.unconfirmed + 1)
        if not is_free:
            now = now._replace(last_go=seen.at)
        if not (is_free and before.paid[-1:] in ("F", "U")):
            now = now._replace(first_bad=0.0)
    after, ask = _judge(_record(now, seen), seen, policy)
    if seen.outcome in "FU" and not after.is_bad:  # not often enough yet: it is not why the target is as it is
        after = after._replace(cause=before.cause, origin=before.origin, side=before.side, changes=before.changes)
    return after, ask


def show(before: Standing, at: float, policy: Policy, *, silent: bool, spent: bool) -> Standing:
    """The standing with what is shown of it at a moment. `silent`: within a maintenance window; `spent`: no budget is
    left for a paid check. What a fresh run found wrong is shown even then; what was fine a while ago is not."""

    def is_old(last: float) -> bool:
        return bool(policy.stale_after) and at - last > policy.stale_after

    if silent:
        state = MAINTENANCE
    elif before.is_bad and not is_old(before.last_run):
        state = before.judged
    elif spent:
        state = BUDGET_SPENT
    elif not before.judged or is_old(before.last_run if before.is_bad else before.last_paid):
        state = STALE
    else:
        state = before.judged
    now = before._replace(silent=silent, spent=spent)
    if state == before.shown and before.shown_since:
        return now
    since = now.judged_since if state == now.judged and before.shown not in (MAINTENANCE, BUDGET_SPENT) else at
    return now._replace(shown=state, shown_since=since or at)


def set_right(before: Standing, at: float) -> Standing:
    """The standing without moments that are to come: this machine's clock was ahead when it wrote them, or another's.

    What was seen then was seen before now, nobody knows when. A bad state stays; a good one is as old as can be."""
    times = (before.last_run, before.last_paid, before.judged_since, before.shown_since, before.pending_at)
    if max(times) <= at + AHEAD:
        return before
    return before._replace(
        last_run=min(before.last_run, at) if before.is_bad else 0.0,
        last_paid=0.0,
        last_go=min(before.last_go, at),
        first_bad=min(before.first_bad, at),
        judged_since=min(before.judged_since, at),
        trouble_since=min(before.trouble_since, at),
        pending_at=min(before.pending_at, at),
        shown_since=min(before.shown_since, at),
        turns=tuple(turn for turn in before.turns if turn <= at),
    )


def is_flapping(standing: Standing, at: float) -> bool:
    """The target changed between good and bad four times or more within the last hour."""
    return sum(at - turn <= _HOUR for turn in standing.turns) >= _FLAPS


def _state_of(seen: Observation) -> str:
    if seen.outcome == "F":
        return FAILING
    return {OURS: UNKNOWN_OURS, THEIRS: UNKNOWN_THEIRS}.get(seen.side, UNKNOWN)


def _record(now: Standing, seen: Observation) -> Standing:
    outcome, good = seen.outcome, seen.outcome in "GW"
    if seen.module == FREE:
        return now._replace(free=(now.free + outcome)[-_KEPT:])
    free = (now.free + "G")[-_KEPT:] if good else now.free
    since = (now.good_since + outcome)[-_KEPT:] if now.is_bad else ""
    return now._replace(paid=(now.paid + outcome)[-_KEPT:], free=free, good_since=since)


def _judge(now: Standing, seen: Observation, policy: Policy) -> tuple[Standing, str]:
    fail = policy.fail if now.judged else Rule(1, 1)
    if now.is_bad and _meets(now.good_since, "GW", policy.recover):
        now = now._replace(paid=now.good_since, free="G")
        bad = ""
    else:
        bad = _bad_state(now, fail, seen)
    if bad:
        return _turned(now, bad, seen), ""
    if now.is_bad and not (
        seen.outcome in "GW" and seen.module != FREE and _meets(now.good_since, "GW", policy.recover)
    ):
        if seen.module != FREE or _is_bad(now.paid, fail):
            return now, ""
        least = policy.recover.least
        if now.spent and now.free[-least:] == "G" * least and now.paid[-1:] not in ("F", "U"):
            # What free checks alone had seen is over, and no paid one can say more: nothing is known, and nothing told.
            return _turned(now._replace(cause=NO_CAUSE, side="", changes=()), "", seen), ""
        return now, PAID if _just_mended(now.free, least) else ""
    if seen.module == FREE or seen.outcome not in "GW":
        return now, ""
    state = DEGRADED if _meets(now.paid, "W", fail) else PASSING
    if seen.warnings:
        now = now._replace(cause=seen.cause, origin=seen.origin, side="", changes=seen.changes)
    elif state == PASSING:
        now = now._replace(cause=NO_CAUSE, side="", changes=())
    return _turned(now, state, seen), ""


def _bad_state(now: Standing, fail: Rule, seen: Observation) -> str:
    tracks = (now.paid, now.free)
    if any(_meets(track, "F", fail) for track in tracks):
        return FAILING
    if not any(_is_bad(track, fail) for track in tracks):
        return ""
    if seen.outcome == "U":
        return _state_of(seen)
    return now.judged if now.judged in BAD and now.judged != FAILING else UNKNOWN


def _is_bad(track: str, fail: Rule) -> bool:
    return _meets(track, "FU", fail)


def _meets(track: str, wanted: str, rule: Rule) -> bool:
    return sum(outcome in wanted for outcome in track[-rule.of :]) >= rule.least


def _just_mended(free: str, least: int) -> bool:
    """The newest `least` free outcomes are good, and the one before them was not: told once."""
    return free[-least:] == "G" * least and free[-least - 1 : -least] in ("F", "U")


def _turned(now: Standing, state: str, seen: Observation) -> Standing:
    if state == now.judged:
        return now
    was_bad, is_bad = now.is_bad, state in BAD
    now = now._replace(judged=state, judged_since=seen.at)
    if is_bad and not was_bad:
        now = now._replace(trouble_since=now.first_bad or seen.at, good_since="")
    elif was_bad and not is_bad:
        now = now._replace(trouble_since=0.0, good_since="")
    if was_bad != is_bad:
        recent = [turn for turn in now.turns if seen.at - turn <= _HOUR]
        now = now._replace(turns=(*recent, seen.at))
    return now
