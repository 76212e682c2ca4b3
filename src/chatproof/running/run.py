"""The one loop: plan → send → judge → diagnose → record. Everything around it (CLI, tests, plugins) calls this."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from chatproof import clock
from chatproof.contract.clause import VALIDATE
from chatproof.contract.probe import REFUSED_FORM, is_own
from chatproof.judging.contract import Contract
from chatproof.judging.judge import Judgement, judge
from chatproof.record import document
from chatproof.record.document import Run
from chatproof.running.dispatch import Stop, Transport, carried_out, origin_of, proxy_in_force, transport_options
from chatproof.running.plan import USER_AGENT, LeftOut, Settings, contract_for, plan
from chatproof.running.scheduler import Sending
from chatproof.surfaces.model_listing import AUTO
from chatproof.target import environment
from chatproof.target.target import Resolved, Target, check
from chatproof.usage_error import without_frames
from chatproof.values import NamedTuple
from chatproof.wire.exchange import Exchange, Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from chatproof.diagnosis.diagnosis import Diagnosis
    from chatproof.record.under_way import Watch
    from chatproof.running.dispatch import Waves
    from chatproof.running.own_requests import Refusal


def smoke(target: Target, settings: Settings = Settings(), *, environ: Mapping[str, str] | None = None) -> Run:
    """Run the smoke contract against a target and return the record of it.

    Sends up to four requests (five with `stream`), concurrently, each on its own connection, none of them twice.
    `environ` is this process's environment by default. Raises UsageError when our own side is at fault and nothing
    was sent; never for what the endpoint does.
    """
    shown = environment.Unshown(os.environ if environ is None else environ)
    return without_frames(lambda: run(check(target), settings, environ=shown))


def validate(target: Target, settings: Settings = Settings(), *, environ: Mapping[str, str] | None = None) -> Run:
    """Run the whole contract against a target and return the record of it. Sends at most 50 requests by default.

    `environ` is this process's environment by default.
    """
    return smoke(target, settings._replace(kind=VALIDATE), environ=environ)


class Sent(NamedTuple):
    """What the sending half of a run leaves for the concluding half."""

    run_id: str
    started_at: str
    exchanges: list[Exchange]
    not_sent: dict[str, str]  # probe → why; a LeftOut where our own side chose so
    interrupted: str  # the signal's name, or empty
    remark: str  # for the run's notes, or empty
    refusals: tuple[Refusal, ...] = ()  # of the user's own requests, explained


Begin = Callable[[dict[str, "Any"]], str]
"""Gets the started document before the first byte is sent; may return a remark for the run's notes."""


def _none(started: dict[str, Any]) -> str:
    return ""


class Carried(NamedTuple):
    """A finished run with what it was made from, for whoever asks a probe of it again."""

    run: Run
    contract: Contract
    sent: Sent


def run(
    resolved: Resolved,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    begin: Begin = _none,
    watch: Watch | None = None,
) -> Run:
    """Plan, send, judge, diagnose and record, once. Raises UsageError for our own side."""
    return carry(resolved, settings, environ=environ, begin=begin, watch=watch).run


def carry(
    resolved: Resolved,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    begin: Begin = _none,
    stop: Stop | None = None,
    watch: Watch | None = None,
) -> Carried:
    """Do the same as `run`, and hand out the exchanges as well. `stop` ends a run that is not in the main thread."""
    stop = stop or Stop()
    return carried_out(steps(resolved, settings, environ, begin, stop, watch), stop)


def steps(
    resolved: Resolved,
    settings: Settings,
    environ: Mapping[str, str],
    begin: Begin,
    stop: Stop,
    watch: Watch | None = None,
) -> Waves[Carried]:
    """One run without its I/O: yields each wave of requests, for a driver to send; returns what it made of them.

    All of its state is in here: whoever drives it may go on in another thread each time, and many may be under way.
    """
    contract = contract_for(resolved, settings)
    if resolved.listing is not None:
        from chatproof.running import auto_model

        contract = auto_model.with_listing(contract)
    sent = yield from _send(contract, resolved, settings, environ, begin, stop, watch)
    try:
        return Carried(conclude(contract, resolved, settings, sent, environ), contract, sent)
    except KeyboardInterrupt as signal:
        if sent.interrupted:
            raise  # asked twice: leave at once
        sent = sent._replace(interrupted=_name(signal))
        return Carried(conclude(contract, resolved, settings, sent, environ), contract, sent)


def _send(
    contract: Contract,
    resolved: Resolved,
    settings: Settings,
    environ: Mapping[str, str],
    begin: Begin,
    stop: Stop,
    watch: Watch | None,
) -> Waves[Sent]:
    listing = resolved.listing
    planned = {listing.probe: listing.request} if listing else plan(contract, resolved, settings)
    rows = contract.surface.rows(settings.kind)
    reuses_connection_of = {
        probe: rows[probe].reuses_connection_of for probe in planned if settings.kind == VALIDATE and probe in rows
    }
    transport = Transport(transport_options(resolved, environ), settings.burst, reuses_connection_of)
    started = clock.utc()
    run_id = new_id(settings.kind, started)
    remark = begin(
        document.opening(
            resolved.target,
            contract,
            document.Opening(run_id, settings.kind, started, planned, environment.ci_of(environ)),
        )
    )
    exchanges: list[Exchange] = []
    not_sent: dict[str, str] = {}
    refusals: tuple[Refusal, ...] = ()
    if watch is not None:
        from chatproof.record.under_way import UnderWay

        watch(UnderWay(settings.kind, planned.keys(), exchanges, not_sent, contract.surface.view.tokens))
    try:
        if listing is not None:
            from chatproof.running.auto_model import unsent

            exchanges, not_sent = [listing], unsent(contract)
        else:
            yield from Sending(contract, resolved, settings, planned, transport, exchanges, not_sent, stop).run()
        if settings.requests or any(_is_unusual(exchange, contract) for exchange in exchanges):
            from chatproof.running.own_requests import Explaining

            refusals = yield from Explaining(
                resolved, contract.surface, settings, planned, transport, exchanges, stop
            ).run()
    except KeyboardInterrupt as signal:  # one that came to this thread asks for the same as anybody else's stop
        stop.now(_name(signal))
    # A copy: threads that are no longer waited for may still append to the list.
    order = list(planned)
    answered = sorted(exchanges, key=lambda exchange: order.index(exchange.probe))
    if stop.asked:
        seen = {exchange.probe for exchange in answered}
        not_sent.update({probe: LeftOut(f"interrupted by {stop.signal}") for probe in order if probe not in seen})
    return Sent(run_id, started, answered, not_sent, stop.signal, remark, refusals)


def _is_unusual(exchange: Exchange, contract: Contract) -> bool:
    """A request of ours that asks several things at once is not answered: which of them is why?"""
    several = contract.surface.known(exchange.probe).parts
    return several and exchange.response is not None and exchange.response.status >= 300


def new_id(kind: str, started: str, digits: int = 6) -> str:
    """The id of a run that begins at `started` (RFC 3339). More digits are for a fleet's: many begin in a second."""
    return f"{kind}-{started[:10].replace('-', '')}-{started[11:19].replace(':', '')}-{os.urandom(digits // 2).hex()}"


def _name(signal: KeyboardInterrupt) -> str:
    return str(signal.args[0]) if signal.args else "SIGINT"


def conclude(
    contract: Contract,
    resolved: Resolved,
    settings: Settings,
    sent: Sent,
    environ: Mapping[str, str],
    judgement: Judgement | None = None,
) -> Run:
    """Judge, diagnose, record: no I/O, and quick enough to be done again when a signal falls into it. `judgement` is
    given where the exchanges were judged before."""
    target, profile, way = resolved.target, resolved.profile, origin_of(resolved, environ)
    model = target.model or (AUTO if resolved.listing else "")
    judgement = judgement or judge(
        contract, sent.exchanges, model=model, key=target.key, no_auth=target.no_auth, not_sent=sent.not_sent
    )
    surroundings = {
        **environment.describe(environ, profile.fact("key_variables", ())),
        "user_agent": USER_AGENT,
        "proxy_used": bool(target.proxy),
        "ca_file": _shown(target.ca_file),
        "timeout_s": target.timeout,
        "addresses": sorted({exchange.peer.address for exchange in sent.exchanges if exchange.peer}),
    }
    https = resolved.url.scheme == "https"
    ignored = environment.notes(environ, https=https, proxy=target.proxy, ca_file=target.ca_file)
    fixed = tuple(f"the waiver of {clauses} is no longer needed: nothing fails there" for clauses in judgement.fixed)
    dangers = tuple(
        f"{document.DANGER}{finding.clause} failed and is only waived: {finding.observed}; {finding.reason}"
        for finding in judgement.dangers
    )
    if any(exchange.probe.startswith(REFUSED_FORM) for exchange in sent.exchanges):
        from chatproof.running.other_form import remark

        fixed = (*fixed, *remark(judgement.context.replies, contract.surface.control))
    if settings.kind == VALIDATE:
        from chatproof.running.remarks import remarks

        fixed = (*fixed, *remarks(judgement))
    narrowed, left_out = contract.narrowed, {p: why for p, why in sent.not_sent.items() if isinstance(why, LeftOut)}
    if narrowed or left_out:
        from chatproof.judging import narrowing

        narrowed = (*narrowed, *narrowing.unsent(left_out))
        fixed = (*narrowing.notes(contract, judgement, narrowed), *fixed)
    of_requests: tuple[dict[str, Any], ...] = ()
    explained: tuple[dict[str, Any], ...] = ()
    if settings.requests or sent.refusals:
        from chatproof.running import own_requests

        of_requests = own_requests.rows(settings, sent.refusals)
        explained = own_requests.of_ours(sent.refusals)
        fixed = (*fixed, *own_requests.notes(settings, sent.refusals))
    facts = document.Facts(
        sent.run_id,
        settings.kind,
        sent.started_at,
        clock.utc(),
        surroundings,
        (
            *dangers,
            *resolved.notes,
            *ignored,
            *fixed,
            *([sent.remark] if sent.remark else []),
        ),
        sent.interrupted,
        settings.keep_bodies,
        origin=way,
        requests=of_requests,
        explained=explained,
        unasked=settings.kind == VALIDATE or settings.unasked,
        narrowed=narrowed,
        besides=besides_of(resolved, environ),
    )
    diagnoses: tuple[Diagnosis, ...] = ()
    if judgement.troubled:  # a clean run needs no table of failure modes, and does not load it
        from chatproof.diagnosis.diagnosis import diagnose

        diagnoses = diagnose(judgement)
        if way["proxy"] and (way["ca_file"] or not https):
            from chatproof.target.origin import without_blame

            diagnoses = tuple(without_blame(diagnosis, way) for diagnosis in diagnoses)
    made = document.build(target, contract, sent.exchanges, judgement, diagnoses, facts)
    if settings.requests:
        own_requests.finish(made.document, settings)
    if settings.whole_bodies and judgement.troubled:
        from chatproof.record import whole_bodies

        ours = [exchange for exchange in sent.exchanges if not is_own(exchange.probe)]
        others = document.searched(target, sent.exchanges)
        made = made._replace(bodies=whole_bodies.of(judgement, ours, others, facts.besides))
    return made


def besides_of(resolved: Resolved, environ: Mapping[str, str]) -> tuple[Secret, ...]:
    """What else must not stand in the record; most runs have a proxy without a password, and no other target."""
    if not (resolved.besides or "@" in proxy_in_force(resolved, environ)[0]):
        return ()
    from chatproof.running import beside

    return (*beside.of_proxy(resolved, environ), *resolved.besides)


def _shown(path: str) -> str:
    """A path as records have it."""
    if not path:
        return path
    from chatproof.files.safe_files import tilde

    return tilde(path)
