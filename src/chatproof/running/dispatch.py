"""How the requests of a run are carried: at once or in turn, through which proxy, with which trust."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial

from chatproof.contract.clause import HOLDS, MUST, NOT_APPLICABLE, WAIVED
from chatproof.judging.contract import Contract, contract_on
from chatproof.judging.judge import judge
from chatproof.surfaces import surface_of
from chatproof.target.target import Resolved, Target
from chatproof.transport.blocking import send, send_in_turn
from chatproof.transport.resolver import Resolver, Worker
from chatproof.transport.steps import KeepAliveRequest, Options, Proxy
from chatproof.usage_error import UsageError
from chatproof.values import NamedTuple
from chatproof.wire.exchange import Exchange, Request, Secret, Url
from chatproof.wire.urls import UrlProblem, is_loopback, parse_base_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, TypeVar

    _T = TypeVar("_T")
    Waves = Generator["Wave | Pause", None, _T]  # a run: yields what it wants sent, returns what it made


class Stop:
    """Asks a run to end in order, between two waves or while a reply is waited for. Any thread, and a signal's handler,
    may ask: nothing is raised in the run, and what was answered is judged and recorded."""

    def __init__(self) -> None:
        self.signal = ""  # the name of what asked, once it has

    def now(self, signal: str) -> None:
        """Ask: whoever waits for a reply stops waiting. The first one who asks gives the name."""
        self.signal = self.signal or signal

    @property
    def asked(self) -> bool:
        """Say whether the run is to end."""
        return bool(self.signal)

    def pause(self, seconds: float) -> None:
        """Wait so long before the next request, or until the run is to end."""
        until = time.monotonic() + seconds
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK))


_LOOK = 0.05
"""Seconds between two looks at a stop while a reply is waited for; a reply itself is seen at once."""


class Transport(NamedTuple):
    """How the requests of a run are carried."""

    options: Options
    at_once: int = 0  # requests at the same time; 0: all
    reuses_connection_of: Mapping[str, str] = {}  # probe → the one whose connection it uses again
    caps: Mapping[str, int] = {}  # bytes of the reply to a probe, where it is less than the usual limit

    def options_for(self, probe: str) -> Options:
        cap = self.caps.get(probe)
        return self.options._replace(limits=self.options.limits._replace(body=cap)) if cap else self.options


class Wave:
    """Requests that a run sends before it decides again: the planned ones that are `chosen`, by probe. A driver appends
    each exchange to `into` as it ends, numbered by its place in the plan."""

    def __init__(
        self, chosen: list[str], planned: dict[str, Request], transport: Transport, into: list[Exchange]
    ) -> None:
        self.chosen, self.planned, self.transport, self.into = chosen, planned, transport, into

    def groups(self) -> list[list[list[KeepAliveRequest]]]:
        """What may be under way at the same time, group after group: for each connection its requests, in turn."""
        ids = {probe: f"x{number}" for number, probe in enumerate(self.planned, 1)}
        hosts = {probe: self.transport.reuses_connection_of.get(probe, "") for probe in self.chosen}
        first = [probe for probe in self.chosen if hosts[probe] not in hosts]
        legs = [
            [
                KeepAliveRequest(self.planned[p], p, ids[p])
                for p in (probe, *(p for p, host in hosts.items() if host == probe))
            ]
            for probe in first
        ]
        step = self.transport.at_once or len(legs) or 1
        return [legs[at : at + step] for at in range(0, len(legs), step)]


class Pause:
    """Seconds for which a run waits before it goes on, or until its stop is asked for."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


def carried_out(steps: Waves[_T], stop: Stop) -> _T:
    """Send what a run says, wave after wave, until it returns; in threads of their own, one for each connection.

    What goes wrong on our own side is thrown into the run, and so is a signal that comes to this thread. Names are
    resolved once.
    """
    resolver = Resolver()
    thrown: BaseException | None = None
    while True:
        try:
            wave = next(steps) if thrown is None else steps.throw(thrown)
            thrown = None
            if isinstance(wave, Pause):
                stop.pause(wave.seconds)
            else:
                send_all(wave, resolver, stop)
        except StopIteration as end:
            found: _T = end.value
            return found
        except BaseException as error:
            if getattr(steps, "gi_frame", None) is None:  # the run ended with it
                raise
            thrown = error


def send_all(wave: Wave, resolver: Resolver, stop: Stop) -> None:
    """Send concurrently. Raises what went wrong on our own side.

    Once the stop is asked for nothing more is sent, and what is on its way is no longer waited for.
    """
    failures: list[BaseException] = []

    def carry(legs: list[KeepAliveRequest]) -> None:
        try:
            options = wave.transport.options_for(legs[0].probe)
            if len(legs) == 1:
                wave.into.append(send(*legs[0], options, resolver))
            else:
                wave.into.extend(send_in_turn(legs, options, resolver))
        except BaseException as failure:  # a thread must not swallow our own bugs
            failures.append(failure)

    for group in wave.groups():
        if stop.asked:
            break
        workers = [Worker(partial(carry, legs)) for legs in group]
        for worker in workers:
            worker.start()
        for worker in workers:
            _wait_for(worker, stop)
    if failures:
        raise failures[0]


def _wait_for(worker: Worker, stop: Stop) -> None:
    """Wait for a reply, or until the run is to end: then the worker goes on alone, and ends with us."""
    while not stop.asked and not worker.ends_within(_LOOK):
        pass


def holds(contract: Contract, exchanges: list[Exchange], target: Target, probe: str) -> bool:
    """Every required clause of this probe holds (or is waived), those not asked for included: what comes after may be
    sent. A warning keeps nothing back."""
    whole = contract_on(probe, contract.surface, contract.profile)
    judgement = judge(whole, exchanges, model=target.model, key=target.key, no_auth=target.no_auth)
    found = [finding for finding in judgement.findings if finding.probe == probe]
    good = (HOLDS, WAIVED, NOT_APPLICABLE)
    return bool(found) and all(finding.outcome in good or finding.level != MUST for finding in found)


def transport_options(
    resolved: Resolved, environ: Mapping[str, str], made: Callable[[], object] | None = None
) -> Options:
    """How this target's exchanges are carried. `made` gives the trust that an earlier target's options hold, where it
    is the same."""
    target = resolved.target
    if resolved.url.scheme == "https" and made is None:
        from chatproof.transport import tls

        try:
            context = tls.context(os.path.expanduser(target.ca_file), resolved.ca_data)
            if target.client_cert:
                from chatproof.transport import client_certificate

                client_certificate.load(context, target.client_cert, target.client_key, target.client_key_pass, environ)
        except tls.ClientCertificateError as error:
            raise UsageError("usage", str(error), "check --client-cert and --client-key") from None
        except tls.TrustError as error:
            raise UsageError("usage", str(error), "check --ca-file") from None
        made = lambda: context  # noqa: E731
    proxy = _proxy(proxy_in_force(resolved, environ)[0])
    if proxy and resolved.url.scheme == "http" and not (target.allow_http or is_loopback(proxy.host)):
        # The host is this machine, or it would not have come so far: of a proxy elsewhere, it is that one's.
        said = f"http through a proxy on another machine ({proxy.host}) sends the key unencrypted, and there"
        advice = "leave out the proxy, name the host in NO_PROXY, or use --allow-http"
        raise UsageError("url.invalid", f"{said} {resolved.url.host} is the proxy's machine", advice)
    here = _in_container(resolved.url, environ)
    return Options(
        target.timeout,
        tls=made,  # type: ignore[arg-type]
        proxy=proxy,
        allow_http=target.allow_http,
        in_container=here,
        last_events=surface_of(target.api).last_events,
    )


def _in_container(url: Url, environ: Mapping[str, str]) -> bool:
    """Asked only where it matters: for an endpoint on this machine."""
    from chatproof.target import environment

    return is_loopback(url.host) and environment.in_container(environ)


def origin_of(resolved: Resolved, environ: Mapping[str, str]) -> dict[str, Any]:
    """By what way the endpoint is reached, for head and record."""
    wanted, by = proxy_in_force(resolved, environ)
    ca_file, url = resolved.target.ca_file, resolved.url.origin
    if not (wanted or ca_file or resolved.origin.get("config")):
        return {"url": url, "config": None, "proxy": None, "ca_file": None}
    from chatproof.target import origin

    proxy = _proxy(wanted)
    shown = f"http://{Url('http', proxy.host, proxy.port, '').netloc}" if proxy else ""
    return origin.describe(origin.Way(url, shown, by, ca_file, resolved.origin))


def proxy_in_force(resolved: Resolved, environ: Mapping[str, str]) -> tuple[str, str]:
    """(the proxy's URL, where it is from); empty where there is none."""
    wanted = resolved.target.proxy
    return _proxy_from(environ, resolved) if wanted == "env" else (wanted, resolved.origin.get("proxy_by", ""))


def _proxy(wanted: str) -> Proxy | None:
    if not wanted:
        return None
    scheme, separator, rest = wanted.partition("://")
    credentials, at, authority = rest.rpartition("@")
    url = parse_base_url(f"http://{authority.rstrip('/')}", allow_http=True) if separator else None
    if scheme.lower().startswith("socks"):
        advice = "openai-python itself needs httpx[socks] for socks5://, and supports no other kind"
        raise UsageError("usage", "a SOCKS proxy is not supported: give one as http://host:port", advice)
    if scheme.lower() != "http" or url is None or isinstance(url, UrlProblem):
        raise UsageError("usage", "the proxy must be given as http://host:port", "no other kind is supported")
    return Proxy(url.host, url.port, _basic(credentials) if at else None)


def _proxy_from(environ: Mapping[str, str], resolved: Resolved) -> tuple[str, str]:
    """The environment's proxy for this target and its variable; empty when there is none or NO_PROXY names the host."""
    url = resolved.url
    names = ("CHATPROOF_PROXY", f"{url.scheme}_proxy", f"{url.scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    if is_exempt(environ, url):
        return "", ""
    found = ((environ.get(name, ""), f"variable {name}") for name in names)
    return next((row for row in found if row[0] not in ("", "env")), ("", ""))  # CHATPROOF_PROXY may say env, too


def is_exempt(environ: Mapping[str, str], url: Url) -> bool:
    """NO_PROXY names the host, its domain or a network of its address: clients go to it without a proxy."""
    exempt = (environ.get("NO_PROXY") or environ.get("no_proxy") or "").split(",")
    return any(_names(entry, url) for entry in (part.strip().lower() for part in exempt) if entry)


def _names(entry: str, url: Url) -> bool:
    if entry == "*":
        return True
    if "/" in entry or entry.startswith("[") or entry.count(":") > 1:
        return _is_address(entry, url)
    host, _, port = entry.removeprefix("*").lstrip(".").rstrip(".").partition(":")
    return bool(host) and (url.host == host or url.host.endswith("." + host)) and port in ("", str(url.port))


def _is_address(entry: str, url: Url) -> bool:
    """The entry is a network that holds the host's address, or that address in IPv6, perhaps with a port."""
    from ipaddress import ip_address, ip_network

    bare, _, port = entry.removeprefix("[").partition("]") if entry.startswith("[") else (entry, "", "")
    try:
        return ip_address(url.host) in ip_network(bare, strict=False) and port in ("", f":{url.port}")
    except ValueError:
        return False


def _basic(credentials: str) -> Secret:
    from base64 import b64encode
    from urllib.parse import unquote

    return Secret("Basic " + b64encode(unquote(credentials).encode()).decode())
