"""Two secrets in one process, and a server that gives the one to whoever sent the other: a gateway that mixes up its
replies, a proxy that quotes the password it was given."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chatproof import Secret, Target, aio, journal
from chatproof.monitoring import check, settings
from chatproof.reporters import formats
from chatproof.running import beside
from chatproof.running.dispatch import Stop
from chatproof.secrets.redaction import MOST_IN_FULL
from chatproof.target.target import check as resolved
from tests.leaks.runs import Ran, reports, run
from tests.leaks.scanner import KEY, ODD_KEY, PROXY, Canary, scan


class Mixed(BaseHTTPRequestHandler):
    """Answers with the keys that others sent, once there are some."""

    protocol_version = "HTTP/1.1"
    seen: dict[str, None]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self) -> None:
        mine = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if "CANARY" in mine:
            self.seen[mine] = None
        others = " ".join(key for key in self.seen if key != mine)
        body = json.dumps({"error": {"message": f"no such key: {others}", "code": "invalid_api_key"}}).encode()
        self.send_response(401)
        for name, text in (("Content-Type", "application/json"), ("X-Request-Id", others.replace(" ", "-") or "none")):
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def mixed() -> Iterator[ThreadingHTTPServer]:
    handler = type("Handler", (Mixed,), {"seen": dict.fromkeys((KEY.value, ODD_KEY.value))})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def url_of(server: ThreadingHTTPServer, path: str = "") -> str:
    return f"http://127.0.0.1:{server.server_port}{path}/v1"


def test_a_comparison_shows_neither_key(mixed: ThreadingHTTPServer, tmp_path: Path) -> None:
    written = [word for name in formats("comparison") for word in ("--report", f"{name}=compared.{name}")]
    ran = run(
        tmp_path,
        [
            *("compare", url_of(mixed, "/a"), url_of(mixed, "/b"), "--smoke", "--model", "m", "--timeout", "5s"),
            *("--key-env", "KEY_A", "--key-env", "KEY_B", "-v", *written),
        ],
        env={"KEY_A": KEY.value, "KEY_B": ODD_KEY.value, "XDG_STATE_HOME": str(tmp_path / "home" / "state")},
    )
    assert ran.leaks() == []
    made = json.loads(ran.artefacts["file compared.json"])
    assert "[REDACTED:api_key]" in json.dumps(made), "the control: it came back and was seen"


def test_without_the_other_key_it_would_show(mixed: ThreadingHTTPServer, tmp_path: Path) -> None:
    """The control: a run that does not know of the other key keeps it."""
    ran = run(tmp_path, ["smoke", url_of(mixed), "--model", "m", *reports()])
    assert {leak.canary for leak in ran.leaks()} == {ODD_KEY.name}


def test_an_awaited_comparison_keeps_neither(mixed: ThreadingHTTPServer, tmp_path: Path) -> None:
    place = str(tmp_path / "runs.sqlite")
    each = [
        Target(url_of(mixed, path), model="m", key=Secret(canary.value))
        for path, canary in (("/a", KEY), ("/b", ODD_KEY))
    ]
    compared = asyncio.run(aio.compare(*each, journal=place))
    kept = journal.open(place)
    documents = list(kept.of_event(journal.FINISHED))
    assert len(documents) == 2
    assert scan(json.dumps([compared.document, *documents]), KEY, ODD_KEY) == []
    assert scan(tmp_path, KEY, ODD_KEY) == []


CONFIG = """
[targets.a]
base_url = "URL"
model = "m"
key_env = "KEY_A"
[targets.a.monitor]
[targets.b]
base_url = "URL"
model = "m"
key_env = "KEY_B"
[targets.b.monitor]
"""


def test_a_fleet_shows_neither_key(mixed: ThreadingHTTPServer, tmp_path: Path) -> None:
    config = tmp_path / "own.toml"
    config.write_text(CONFIG.replace("URL", url_of(mixed)))
    ran = run(
        tmp_path,
        ["fleet", "run", "--config", str(config), "--judges", "2", "--format", "jsonl", "--journal", "runs.sqlite"],
        env={"KEY_A": KEY.value, "KEY_B": ODD_KEY.value},
    )
    assert ran.stdout.count(b'"name"') == 2 and ran.leaks() == []


def test_the_monitor_knows_all_keys(mixed: ThreadingHTTPServer, tmp_path: Path) -> None:
    config = tmp_path / "own.toml"
    config.write_text(CONFIG.replace("URL", url_of(mixed)))
    environ = {"KEY_A": KEY.value, "KEY_B": ODD_KEY.value}
    for target in settings.load(str(config), environ).targets.values():
        made = check.run_check(target, "smoke", environ=environ, begin=lambda started: "", stop=Stop())
        assert scan(json.dumps(made.document), KEY, ODD_KEY) == []


@pytest.mark.parametrize("many", [0, 20])
def test_many_keys_are_found_as_they_stand(many: int, mixed: ThreadingHTTPServer) -> None:
    """Of few, every form is looked for; of many, that which a reply would have by accident."""
    others = [Canary(f"other {number}", prefix="") for number in range(many)] + [ODD_KEY]
    each = [resolved(Target(url_of(mixed), model="m", key=Secret(canary.value))) for canary in (KEY, *others)]
    first = beside.apart(each, {})[0]
    assert len(first.besides) == many + 2 and (many == 0) == (many + 2 <= MOST_IN_FULL)
    made = check_one(first)
    assert "no such key" in made and scan(made, *others, KEY) == []


def check_one(target: object) -> str:
    from chatproof.running.plan import Settings
    from chatproof.running.run import run as run_once

    return json.dumps(run_once(target, Settings(whole_bodies=True), environ={}).document)  # type: ignore[arg-type]


def test_what_is_given_where_no_key_is_needed_is_no_secret_elsewhere() -> None:
    each = [
        resolved(Target("http://127.0.0.1:1/v1", key=Secret(key))) for key in ("not-needed", KEY.value, "lm-studio")
    ]
    assert beside.apart(each, {})[0].besides == (Secret(KEY.value),)
    assert beside.apart([*each, each[1]._replace(target=each[1].target._replace(key=Secret(ODD_KEY.value)))], {})[
        0
    ].besides == (Secret(KEY.value), Secret(ODD_KEY.value))


@pytest.fixture
def proxy() -> Iterator[int]:
    """A proxy that answers CONNECT with what it was sent, as a header whose name is no name."""
    from base64 import b64decode

    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            with sock:
                head = sock.recv(65536).decode()
                sent = head.partition("Basic ")[2].partition("\r")[0]
                password = b64decode(sent).decode().replace(":", "_")
                sock.sendall(f"HTTP/1.1 407 {password}\r\n{password} {sent} : x\r\n\r\n".encode())

    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()[1]
    listening.close()


@pytest.mark.parametrize("command", ["smoke", "models"])
def test_a_proxy_that_quotes_its_password(command: str, proxy: int, tmp_path: Path) -> None:
    ran: Ran = run(
        tmp_path,
        [
            command,
            "https://127.0.0.1:9/v1",
            "--proxy",
            "env",
            *(["--model", "m", "-v", *reports()] * (command == "smoke")),
        ],
        env={"https_proxy": f"http://bob:{PROXY.value}@127.0.0.1:{proxy}"},
    )
    assert b"white space around the name" in ran.stdout + ran.artefacts["stderr"] and ran.leaks() == []
