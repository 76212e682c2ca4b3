"""How a run sends: smoke all at once, and what follows from that one by one; validate free requests first, then the
control, then the rest a few at a time, within the budget. Between two waves the stop is asked.

The first paid requests after the happy path leave at the same moment: that is the burst (`burst`), and costs nothing
more. Nothing is sent twice but what a burst was refused for, and what was refused for its form (`_ask_otherwise`,
`_settle_form`).
"""

from chatproof.contract.clause import HOLDS, SMOKE
from chatproof.contract.probe import ALIVE, REFUSAL, TWIN, Body
from chatproof.evidence.parsed_bodies import Memory
from chatproof.evidence.reply import ENOUGH_DOWN, Reply
from chatproof.judging.contract import Contract
from chatproof.judging.judge import judge
from chatproof.running.dispatch import Stop, Transport, Wave, holds
from chatproof.running.plan import LeftOut, Settings, burst_members, request_for
from chatproof.target.target import Resolved
from chatproof.wire.exchange import Exchange, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chatproof.running.dispatch import Waves

LONGEST_ANSWER = 16 * 1024
"""Bytes of a request that repeats what a server said: who answers with megabytes must not make us pay for them."""
ROOM = 16 * 1024 * 1024
"""Bytes of all replies together. What is left of it is shared among the requests of a group; smoke's own probes have
the limit that they have in smoke. A server in order sends a twentieth of it, most of that in its list of models."""
LEAST = 256 * 1024
"""Bytes that every reply may have, whatever came before: more than ten times the longest that the probes ask for."""


class Sending:
    """Sends what is planned, each probe when the one it comes after holds; fills `exchanges` and `not_sent`."""

    def __init__(
        self,
        contract: Contract,
        resolved: Resolved,
        settings: Settings,
        planned: dict[str, Request],
        transport: Transport,
        exchanges: list[Exchange],
        not_sent: dict[str, str],
        stop: Stop,
    ) -> None:
        self.contract = contract
        self.resolved = resolved
        self.settings = settings
        self.planned = planned
        self.transport = transport
        self.exchanges = exchanges
        self.not_sent = not_sent
        self.stop = stop
        self.is_smoke = settings.kind == SMOKE
        self.surface = contract.surface
        self.usual = self.surface.rows(SMOKE)
        self.rows = {
            probe: self.surface.rows(settings.kind).get(probe) or self.surface.known(probe) for probe in planned
        }
        wanted = settings.burst > 1 and any(term.clause.burst for term in contract.terms)
        self.burst = burst_members(list(self.rows.values()), self.surface, settings.burst) if wanted else []
        self._held: dict[str, bool] = {}  # by probe: judged once
        self._used: dict[str, int] = {}  # tokens that an exchange reports, by its id
        self.memory = Memory()
        self.own: dict[str, int] = {}  # what the user's own requests may cost
        if settings.requests:
            from chatproof.running.own_planning import named

            self.own = {probe: own.tokens for probe, own in named(settings.requests).items()}

    def run(self) -> "Waves[None]":
        """Yield each wave, and go on by what came of it."""
        waiting = list(self.planned)
        while waiting and not self.stop.asked:
            wave = [probe for probe in waiting if self._is_ready(probe)]
            # Requests that must not pass go last: LiteLLM takes a deployment out of service for some seconds after one.
            if any(self.rows[probe].role != REFUSAL for probe in waiting):
                wave = [probe for probe in wave if self.rows[probe].role != REFUSAL]
            waiting = [probe for probe in waiting if probe not in wave]
            may = [probe for probe in wave if self._may(probe)]
            if self.is_smoke:
                for group in [may] if not self.exchanges else [[probe] for probe in may]:
                    yield from self.ask(group)
                    yield from self._ask_otherwise(group)
                yield from self._settle_form()
                continue
            yield from self.ask([probe for probe in may if not self.rows[probe].billable])
            paid = [probe for probe in may if self.rows[probe].billable]
            together = [probe for probe in paid if probe in self.burst]
            if len(together) > 1:
                from chatproof.running import burst

                yield from burst.steps(self, together)
                paid = [probe for probe in paid if probe not in together]
            yield from self.ask(paid)
            yield from self._settle_form()
            yield from self._ask_otherwise(paid + together)
        if not self.stop.asked:
            yield from self._look_once_more()

    def _settle_form(self) -> "Waves[None]":
        """Of two forms of the plain request take the one that is answered, and ask all that follows in that form."""
        if any(row.role == TWIN for row in self.rows.values()):
            from chatproof.running import twin

            yield from self.ask(twin.settle(self))

    def _ask_otherwise(self, group: list[str]) -> "Waves[None]":
        """Ask in another form what was refused for its form: a free tool call where a forced one is refused."""
        if any(self.rows[probe].otherwise for probe in group):
            from chatproof.running import other_form

            for probe in other_form.steps(self, group):
                yield from self.ask([probe])

    def _look_once_more(self) -> "Waves[None]":
        """Where wrong requests were answered as if the service were down, ask a right one: it tells a server that
        fails on each mistake from an outage at the end of the run."""
        most, planned = self.settings.max_requests, self.planned.get(self.surface.control)
        wrong = [e for e in self.exchanges if self.rows[e.probe].role == REFUSAL]
        down = [reply for e in wrong if (reply := Reply(e, self.memory)).complete and reply.is_outage]
        if planned is None or len(down) < ENOUGH_DOWN or (most and len(self.exchanges) >= most):
            return
        id = self.surface.again
        self.planned[id], self.rows[id] = planned, self.surface.known(id)
        yield from self.ask([id])

    def _is_ready(self, probe: str) -> bool:
        settled = {exchange.probe for exchange in self.exchanges} | set(self.not_sent)
        after = self.rows[probe].after
        if after == ALIVE:
            return all(other in settled for other, row in self.rows.items() if not row.after)
        return after == "" or after not in self.planned or after in settled

    def _may(self, probe: str) -> bool:
        """What it comes after lets it be sent; if not, `not_sent` says why."""
        after = self.rows[probe].after
        if after == ALIVE:
            if self.exchanges and not any(Reply(exchange, self.memory).complete for exchange in self.exchanges):
                self.not_sent[probe] = "not sent: no free request got a complete reply"
                return False
        elif after and not self._follows(probe, after):
            self.not_sent[probe] = self.not_sent.get(after, "") or f"not sent: {after} did not pass"
            return False
        return True

    def _follows(self, probe: str, after: str) -> bool:
        """The happy path by smoke's clauses alone: a missing `created` must not hide everything else. Others by those
        that this probe's clauses need: a call with an odd argument can still be answered."""
        target = self.resolved.target
        if after == self.surface.control:
            if after not in self._held:
                self._held[after] = holds(self.contract, self.exchanges, target, after)
            return self._held[after]
        if self.rows[probe].unjudged:
            sent = (exchange for exchange in self.exchanges if exchange.probe == after)
            return any(self.surface.view.is_success(Reply(exchange, self.memory)) for exchange in sent)
        needed = {need for term in self.contract.terms if term.clause.probe == probe for need in term.clause.needs}
        judgement = judge(self._only(needed), self.exchanges, model=target.model, key=target.key)
        found = [finding for finding in judgement.findings if finding.clause in needed and finding.probe == after]
        return bool(found) and all(finding.outcome == HOLDS for finding in found)

    def _only(self, wanted: set[str]) -> Contract:
        """The contract with these clauses and those that they need: nothing else says anything of them."""
        terms = {term.clause.id: term for term in self.contract.terms}
        closed = wanted & terms.keys()
        while more := {need for id in closed for need in terms[id].clause.needs if need in terms} - closed:
            closed |= more
        return self.contract._replace(terms=tuple(term for id, term in terms.items() if id in closed))

    def ask(self, group: list[str]) -> "Waves[None]":
        """A few at a time; with a token budget, after each few a look at the meter."""
        step = self.transport.at_once or len(group) or 1
        for first in range(0, len(group), step):
            if self.stop.asked:
                return
            affordable = self.within_budget(group[first : first + step])
            for probe in [*affordable]:
                after = self.rows[probe].after
                if self.rows[probe].answers is not None:
                    self.planned[probe] = request_for(self.rows[probe], self.resolved, self._json_of(after))
                    if len(self.planned[probe].body) > LONGEST_ANSWER:
                        self.not_sent[probe] = f"not sent: the answer to {after} is too long to be sent back"
                        affordable.remove(probe)
            yield self.wave(affordable, self.transport, self.exchanges)

    def wave(self, group: list[str], transport: Transport, into: list[Exchange]) -> Wave:
        """Of a group, its replies kept within the room that is left."""
        left = ROOM - sum(len(e.response.body) for e in self.exchanges if e.response)
        cap = max(LEAST, left // max(len(group), 1))
        usual = transport.options.limits.body
        caps = (
            dict.fromkeys((p for p in group if p not in self.usual), cap) if cap < usual and not self.is_smoke else {}
        )
        return Wave(group, self.planned, transport._replace(caps=caps), into)

    def _tokens(self, exchange: Exchange) -> int:
        if exchange.id not in self._used:
            self._used[exchange.id] = self.surface.view.tokens(Reply(exchange, self.memory))
        return self._used[exchange.id]

    def _json_of(self, probe: str) -> Body | None:
        found = next((exchange for exchange in self.exchanges if exchange.probe == probe), None)
        return dict(Reply(found, self.memory).object) if found else None

    def within_budget(self, group: list[str]) -> list[str]:
        budget = self.settings.budget_tokens
        if not budget:
            return group
        used = sum(self._tokens(exchange) for exchange in self.exchanges)
        kept = []
        for probe in group:
            cost = self.own.get(probe, self.rows[probe].tokens) if self.rows[probe].billable else 0
            if cost and used + cost > budget:
                self.not_sent[probe] = LeftOut(f"not sent: the token budget of {budget} would be exceeded")
            else:
                used += cost
                kept.append(probe)
        return kept
