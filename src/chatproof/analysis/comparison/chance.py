"""Is a difference more than chance? A sequential test over pairs of further answers. Pure arithmetic.

The first answers of A and B only say what to look for: they are not counted as evidence. Then both sides are asked
again, one request each, in a random order: a *block*. If A and B went wrong equally often, the factor that a block
contributes would be 1 on average, whatever was bet on; so a product of factors that reaches 1/ERROR happens by chance
in at most ERROR of all comparisons (Ville's inequality, for the test of two proportions of Turner, Ly and Grünwald,
https://arxiv.org/abs/2106.02693, read 2026-11-28). It may be looked at after every block, and stopped at any time.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

ERROR = 0.01
"""Of 100 comparisons of a server with itself, at most this share may call something a break or a change."""
OF_BREAKS = 0.8
"""The share of ERROR that all breaks have together; changes have the rest: a false break costs more."""
_PRIOR = 0.18
"""Answers of each kind that are taken as seen before the first one: the value that the authors recommend."""

REPEATS, VARIES, UNSTEADY, OPEN, ONCE = "repeats", "varies", "unsteady", "open", "once"
STATES = {
    REPEATS: "repeated so often that chance is excluded",
    VARIES: "differs from time to time on both sides: no difference",
    UNSTEADY: "differs from time to time on one side and never on the other; this is not yet a proof",
    OPEN: "occurred each time, but not often enough to exclude chance",
    ONCE: "was seen once, and the request was not repeated",
}


class Tally(NamedTuple):
    """What was seen of one difference: how often each side showed it, the first answers included."""

    good_side: int  # of the side whose first answer was good
    good_asked: int
    bad_side: int
    bad_asked: int
    evidence: float  # against chance; 1 is none


class Block(NamedTuple):
    """One more answer of each side. True: it shows what the bad side's first answer showed."""

    good_side: bool
    bad_side: bool


def tally(blocks: Iterable[Block], elsewhere: int = 0, *, first: bool = True) -> Tally:
    """Count the blocks of one difference and weigh them.

    `elsewhere` is on how many further probes the runs showed the same difference, in this direction and never in the
    other: under chance each direction is as likely, so each such probe counts twofold. `first` is False for what only
    a further answer showed: then the first answers of both sides were good.
    """
    good, bad, asked = 0, int(first), 1
    evidence = 2.0 ** min(elsewhere, 60)
    for block in blocks:
        evidence *= _factor(_rate(good, asked), _rate(bad, asked), block)
        good, bad, asked = good + block.good_side, bad + block.bad_side, asked + 1
    return Tally(good, asked, bad, asked, evidence)


def state(seen: Tally, threshold: float) -> str:
    """Say what is known of a difference: one of STATES."""
    if seen.bad_asked < 2:
        return ONCE
    if seen.evidence >= threshold and seen.bad_side > 1:
        return REPEATS
    flips = seen.bad_side < seen.bad_asked
    if flips:
        return VARIES if seen.good_side else UNSTEADY
    return OPEN


def threshold(breaks: int, changes: int, *, of_break: bool) -> float:
    """The evidence that one of so many breaks (or changes) needs, so that all of them together keep to ERROR."""
    share = 1.0 if not (breaks and changes) else OF_BREAKS if of_break else 1 - OF_BREAKS
    return max(breaks if of_break else changes, 1) / (ERROR * share)


def still_needed(seen: Tally, wanted: float) -> int | None:
    """About how many more requests would settle this if the rates stay as seen; None where they look alike."""
    good, bad = _rate(seen.good_side, seen.good_asked), _rate(seen.bad_side, seen.bad_asked)
    if bad <= good or seen.evidence >= wanted:
        return None
    gain = sum(
        (good if a else 1 - good) * (bad if b else 1 - bad) * math.log(_factor(good, bad, Block(a, b)))
        for a in (False, True)
        for b in (False, True)
    )
    lacking = math.log(wanted) - math.log(max(seen.evidence, 1e-9))
    return 2 * math.ceil(lacking / gain) if gain > 0.005 else None


def _rate(shown: int, asked: int) -> float:
    return (shown + _PRIOR) / (asked + 2 * _PRIOR)


def _factor(good: float, bad: float, block: Block) -> float:
    """How much likelier the block is at the two rates learned so far than at their mean on both sides."""
    mean = (good + bad) / 2
    learned = (good if block.good_side else 1 - good) * (bad if block.bad_side else 1 - bad)
    alike = (mean if block.good_side else 1 - mean) * (mean if block.bad_side else 1 - mean)
    return learned / alike
