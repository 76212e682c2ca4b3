"""Ask again where two runs differ: one request to each side, in a random order, until chance is excluded or shown.

What is to be asked, and what the answers mean, is decided in `analysis/comparison/repeats`; here is what sends and
what bounds it: requests and seconds in all, the limits of each run (--max-requests, --budget-tokens).
"""

import random
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from chatproof.analysis.comparison.difference import is_limited
from chatproof.analysis.comparison.repeats import Pairing
from chatproof.analysis.comparison.settled import AskedAgain
from chatproof.contract.probe import BURST
from chatproof.evidence.reply import Reply
from chatproof.judging.judge import judge
from chatproof.record import document
from chatproof.running.burst import LONGEST_PAUSE, patience
from chatproof.running.dispatch import Pause, Transport, Wave, transport_options
from chatproof.running.plan import Settings, request_for
from chatproof.running.run import Carried, besides_of
from chatproof.target.target import Resolved
from chatproof.wire.exchange import Exchange

if TYPE_CHECKING:
    from chatproof.running.dispatch import Waves

MOST = 40
"""Further requests of a whole comparison, unless the user says another number."""
LONGEST = 300.0
"""Seconds after which nothing more is asked: forty that end with their deadline would take twenty minutes."""
_LIMITS = 2
"""Rate limits in a row that are waited for."""
_ROOM = 1024 * 1024
"""Bytes of a further reply; more only where the first one was longer."""


class Limits(NamedTuple):
    """What asking again may cost."""

    requests: int = MOST
    seconds: float = LONGEST


class Side:
    """One run that can be asked again: its exchanges, and what was asked since."""

    def __init__(
        self, label: str, resolved: Resolved, settings: Settings, carried: Carried, environ: Mapping[str, str]
    ):
        self.label = label
        self.document = carried.run.document
        self.rows: list[dict[str, Any]] = []
        self.tokens = 0
        self._surface = carried.contract.surface
        self._resolved, self._settings, self._carried = resolved, settings, carried
        self._exchanges = {exchange.probe: exchange for exchange in carried.sent.exchanges}
        self._transport = Transport(transport_options(resolved, environ))
        self._besides = besides_of(resolved, environ)

    @property
    def probes(self) -> list[str]:
        """What can be asked again: not what failed in a burst only, and nothing beyond this side's own limits."""
        if not self._may_send():
            return []
        cost = self._left_of_budget()
        return [
            probe
            for probe, row in ((probe, self._surface.known(probe)) for probe in self._exchanges)
            if row.role != BURST and (cost is None or row.tokens <= cost)
        ]

    def unsent_after(self, probe: str) -> list[str]:
        """The probes that the run left out because this one did not hold."""
        terms = {term.clause.probe for term in self._carried.contract.terms}
        rows = self._surface.rows(self._settings.kind).items()
        return [id for id, row in rows if row.after == probe and id in terms and id not in self._exchanges]

    def is_fresh_needed(self, probe: str) -> bool:
        """The first exchange failed on a connection that an earlier one left open: that says nothing of the request."""
        first = self._exchanges.get(probe)
        return first is not None and first.reused and first.fault is not None

    def ask(self, probe: str) -> "Waves[Exchange]":
        """Have the probe sent once more, alone, on a connection of its own."""
        first, row = self._exchanges.get(probe), self._surface.known(probe)
        number = 1 + sum(row["probe"] == probe for row in self.rows)
        if first is None:
            after = self._exchanges.get(row.after)
            body = dict(Reply(after).object) if after is not None and row.answers else None
            request, id, held = request_for(row, self._resolved, body), f"{probe}.again{number}", 0
        else:
            request, id = first.request, f"{first.id}.again{number}"
            held = len(first.response.body) if first.response else 0
        room = min(self._transport.options.limits.body, max(_ROOM, 2 * held))
        sent: list[Exchange] = []
        yield Wave([probe], {probe: request}, self._transport._replace(caps={probe: room}), sent)
        exchange = sent[0]._replace(id=id)
        tokens = self._surface.view.tokens(Reply(exchange))
        self.tokens += tokens
        self.rows.append(
            {
                "side": self.label,
                "probe": probe,
                "sent_at": exchange.sent_at,
                "answer": exchange.fault.code if exchange.fault else f"HTTP {_status(exchange)}",
                "billable": row.billable,
                "tokens": tokens,
            }
        )
        return exchange

    def with_answers(self, *further: Exchange) -> dict[str, Any]:
        """The run's document with these exchanges in the places of the first ones."""
        exchanges = {**self._exchanges, **{exchange.probe: exchange for exchange in further}}
        target = self._resolved.target
        judgement = judge(
            self._carried.contract,
            exchanges.values(),
            model=target.model,
            key=target.key,
            no_auth=target.no_auth,
            not_sent=self._carried.sent.not_sent,
        )
        seen = document.observed(target, self._carried.contract, list(exchanges.values()), judgement, self._besides)
        if self._settings.requests:
            from chatproof.running import own_requests

            own_requests.hide(seen, self._settings)
        return {**self.document, **seen}

    def keep(self, exchange: Exchange) -> None:
        """Take this exchange as the probe's first one from now on."""
        self._exchanges[exchange.probe] = exchange

    def _may_send(self) -> bool:
        most = self._settings.max_requests
        return not most or self.document["cost"]["requests"] + len(self.rows) < most

    def _left_of_budget(self) -> int | None:
        budget = self._settings.budget_tokens
        return budget - self.document["cost"]["tokens_reported"] - self.tokens if budget else None


def settled(sides: Mapping[int, Side], most: int, requires: frozenset[str]) -> "Waves[AskedAgain]":
    """Ask A, which has the number 0, and each candidate again where they differ: at most so many requests in all."""
    again, a = Again(Limits(most)), sides[0]
    pairings: dict[int, Pairing] = {}
    for number in sorted(sides):
        if number:
            pairings[number - 1] = yield from again.settle(a, sides[number], requires)
    rows = sorted((row for side in sides.values() for row in side.rows), key=lambda row: str(row["sent_at"]))
    return AskedAgain(most, pairings, rows, again.stopped)


class Again:
    """Everything that is asked again in one comparison."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.sent = 0
        self.stopped = ""  # why nothing more was asked, where something was left to ask
        self._until = time.monotonic() + limits.seconds
        self._order = random.SystemRandom()

    def settle(self, a: Side, b: Side, requires: frozenset[str]) -> "Waves[Pairing]":
        """Ask both sides until every difference between them is settled, or a limit is reached."""
        pairing = Pairing(a.document, b.document, requires)
        try:
            yield from self._on_fresh_connections(pairing, a, b)
            yield from self._in_blocks(pairing, a, b)
        except KeyboardInterrupt as signal:
            self.stopped = f"interrupted by {signal.args[0] if signal.args else 'SIGINT'}"
        return pairing

    def _in_blocks(self, pairing: Pairing, a: Side, b: Side) -> "Waves[None]":
        met = 0  # rate limits in a row
        asked: list[dict[str, Exchange]] = []
        done = 0
        while True:
            may = set(a.probes) & set(b.probes)
            unit = pairing.next_unit(may)
            if unit is None:
                return
            if not self._has_room(2):
                return
            probe = pairing.probe_for(unit, may)
            sides = [("A", a), ("B", b)]
            self._order.shuffle(sides)  # or a server that takes turns would give each side an upstream of its own
            answers: dict[str, Exchange] = {}
            for label, side in sides:
                answers[label] = yield from side.ask(probe)
                self.sent += 1
            further = {"A": a.with_answers(answers["A"]), "B": b.with_answers(answers["B"])}
            if any(_asked_too_fast(further[side], probe) for side in "AB"):
                met += 1
                seconds = self._patience(met, answers.values())
                if self.stopped:
                    return
                yield Pause(seconds)
                continue
            met = 0
            asked.append(answers)
            pairing.add(probe, further)
            for swap in pairing.swaps[done:]:
                yield from self._take_in(pairing, dict(sides)[swap.side], swap.side, asked[swap.number][swap.side])
            done = len(pairing.swaps)

    def _patience(self, met: int, answers: Iterable[Exchange]) -> float:
        """Seconds that a rate limit asks for. Where that is too long, or did not help, nothing more is asked."""
        seconds = max(patience(Reply(exchange)) for exchange in answers)
        if seconds > LONGEST_PAUSE:
            self.stopped = f"the server asks to wait {seconds:g} s after a rate limit, longer than this run waits"
        elif met > _LIMITS:
            self.stopped = f"the rate limit was reached {met} times in a row"
        return seconds

    def _take_in(self, pairing: Pairing, side: Side, label: str, exchange: Exchange) -> "Waves[None]":
        """Compare by this answer from now on; what the run left out because of the first one is asked now."""
        side.keep(exchange)
        for probe in side.unsent_after(exchange.probe):
            if self._has_room(1):
                side.keep((yield from side.ask(probe)))
                self.sent += 1
        pairing.replace(label, side.with_answers())

    def _on_fresh_connections(self, pairing: Pairing, a: Side, b: Side) -> "Waves[None]":
        for label, side in (("A", a), ("B", b)):
            for probe in [probe for probe in side.probes if side.is_fresh_needed(probe)]:
                if not self._has_room(1):
                    return
                fresh = yield from side.ask(probe)
                self.sent += 1
                pairing.closed.setdefault(probe, []).append(label)
                side.keep(fresh)
                pairing.replace(label, side.with_answers())

    def _has_room(self, requests: int) -> bool:
        if self.sent + requests > self.limits.requests:
            self.stopped = f"the limit of {self.limits.requests} further requests is reached"
        elif time.monotonic() > self._until:
            self.stopped = f"{self.limits.seconds:g} s for repeated requests are over"
        return not self.stopped


def _status(exchange: Exchange) -> str:
    return str(exchange.response.status) if exchange.response else "nothing"


def _asked_too_fast(run: dict[str, Any], probe: str) -> bool:
    return any(row["probe"] == probe and is_limited(row, run) for row in run["exchanges"])
