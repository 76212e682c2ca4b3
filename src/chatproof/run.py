"""The one loop: plan → send → judge → diagnose → record. Everything around it (CLI, tests, plugins) calls this."""

import os
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from chatproof import __version__, clock, environment, probes, record
from chatproof.clause import HOLDS, NOT_APPLICABLE, WAIVED
from chatproof.contract import Contract, UnknownClause, smoke_contract
from chatproof.diagnosis import diagnose
from chatproof.exchange import Exchange, Request, Secret
from chatproof.judging import judge
from chatproof.record import Run
from chatproof.target import Resolved, Target, check
from chatproof.transport import Options, Proxy, Resolver, send
from chatproof.urls import UrlProblem, parse_base_url
from chatproof.usage_error import UsageError

USER_AGENT = f"chatproof/{__version__} (contract probe)"


class Settings(NamedTuple):
    """What a run does, beyond its target."""

    stream: bool = False
    strict: bool = False
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    keep_bodies: bool = False
    max_requests: int = 0


class Interrupted(KeyboardInterrupt):
    """A signal other than SIGINT asked us to stop; `args[0]` is its name."""


def smoke(target: Target, settings: Settings = Settings(), *, environ: Mapping[str, str] = os.environ) -> Run:
    """Run the smoke contract against a target and return the record of it.

    Sends up to four requests (five with `stream`), concurrently, each on its own connection, none of them twice.
    Raises UsageError when our own side is at fault and nothing was sent; never for what the endpoint does.
    """
    return run(check(target), settings, environ=environ)


def run(resolved: Resolved, settings: Settings, *, environ: Mapping[str, str]) -> Run:
    target, contract = resolved.target, contract_for(resolved, settings)
    planned = plan(contract, resolved, settings)
    options = transport_options(resolved, environ)
    resolver = Resolver()
    started = clock.utc()
    run_id = f"smoke-{started[:10].replace('-', '')}-{started[11:19].replace(':', '')}-{os.urandom(3).hex()}"
    exchanges: list[Exchange] = []
    not_sent: dict[str, str] = {}
    interrupted = ""
    first = [probe for probe in planned if not probes.PROBES[probe].after]
    try:
        send_all(first, planned, options, resolver, exchanges)
        for later in (probe for probe in planned if probes.PROBES[probe].after):
            if _holds(contract, exchanges, target, probes.PROBES[later].after):
                send_all([later], planned, options, resolver, exchanges)
            else:
                not_sent[later] = f"not sent: {probes.PROBES[later].after} does not hold"
    except KeyboardInterrupt as signal:
        interrupted = str(signal.args[0]) if signal.args else "SIGINT"
        seen = {exchange.probe for exchange in exchanges}
        not_sent.update({probe: f"interrupted by {interrupted}" for probe in planned if probe not in seen})
    exchanges.sort(key=lambda exchange: list(planned).index(exchange.probe))
    judgement = judge(
        contract, exchanges, model=target.model, key=target.key, no_auth=target.no_auth, not_sent=not_sent
    )
    facts = record.Facts(
        run_id,
        "smoke",
        started,
        clock.utc(),
        {
            **environment.describe(environ, resolved.profile.fact("key_variables", ())),
            "user_agent": USER_AGENT,
            "proxy_used": bool(options.proxy),
            "ca_file": target.ca_file,
            "timeout_s": target.timeout,
            "addresses": sorted({exchange.peer.address for exchange in exchanges if exchange.peer}),
        },
        (
            *resolved.notes,
            *environment.notes(
                environ, https=resolved.url.scheme == "https", proxy=target.proxy, ca_file=target.ca_file
            ),
        ),
        interrupted,
        settings.keep_bodies,
    )
    return record.build(target, contract, exchanges, judgement, diagnose(judgement), facts)


def contract_for(resolved: Resolved, settings: Settings) -> Contract:
    try:
        return smoke_contract(
            resolved.profile,
            stream=settings.stream,
            strict=settings.strict,
            only=settings.only,
            skip=settings.skip,
        )
    except UnknownClause as unknown:
        raise UsageError("usage", f"no clause is called {str(unknown)[:80]!r}", "see: chatproof contract") from None


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
    chosen = [probe for probe in probes.PROBES if probe in needed]
    if not chosen:
        raise UsageError(
            "usage",
            "no request is left to send, so nothing would be checked",
            "look at --only, --skip and --no-auth",
        )
    if settings.max_requests and len(chosen) > settings.max_requests:
        raise UsageError(
            "usage",
            f"{len(chosen)} requests are planned, more than --max-requests {settings.max_requests}",
            "raise it, or use --only or --skip",
        )
    if not target.model and chosen != ["models"]:
        raise UsageError("usage", "no model is given", "say --model ID; `chatproof models` lists the active ones")
    auth_header = resolved.profile.fact("auth_header", "Authorization: Bearer")
    return {
        probe: probes.build(probes.PROBES[probe], resolved.url, target.model, target.key, auth_header, USER_AGENT)
        for probe in chosen
    }


def send_all(
    chosen: list[str], planned: dict[str, Request], options: Options, resolver: Resolver, into: list[Exchange]
) -> None:
    """Send concurrently; append each exchange as it ends. Raises what went wrong on our own side."""
    failures: list[BaseException] = []
    ids = {probe: f"x{number}" for number, probe in enumerate(planned, 1)}

    def carry(probe: str) -> None:
        try:
            into.append(send(planned[probe], probe, ids[probe], options, resolver))
        except BaseException as failure:  # a thread must not swallow our own bugs
            failures.append(failure)

    workers = [threading.Thread(target=carry, args=(probe,), daemon=True) for probe in chosen]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]


def _holds(contract: Contract, exchanges: list[Exchange], target: Target, probe: str) -> bool:
    """Every clause judged on this probe holds (or is waived): what comes after may be sent."""
    found = [f for f in judge(contract, exchanges, model=target.model, key=target.key).findings if f.probe == probe]
    return bool(found) and all(f.outcome in (HOLDS, WAIVED, NOT_APPLICABLE) for f in found)


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
        name = f"{resolved.url.scheme}_proxy"
        wanted = environ.get(name) or environ.get(name.upper()) or environ.get("ALL_PROXY", "")
        exempt = [
            entry.strip().lstrip(".") for entry in environ.get("NO_PROXY", environ.get("no_proxy", "")).split(",")
        ]
        host = resolved.url.host
        if any(entry and (entry in ("*", host) or host.endswith("." + entry)) for entry in exempt):
            return None
    if not wanted:
        return None
    scheme, separator, rest = wanted.partition("://")
    credentials, at, authority = rest.rpartition("@")
    url = parse_base_url(f"http://{authority.rstrip('/')}", allow_http=True) if separator else None
    if scheme.lower() != "http" or url is None or isinstance(url, UrlProblem):
        raise UsageError(
            "usage", "the proxy must be given as http://host:port", "other kinds of proxy are not supported"
        )
    return Proxy(url.host, url.port, _basic(credentials) if at else None)


def _basic(credentials: str) -> Secret:
    from base64 import b64encode
    from urllib.parse import unquote

    return Secret("Basic " + b64encode(unquote(credentials).encode()).decode())
