"""How the requests of one target are carried in a process that does nothing else: the one seam to the transport."""

from collections.abc import Mapping
from typing import Any

from chatproof.contract.probe import Probe
from chatproof.fleet.ready import Ready
from chatproof.running.aio import send_all
from chatproof.running.dispatch import Transport, Wave, transport_options
from chatproof.transport.aio import Resolver
from chatproof.transport.steps import Options
from chatproof.wire.exchange import Exchange

_REFUSED = (401, 403)
"""What a wrong key is usually refused with."""


class Carrier:
    """Carries the requests of targets. What they trust is loaded once for all that trust the same."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._trust: dict[tuple[Any, ...], Any] = {}

    def options_of(self, ready: Ready) -> Options:
        """How this target's requests are carried. Raises UsageError where its authorities or certificate fail."""
        target = ready.resolved.target
        if ready.resolved.url.scheme != "https":
            return transport_options(ready.resolved, self._environ)
        own = (target.client_cert, target.client_key, target.client_key_pass)
        kind = (target.ca_file, ready.resolved.ca_data, *own)
        options = transport_options(ready.resolved, self._environ, self._trust.get(kind))
        self._trust.setdefault(kind, options.tls)
        return options

    async def exchanges_of(self, ready: Ready, options: Options, width: int, into: list[Exchange]) -> None:
        """Carry all requests of a target, at most `width` at the same time, each on a connection of its own.

        Each exchange is added as it ends, so that a caller who cancels this has what was answered. Never raises for
        what a network or server does.
        """
        await send_all(Wave([*ready.planned], ready.planned, Transport(options, width), into), Resolver())

    async def in_turn(self, ready: Ready, options: Options, into: list[Exchange], again: list[tuple[str, str]]) -> None:
        """Carry the requests of a target one after another, over one connection as long as the server keeps it.

        What comes on a connection that was used before and would count against the server is no evidence: the
        connection may be the cause. Such a request is asked again on a connection of its own, and that exchange alone
        counts; `again` gets its probe and what had come. A paid request has a fresh connection from the start, so that
        none is paid twice.
        """
        resolver, planned = Resolver(), ready.planned
        wave = Wave([*planned], planned, Transport(options, 1, _connections(ready)), into)
        try:
            await send_all(wave, resolver)
        finally:  # also where it was cut short: a doubtful exchange must not be judged then either
            doubtful = {}
            for exchange in into:
                if why := doubt_of(exchange, ready.contract.surface.known(exchange.probe)):
                    doubtful[exchange.probe] = why
            into[:] = [exchange for exchange in into if exchange.probe not in doubtful]
            again += doubtful.items()
        if doubtful:
            await send_all(Wave([*doubtful], planned, Transport(options, 1), into), resolver)


def _connections(ready: Ready) -> dict[str, str]:
    """Probe → the one whose connection it uses again: the free ones follow the first that is paid for."""
    known = ready.contract.surface.known
    paid = [probe for probe in ready.planned if known(probe).billable]
    first = next(iter(paid or ready.planned))
    return {probe: first for probe in ready.planned if probe not in paid and probe != first}


def doubt_of(exchange: Exchange, row: Probe) -> str:
    """Say what came that a connection which was used before may be the cause of; empty where nothing did."""
    if not exchange.reused:
        return ""
    if exchange.fault is not None:
        return exchange.fault.code
    assert exchange.response is not None
    status = exchange.response.status
    is_usual = status in _REFUSED if row.must_be_refused else 200 <= status < 300
    return "" if is_usual else f"HTTP {status}"
