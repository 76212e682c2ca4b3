"""The monitor's unit and manifest: checked by tools that others wrote, and started as they say."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from chatproof.simulator.harness import ChatSimulator
from tests.alerting.programs import free_port

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
UNIT = ROOT / "contrib/systemd/chatproof-monitor.service"
MANIFEST = ROOT / "contrib/kubernetes/monitor.yaml"


def test_the_unit_is_sound_and_tight(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/usr/bin/chatproof", str(BIN / "chatproof")))
    assert "Environment" not in unit.read_text(), "a key in the unit can be read by everyone"
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd here")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    mine = [line for line in done.stderr.splitlines() if "chatproof" in line]
    assert mine == [] and done.returncode == 0, done.stderr
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-3000:]


def started(argv: list[str], base: str, context: ssl.SSLContext | None, folder: Path) -> str:
    """Start a monitor as a recipe says and return what /readyz answers."""
    with (folder / "log").open("w") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
        try:
            until = time.monotonic() + 60
            while True:
                request = urllib.request.Request(f"{base}/readyz", headers={"Host": "localhost"})
                try:
                    with urllib.request.urlopen(request, timeout=5, context=context) as answer:
                        return str(answer.read().decode())
                except OSError:
                    assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()
                    time.sleep(0.2)
        finally:
            process.terminate()
            process.wait(30)


def test_the_units_command_starts_a_monitor(tmp_path: Path) -> None:
    with ChatSimulator() as simulator:
        (tmp_path / "key").write_text(simulator.api_key)
        (tmp_path / "key").chmod(0o600)
        text = f'[targets.shop]\nbase_url = "{simulator.base_url}"\nmodel = "{simulator.model}"\nkey_file = "{tmp_path}/key"\n'
        (tmp_path / "chatproof.toml").write_text(text + "[targets.shop.monitor]\n")
        (command,) = re.findall(r"^ExecStart=/usr/bin/(.*)$", UNIT.read_text(), re.MULTILINE)
        command = command.replace("/etc/chatproof", str(tmp_path)).replace("${STATE_DIRECTORY}", str(tmp_path))
        port = free_port()
        argv = [str(BIN / command.split()[0]), *command.split()[1:], "--listen", f"127.0.0.1:{port}"]
        assert started(argv, f"http://127.0.0.1:{port}", None, tmp_path) == "ready\n"
        assert (tmp_path / "monitor.sqlite3").exists()


def documents() -> list[Any]:
    return list(yaml.safe_load_all(MANIFEST.read_text()))


def test_the_manifest_is_kubernetes() -> None:
    kubernetes = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    kinds = [each["kind"] for each in documents()]
    assert kinds == ["ConfigMap", "PersistentVolumeClaim", "Deployment", "Service"]
    for document in documents():
        kubernetes.validate(document, kubernetes.latest_version(), strict=True)
    wrong = documents()[2]
    wrong["spec"]["replica"] = 1
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate(wrong, kubernetes.latest_version(), strict=True)


def test_the_manifests_arguments_start_a_monitor(tmp_path: Path) -> None:
    """With the configuration, the token and the certificate that it mounts, on loopback."""
    spec = documents()[2]["spec"]["template"]["spec"]
    container = spec["containers"][0]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in spec["volumes"]}
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    (tmp_path / "tls").mkdir()
    issued.private_key_pem.write_to_path(tmp_path / "tls/tls.key")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "tls/tls.crt")
    with ChatSimulator() as simulator:
        held = {"token": "a-token-of-the-monitor-0123", "shop": simulator.api_key, "alertmanager": "https://am.test"}
        for name, value in held.items():
            (tmp_path / name).write_text(value)
            (tmp_path / name).chmod(0o600)
        text = documents()[0]["data"]["chatproof.toml"].replace("/run/secrets/chatproof", str(tmp_path))
        text = text.replace('profile = "cometapi"', f'base_url = "{simulator.base_url}"')
        (tmp_path / "chatproof.toml").write_text(text)
        port = free_port()
        moves = {
            "/etc/chatproof": str(tmp_path), "/var/lib/chatproof": str(tmp_path), "/run/secrets/chatproof": str(tmp_path),
            "/run/secrets/tls": str(tmp_path / "tls"), "0.0.0.0:9464": f"127.0.0.1:{port}",
        }  # fmt: skip
        words = "\n".join(container["args"])
        for old, new in moves.items():
            words = words.replace(old, new)
        argv = [str(BIN / "chatproof"), *words.split("\n")]
        context = ssl.create_default_context()
        authority.configure_trust(context)
        assert started(argv, f"https://127.0.0.1:{port}", context, tmp_path) == "ready\n"
