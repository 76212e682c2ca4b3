"""A real RabbitMQ server for the tests that need one: Debian's, unpacked and never installed, on loopback in a folder of
its own. epmd and Erlang's distribution listen on 127.0.0.1 as well, on ports of their own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = (
    Path(os.environ.get("CHATPROOF_REAL_DIR") or Path(__file__).resolve().parents[1] / ".real").resolve() / "rabbitmq"
)
USER, PASSWORD = "chatproof", "hunter2-of-the-queue"
START_SECONDS = 180.0


class Unavailable(Exception):
    """There is no RabbitMQ on this machine and none can be had; the message says why."""


def programs() -> Path:
    """The folder that the packages are unpacked in; fetched by apt-get where it is not there. Needs no root, starts
    nothing and makes no user: nothing of the packages is run while they are unpacked."""
    if _server(ROOT) is not None:
        return ROOT
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise Unavailable("no apt-get: RabbitMQ is taken from Debian's packages")
    shutil.rmtree(ROOT, ignore_errors=True)
    ROOT.parent.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-q"], capture_output=True, timeout=600)
    listed = ["apt-get", "install", "-s", "-y", "--no-install-recommends", "rabbitmq-server"]
    said = subprocess.run(listed, capture_output=True, text=True, timeout=120)
    names = [name for name in re.findall(r"(?m)^Inst (\S+)", said.stdout) if name.startswith(("erlang", "rabbitmq"))]
    if "rabbitmq-server" not in names:
        raise Unavailable(f"apt-get knows no rabbitmq-server to unpack: {said.stderr.strip()[-200:]}")
    with tempfile.TemporaryDirectory(dir=ROOT.parent) as folder:
        command = ["apt-get", "download", "-q", *names]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise Unavailable(f"apt-get download: {done.stderr.strip()[-200:]}")
        unpacked = Path(folder) / "root"
        for package in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(package), str(unpacked)], check=True, timeout=120)
        script = unpacked / "usr/lib/erlang/bin/erl"  # names the place that the package would be installed in
        script.write_text(script.read_text().replace("/usr/lib/erlang", str(ROOT / "usr/lib/erlang")))
        unpacked.rename(ROOT)
    if _server(ROOT) is None:
        raise Unavailable("the packages hold no rabbitmq-server")
    return ROOT


def _server(root: Path) -> Path | None:
    return next(iter(sorted(root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"))), None)


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Broker:
    """A server of its own; it can be stopped and started again with what it holds."""

    def __init__(self, folder: Path) -> None:
        root = programs()
        server = _server(root)
        assert server is not None
        self.folder, self._sbin = folder, server.parent
        self.port, self._epmd_port, distribution = _free(), _free(), _free()
        self._erlang = root / "usr/lib/erlang"
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\n"
            f"default_user = {USER}\ndefault_pass = {PASSWORD}\nlog.file.level = warning\n"
            "vm_memory_high_watermark.absolute = 512MB\ndisk_free_limit.absolute = 50MB\n"
        )
        (folder / "enabled_plugins").write_text("[].\n")
        self._environ = {
            "PATH": f"{self._erlang}/bin:{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": "chatproof@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
            "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
        }
        self._epmd: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://{USER}:{PASSWORD}@127.0.0.1:{self.port}//"

    def start(self) -> None:
        if self._epmd is None:
            epmd = next(self._erlang.glob("erts-*/bin/epmd"))
            self._epmd = subprocess.Popen(
                [str(epmd)], env=self._environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            _wait(self._epmd_port, 20.0, self._epmd)
        with (self.folder / "said").open("ab") as said:
            self._process = subprocess.Popen(
                [str(self._sbin / "rabbitmq-server")],
                env=self._environ,
                cwd=self.folder,
                stdout=said,
                stderr=said,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        _wait(self.port, START_SECONDS, self._process)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the server and all that it started; what it holds stays in its folder."""
        process, self._process = self._process, None
        if process is not None:
            try:
                os.killpg(process.pid, number)
                process.wait(30)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()

    def end(self) -> None:
        self.stop()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None

    def said(self) -> str:
        logs = [self.folder / "said", *sorted((self.folder / "log").glob("*.log"))]
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in logs if path.is_file())


def _wait(port: int, seconds: float, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Unavailable(f"{process.args} ended with {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.2)
    raise Unavailable(f"{process.args} does not listen after {seconds:.0f} s")


@contextmanager
def broker() -> Iterator[Broker]:
    """A running broker in a new folder, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="chatproof-rabbitmq-"))
    made = Broker(folder)
    try:
        try:
            made.start()
        except Unavailable as problem:
            raise Unavailable(f"{problem}: {made.said()}") from None
        yield made
    finally:
        made.end()
        shutil.rmtree(folder, ignore_errors=True)
