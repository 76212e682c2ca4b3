"""HARs that other people's tools write of the simulator's traffic, judged as the live run was. By night: they are large.

mitmproxy stands in front of the simulator and exports what it saw. It is installed like the real servers.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from chatproof import captures, simulator
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.running.plan import Settings
from chatproof.running.run import smoke
from chatproof.simulator.faults import FAULTS
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret
from tests.captures.playing import differences
from tests.real import install
from tests.unit.test_record import VALIDATOR

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]
PLAYED = [
    "", "html-502", "empty-choices", "key-rejected", "auth-open", "stream-error", "key-in-header", "key-in-base64",
    "harmless-gzip", "harmless-chunked", "redirect-308", "latin-1", "byte-order-mark", "duplicate-key", "empty-body",
]  # fmt: skip


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("mitmproxy does not listen")


@pytest.fixture(scope="module")
def mitmdump() -> Path:
    try:
        return install.install("mitmproxy") / "bin" / "mitmdump"
    except install.InstallError as error:
        pytest.fail(f"mitmproxy cannot be had: {error}")


@pytest.mark.parametrize("name", [name for name in PLAYED if not name or name in FAULTS])
def test_mitmproxys_har_is_judged_as_the_live_run_was(name: str, mitmdump: Path, tmp_path: Path) -> None:
    server = simulator.start(name)
    port, har = free_port(), tmp_path / "saved.har"
    proxy = subprocess.Popen(
        [mitmdump, "-q", "--listen-host", "127.0.0.1", "-p", str(port), "--set", f"confdir={tmp_path / 'conf'}",
         "--mode", f"reverse:{server.base_url.removesuffix('/v1')}", "--set", f"hardump={har}"],
    )  # fmt: skip
    try:
        wait_for(port)
        target = Target(f"http://127.0.0.1:{port}/v1", server.model, Secret(server.key), timeout=20)
        run = smoke(target, Settings(stream=True), environ={})
    finally:
        proxy.send_signal(signal.SIGINT)
        proxy.wait(60)
        server.stop()
    capture = captures.read(har.read_bytes())
    assert capture.format.startswith("HAR by mitmproxy")
    judged = judge_captures([Source("saved.har", capture)], Asked(model=server.model))
    VALIDATOR.validate(judged.document)
    live = {(f["clause"], f["probe"]): f["outcome"] for f in run.findings}
    assert differences(live, judged) == {}
    assert judged.verdict == run.verdict
    assert [d["code"] for d in judged.diagnoses][:1] == [d["code"] for d in run.diagnoses][:1]
    assert server.key not in str(judged.document)
