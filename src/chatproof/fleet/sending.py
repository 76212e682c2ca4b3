"""How the requests of one target are carried in a process that does nothing else: the one seam to the transport."""

from collections.abc import Mapping
from typing import Any

from chatproof.fleet.ready import Ready
from chatproof.running.aio import send_all
from chatproof.running.dispatch import Transport, Wave, transport_options
from chatproof.transport.aio import Resolver
from chatproof.transport.steps import Options
from chatproof.wire.exchange import Exchange


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
