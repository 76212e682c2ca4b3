"""How validate sends: free requests first, then the happy path, then the rest a few at a time, within the budget."""

from chatproof import probes, probes_validate
from chatproof.clause import HOLDS
from chatproof.contract import Contract
from chatproof.exchange import Exchange, Request
from chatproof.judging import judge
from chatproof.record import reported_tokens
from chatproof.reply import Reply
from chatproof.run import Settings, Transport, holds, request_for, send_all
from chatproof.target import Resolved
from chatproof.usage_error import UsageError


def completed(needed: set[str], resolved: Resolved, settings: Settings) -> set[str]:
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
    return needed | {rows[id].rides for id in needed if rows[id].rides}


def send_in_waves(
    contract: Contract,
    resolved: Resolved,
    settings: Settings,
    planned: dict[str, Request],
    transport: Transport,
    exchanges: list[Exchange],
    not_sent: dict[str, str],
) -> None:
    """Send what is planned, each probe when the one it comes after holds; fill `exchanges` and `not_sent`."""
    rows = {probe: probes_validate.free_first(probes.PROBES[probe]) for probe in planned}
    waiting = list(planned)
    while waiting:
        settled = {exchange.probe for exchange in exchanges} | set(not_sent)
        wave = []
        for probe in waiting:
            after = rows[probe].after
            if after == probes.ALIVE:
                ready = all(other in settled for other in planned if not rows[other].after)
            else:
                ready = after == "" or after not in planned or after in settled
            if ready:
                wave.append(probe)
        waiting = [probe for probe in waiting if probe not in wave]
        may = [probe for probe in wave if _may(probe, rows[probe], contract, resolved, planned, exchanges, not_sent)]
        for group in _groups(may, rows, settings, transport):
            affordable = _within_budget(group, settings, exchanges, not_sent)
            for probe in affordable:
                if rows[probe].answers is not None:
                    planned[probe] = request_for(probe, resolved, _json_of(rows[probe].after, exchanges))
            send_all(affordable, planned, transport, exchanges)


def _groups(
    wave: list[str], rows: dict[str, probes.Probe], settings: Settings, transport: Transport
) -> list[list[str]]:
    """Free requests before paid ones; with a token budget, no more at once than a look at the meter allows."""
    free = [probe for probe in wave if not rows[probe].billable]
    paid = [probe for probe in wave if rows[probe].billable]
    if not settings.budget_tokens:
        return [group for group in (free, paid) if group]
    step = transport.at_once or len(paid) or 1
    return [group for group in (free, *(paid[i : i + step] for i in range(0, len(paid), step))) if group]


def _may(
    probe: str,
    row: probes.Probe,
    contract: Contract,
    resolved: Resolved,
    planned: dict[str, Request],
    exchanges: list[Exchange],
    not_sent: dict[str, str],
) -> bool:
    if row.after == probes.ALIVE:
        others = [exchange for exchange in exchanges if exchange.probe in planned]
        if others and not any(Reply(exchange).complete for exchange in others):
            not_sent[probe] = "not sent: no free request got a complete reply"
            return False
    elif row.after and not _follows(probe, row.after, contract, resolved, exchanges):
        reason = not_sent.get(row.after, "")
        not_sent[probe] = reason or f"not sent: {row.after} does not hold"
        return False
    return True


def _follows(probe: str, after: str, contract: Contract, resolved: Resolved, exchanges: list[Exchange]) -> bool:
    """The happy path by smoke's clauses alone: a missing `created` must not hide everything else. Others by those that
    this probe's clauses need: a call with an odd argument can still be answered."""
    if after == "happy":
        return holds(contract, exchanges, resolved.target, after)
    needed = {need for term in contract.terms if term.clause.probe == probe for need in term.clause.needs}
    judgement = judge(contract, exchanges, model=resolved.target.model, key=resolved.target.key)
    found = [finding for finding in judgement.findings if finding.clause in needed and finding.probe == after]
    return bool(found) and all(finding.outcome == HOLDS for finding in found)


def _json_of(probe: str, exchanges: list[Exchange]) -> probes.Body | None:
    found = next((exchange for exchange in exchanges if exchange.probe == probe), None)
    return dict(Reply(found).object) if found else None


def _within_budget(
    group: list[str], settings: Settings, exchanges: list[Exchange], not_sent: dict[str, str]
) -> list[str]:
    if not settings.budget_tokens:
        return group
    used = sum(reported_tokens(Reply(exchange)) for exchange in exchanges)
    kept = []
    for probe in group:
        used += probes.PROBES[probe].tokens
        if probes.PROBES[probe].billable and used > settings.budget_tokens:
            not_sent[probe] = f"not sent: the token budget of {settings.budget_tokens} would be exceeded"
        else:
            kept.append(probe)
    return kept
