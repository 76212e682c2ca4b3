"""How validate sends: free requests first, then the happy path, then the rest a few at a time, within the budget.

The first paid requests after the happy path leave at the same moment: that is the burst, and costs nothing more. What
a burst is refused for (429, 5xx, a dropped connection) says nothing of the request itself: that exchange is kept under
the name `burst.PROBE`, and the probe is sent once more, alone. Nothing else is sent twice.
"""

import time

from chatproof import probes, probes_validate
from chatproof.clause import HOLDS
from chatproof.contract import Contract
from chatproof.exchange import Exchange, Request
from chatproof.judging import Judgement, judge
from chatproof.printable import quote
from chatproof.record import reported_tokens
from chatproof.reply import Reply
from chatproof.run import Settings, Transport, holds, request_for, send_all
from chatproof.target import Resolved
from chatproof.usage_error import UsageError

BURST_CLAUSE = "operations.burst"
PAUSE = 1.0  # seconds before a throttled request is sent again, if the server does not say
LONGEST_PAUSE = 10.0  # a server that wants more is not waited for
# Requests that must not pass go last: LiteLLM takes a deployment out of service for some seconds after one of them.
WRONG = "error."


LONGEST_ANSWER = 16 * 1024
"""Bytes of a request that repeats what a server said: who answers with megabytes must not make us pay for them."""
ROOM = 16 * 1024 * 1024
"""Bytes of all replies together. What is left of it is shared among the requests of a group; smoke's own probes have
the limit that they have in smoke. A server in order sends a twentieth of it, most of that in its list of models."""
LEAST = 256 * 1024
"""Bytes that every reply may have, whatever came before: more than ten times the longest that the probes ask for."""
OF_SMOKE = (*probes.SMOKE, "stream")


def completed(needed: set[str], contract: Contract, resolved: Resolved, settings: Settings) -> set[str]:
    """The probes that validate sends for the clauses in force: those recorded only among them, and what they follow."""
    probes_validate.load()
    rows = probes.PROBES
    unknown = [extra for extra in settings.extras if extra not in probes_validate.OPT_IN]
    if unknown:
        known = ", ".join(probes_validate.OPT_IN)
        raise UsageError("usage", f"no probe to add is called {unknown[0][:40]!r}", f"there are: {known}")
    needed = needed - {"*"}
    if not (settings.only or settings.layers):
        needed = needed | {id for id in rows if id.startswith("key.")}
    header = resolved.profile.fact("auth_header", "Authorization: Bearer")
    if resolved.target.no_auth or header.lower() != "authorization: bearer":
        needed = {id for id in needed if not id.startswith("key.")}  # forms of another scheme than this one
    if resolved.target.no_auth:
        needed = {id for id in needed if not id.startswith("auth.")}
    while more := {rows[id].after for id in needed if rows[id].after in rows} - needed:
        needed = needed | more
    needed = needed | {rows[id].rides for id in needed if rows[id].rides}
    if settings.burst > 1 and any(term.clause.id == BURST_CLAUSE and term.reported for term in contract.terms):
        needed = needed | probes_validate.copies(settings.burst - len(_members(needed, settings.burst)))
    return needed


def _members(chosen: "set[str] | list[str]", size: int) -> list[str]:
    """The probes of a burst: valid requests that are paid for anyway. A form of the key may be refused, and is none."""
    rows = probes.PROBES
    able = [
        id
        for id, row in rows.items()
        if id in chosen and row.billable and row.after == "happy" and not row.answers and not id.startswith("key.")
    ]
    return able[:size]


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
    ) -> None:
        self.contract = contract
        self.resolved = resolved
        self.settings = settings
        self.planned = planned
        self.transport = transport
        self.exchanges = exchanges
        self.not_sent = not_sent
        self.rows = {probe: probes_validate.free_first(probes.PROBES[probe]) for probe in planned}
        wanted = settings.burst > 1 and any(term.clause.id == BURST_CLAUSE for term in contract.terms)
        self.burst = _members(list(planned), settings.burst) if wanted else []
        self._held: dict[str, bool] = {}  # by probe: judged once
        self._used: dict[str, int] = {}  # tokens that an exchange reports, by its id

    def run(self) -> None:
        waiting = list(self.planned)
        while waiting:
            wave = [probe for probe in waiting if self._is_ready(probe)]
            if any(not probe.startswith(WRONG) for probe in waiting):
                wave = [probe for probe in wave if not probe.startswith(WRONG)]
            waiting = [probe for probe in waiting if probe not in wave]
            may = [probe for probe in wave if self._may(probe)]
            self._send([probe for probe in may if not self.rows[probe].billable])
            paid = [probe for probe in may if self.rows[probe].billable]
            together = [probe for probe in paid if probe in self.burst]
            if len(together) > 1:
                self._send_burst(together)
                paid = [probe for probe in paid if probe not in together]
            self._send(paid)

    def _is_ready(self, probe: str) -> bool:
        settled = {exchange.probe for exchange in self.exchanges} | set(self.not_sent)
        after = self.rows[probe].after
        if after == probes.ALIVE:
            return all(other in settled for other, row in self.rows.items() if not row.after)
        return after == "" or after not in self.planned or after in settled

    def _may(self, probe: str) -> bool:
        """What it comes after lets it be sent; if not, `not_sent` says why."""
        after = self.rows[probe].after
        if after == probes.ALIVE:
            if self.exchanges and not any(Reply(exchange).complete for exchange in self.exchanges):
                self.not_sent[probe] = "not sent: no free request got a complete reply"
                return False
        elif after and not self._follows(probe, after):
            self.not_sent[probe] = self.not_sent.get(after, "") or f"not sent: {after} does not hold"
            return False
        return True

    def _follows(self, probe: str, after: str) -> bool:
        """The happy path by smoke's clauses alone: a missing `created` must not hide everything else. Others by those
        that this probe's clauses need: a call with an odd argument can still be answered."""
        target = self.resolved.target
        if after == "happy":
            if after not in self._held:
                self._held[after] = holds(self.contract, self.exchanges, target, after)
            return self._held[after]
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

    def _send(self, group: list[str]) -> None:
        """A few at a time; with a token budget, after each few a look at the meter."""
        step = self.transport.at_once or len(group) or 1
        for first in range(0, len(group), step):
            affordable = self._within_budget(group[first : first + step])
            for probe in [*affordable]:
                after = self.rows[probe].after
                if self.rows[probe].answers is not None:
                    self.planned[probe] = request_for(probe, self.resolved, self._json_of(after))
                    if len(self.planned[probe].body) > LONGEST_ANSWER:
                        self.not_sent[probe] = f"not sent: what {after} was answered with is too long to be sent back"
                        affordable.remove(probe)
            self._exchange(affordable, self.transport, self.exchanges)

    def _exchange(self, group: list[str], transport: Transport, into: list[Exchange]) -> None:
        """Send a group, its replies kept within the room that is left."""
        left = ROOM - sum(len(e.response.body) for e in self.exchanges if e.response)
        cap = max(LEAST, left // max(len(group), 1))
        usual = transport.options.limits.body
        caps = dict.fromkeys((p for p in group if p not in OF_SMOKE), cap) if cap < usual else {}
        send_all(group, self.planned, transport._replace(caps=caps), into)

    def _send_burst(self, group: list[str]) -> None:
        """All at the same moment; what fails in the crowd is sent again alone, and the rest goes one by one."""
        group = self._within_budget(group)
        sent: list[Exchange] = []
        self._exchange(group, self.transport._replace(at_once=0), sent)
        again: list[str] = []
        pause = 0.0
        for exchange in sent:
            marked = exchange._replace(together=len(group))
            reply = Reply(exchange)
            if reply.complete and reply.status != 429 and reply.status < 500:
                self.exchanges.append(marked)
                continue
            name = exchange.probe
            if not name.startswith("burst."):
                again.append(name)
                name = probes_validate.in_burst(name)
                self.planned[name] = exchange.request
            self.exchanges.append(marked._replace(probe=name, id=f"{exchange.id}b"))
            pause = max(pause, _pause(reply) if reply.status == 429 else 0.0)
        if again:
            self.transport = self.transport._replace(at_once=1)
            self._send_again(again, pause)

    def _send_again(self, group: list[str], pause: float) -> None:
        if pause > LONGEST_PAUSE:
            reason = f"throttled: the server asks for {pause:g} s of patience, more than is waited for"
            self.not_sent.update(dict.fromkeys(group, reason))
            return
        most = self.settings.max_requests
        left = [probe for probe in self.planned if not probe.startswith("burst.")]
        waiting = len(left) - len({exchange.probe for exchange in self.exchanges} & set(left)) - len(group)
        room = most - len(self.exchanges) - waiting if most else len(group)
        allowed = group[: max(room, 0)]
        for probe in group[len(allowed) :]:
            self.not_sent[probe] = f"throttled, and not sent again: --max-requests {most}"
        if pause:
            time.sleep(pause)
        self._send(allowed)

    def _tokens(self, exchange: Exchange) -> int:
        if exchange.id not in self._used:
            self._used[exchange.id] = reported_tokens(Reply(exchange))
        return self._used[exchange.id]

    def _json_of(self, probe: str) -> probes.Body | None:
        found = next((exchange for exchange in self.exchanges if exchange.probe == probe), None)
        return dict(Reply(found).object) if found else None

    def _within_budget(self, group: list[str]) -> list[str]:
        budget = self.settings.budget_tokens
        if not budget:
            return group
        used = sum(self._tokens(exchange) for exchange in self.exchanges)
        kept = []
        for probe in group:
            cost = probes.PROBES[probe].tokens if probes.PROBES[probe].billable else 0
            if cost and used + cost > budget:
                self.not_sent[probe] = f"not sent: the token budget of {budget} would be exceeded"
            else:
                used += cost
                kept.append(probe)
        return kept


def remarks(judgement: Judgement) -> list[str]:
    """What is worth a note and breaks nothing: an alias may be answered by a dated snapshot, so no clause asks more."""
    happy = judgement.context.control
    named = happy.object.get("model") if happy else None
    if isinstance(named, str) and named != judgement.context.model:
        return [
            f"the reply names the model {quote(named)}, not the {quote(judgement.context.model)} that was asked for"
        ]
    return []


def _pause(reply: Reply) -> float:
    """Seconds that a 429 asks for, in Retry-After; a date or none at all: the usual."""
    value = reply.header(b"retry-after")
    plain = value.replace(".", "", 1)
    return float(value) if plain.isascii() and plain.isdigit() else PAUSE
