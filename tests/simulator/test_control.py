"""What is switched while the simulator runs: faults, by a key and from this machine only; and how long answers take."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import openai
import pytest

from chatproof import simulator
from chatproof.simulator import Simulator
from chatproof.simulator.control import PATH
from chatproof.simulator.faults import ALL
from chatproof.simulator.pace import Pace
from chatproof.wire.exchange import Secret

from .asking import ask, chat, port_of, raw


@pytest.fixture
def switchable() -> Iterator[Simulator]:
    started = simulator.start(switchable=True)
    yield started
    started.stop()


def put(sim: Simulator, value: object, **headers: str) -> Any:
    return ask(sim, "PUT", PATH, value, **headers)


def test_a_fault_is_switched_on_changed_and_off(switchable: Simulator) -> None:
    assert ask(switchable, "GET", PATH).json == {"fault": None}
    assert put(switchable, {"fault": "html-502"}).json == {"fault": "html-502"}
    assert chat(switchable).status == 502
    assert ask(switchable, "GET", PATH).json == {"fault": "html-502"}
    assert put(switchable, {"fault": "quota-429"}).status == 200
    assert chat(switchable).status == 429
    assert put(switchable, {"fault": None}).json == {"fault": None}
    assert chat(switchable).status == 200
    put(switchable, {"fault": "html-502"})
    assert ask(switchable, "DELETE", PATH).json == {"fault": None}
    assert chat(switchable).status == 200


def test_a_started_fault_can_be_switched_off() -> None:
    started = simulator.start("html-502", switchable=True)
    assert chat(started).status == 502
    assert ask(started, "DELETE", PATH).status == 200
    assert chat(started).status == 200
    started.stop()


@pytest.mark.parametrize("key", [None, "wrong-key-0123456789"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_no_switch_without_the_key(switchable: Simulator, key: str | None, method: str) -> None:
    answer = ask(switchable, method, PATH, {"fault": "html-502"}, key=key)
    assert answer.status == 401
    assert b"html-502" not in answer.body
    assert chat(switchable).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Host": "localhost.evil.example"},
        {"Host": "10.0.0.7:{port}"},
        {"Host": "user@127.0.0.1:{port}"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Origin": "http://127.0.0.1:{port} http://evil.example"},
    ],
)
def test_foreign_hosts_and_origins_are_refused(switchable: Simulator, headers: dict[str, str]) -> None:
    filled = {name: value.format(port=port_of(switchable)) for name, value in headers.items()}
    answer = put(switchable, {"fault": "html-502"}, **filled)
    assert answer.status == 403
    assert answer.json["error"]["code"] == "foreign_request"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert chat(switchable).status == 200


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "[::1]:{port}", "[::1]"])
def test_names_of_this_machine_and_its_own_origin_are_taken(switchable: Simulator, host: str) -> None:
    named = host.format(port=port_of(switchable))
    assert put(switchable, {"fault": None}, Host=named).status == 200
    assert put(switchable, {"fault": None}, Host=named, Origin=f"http://{named}").status == 200


def test_two_origins_are_one_too_many(switchable: Simulator) -> None:
    own = f"http://127.0.0.1:{port_of(switchable)}"
    head = f"GET {PATH} HTTP/1.1\r\nHost: {own[7:]}\r\nAuthorization: Bearer {switchable.key}\r\nConnection: close\r\n"
    assert raw(switchable, f"{head}Origin: {own}\r\n\r\n".encode()).startswith(b"HTTP/1.1 200 ")
    assert raw(switchable, f"{head}Origin: {own}\r\nOrigin: {own}\r\n\r\n".encode()).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_type"),
        (b"[]", 400, "invalid_type"),
        (b"[" * 100_000, 400, "invalid_type"),
        (b'{"fault": 7}', 400, "invalid_type"),
        (b'{"fault": "html-502", "more": 1}', 400, "invalid_type"),
        (b'{"fault": "html-501"}', 404, "fault_not_found"),
        (b'{"fault": "connection-refused"}', 409, "fault_of_the_place"),
    ],
)
def test_what_cannot_be_switched_changes_nothing(switchable: Simulator, body: bytes, status: int, code: str) -> None:
    put(switchable, {"fault": "quota-429"})
    answer = ask(switchable, "PUT", PATH, body)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert ask(switchable, "GET", PATH).json == {"fault": "quota-429"}


def test_a_near_name_is_hinted_at(switchable: Simulator) -> None:
    assert "html-502" in put(switchable, {"fault": "html-501"}).json["error"]["message"]


def test_other_methods_are_not_allowed(switchable: Simulator) -> None:
    answer = ask(switchable, "OPTIONS", PATH, Origin=f"http://127.0.0.1:{port_of(switchable)}")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, PUT, DELETE")


@pytest.mark.parametrize("fault", ["", "html-502"])
def test_there_is_no_switch_unless_asked_for(fault: str) -> None:
    started = simulator.start(fault)
    answer = put(started, {"fault": "quota-429"})
    assert answer.status == (502 if fault else 404) and b"fault" not in answer.body.replace(PATH.encode(), b"")
    started.stop()


def test_the_place_faults_are_known() -> None:
    """Else the row above proves nothing."""
    assert "connection-refused" in ALL


# -- pace and latency -------------------------------------------------------------------------------------------------

COUNT = [{"role": "user", "content": "Count from 1 to 8."}]


def timed(pace: Pace, **body: object) -> float:
    started = simulator.start(pace=pace)
    began = time.perf_counter()
    answer = chat(started, messages=COUNT, **body)
    took = time.perf_counter() - began
    started.stop()
    assert answer.status == 200 and b"8" in answer.body
    return took


def test_latency_comes_before_every_answer() -> None:
    assert 0.2 <= timed(Pace(latency=0.2)) < 2
    assert 0.2 <= timed(Pace(latency=0.2), stream=True) < 2
    started = simulator.start("closed-without-reply", pace=Pace(latency=0.2))
    began = time.perf_counter()
    with pytest.raises(OSError):
        chat(started)
    assert time.perf_counter() - began >= 0.2
    started.stop()


def test_pace_is_tokens_a_second() -> None:
    """Eight tokens at 40 a second: 0.2 s, in one piece or streamed."""
    assert 0.2 <= timed(Pace(rate=40)) < 2
    assert 0.2 <= timed(Pace(rate=40), stream=True) < 2


def test_tokens_come_one_after_another() -> None:
    started = simulator.start(pace=Pace(rate=20))
    with openai.OpenAI(base_url=started.base_url, api_key=started.key, max_retries=0) as client:
        asked: Any = {"model": started.model, "messages": COUNT, "stream": True}
        times = [
            time.perf_counter()
            for chunk in client.chat.completions.create(**asked)
            if chunk.choices and chunk.choices[0].delta.content
        ]
    started.stop()
    gaps = [after - before for before, after in pairwise(times)]
    assert len(times) == 8 and sum(gap >= 0.02 for gap in gaps) >= 5


def test_a_slow_answer_does_not_hold_up_the_end() -> None:
    started = simulator.start(pace=Pace(latency=600))

    def ask_in_vain() -> None:
        with pytest.raises(OSError):
            chat(started)

    asking = threading.Thread(target=ask_in_vain, daemon=True)
    asking.start()
    time.sleep(0.2)
    began = time.perf_counter()
    started.stop()
    asking.join(4)
    assert not asking.is_alive() and time.perf_counter() - began < 4


# -- the key, and the command -----------------------------------------------------------------------------------------

KEY = "sk-compose-4f0c9e51b7aa2d3388e6"


def test_a_key_of_ones_own_opens_and_is_not_handed_out() -> None:
    started = simulator.start(key=Secret(KEY))
    assert started.key == "" and KEY not in repr(started) + repr(vars(started))
    assert ask(started, "GET", "/v1/models", key=KEY).status == 200
    assert ask(started, "GET", "/v1/models", key="sk-other-0123456789abcdef").status == 401
    started.stop()


def command(*options: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "chatproof", "simulate", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    )


def test_the_guide_is_true() -> None:
    """The block of docs/guides/first-integration.md, run as it stands but for the port."""
    guide = (Path(__file__).parents[2] / "docs/guides/first-integration.md").read_text()
    (block,) = [block for block in re.findall(r"```bash\n(.*?)```", guide, re.DOTALL) if "chatproof simulate" in block]
    start, break_it, mend_it = block.strip().splitlines()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    running = command(*start.replace("8080", port).split()[2:], SIM_KEY=KEY)
    assert running.stdout is not None
    far = Simulator(f"http://127.0.0.1:{port}/v1", KEY, None, ())
    try:
        shown = "".join(running.stdout.readline() for _ in range(5))
        assert KEY not in shown and "what SIM_KEY holds" in shown
        (tried,) = (line.split()[1:] for line in shown.splitlines() if line.startswith("try "))
        environ = {**os.environ, "SIM_KEY": KEY, "CHATPROOF_JOURNAL": "none"}
        assert subprocess.run([sys.executable, "-m", *tried], env=environ, capture_output=True).returncode == 0
        began = time.perf_counter()
        assert chat(far).status == 200
        assert time.perf_counter() - began >= 0.2
        for line, status in ((break_it, 502), (mend_it, 200)):
            done = subprocess.run(
                ["sh", "-c", line.replace("8080", port)], env={**os.environ, "SIM_KEY": KEY}, capture_output=True
            )
            assert done.returncode == 0 and chat(far).status == status, done.stderr
    finally:
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert KEY not in out + err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--key-env", "SIM_KEY"), "SIM_KEY"),
        (("--key-env", "not a name"), "name of a variable"),
        (("--latency", "soon"), "not a time"),
        (("--latency=-1s",), "not a time"),
        (("--pace", "0"), "tokens a second"),
        (("--pace", "nan"), "tokens a second"),
    ],
)
def test_wrong_options_are_told(options: tuple[str, ...], said: str) -> None:
    running = command(*options, SIM_KEY="")
    out, err = running.communicate(timeout=30)
    assert running.returncode == 2 and said in err, (out, err)


def test_a_key_that_no_header_carries_is_told_without_it() -> None:
    running = command("--key-env", "SIM_KEY", SIM_KEY="sk-two words-0123456789")
    _, err = running.communicate(timeout=30)
    assert running.returncode == 2 and "two words" not in err and json.dumps(err).isascii()
