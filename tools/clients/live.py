"""Feeds the clients what another server answers: `srv.py PORT KEY`, one path prefix for each case. Prints, keeps nothing.

The good replies are those of the cases `good` and `good-own`, of which a client must come to one or the other.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tools.clients import install, outcome
from tools.clients.drive import CLIENTS, Driver

KINDS = ("plain", "stream", "stream.usage", "tools", "tools.stream", "json_schema")
KEY = "sk-clients-0123456789abcdef"  # the one that the drivers send
GOOD = ("good", "good-own")


def main(folder: Path) -> int:
    """Print the matrix case and kind of request by client; rows that are fine in all clients are left out."""
    names = _names(folder)
    with _served(folder) as port, ThreadPoolExecutor(4) as pool:
        columns = list(pool.map(lambda client: _column(client, names, port), CLIENTS))
    for number, (name, kind) in enumerate((name, kind) for name in names for kind in KINDS):
        told = [column[number] for column in columns]
        if any(told):
            print(f"{name} {kind}: " + "; ".join(f"{c}: {one or 'fine'}" for c, one in zip(CLIENTS, told, strict=True)))
    print(f"{len(names)} cases, {len(KINDS)} kinds of request, {len(CLIENTS)} clients")
    return 0


def _column(client: str, names: list[str], port: int) -> list[str]:
    driver = Driver(client)

    def ask(name: str, kind: str) -> outcome.Result:
        return driver.ask(f"http://127.0.0.1:{port}/{name}/v1", kind)

    try:
        goods = {kind: [ask(name, kind) for name in GOOD] for kind in KINDS}
        return [_best(goods[kind], ask(name, kind)) for name in names for kind in KINDS]
    finally:
        driver.stop()
        print(f"{client}: done", file=sys.stderr, flush=True)


def _best(goods: list[outcome.Result], got: outcome.Result) -> str:
    told = [outcome.judge(good, got, "", "") for good in goods]
    best = min(told, key=lambda one: (one.word != outcome.FINE, one.breaks))
    return "" if best.word in (outcome.FINE, outcome.VOID) else f"{best.word}: {best.about}"


def _names(folder: Path) -> list[str]:
    command = [sys.executable, "-B", str(folder / "srv.py"), "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    return [line.split("\t")[0] for line in listed.stdout.splitlines() if line]


@contextmanager
def _served(folder: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"  # srv.py starts `chatproof simulate`
    command = [sys.executable, "-B", str(folder / "srv.py"), str(port), KEY]
    log = open(install.ROOT / "live.log", "ab")  # noqa: SIM115 - the process has it
    process = subprocess.Popen(command, cwd=folder, env={"PATH": path}, stdout=subprocess.DEVNULL, stderr=log)
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()
