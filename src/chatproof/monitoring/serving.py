"""The server around the service: sockets, signals, and a demonstration that needs nothing."""

import asyncio
import ipaddress
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import uvicorn

from chatproof import simulator
from chatproof.journal.store import Journal
from chatproof.monitoring import log
from chatproof.monitoring.budgets import Budget
from chatproof.monitoring.service import Service
from chatproof.monitoring.settings import Configured, watched
from chatproof.monitoring.web.app import Web
from chatproof.monitoring.web.guard import Rules, networks_of
from chatproof.monitoring.web.patience import Impatient
from chatproof.target import monitor_fields
from chatproof.target.target import Target, check
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Secret

_HEADER_BYTES = 16 * 1024
_CONNECTIONS = 256
_KEEP_ALIVE = 30


class Front(NamedTuple):
    """Where the server listens, and who may come."""

    host: str
    port: int
    token: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    behind_proxy: bool = False
    names: tuple[str, ...] = ()
    """Names by which it is asked beside its address."""

    def __repr__(self) -> str:
        return f"Front({self.host}:{self.port}, token={'set' if self.token else 'none'})"


def is_loopback(host: str) -> bool:
    """Only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Server(uvicorn.Server):  # type: ignore[misc]  # untyped where the extra is not looked at
    """Uvicorn without its signal handlers: ours end the runs first."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    configured: Configured,
    place: Callable[[], Journal],
    front: Front,
    reload: Callable[[], Configured] | None,
    say: Callable[[str], None],
    warn: Callable[[str], None],
) -> int:
    """Serve until SIGTERM or SIGINT; return 0, or 4 where a part of ours broke down.

    Raises UsageError where the address cannot be had, JournalError where the journal cannot be used."""
    listener = _listen(front)
    try:
        return asyncio.run(_run(configured, place, front, reload, say, listener))
    except KeyboardInterrupt:  # before our own handlers stood
        return 0
    finally:
        listener.close()


def _listen(front: Front) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in front.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((front.host, front.port))
        listener.listen(128)
    except OSError as error:
        said = f"cannot listen on {front.host}:{front.port}: {error.strerror or 'no such address'}"
        raise UsageError("usage", said, "name another with --listen HOST:PORT") from None
    return listener


async def _run(
    configured: Configured,
    place: Callable[[], Journal],
    front: Front,
    reload: Callable[[], Configured] | None,
    say: Callable[[str], None],
    listener: socket.socket,
) -> int:
    service = Service(configured, place, reload=reload)
    await service.start()
    port = listener.getsockname()[1]
    web = Web(service, rules_of(front, configured))

    def follow(configured: Configured) -> None:
        web.app.rules = rules_of(front, configured)  # whose X-Forwarded-For counts

    service.when_reloaded = follow
    server = _Server(
        uvicorn.Config(
            web.app, log_config=None, access_log=False, server_header=False, lifespan="off", ws="none", http=Impatient,
            h11_max_incomplete_event_size=_HEADER_BYTES, limit_concurrency=_CONNECTIONS, proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE, timeout_graceful_shutdown=2,
            ssl_certfile=front.tls_cert or None, ssl_keyfile=front.tls_key or None,
        )
    )  # fmt: skip
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    reloads: set[asyncio.Task[Any]] = set()
    loop.add_signal_handler(signal.SIGHUP, lambda: reloads.add(loop.create_task(service.reload())))
    serving = loop.create_task(server.serve(sockets=[listener]))
    shown = f"[{front.host}]" if ":" in front.host else front.host
    say(f"listening on {'https' if front.tls_cert else 'http'}://{shown}:{port}\n")
    log.write("started", targets=len(configured.targets), port=port)
    ended, failed = loop.create_task(stop.wait()), loop.create_task(service.failed.wait())
    await asyncio.wait({serving, ended, failed}, return_when=asyncio.FIRST_COMPLETED)
    log.write("stopping")
    server.should_exit = True
    await service.close()
    await asyncio.wait({serving}, timeout=5)
    return 0 if ended.done() else 4


def rules_of(front: Front, configured: Configured) -> Rules:
    """What the guard goes by."""
    hosts = {front.host, *front.names}
    if is_loopback(front.host):
        hosts |= {"localhost", "127.0.0.1", "::1"}
    hosts -= {"0.0.0.0", "::"}  # noqa: S104  nobody asks by these names
    secure = bool(front.tls_cert) or front.behind_proxy
    proxies = networks_of(configured.trusted_proxies) if front.behind_proxy else ()
    return Rules(frozenset(hosts), front.token, secure, proxies)


@contextmanager
def demo() -> Iterator[Configured]:
    """Two simulated targets on this machine: one answers, behind the other a gateway is dead."""
    good, bad = simulator.start(), simulator.start("html-502")
    said = {"every": "15s", "every_free": "5s", "budget_requests": 0, "budget_tokens": 0}
    values = monitor_fields.values({}, said)
    targets = {}
    try:
        for name, started in (("shop-assistant", good), ("search-summaries", bad)):
            target = Target(started.base_url, started.model, Secret(started.key), name=name, environment="local")
            targets[name] = watched(name, check(target), values)
        yield Configured(targets, Budget(), values["keep"], 4, (), "", (), ())
    finally:
        good.stop()
        bad.stop()
