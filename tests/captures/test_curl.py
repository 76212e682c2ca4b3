"""What curl itself writes, judged as the live run was."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chatproof import captures, simulator
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.running.plan import Settings
from chatproof.running.run import smoke
from chatproof.secrets.key_check import INVALID_KEY
from chatproof.simulator.faults import FAULTS
from chatproof.surfaces.chat.probes_validate import ROWS as PROBES
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret
from tests.captures.playing import SMOKE, differences

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
# One of each way in which a reply can be bad; the others by night.
TELLING = [
    "stream-stays-open",
    "", "html-502", "empty-choices", "key-rejected", "stream-error", "cut-body", "key-in-header", "harmless-gzip",
    "harmless-103", "harmless-chunked", "redirect-308",
]  # fmt: skip
OTHERS = [name for name, row in FAULTS.items() if name not in TELLING and row.place.listen == "serve"]


def curl(server: Any, probe: str, *options: str, merged: bool = False) -> bytes:
    row = PROBES[probe]
    key = {"key": server.key, "invalid": INVALID_KEY, "none": ""}[row.credential]
    command = ["curl", "-q", "-sS", "--max-time", "2", "--noproxy", "*", *options, f"{server.base_url}{row.suffix}"]
    if server.ca_file:
        command += ["--cacert", server.ca_file]
    if key:
        command += ["-H", f"Authorization: Bearer {key}"]
    if row.body:
        command += ["-H", "Content-Type: application/json", "-d", json.dumps(row.body(server.model))]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT if merged else subprocess.PIPE)
    return ran.stdout


def live_and_captured(name: str, *options: str, merged: bool = False) -> tuple[dict[tuple[str, str], str], Any]:
    server = simulator.start(name)
    try:
        if server.proxy or not server.base_url.startswith("http://127.0.0.1"):
            pytest.skip("about a place, not about a reply")
        target = Target(server.base_url, server.model, Secret(server.key), timeout=2.0, ca_file=server.ca_file)
        run = smoke(target, Settings(stream=True), environ={})
        files = {probe: curl(server, probe, *options, merged=merged) for probe in SMOKE}
    finally:
        server.stop()
    sources = []
    for probe, data in files.items():
        try:
            sources.append(Source(probe, captures.read(data), probe))
        except captures.Unreadable:
            continue
    if not sources:
        pytest.skip("curl wrote nothing that could be judged")
    # A probe that the live run did not send has nothing to be compared with.
    sent = {exchange["probe"] for exchange in run.document["exchanges"]}
    judged = judge_captures([s for s in sources if s.probe in sent], Asked(model=server.model))
    return {(f["clause"], f["probe"]): f["outcome"] for f in run.findings}, judged


def cases() -> list[Any]:
    return [*TELLING, *(pytest.param(name, marks=pytest.mark.nightly) for name in OTHERS)]


CUT = {
    "http.incomplete_body",
    "limit.deadline",
    "net.read_timeout",
    "net.reset",
    "net.closed",
    "http.framing",
    "limit.size",
}
"""What stops a transfer after a body that looks whole: curl's exit status says it, what curl -i writes does not."""


@pytest.mark.parametrize("name", cases())
def test_curl_i(name: str) -> None:
    live, judged = live_and_captured(name, "-i")
    wrong = differences(live, judged)
    if name and FAULTS[name].code in CUT:
        wrong = {place: said for place, said in wrong.items() if live[place] != "undecided"}
    if name and FAULTS[name].code == "stream.left_open":  # curl waits, and what it writes looks as if it did not
        wrong.pop(("stream.closes", "stream"))
    assert wrong == {}
    if name == "":
        assert {f["outcome"] for f in judged.findings if f["clause"] != "secret.not_reflected"} == {"holds"}
    elif name in TELLING and FAULTS[name].verdict == "NO-GO" and name != "key-in-header":
        assert judged.verdict == "NO-GO"
        assert judged.diagnoses[0]["code"] == FAULTS[name].code


@pytest.mark.parametrize("name", cases())
def test_curl_iv_with_both_streams_in_one_file(name: str) -> None:
    live, judged = live_and_captured(name, "-iv", merged=True)
    assert differences(live, judged) == {}
    if name in TELLING and name != "cut-body":
        assert judged.verdict == (FAULTS[name].verdict if name else "GO"), judged.findings


@pytest.mark.parametrize(
    "options", [("-v",), ("-v", "--http1.0"), ("-iv", "--compressed"), ("-iv", "-L")], ids=" ".join
)
def test_other_ways_to_ask_curl(options: tuple[str, ...]) -> None:
    live, judged = live_and_captured("", *options, merged=True)
    assert differences(live, judged) == {}
    assert judged.verdict == "GO"


def test_with_the_progress_meter(tmp_path: Path) -> None:
    server = simulator.start()
    data = curl(server, "happy", "-v", "--no-silent", merged=True)
    server.stop()
    assert b"% Total" in data
    run = judge_captures([Source("x", captures.read(data))], Asked(model=server.model))
    assert [f["outcome"] for f in run.findings if f["probe"] == "happy"] == ["holds"] * 9


def test_curl_over_tls_says_so(tmp_path: Path) -> None:
    server = simulator.start(tls=True)
    data = curl(server, "happy", "-iv", merged=True)
    server.stop()
    run = judge_captures([Source("x", captures.read(data))], Asked())
    assert run.document["target"]["base_url"] == server.base_url
    assert run.document["exchanges"][0]["request"]["header_names"][0] == "Authorization"


def test_a_refused_connection_is_a_fault() -> None:
    ran = subprocess.run(["curl", "-q", "-sS", "-i", "http://127.0.0.1:9/v1/models"], capture_output=True)
    capture = captures.read(ran.stderr)
    fault = capture.entries[0].fault
    assert fault is not None and (fault.code, fault.phase) == ("net.refused", "connect")


@pytest.mark.parametrize("follow", [True, False], ids=["followed", "not followed"])
def test_a_redirect_is_the_reply_whether_curl_followed_it_or_not(follow: bool) -> None:
    server = simulator.start("redirect-308")
    data = curl(server, "happy", "-i", *(["-L", "--max-redirs", "1"] if follow else []))
    server.stop()
    run = judge_captures([Source("x", captures.read(data))], Asked(model=server.model))
    assert run.verdict == "NO-GO" and run.diagnoses[0]["code"] == "url.redirected"
