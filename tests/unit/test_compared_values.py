"""pytest explains a comparison by the fields of named tuples: those of replies, faults and targets are not shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

KEY, PASSWORD = "sk-Zq7kFprN6f9cLotF7CEAeeVR6uer3Wx", "pw-8Zr4Kd1TqlhQ"
CASES = """
import os
from chatproof import Secret, Target
from chatproof.wire.exchange import Exchange, Fault, Response, Timings
K, P = os.environ["MADE_KEY"], os.environ["MADE_PASSWORD"]
def reply(body): return Response("1.1", 401, b"x", ((b"x-id", K.encode()),), body, 10, "identity")
def exchange(response): return Exchange("x1", "happy", "", None, response, None)
def target(proxy): return Target("http://127.0.0.1:9/v1", model="m", key=Secret(K), proxy=proxy)
def test_replies():
    a, b = reply(K.encode()), reply(b"z")
    assert a == b
def test_exchanges():
    a, b = exchange(reply(K.encode())), exchange(reply(b"z"))
    assert a == b
def test_faults():
    a, b = Fault("c", "p", K), Fault("c", "p", "d")
    assert a == b
def test_targets():
    a, b = target(f"http://u:{P}@127.0.0.1:9"), target("")
    assert a == b
def test_lists():
    a, b = [reply(K.encode())], [reply(b"z")]
    assert a == b
def test_times():
    a, b = Timings(dns=1.5), Timings(dns=2.5)
    assert a == b
"""


def test_an_explanation_shows_what_repr_shows(tmp_path: Path) -> None:
    (tmp_path / "test_cases.py").write_text(CASES)
    env = {**os.environ, "MADE_KEY": KEY, "MADE_PASSWORD": PASSWORD}
    for options in ([], ["-vvv", "--tb=native"]):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            *options,
            "test_cases.py",
        ]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
        assert "6 failed" in done.stdout, done.stdout[-2000:]
        told = "\n".join(line for line in done.stdout.splitlines() if "= os.environ" not in line)
        assert KEY not in told and PASSWORD not in told
        assert "they differ in: body" in told and "dns: 1.5 != 2.5" in told
