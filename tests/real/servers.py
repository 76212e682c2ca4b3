"""Start the installed servers on loopback, wait until they answer, end exactly what was started."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from . import debian_fronts, install
from .launch import UNAVAILABLE

HERE = Path(__file__).resolve().parent
ADDRESS_IN_USE = re.compile(r"in use|EADDRINUSE", re.IGNORECASE)

# Made anew for each run: nothing in the repository looks like a key, and a key found in an output is ours.
GOOD_KEY = "sk-" + secrets.token_hex(20)
WRONG_KEY = "sk-" + secrets.token_hex(20)


class StartError(Exception):
    """A server was installed but did not come up: a failure of the test, never a skip."""


@dataclass
class Launch:
    """How to run one server, and which answer says that it is ready."""

    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)
    port: int | None = None  # None: the program takes a free port itself and prints it as JSON
    ready_path: str | None = "/v1/models"  # None: ready as soon as it has printed its ports
    ready_status: int | None = 200  # None: any HTTP answer will do
    bound: float = 30.0
    namespace: tuple[str, ...] = ()  # the words for launch.py that wall the program in


@dataclass
class Server:
    """A server that runs."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    ports: dict[str, int]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.ports['port']}"

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """End the process group that starting it made, and nothing else."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                break
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                continue
        self.process.wait(timeout=5)


class Farm:
    """The servers of one test session, each started when first asked for."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._running: dict[str, Server] = {}
        self._failed: dict[str, Exception] = {}

    def __enter__(self) -> Farm:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The last started depend on the first, so they go first.
        for server in reversed(list(self._running.values())):
            server.stop()

    def get(self, name: str) -> Server:
        """The running server; raises StartError, or InstallError where this machine cannot run it."""
        if name in self._failed:
            raise self._failed[name]
        if name not in self._running:
            try:
                self._running[name] = self._start(name)
            except (StartError, install.InstallError) as error:
                self._failed[name] = error
                raise
        server = self._running[name]
        if server.process.poll() is not None:
            raise StartError(f"{name} has died with {server.process.returncode}:\n{server.tail()}")
        return server

    def port(self, name: str) -> int:
        return self.get(name).ports["port"]

    def fill(self, name: str, home: Path, **extra: object) -> Path:
        """Write config/<name> into `home` with every @NAME@ filled in."""
        values: dict[str, object] = {"HOME": home, "AIMOCK": self.port("aimock"), "GOOD_KEY": GOOD_KEY}
        values |= {"WRONG_KEY": WRONG_KEY}
        values |= {kind.upper(): port for kind, port in self.get("upstreams").ports.items()}
        values |= extra
        text = (HERE / "config" / name).read_text()
        filled = home / name
        filled.write_text(re.sub("@([A-Z_]+)@", lambda found: str(values[found[1]]), text))
        return filled

    def _start(self, name: str) -> Server:
        for attempt in range(3):
            home = self.home / f"{name}-{attempt}"
            home.mkdir()
            launch = LAUNCHERS[name](self, home)
            server = _spawn(name, launch, home)
            try:
                _await_ready(server, launch)
            except (StartError, install.InstallError):
                server.stop()
                # Between choosing a free port and binding it, another process may take it.
                if launch.port and ADDRESS_IN_USE.search(server.tail()):
                    continue
                raise
            return server
        raise StartError(f"{name}: three free ports in a row were taken")


def _spawn(name: str, launch: Launch, home: Path) -> Server:
    # A bare environment: no real key, no proxy, no user configuration reaches a server under test.
    env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8", **launch.env}
    log = home / "log"
    wrapper = [sys.executable, "-I", str(HERE / "launch.py"), str(os.getpid()), *launch.namespace]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*wrapper, *launch.argv],
            cwd=home,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Server(name, process, log, {"port": launch.port} if launch.port else {})


def _await_ready(server: Server, launch: Launch) -> None:
    deadline = time.monotonic() + launch.bound
    while time.monotonic() < deadline:
        code = server.process.poll()
        if code == UNAVAILABLE and launch.namespace:
            raise install.InstallError(server.tail().strip())
        if code is not None:
            raise StartError(f"{server.name} ended with {code} before it was ready:\n{server.tail()}")
        if not server.ports:
            server.ports = _printed_ports(server.log)
        elif launch.ready_path is None or _answers(server.ports["port"], launch):
            return
        time.sleep(0.05)
    raise StartError(f"{server.name} not ready after {launch.bound:.0f} s:\n{server.tail()}")


def _printed_ports(log: Path) -> dict[str, int]:
    line, newline, _ = log.read_text(errors="replace").partition("\n")
    return dict(json.loads(line)) if newline and line.startswith("{") else {}


def _answers(port: int, launch: Launch) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", launch.ready_path or "/", headers={"Authorization": f"Bearer {GOOD_KEY}"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return launch.ready_status in (None, status)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _upstreams(farm: Farm, home: Path) -> Launch:
    return Launch([sys.executable, "-I", str(HERE / "upstreams.py")], ready_path=None)


def _aimock(*options: str) -> Callable[[Farm, Path], Launch]:
    def launch(farm: Farm, home: Path) -> Launch:
        port, exe = free_port(), install.node()[0]
        # The package has two programs; the one that takes the options of a model server is called llmock.
        script = install.ROOT / "aimock" / "node_modules" / ".bin" / "llmock"
        argv = [str(exe), str(script), "--host", "127.0.0.1", "--port", str(port)]
        argv += ["--fixtures", str(HERE / "config" / "aimock.json"), *options]
        return Launch(argv, {"AIMOCK_API_KEYS": GOOD_KEY}, port, ready_status=None)

    return launch


def _llmock(*options: str) -> Callable[[Farm, Path], Launch]:
    def launch(farm: Farm, home: Path) -> Launch:
        port = free_port()
        argv = [str(install.binary("llmock")), "serve", "-h", "127.0.0.1", "-p", str(port), *options]
        return Launch(argv, port=port, ready_status=None)

    return launch


def _ferrogw(upstream: str = "aimock", provider_key: str = GOOD_KEY) -> Callable[[Farm, Path], Launch]:
    def launch(farm: Farm, home: Path) -> Launch:
        port = farm.port("aimock") if upstream == "aimock" else farm.get("upstreams").ports[upstream]
        # It binds every interface, whatever its settings say.
        wall = ("--namespace", "8080", str(port))
        env = {
            "OPENAI_API_KEY": provider_key,
            "OPENAI_BASE_URL": f"http://127.0.0.1:{port}",
            "MASTER_KEY": GOOD_KEY,
            "PORT": "8080",
            "GATEWAY_CONFIG": str(farm.fill("ferrogw.yaml", home)),
            "RATE_LIMIT_RPS": "0",  # validate sends more than its usual limit lets through
        }
        return Launch([str(install.binary("ferrogw")), "serve"], env, namespace=wall)

    return launch


def _nginx(farm: Farm, home: Path) -> Launch:
    port = free_port()
    (home / "empty").mkdir()
    (home / "htpasswd").write_text("")
    config = farm.fill("nginx.conf", home, PORT=port)
    argv = [str(install.binary("nginx")), "-p", str(home), "-c", str(config), "-e", "stderr"]
    return Launch(argv, port=port, ready_path="/", ready_status=None)


def _caddy(farm: Farm, home: Path) -> Launch:
    port, exe = free_port(), str(install.binary("caddy"))
    hashing = [exe, "hash-password", "--algorithm", "bcrypt", "--bcrypt-cost", "4", "--plaintext", WRONG_KEY]
    hashed = subprocess.run(hashing, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    config = farm.fill("Caddyfile", home, PORT=port, BCRYPT=hashed)
    argv = [exe, "run", "--config", str(config), "--adapter", "caddyfile"]
    return Launch(argv, port=port, ready_path="/", ready_status=None)


def _envoy(farm: Farm, home: Path) -> Launch:
    port = free_port()
    config = farm.fill("envoy.yaml", home, PORT=port)
    argv = [str(install.binary("envoy")), "-c", str(config), "--concurrency", "1", "--disable-hot-restart"]
    return Launch([*argv, "-l", "warn"], port=port, ready_path="/", ready_status=None)


def _litellm(farm: Farm, home: Path) -> Launch:
    port = free_port()
    argv = [str(install.binary("litellm")), "--config", str(farm.fill("litellm.yaml", home))]
    # Its price list comes with the package; by default it would fetch a newer one.
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", "NO_DOCS": "True"}
    return Launch([*argv, "--host", "127.0.0.1", "--port", str(port)], env, port, bound=120)


def _llamacpp(*options: str) -> Callable[[Farm, Path], Launch]:
    def launch(farm: Farm, home: Path) -> Launch:
        port, exe = free_port(), install.binary("llamacpp")
        argv = [str(exe), "--model", str(exe.parents[1] / "alphabet.gguf"), "--alias", "alphabet", "--jinja"]
        argv += ["--host", "127.0.0.1", "--port", str(port), "--threads", "1", "--ctx-size", "4096", "--parallel", "2"]
        # Without a key of its own it lets everybody in.
        return Launch([*argv, *options], port=port, ready_path="/health")

    return launch


# "<package>" or "<package>-<variant>": a variant is the same program, told to misbehave by its own options.
LAUNCHERS: dict[str, Callable[[Farm, Path], Launch]] = {
    "upstreams": _upstreams,
    "aimock": _aimock(),
    "aimock-error": _aimock("--chaos-drop", "1"),
    "aimock-malformed": _aimock("--chaos-malformed", "1"),
    "aimock-hangup": _aimock("--chaos-disconnect", "1"),
    "aimock-limit": _aimock("--chaos-ratelimit", "1"),
    "ferrogw": _ferrogw(),
    "ferrogw-dead": _ferrogw("dead"),
    "ferrogw-slow": _ferrogw("slow"),
    "ferrogw-half": _ferrogw("half"),
    "ferrogw-stale": _ferrogw(provider_key=WRONG_KEY),
    "llmock": _llmock(),
    "llmock-403": _llmock("--error-rate", "403=1"),
    "llmock-404": _llmock("--error-rate", "404=1"),
    "llmock-422": _llmock("--error-rate", "422=1"),
    "llmock-503": _llmock("--error-rate", "503=1"),
    "llmock-context": _llmock("--context-window", "2"),
    "llmock-truncate": _llmock("--stream-fault", "truncate=1"),
    "llmock-disconnect": _llmock("--stream-fault", "disconnect=1"),
    "llmock-malformed": _llmock("--stream-fault", "malformed=1"),
    "llmock-stall": _llmock("--stream-fault", "stall=1"),
    "nginx": _nginx,
    "caddy": _caddy,
    "envoy": _envoy,
    **{name: debian_fronts.launcher(name) for name in debian_fronts.FRONTS},
    "litellm": _litellm,
    "llamacpp": _llamacpp("--api-key", GOOD_KEY),
    "llamacpp-open": _llamacpp(),
}


def packages(name: str) -> list[str]:
    """What has to be installed for a server: its own package, and the API behind it."""
    own = name.partition("-")[0]
    return [own] if own in ("aimock", "llmock", "llamacpp") else ["aimock", own]
