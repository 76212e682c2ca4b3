"""doctor tells all that is wrong on our own side at once, and sends no request."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from chatproof import clock
from chatproof.cli.commands import doctor
from chatproof.cli.shared import own_side
from tests.support import KEY

URL = "https://127.0.0.1:9/v1"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.lower().endswith(("_proxy", "_bundle")) or name.startswith(
            ("SSL_CERT", "CHATPROOF", "OPENAI", "NODE_EXTRA")
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("CHATPROOF_API_KEY", KEY)
    return tmp_path


def checks(capsys: pytest.CaptureFixture[str], *argv: str, status: int) -> list[dict[str, Any]]:
    assert doctor.main([*argv, "--format", "json"]) == status
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["checks"]
    return found


def names(found: list[dict[str, Any]], state: str) -> list[str]:
    return [check["name"] for check in found if check["state"] == state]


def test_options_that_are_wrong_in_every_way_are_told_at_once(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATPROOF_API_KEY", f"'{KEY}'")
    argv = ["http://llm.test/v1", "--timeout", "0s", "--ca-file", "env", "--proxy", "socks5://127.0.0.1:1"]
    argv += ["--header", "X-Team=env:NOT_SET_HERE", "--model", "x" * 300, "--profile", "nobody", "--api", "none"]
    argv += ["--client-key", "/nowhere.pem", "--journal", "/nowhere/runs.sqlite3"]
    found = checks(capsys, *argv, status=2)
    assert set(names(found, "problem")) == {
        "timeout", "trust", "proxy", "header", "model", "profile", "api", "client certificate", "journal",
        "auth.key_malformed", "url.invalid",
    }  # fmt: skip
    assert all(check["next_step"] for check in found if check["state"] == "problem")
    assert KEY not in json.dumps(found)
    assert "allowed by --allow-http" not in json.dumps(found)


@pytest.mark.parametrize("wrong", ["key", "url", "nothing"])
def test_what_is_wrong_hides_nothing_of_the_surroundings(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    if wrong == "key":
        monkeypatch.delenv("CHATPROOF_API_KEY")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://other.test/v1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (place / ".env").write_text("A=1")
    found = checks(capsys, "127.0.0.1:9/v1" if wrong == "url" else URL, status=0 if wrong == "nothing" else 2)
    said = "\n".join(check["said"] for check in found)
    for words in (
        "REQUESTS_CA_BUNDLE names a file that does not exist", "file .env here, which is not read", "HTTPS_PROXY", "journal.sqlite3",
        *(("OPENAI_BASE_URL says https://other.test", "NO_PROXY covers 127.0.0.1") if wrong != "url" else ()),
    ):  # fmt: skip
        assert words in said, words
    assert len(names(found, "problem")) == (wrong != "nothing")


def test_a_configuration_that_is_wrong_in_several_ways(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "chatproof.toml").write_text(
        f'default = "s"\n[targets.s]\nbase_url = "{URL}"\nkey_env = "NOT_SET_HERE"\nca_file = "/nowhere.pem"\n'
        'client_cert = "/nowhere.pem"\nproxy = "socks5://127.0.0.1:1"\n'
    )
    found = checks(capsys, status=2)
    assert names(found, "problem") == ["auth.key_missing", "trust", "client certificate", "proxy"]
    origin = next(check["said"] for check in found if check["name"] == "origin")
    assert "chatproof.toml (not approved)" in origin
    found = checks(capsys, "--config", "chatproof.toml", status=2)
    assert "(named by --config)" in next(check["said"] for check in found if check["name"] == "origin")
    (place / "chatproof.toml").write_text('[targets.s]\nbase_url = "https://x.test/v1"\nmodle = "x"\ntimeout = 3\n')
    assert names(checks(capsys, "s", status=2), "problem") == ["target", "target"]


def test_nothing_is_wrong_and_nothing_is_made(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = checks(capsys, URL, "--model", "m", status=0)
    assert names(found, "problem") == [] and "created by the first run" in str(found)
    assert os.listdir(place) == []


def test_what_is_wrong_in_the_configuration_is_told_once(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "bad.toml").write_text('[targets.a]\nmodle = "x"\n')
    found = checks(capsys, "a", "--config", "bad.toml", status=2)
    assert [check["state"] for check in found if "modle" in check["said"]] == ["problem"]


def test_the_journal_and_its_mode(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = place / "runs.sqlite3"

    def said() -> list[tuple[str, str]]:
        found = checks(capsys, URL, "--journal", str(kept), status=0)
        return [(c["state"], c["said"]) for c in found if c["name"] == "journal"]

    assert said() == [("ok", "~/runs.sqlite3, created by the first run")]
    done = subprocess.run(
        [sys.executable, "-m", "chatproof", "smoke", "simulator", "--journal", str(kept)],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert said() == [("ok", "~/runs.sqlite3")]
    kept.chmod(0o644)
    assert said()[1:] == [("note", "other users can read or change ~/runs.sqlite3")]
    other = place / "other.sqlite3"
    sqlite3.connect(other).execute("create table mine (a)").connection.close()
    found = checks(capsys, URL, "--journal", str(other), status=2)
    assert names(found, "problem") == ["journal"]
    found = checks(capsys, URL, "--journal", "none", status=0)
    assert ("journal", "runs are not kept anywhere") in [(c["name"], c["said"]) for c in found]


def test_a_clock_before_what_is_known(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = str(place / "runs.sqlite3")
    subprocess.run(
        [sys.executable, "-m", "chatproof", "smoke", "simulator", "--journal", kept], capture_output=True, timeout=60
    )

    def told(at: float, status: int) -> tuple[str, str]:
        monkeypatch.setattr(own_side.time, "time", lambda: at)
        found = checks(capsys, URL, "--journal", kept, status=status)
        check = next(check for check in found if check["name"] == "clock")
        return check["state"], check["said"]

    now = time.time()
    assert told(now + 1, 0)[0] == "ok"
    state, said = told(now - 3600, 0)
    assert state == "note" and "before the journal's newest run" in said
    state, said = told(0.0, 2)
    assert state == "problem" and "1970-01-01" in said and clock.utc(now)[:4] in said
