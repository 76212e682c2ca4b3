"""--model auto: where there is no list of models to take one from, the listing's failure is the run's failure."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from tests.unit.test_journal_cli import run as cli

JSON = "application/json"


@contextmanager
def answering(status: int, media: str, body: str) -> Iterator[str]:
    """A server that gives every request this answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def asked(url: str, place: Path, *options: str) -> tuple[int, dict[str, Any]]:
    command, *more = options or ("smoke",)
    done = cli(command, url, "--model", "auto", "--journal", str(place), "--format", "json", *more)
    return done.returncode, json.loads(done.stdout) if done.stdout else {"said": done.stderr}


@pytest.mark.parametrize(
    ("status", "media", "body", "exit", "code"),
    [
        (401, JSON, '{"error":{"message":"Incorrect API key provided."}}', 1, "auth.rejected"),
        (502, "text/html", "<html><title>502 Bad Gateway</title></html>", 1, "gateway.error"),
        (429, JSON, '{"error":{"code":"insufficient_quota","message":"no money"}}', 1, "account.quota"),
        # Nothing is said of chat by these: no list, or none for this key.
        (404, JSON, '{"error":{"message":"not found"}}', 3, ""),
        (403, JSON, '{"error":{"message":"Missing scopes: api.model.read"}}', 3, "auth.permission"),
        (200, JSON, '{"models":3}', 3, "contract.models"),
    ],
)
def test_what_the_listing_answered_is_the_cause(
    tmp_path: Path, status: int, media: str, body: str, exit: int, code: str
) -> None:
    place = tmp_path / "j.sqlite3"
    with answering(status, media, body) as url:
        returned, document = asked(url, place)
    assert (returned, document["verdict"]) == (exit, {1: "NO-GO", 3: "UNDECIDED"}[exit])
    assert not code or document["diagnoses"][0]["code"] == code
    assert document["diagnoses"] and document["smoke_test_run"]["pass_fail"] == "FAIL"
    assert [exchange["probe"] for exchange in document["exchanges"]] == ["models"]
    assert any("nothing else was sent" in note for note in document["notes"])
    (row,) = journal.open(str(place)).list()
    assert (row.event, row.run_id) == ("finished", document["run_id"])


@pytest.mark.parametrize(
    ("url", "code"), [("http://127.0.0.1:{port}/v1", "net.refused"), ("https://x.invalid/v1", "net.dns")]
)
@pytest.mark.parametrize(
    "options", [("smoke",), ("smoke", "--only", "happy"), ("smoke", "--skip", "model"), ("validate",)]
)
def test_an_outage_is_named_whatever_was_asked_for(
    tmp_path: Path, url: str, code: str, options: tuple[str, ...]
) -> None:
    returned, document = asked(url.format(port=closed_port()), tmp_path / "j.sqlite3", *options)
    assert (returned, document["diagnoses"][0]["code"]) == (3, code)
    assert document["kind"] == options[0] and len(journal.open(str(tmp_path / "j.sqlite3")).list()) == 1


def test_a_comparison_has_the_failed_listing_as_one_of_its_runs(tmp_path: Path) -> None:
    with answering(401, JSON, '{"error":{"message":"no"}}') as url:
        done = cli(
            "compare",
            "simulator",
            url,
            "--smoke",
            "--model",
            "auto",
            "--journal",
            str(tmp_path / "j.sqlite3"),
            "--format",
            "json",
        )
    assert done.stdout, done.stderr
    document = json.loads(done.stdout)
    assert done.returncode == 1 and document["targets"][1]["diagnosis"] == "auth.rejected"


def test_without_a_model_and_without_auto_it_stays_usage_and_names_the_cause(tmp_path: Path) -> None:
    done = cli("smoke", f"http://127.0.0.1:{closed_port()}/v1", "--journal", "none")
    assert done.returncode == 2 and "no model is given" in done.stderr and "net.refused" in done.stderr


def test_what_never_left_costs_nothing_in_any_format() -> None:
    url = f"http://127.0.0.1:{closed_port()}/v1"
    document = json.loads(cli("smoke", url, "--model", "m", "--format", "json").stdout)
    assert document["cost"] == {"requests": 0, "billable_requests": 0, "tokens_reported": 0}
    assert [exchange["sent"] for exchange in document["exchanges"]] == [False] * 4
    text = cli("smoke", url, "--model", "m").stdout
    assert "sent        nothing: 4 requests got no further than connect" in text
    for format in ("markdown", "decision", "html"):
        assert (
            "nothing: 4 requests got no further than connect"
            in cli("smoke", url, "--model", "m", "--format", format).stdout
        )
    validated = json.loads(cli("validate", url, "--model", "m", "--format", "json").stdout)
    assert validated["cost"]["requests"] == validated["cost"]["billable_requests"] == 0


def test_a_request_that_left_and_was_not_answered_may_be_billed() -> None:
    document = json.loads(cli("smoke", "simulator", "--fault", "closed-without-reply", "--format", "json").stdout)
    assert document["cost"]["requests"] == len(document["exchanges"]) and document["cost"]["billable_requests"] == 1
