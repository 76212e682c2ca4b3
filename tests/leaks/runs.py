"""One run in a place of its own, and everything it left behind: streams, files, command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from chatproof.reporters import formats
from tests.leaks.scanner import DECOY, KEY, ODD_KEY, PROXY, STRANGER, Canary, Found, hidden, scan

SECRETS = (KEY, PROXY, ODD_KEY, STRANGER)
CONTROL = "control.bin"
LAUNCH = "import sys; from chatproof.cli import main as cli; sys.exit(cli.main(sys.argv[1:]))"
LOUD = (
    "import logging, http.client, asyncio, warnings; logging.basicConfig(level=logging.DEBUG, stream=sys.stderr);"
    "http.client.HTTPConnection.debuglevel = 1; warnings.simplefilter('always');"
    "[logging.getLogger(n).setLevel(logging.DEBUG) for n in ('asyncio', 'urllib3', 'http.client', 'chatproof')]"
)
MODES: dict[str, tuple[list[str], dict[str, str]]] = {
    "normal": (["-m", "chatproof"], {}),
    "devmode": (["-m", "chatproof"], {"PYTHONDEVMODE": "1", "PYTHONTRACEMALLOC": "5"}),
    "faulthandler": (["-X", "faulthandler", "-m", "chatproof"], {}),
    "debug": (["-c", f"import sys; {LOUD}; {LAUNCH}"], {"PYTHONVERBOSE": "", "DEBUG": "1", "OPENAI_LOG": "debug"}),
}


class Ran:
    """What one run left: `artefacts` by name. Held apart from the record of what was asked, which holds the key."""

    def __init__(self, status: int, artefacts: dict[str, bytes]) -> None:
        self.status = status
        self.artefacts = artefacts

    @property
    def stdout(self) -> bytes:
        return self.artefacts["stdout"]

    def leaks(self, canaries: Iterable[Canary] = SECRETS) -> list[Found]:
        """Findings in all artefacts. Raises when the positive control is not among what was collected and read."""
        found = [f._replace(place=name) for name, data in self.artefacts.items() for f in scan(data, *canaries, DECOY)]
        control = [f for f in found if f.canary == DECOY.name and f.place == f"file {CONTROL}"]
        assert control, "the positive control was not found: this run proves nothing"
        return [f for f in found if f.canary != DECOY.name]

    def shows_decoy(self, place: str) -> bool:
        return any(f.canary == DECOY.name for f in scan(self.artefacts[place], DECOY))


def reports() -> list[str]:
    """Every format as a file. Discovered: a new reporter is covered when it is added."""
    return [word for name in formats() for word in ("--report", f"{name}=report.{name}")]


def environment(folder: Path, key: str | None = None, **more: str) -> dict[str, str]:
    for name in ("home", "tmp", "work"):
        (folder / name).mkdir(exist_ok=True)
    given = {"CHATPROOF_API_KEY": KEY.value if key is None else key}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONDONTWRITEBYTECODE": "1",
        **given,
        **more,
    }


def run(
    folder: Path,
    args: Sequence[str],
    *,
    mode: str = "normal",
    launch: Sequence[str] = (),
    key: str | None = None,
    env: dict[str, str] | None = None,
    send: int = 0,
    when: Callable[[], bool] = bool,
    stdin: bytes = b"",
    timeout: float = 60,
) -> Ran:
    """Run a command with the key in its environment; `launch` replaces the mode's way to start Python."""
    start, settings = MODES[mode]
    environ = environment(folder, key, **settings, **(env or {}))
    (folder / "work" / CONTROL).write_bytes(hidden())
    before = set(_files(folder)) - {folder / "work" / CONTROL}
    child = subprocess.Popen(
        [sys.executable, *(launch or start), *args], cwd=folder / "work", env=environ,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    seen = {_proc(child.pid, name) for name in ("cmdline", "comm", "maps")}
    if send:
        until = time.monotonic() + 20
        while not when() and time.monotonic() < until:
            time.sleep(0.02)
        seen |= {_proc(child.pid, name) for name in ("cmdline", "comm", "maps")} | {_descriptors(child.pid)}
        child.send_signal(send)
    try:
        out, err = child.communicate(stdin, timeout)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
        child.communicate()
        raise AssertionError("the run did not end") from None
    artefacts = {"stdout": out, "stderr": err, "proc": b"\n".join(seen)}
    for path in _files(folder):
        if path not in before:
            artefacts[f"file {path.relative_to(folder).as_posix().removeprefix('work/')}"] = path.read_bytes()
    return Ran(child.returncode, artefacts)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _proc(pid: int, name: str) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_bytes()
    return b""


def _descriptors(pid: int) -> bytes:
    targets = []
    with suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                targets.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return "\n".join(targets).encode()
