"""The one loop: plan → send → judge → diagnose → record. Everything around it (CLI, tests, plugins) calls this."""

import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from chatproof import __version__, clock, environment, probes, record
from chatproof.clause import HOLDS, NOT_APPLICABLE, SMOKE, VALIDATE, WAIVED
from chatproof.contract import Choice, Contract, UnknownCapability, UnknownClause, contract_of, smoke_contract
from chatproof.exchange import Exchange, Request, Secret
from chatproof.judging import judge
from chatproof.profile import Waiver
from chatproof.record import Run
from chatproof.reply import forget
from chatproof.resolver import Resolver
from chatproof.target import Resolved, Target, check
from chatproof.transport import Leg, Options, Proxy, send, send_in_turn
from chatproof.urls import UrlProblem, parse_base_url
from chatproof.usage_error import UsageError

if TYPE_CHECKING:
    from chatproof.diagnosis import Diagnosis

USER_AGENT = f"chatproof/{__version__} (contract probe)"


class Settings(NamedTuple):
    """What a run does, beyond its target."""

    stream: bool = False
    strict: bool = False
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    keep_bodies: bool = False
    max_requests: int = 0
    kind: str = SMOKE
    layers: tuple[str, ...] = ()  # validate: judge only these
    required: tuple[str, ...] = ()  # validate: capabilities that must be supported
    extras: tuple[str, ...] = ()  # validate: probes that are sent only when asked for
    waivers: tuple[tuple[str, Waiver], ...] = ()
    budget_tokens: int = 0  # validate: stop before more than this is used; 0: no limit
    burst: int = 5  # validate: requests at once


def smoke(target: Target, settings: Settings = Settings(), *, environ: Mapping[str, str] = os.environ) -> Run:
    """Run the smoke contract against a target and return the record of it.

    Sends up to four requests (five with `stream`), concurrently, each on its own connection, none of them twice.
    Raises UsageError when our own side is at fault and nothing was sent; never for what the endpoint does.
    """
    environ = environment.Unshown(environ)
    return run(check(target), settings, environ=environ)


def validate(target: Target, settings: Settings = Settings(), *, environ: Mapping[str, str] = os.environ) -> Run:
    """Run the whole contract against a target and return the record of it. Sends at most 40 requests by default."""
    environ = environment.Unshown(environ)
    return run(check(target), settings._replace(kind=VALIDATE), environ=environ)


class Sent(NamedTuple):
    """What the sending half of a run leaves for the concluding half."""

    run_id: str
    started_at: str
    exchanges: list[Exchange]
    not_sent: dict[str, str]  # probe → why
    interrupted: str  # the signal's name, or empty
    remark: str  # for the run's notes, or empty


Begin = Callable[[dict[str, Any]], str]
"""Gets the started document before the first byte is sent; may return a remark for the run's notes."""


def _none(started: dict[str, Any]) -> str:
    return ""


def run(resolved: Resolved, settings: Settings, *, environ: Mapping[str, str], begin: Begin = _none) -> Run:
    contract = contract_for(resolved, settings)
    sent = _send(contract, resolved, settings, environ, begin)
    try:
        return _conclude(contract, resolved, settings, sent, environ)
    except KeyboardInterrupt as signal:
        if sent.interrupted:
            raise  # asked twice: leave at once
        return _conclude(contract, resolved, settings, sent._replace(interrupted=_name(signal)), environ)
    finally:
        forget()


def _send(
    contract: Contract,
    resolved: Resolved,
    settings: Settings,
    environ: Mapping[str, str],
    begin: Begin,
) -> Sent:
    planned = plan(contract, resolved, settings)
    transport = Transport(transport_options(resolved, environ), Resolver(), settings.kind == VALIDATE, settings.burst)
    started = clock.utc()
    stamp = f"{started[:10].replace('-', '')}-{started[11:19].replace(':', '')}"
    run_id = f"{settings.kind}-{stamp}-{os.urandom(3).hex()}"
    remark = begin(record.opening(resolved.target, contract, record.Opening(run_id, settings.kind, started, planned)))
    exchanges: list[Exchange] = []
    not_sent: dict[str, str] = {}
    interrupted = ""
    try:
        if settings.kind == SMOKE:
            _smoke_waves(contract, resolved, planned, transport, exchanges, not_sent)
        else:
            from chatproof.sending import Sending

            Sending(contract, resolved, settings, planned, transport, exchanges, not_sent).run()
    except KeyboardInterrupt as signal:
        interrupted = _name(signal)
    # A copy: threads that are no longer waited for may still append to the list.
    order = list(planned)
    answered = sorted(exchanges, key=lambda exchange: order.index(exchange.probe))
    if interrupted:
        seen = {exchange.probe for exchange in answered}
        not_sent.update({probe: f"interrupted by {interrupted}" for probe in order if probe not in seen})
    return Sent(run_id, started, answered, not_sent, interrupted, remark)


def _smoke_waves(
    contract: Contract,
    resolved: Resolved,
    planned: dict[str, Request],
    transport: "Transport",
    exchanges: list[Exchange],
    not_sent: dict[str, str],
) -> None:
    send_all([probe for probe in planned if not probes.PROBES[probe].after], planned, transport, exchanges)
    for later in (probe for probe in planned if probes.PROBES[probe].after):
        if holds(contract, exchanges, resolved.target, probes.PROBES[later].after):
            send_all([later], planned, transport, exchanges)
        else:
            not_sent[later] = f"not sent: {probes.PROBES[later].after} does not hold"


def _name(signal: KeyboardInterrupt) -> str:
    return str(signal.args[0]) if signal.args else "SIGINT"


def _conclude(
    contract: Contract, resolved: Resolved, settings: Settings, sent: Sent, environ: Mapping[str, str]
) -> Run:
    """Judge, diagnose, record: no I/O, and quick enough to be done again when a signal falls into it."""
    target, profile = resolved.target, resolved.profile
    judgement = judge(
        contract, sent.exchanges, model=target.model, key=target.key, no_auth=target.no_auth, not_sent=sent.not_sent
    )
    surroundings = {
        **environment.describe(environ, profile.fact("key_variables", ())),
        "user_agent": USER_AGENT,
        "proxy_used": bool(target.proxy),
        "ca_file": target.ca_file,
        "timeout_s": target.timeout,
        "addresses": sorted({exchange.peer.address for exchange in sent.exchanges if exchange.peer}),
    }
    https = resolved.url.scheme == "https"
    ignored = environment.notes(environ, https=https, proxy=target.proxy, ca_file=target.ca_file)
    fixed = tuple(f"the waiver of {clauses} can go: nothing is broken there any more" for clauses in judgement.fixed)
    dangers = tuple(
        f"{record.DANGER}{finding.clause} is broken and only waived: {finding.observed}; {finding.reason}"
        for finding in judgement.dangers
    )
    if settings.kind == VALIDATE:
        from chatproof.sending import remarks

        fixed = (*fixed, *remarks(judgement))
    facts = record.Facts(
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
    )
    diagnoses: tuple[Diagnosis, ...] = ()
    if judgement.troubled:  # a clean run needs no table of failure modes, and does not load it
        from chatproof.diagnosis import diagnose

        diagnoses = diagnose(judgement)
    return record.build(target, contract, sent.exchanges, judgement, diagnoses, facts)


def contract_for(resolved: Resolved, settings: Settings) -> Contract:
    choice = Choice(
        settings.stream,
        settings.strict,
        settings.only,
        settings.skip,
        settings.layers,
        settings.required,
        settings.extras,
        settings.waivers,
        clock.utc()[:10],
    )
    try:
        return contract_of(settings.kind, resolved.profile, choice)
    except UnknownClause as unknown:
        raise UsageError("usage", f"no clause is called {str(unknown)[:80]!r}", "see: chatproof contract") from None
    except UnknownCapability as unknown:
        advice = "see: chatproof contract --validate"
        raise UsageError("usage", f"no capability is called {str(unknown)[:80]!r}", advice) from None


def plan(contract: Contract, resolved: Resolved, settings: Settings) -> dict[str, Request]:
    """The requests to send, by probe, in order. Pure."""
    target = resolved.target
    needed = {term.clause.probe for term in contract.terms if term.reported}
    if needed == {"*"}:
        needed = {"happy"}
    if any(probe.startswith("auth.") or probe == "stream" for probe in needed) and not target.no_auth:
        needed.add("happy")  # the control, without which a refusal may mean anything
    if target.no_auth:
        needed = {probe for probe in needed if not probe.startswith("auth.")}
    if settings.kind == VALIDATE:
        from chatproof.sending import completed

        needed = completed(needed, contract, resolved, settings)
    chosen = [probe for probe in probes.PROBES if probe in needed]
    if not chosen:
        raise UsageError(
            "usage",
            "no request is left to send, so nothing would be checked",
            "look at --only, --skip and --no-auth",
        )
    if settings.max_requests < 0:
        raise UsageError("usage", "--max-requests must not be negative", "correct it")
    if settings.max_requests and len(chosen) > settings.max_requests:
        raise UsageError(
            "usage",
            f"{len(chosen)} requests are planned, more than --max-requests {settings.max_requests}",
            "raise it, or use --only or --skip",
        )
    if not target.model and chosen != ["models"]:
        raise UsageError("usage", "no model is given", "say --model ID; `chatproof models` lists the active ones")
    return {probe: request_for(probe, resolved) for probe in chosen}


def request_for(probe: str, resolved: Resolved, before: probes.Body | None = None) -> Request:
    """The request of a probe for this target."""
    target = resolved.target
    header = resolved.profile.fact("auth_header", "Authorization: Bearer")
    return probes.build(probes.PROBES[probe], resolved.url, target.model, target.key, header, USER_AGENT, before=before)


class Transport(NamedTuple):
    """How the requests of a run are carried."""

    options: Options
    resolver: Resolver
    in_turn: bool = False  # probes that ride on another's connection do so
    at_once: int = 0  # requests at the same time; 0: all
    caps: Mapping[str, int] = {}  # bytes of the reply to a probe, where it is less than the usual limit

    def options_for(self, probe: str) -> Options:
        cap = self.caps.get(probe)
        return self.options._replace(limits=self.options.limits._replace(body=cap)) if cap else self.options


def send_all(chosen: list[str], planned: dict[str, Request], transport: Transport, into: list[Exchange]) -> None:
    """Send concurrently; append each exchange as it ends. Raises what went wrong on our own side."""
    failures: list[BaseException] = []
    ids = {probe: f"x{number}" for number, probe in enumerate(planned, 1)}
    resolver = transport.resolver
    riders = {probe: probes.PROBES[probe].rides for probe in chosen} if transport.in_turn else {}

    def carry(probe: str) -> None:
        try:
            options = transport.options_for(probe)
            legs = [probe, *(rider for rider, host in riders.items() if host == probe)]
            if len(legs) == 1:
                into.append(send(planned[probe], probe, ids[probe], options, resolver))
            else:
                into.extend(send_in_turn([Leg(planned[p], p, ids[p]) for p in legs], options, resolver))
        except BaseException as failure:  # a thread must not swallow our own bugs
            failures.append(failure)

    waiting = [probe for probe in chosen if not (riders.get(probe) and riders[probe] in chosen)]
    step = transport.at_once or len(waiting) or 1
    for first in range(0, len(waiting), step):
        workers = [threading.Thread(target=carry, args=(p,), daemon=True) for p in waiting[first : first + step]]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    if failures:
        raise failures[0]


def holds(contract: Contract, exchanges: list[Exchange], target: Target, probe: str) -> bool:
    """Every clause of this probe holds (or is waived), those not asked for included: what comes after may be sent."""
    whole = smoke_contract(contract.profile, only=(probe,))
    judgement = judge(whole, exchanges, model=target.model, key=target.key, no_auth=target.no_auth)
    found = [finding for finding in judgement.findings if finding.probe == probe]
    return bool(found) and all(finding.outcome in (HOLDS, WAIVED, NOT_APPLICABLE) for finding in found)


def transport_options(resolved: Resolved, environ: Mapping[str, str]) -> Options:
    target = resolved.target
    made: Callable[[], object] | None = None
    if resolved.url.scheme == "https":
        from chatproof import tls

        try:
            context = tls.context(target.ca_file)
        except tls.TrustError as error:
            raise UsageError("usage", str(error), "check --ca-file") from None
        made = lambda: context  # noqa: E731
    proxy = _proxy(target.proxy, resolved, environ)
    return Options(timeout=target.timeout, tls=made, proxy=proxy)  # type: ignore[arg-type]


def _proxy(wanted: str, resolved: Resolved, environ: Mapping[str, str]) -> Proxy | None:
    if wanted == "env":
        wanted = _proxy_from(environ, resolved)
    if not wanted:
        return None
    scheme, separator, rest = wanted.partition("://")
    credentials, at, authority = rest.rpartition("@")
    url = parse_base_url(f"http://{authority.rstrip('/')}", allow_http=True) if separator else None
    if scheme.lower() != "http" or url is None or isinstance(url, UrlProblem):
        raise UsageError("usage", "the proxy must be given as http://host:port", "no other kind is supported")
    return Proxy(url.host, url.port, _basic(credentials) if at else None)


def _proxy_from(environ: Mapping[str, str], resolved: Resolved) -> str:
    """The environment's proxy for this target; empty when there is none or NO_PROXY names the host."""
    url = resolved.url
    names = (f"{url.scheme}_proxy", f"{url.scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    exempt = (environ.get("NO_PROXY") or environ.get("no_proxy") or "").split(",")
    for entry in (part.strip().lower().lstrip(".") for part in exempt):
        host, _, port = entry.partition(":")
        if entry == "*" or (
            (url.host == host or url.host.endswith("." + host)) and port in ("", str(url.port)) and host
        ):
            return ""
    return next((value for name in names if (value := environ.get(name, ""))), "")


def _basic(credentials: str) -> Secret:
    from base64 import b64encode
    from urllib.parse import unquote

    return Secret("Basic " + b64encode(unquote(credentials).encode()).decode())
