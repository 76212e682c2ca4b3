"""One row, played: the rogue server on one side, the real command line in a process of its own on the other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from chatproof.reporters import formats
from tests.rogue import certs
from tests.rogue.row import Row
from tests.rogue.server import Rogue, Seen
from tests.rogue.wire import MODEL

HERE = Path(__file__).parent
PATIENCE = 30.0  # seconds after which a run that does not end is killed


class Taken(NamedTuple):
    """What one run left behind."""

    row: Row
    status: int
    seconds: float
    cpu: float  # seconds of it
    rss_kib: int
    stdout: bytes
    stderr: bytes
    files: dict[str, bytes]  # every file in the run's folder, by name
    state: dict[str, bytes]  # every file that was left in the home, by its path: the journal
    seen: list[Seen]
    trapped: int  # connections to the trap

    @property
    def artefacts(self) -> dict[str, bytes]:
        return {"standard output": self.stdout, "standard error": self.stderr, **self.files}

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.files["report.json"])
        return document

    @property
    def codes(self) -> list[str]:
        return [diagnosis["code"] for diagnosis in self.document["diagnoses"]]


def take(row: Row, key: str, folder: Path, ca_file: Path, *, loud: bool = False, loop: str = "") -> Taken:
    """Play a row. `loud`: everything that can be shown is shown. `loop`: sent by the driver of this event loop."""
    place = row.place
    rogue = Rogue(row, key, certs.context(place.certificate) if place.certificate else None)
    try:
        out, home = folder / "out", folder / "home"
        out.mkdir()
        home.mkdir()
        (home / ".netrc").write_text("default login netrc-user password netrc-password\n")
        result = folder / "result.json"
        command = [*_program(row, loop), *_arguments(row, rogue, ca_file), *(_outputs(out, loud=loud))]
        launcher = [sys.executable, "-I", "-S", str(HERE / "launch.py"), str(result), *command]
        stdout, stderr = _run(launcher, _environment(rogue, key, home), folder)
    finally:
        rogue.close()
    ended: dict[str, Any] = (
        json.loads(result.read_text())
        if result.exists()
        else {"status": -9, "seconds": PATIENCE, "cpu": PATIENCE, "rss_kib": 0}
    )
    files = {path.name: path.read_bytes() for path in sorted(out.iterdir())}
    left = {path.relative_to(home).as_posix(): path for path in home.rglob("*") if path.is_file()}
    state = {name: path.read_bytes() for name, path in left.items() if name.startswith(_STATE)}
    strays = [path.name for path in folder.iterdir() if path.name not in _KNOWN] + [
        *(left.keys() - state.keys() - {".netrc"})
    ]
    assert not strays, f"files that nobody asked for: {strays}"
    return Taken(
        row,
        ended["status"],
        ended["seconds"],
        ended["cpu"],
        ended["rss_kib"],
        stdout,
        stderr,
        files,
        state,
        rogue.seen,
        rogue.trap.connections,
    )


_KNOWN = ("out", "home", "result.json")
_STATE = ".local/state/chatproof/journal.sqlite3"


def _program(row: Row, loop: str) -> list[str]:
    place = row.place
    if place.answers or place.prompt or loop:
        return [
            sys.executable,
            str(HERE / "stubbed.py"),
            json.dumps({"answers": place.answers, "prompt": place.prompt, "loop": loop}),
        ]
    return [sys.executable, "-m", "chatproof"]


def _arguments(row: Row, rogue: Rogue, ca_file: Path) -> list[str]:
    place = row.place
    secure = bool(place.certificate) or place.raw
    port = rogue.trap.port if place.proxy else rogue.port
    url = f"{'https' if secure else 'http'}://{place.host or place.address}:{port}/v1"
    made = ["smoke", url, "--model", MODEL, "--timeout", f"{row.timeout:g}s"]
    if secure:
        made += ["--ca-file", str(ca_file)]
    if place.host and not secure:
        made += ["--allow-http"]
    if place.proxy:
        made += ["--proxy", f"http://127.0.0.1:{rogue.port}"]
    if row.streams:
        made += ["--stream"]
    return made


def _outputs(out: Path, *, loud: bool) -> list[str]:
    reports = [f"--report={name}={out / f'report.{name}'}" for name in formats()]
    return ["--format", "text", "-vv", "--keep-bodies", *reports] if loud else ["--format", "json", *reports]


def _environment(rogue: Rogue, key: str, home: Path) -> dict[str, str]:
    """A surrounding that tempts: a netrc, proxy variables that lead to the trap, a file for TLS secrets."""
    trap = f"http://127.0.0.1:{rogue.trap.port}"
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "CHATPROOF_API_KEY": key,
        "PYTHONDONTWRITEBYTECODE": "1",
        "SSLKEYLOGFILE": str(home / "tls-secrets"),
        **dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"), trap),
    }


def _run(command: list[str], environment: dict[str, str], folder: Path) -> tuple[bytes, bytes]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=folder,
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()
