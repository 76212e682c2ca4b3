"""judge sends nothing, and could not: what it loads has no means to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.captures.playing import wire_of
from tests.captures.test_har import entry, har

MEANS = {"socket", "_socket", "ssl", "_ssl", "asyncio", "http.client", "urllib.request", "subprocess",
         "chatproof.transport.blocking", "chatproof.running.run", "chatproof.transport.tls", "chatproof.transport.resolver"}  # fmt: skip
CODE = (
    "import sys; from chatproof.cli import main as cli; status = cli.main(['judge', *sys.argv[1:]]);"
    "print(status, *sorted(sys.modules))"
)


@pytest.mark.parametrize("kind", ["raw", "HAR", "standard input"])
def test_no_means_to_send_is_loaded(kind: str, tmp_path: Path) -> None:
    data = har(entry()) if kind == "HAR" else wire_of("empty-choices")["happy"]
    path = tmp_path / "capture"
    path.write_bytes(data)
    words = ["-"] if kind == "standard input" else [str(path)]
    ran = subprocess.run([sys.executable, "-I", "-c", CODE, *words, "-q"], input=data, capture_output=True, timeout=60)
    status, *loaded = ran.stdout.decode().splitlines()[-1].split()
    assert status in ("1", "3"), ran.stderr
    assert "chatproof.judging.judge" in loaded and not MEANS & set(loaded)


def test_every_format_takes_a_capture_that_says_no_time(tmp_path: Path) -> None:
    """A reply alone does not say when it was asked for: that must stop no report."""
    from chatproof import reporters

    capture = tmp_path / "reply.txt"
    capture.write_text('HTTP/1.1 200 OK\nContent-Type: application/json\n\n{"choices":[]}')
    wanted = [word for name in reporters.formats() for word in ("--report", f"{name}={tmp_path / name}")]
    command = [sys.executable, "-m", "chatproof", "judge", str(capture), "-q", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert [name for name in reporters.formats() if not (tmp_path / name).stat().st_size] == []


BODY = {
    "models": b'{"object":"list","data":[{"id":"m","object":"model"}]}',
    "happy": b'{"choices":[{"index":0,"message":{"role":"assistant","content":"pong"},"finish_reason":"stop"}]}',
    "stream": b'data: {"choices":[]}\n\ndata: [DONE]\n\n',
}


@pytest.mark.parametrize("probe", BODY)
@pytest.mark.parametrize("scope", [(), ("--validate",)])
def test_the_advice_to_judge_only_what_is_here_can_be_taken(
    probe: str, scope: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from chatproof.cli import main as cli

    media = b"text/event-stream" if probe == "stream" else b"application/json"
    path = tmp_path / "reply.txt"
    path.write_bytes(b"HTTP/1.1 200 OK\nContent-Type: %s\n\n%s" % (media, BODY[probe]))
    command = ["judge", str(path), "--as", probe, "--model", "m", *scope, "--format", "json"]
    cli.main(command)
    notes = json.loads(capsys.readouterr().out)["notes"]
    (advice,) = (note.partition("here: ")[2].split() for note in notes if "to judge only what is here: " in note)
    assert advice[::2] == ["--only"] * (len(advice) // 2) and advice[1:]
    assert cli.main([*command, *advice]) in (0, 1, 3)
    document = json.loads(capsys.readouterr().out)
    judged = {finding["probe"] for finding in document["findings"]}
    assert judged <= {probe} and document["findings"]


@pytest.mark.parametrize(
    ("body", "owner", "confidence"),
    [('{"foo":1}', "unknown", "possible"), ('{"id":"chatcmpl-1","object":"chat.completion"}', "provider", "certain")],
)
def test_json_of_nothing_known_and_of_no_url_is_nobodys(body: str, owner: str, confidence: str, tmp_path: Path) -> None:
    capture = tmp_path / "reply.json"
    capture.write_text(body)
    command = [sys.executable, "-m", "chatproof", "judge", str(capture), "--format", "json"]
    said = json.loads(subprocess.run(command, capture_output=True, timeout=60).stdout)["diagnoses"][0]
    assert (said["code"], said["owner"], said["confidence"]) == ("contract.choices_missing", owner, confidence)


def test_a_listing_without_its_request_is_nobodys_broken_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `curl -i …/models` prints, judged without --as: taken for the plain answer, it would be the provider's fault."""
    from chatproof.cli import main as cli

    path = tmp_path / "reply.txt"
    path.write_bytes(b"HTTP/1.1 200 OK\nContent-Type: application/json\n\n" + BODY["models"])
    assert cli.main(["judge", str(path), "--model", "m", "--format", "json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert [exchange["probe"] for exchange in document["exchanges"]] == ["models"]
    assert document["diagnoses"][0]["owner"] == "you" and "a list of models" in " ".join(document["notes"])
