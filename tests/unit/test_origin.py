"""By what way an endpoint was reached: in the head, in the document, in the record; and who is not to blame then."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatproof import Secret, Settings, Target, simulator, smoke
from chatproof.diagnosis.diagnosis import Diagnosis
from chatproof.simulator import Simulator
from chatproof.target.origin import describe, sentence, without_blame
from chatproof.target.target import Wanted, resolve
from chatproof.usage_error import UsageError
from tests.support import KEY, schema
from tests.unit.test_cli import run


@pytest.fixture
def relay() -> Iterator[str]:
    """A proxy that opens every tunnel it is asked for."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            sink.close()

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            host, _, port = head.split()[1].decode().partition(":")
            server = socket.create_connection((host, int(port)))
            client.sendall(b"HTTP/1.1 200 ok\r\n\r\n")
            for ends in ((client, server), (server, client)):
                threading.Thread(target=pump, args=ends, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


@pytest.fixture
def open_to_all() -> Iterator[Simulator]:
    """A server over TLS that answers whatever key it gets: a fault of the provider's, if it is one."""
    started = simulator.start("wrong-key-accepted", tls=True)
    yield started
    started.stop()


def asked(server: Simulator, **more: Any) -> dict[str, Any]:
    target = Target(server.base_url, server.model, Secret(server.key), **more)
    return dict(smoke(target, Settings(), environ={}).document)


def test_a_plain_run_says_its_url_and_nothing_else() -> None:
    started = simulator.start()
    try:
        document = asked(started)
    finally:
        started.stop()
    url = started.base_url.removesuffix("/v1")
    assert document["origin"] == {"url": url, "config": None, "proxy": None, "ca_file": None}
    assert sentence(document["origin"]) == "" and "origin" not in document["smoke_test_run"]["notes"]


def test_with_a_proxy_and_authorities_nobody_knows_who_answered(open_to_all: Simulator, relay: str) -> None:
    alone = asked(open_to_all, ca_file=open_to_all.ca_file)
    assert alone["diagnoses"][0]["owner"] == "provider"
    between = asked(open_to_all, ca_file=open_to_all.ca_file, proxy=relay.replace("http://", "http://user:password@"))
    first = between["diagnoses"][0]
    assert first["code"] == alone["diagnoses"][0]["code"]
    assert (first["owner"], first["confidence"]) == ("unknown", "possible")
    assert relay in first["evidence"][-1] and "without the proxy" in first["next_step"]
    assert between["origin"]["proxy"] == {"url": relay, "by": "the program"}
    assert between["origin"]["ca_file"]["by"] == "the program"
    assert f"origin: proxy {relay} (the program)" in between["smoke_test_run"]["notes"]
    assert "password" not in json.dumps(between)
    assert all(d["owner"] != "provider" for d in between["diagnoses"])


@pytest.mark.parametrize("owner", ["you", "gateway", "network", "unknown"])
def test_other_owners_stay(owner: str) -> None:
    diagnosis = Diagnosis("x.y", "s", ("e",), owner, "n", "certain", ())
    assert without_blame(diagnosis, {"proxy": {"url": "http://p", "by": ""}, "ca_file": None}) == diagnosis


def test_head_record_and_doctor_say_the_same(open_to_all: Simulator, relay: str, tmp_path: Path) -> None:
    """From a file in the home, whose path is told with ~."""
    file = tmp_path / "mine.toml"
    (tmp_path / "ca.pem").write_bytes(Path(open_to_all.ca_file).read_bytes())
    file.write_text(
        f'[targets.shop]\nbase_url = "{open_to_all.base_url}"\nmodel = "m"\nproxy = "{relay}"\nca_file = "ca.pem"\n'
        'key_file = "key"\n'
    )
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o600)
    env = {"HOME": str(tmp_path)}
    line = ("shop", "--config", str(file))
    done = run("smoke", *line, "--report", "json=run.json", "--report", "markdown=run.md", cwd=tmp_path, env=env)
    document = json.loads((tmp_path / "run.json").read_text())
    said = (
        f"settings of ~/mine.toml (named by --config); proxy {relay} (~/mine.toml); "
        "authorities of ~/ca.pem (~/mine.toml)"
    )
    assert sentence(document["origin"]) == said
    head = " ".join(done.stdout.decode().split("\n\n")[0].split())
    assert head.endswith(f"origin {said}")
    assert f"origin: {said}" in document["smoke_test_run"]["notes"]
    assert "- origin: " in (tmp_path / "run.md").read_text()
    assert document["environment"]["ca_file"] == "~/ca.pem" and document["target"]["key"]["source"] == "file:~/key"
    assert f"origin: {said}" in run("doctor", *line, cwd=tmp_path, env=env).stdout.decode()
    assert str(tmp_path) not in json.dumps(document)
    assert set(schema("run-1")["properties"]["origin"]["required"]) == document["origin"].keys()


def test_a_relative_path_means_the_folder_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "elsewhere")
    file = tmp_path / "conf/x.toml"
    head = '[targets.a]\nbase_url = "https://h.test/v1"\nmodel = "m"\n'
    (tmp_path / "conf/key").write_text(KEY)
    (tmp_path / "conf/key").chmod(0o600)
    for key, authority in (("key", "ca.pem"), ("../conf/key", "../conf/ca.pem"), ("~/conf/key", "~/conf/ca.pem")):
        file.write_text(f'{head}key_file = "{key}"\nca_file = "{authority}"\n')
        for named in (str(file), "../conf/x.toml", "~/conf/x.toml"):
            found = resolve(Wanted("a", config=named), {}).target
            assert os.path.samefile(os.path.dirname(found.ca_file), tmp_path / "conf")
            assert found.key is not None and found.key.reveal() == KEY
    by_option = resolve(Wanted("https://h.test/v1", key_file="~/conf/key", ca_file="~/conf/ca.pem"), {}).target
    assert by_option.ca_file == str(tmp_path / "conf/ca.pem") and by_option.key_source == "file:~/conf/key"
    with pytest.raises(UsageError, match="cannot read the key file"):
        resolve(Wanted("https://h.test/v1", key_file="key"), {})  # an option's path is from here


@pytest.mark.parametrize("place", ["runs.sqlite3", "runs.jsonl", "~/conf/runs.sqlite3"])
def test_so_does_a_journal(tmp_path: Path, place: str) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/x.toml").write_text(f'journal = "{place}"\n')
    env = {"HOME": str(tmp_path), "CHATPROOF_JOURNAL": ""}
    assert run("smoke", "simulator", "--config", "conf/x.toml", cwd=tmp_path, env=env).returncode == 0
    name = place.rpartition("/")[2]
    assert (tmp_path / "conf" / name).exists() and not (tmp_path / name).exists() and not (tmp_path / "~").exists()
    for option in (["--journal", f"~/conf/{name}"], ["--config", "~/conf/x.toml"]):
        assert b"simulator" in run("history", *option, cwd=tmp_path, env=env).stdout


def test_describe_without_sources_names_none() -> None:
    from chatproof.target.origin import Way

    made = describe(Way("https://h.test", "", "", "", {}))
    assert made == {"url": "https://h.test", "config": None, "proxy": None, "ca_file": None}
