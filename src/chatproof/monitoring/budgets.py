"""What a day may cost: a run is paid from its budget before it is sent, and settled after. Pure.

Requests never exceed their budget: a run's number of requests is known before it is sent. Tokens cannot be known: what
a run is likely to use is reserved (prompt, cap and the largest reasoning seen so far), and an answer may be larger than
its cap. So one answer may go beyond, and then nothing is sent until the day is over. A day is a day in UTC.
"""

from typing import NamedTuple

DAY = 86400.0


class Budget(NamedTuple):
    """What a day may cost; 0: no limit."""

    requests: int = 0
    tokens: int = 0
    money: float = 0.0
    """In the currency of the prices that the configuration gives."""


class Need(NamedTuple):
    """What a run is to use at most, as far as it can be known before it is sent."""

    requests: int
    tokens: int = 0
    money: float = 0.0


class Purse(NamedTuple):
    """What a day has cost until now, and what is reserved for runs under way."""

    day: int = 0
    """Days since the epoch, UTC."""
    requests: int = 0
    tokens: int = 0
    money: float = 0.0
    held_requests: int = 0
    held_tokens: int = 0
    held_money: float = 0.0
    held_runs: int = 0
    """Runs under way that use tokens."""
    largest: int = 0
    """Tokens of the largest run seen, of any day: kept over midnight."""


def day_of(at: float) -> int:
    """The number of the UTC day that a moment lies in."""
    return int(at // DAY)


def today(purse: Purse, at: float) -> Purse:
    """The purse as of a moment: a new day begins empty, but for what runs under way have reserved."""
    day = day_of(at)
    if day <= purse.day:  # a clock that went back buys nothing, and a purse of a day far ahead lasts until tomorrow
        return purse if purse.day <= day + 1 else purse._replace(day=day)
    return purse._replace(day=day, requests=0, tokens=0, money=0.0)


def reserve(purse: Purse, budget: Budget, need: Need, at: float) -> Purse | None:
    """The purse with a run's need held in it; None where the budget does not cover it: the run must not be sent.

    While runs are under way whose answers could be larger than reserved, the rest must cover the largest run seen for
    each of them: near its end a budget of tokens is spent by one run at a time, so that only one answer goes beyond.
    """
    now = today(purse, at)
    if budget.requests and now.requests + now.held_requests + need.requests > budget.requests:
        return None
    if budget.tokens and need.tokens:
        margin = now.held_runs * now.largest
        if now.tokens + now.held_tokens + need.tokens + margin > budget.tokens:
            return None
    if budget.money and now.money + now.held_money + need.money > budget.money and need.money:
        return None
    return now._replace(
        held_requests=now.held_requests + need.requests,
        held_tokens=now.held_tokens + need.tokens,
        held_money=now.held_money + need.money,
        held_runs=now.held_runs + bool(need.tokens),
    )


def settle(purse: Purse, need: Need, used: Need, at: float) -> Purse:
    """The purse after a run: what was reserved is given back, what it used is spent, on the day that it ended."""
    now = today(purse, at)
    return now._replace(
        requests=now.requests + used.requests,
        tokens=now.tokens + used.tokens,
        money=now.money + used.money,
        held_requests=max(0, now.held_requests - need.requests),
        held_tokens=max(0, now.held_tokens - need.tokens),
        held_money=max(0.0, now.held_money - need.money),
        held_runs=max(0, now.held_runs - bool(need.tokens)),
        largest=max(now.largest, used.tokens),
    )


def is_spent(purse: Purse, budget: Budget, need: Need, at: float) -> bool:
    """The budget does not cover such a run any more today, even with nothing else under way."""
    now = today(purse, at)._replace(held_requests=0, held_tokens=0, held_money=0.0, held_runs=0)
    return reserve(now, budget, need, at) is None


class Left(NamedTuple):
    """What is left of a day's budget; None: no limit. Never less than 0."""

    requests: int | None
    tokens: int | None
    money: float | None


def left(purse: Purse, budget: Budget, at: float) -> Left:
    """What is left now, with what is reserved taken off."""
    now = today(purse, at)
    return Left(
        max(0, budget.requests - now.requests - now.held_requests) if budget.requests else None,
        max(0, budget.tokens - now.tokens - now.held_tokens) if budget.tokens else None,
        max(0.0, budget.money - now.money - now.held_money) if budget.money else None,
    )
