"""The bundle for a help center: what is in it, what is kept apart, and that no secret leaves in it."""

from __future__ import annotations

import base64
import copy
import gzip
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatproof import reporters, simulator
from chatproof.analysis.escalation import DEGRADATION, MISMATCH, bundle, variable_of
from chatproof.cli import main as cli
from chatproof.cli import output
from chatproof.running.plan import Settings
from chatproof.running.run import smoke
from chatproof.secrets import bundle_scan
from chatproof.secrets.redaction import fingerprint
from chatproof.target.target import Target
from chatproof.wire.exchange import Fault, Secret
from tests.pace import within
from tests.support import play

AT = "2026-11-22T10:00:00.000Z"
EMPTY = '200 application/json\nX-Request-Id: req-7\n\n{"id":"c1","object":"chat.completion","choices":[]}'
BUSY = "503 text/html\n\n<html>Service Unavailable</html>"
NO_CHANNEL = '503 application/json\n\n{"error":{"message":"no available channel","code":"model_not_found"}}'
TIMEOUT = Fault("net.read_timeout", "first_byte", "nothing in 30 s")


def run(happy: Any, **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(play({"happy": happy, **more}, profile="cometapi").record.document)
    document["target"]["profile"] = "cometapi"
    return document


def test_a_mismatch_has_its_source_its_id_and_its_time() -> None:
    found = bundle(run(EMPTY), AT)
    assert found["sort"] == [MISMATCH] and not found["degradation"]
    row = found["mismatches"][0]
    assert (row["clause"], row["request_id"], row["status"]) == ("happy.choices_non_empty", "req-7", "200")
    assert row["source"].startswith("https://") and row["sent_at"].endswith("Z") and row["accessed"]
    assert found["support"] == "https://apidoc.cometapi.com/support/help-center"
    assert found["impact"] and any("load" in said for said in found["not_tested"])


@pytest.mark.parametrize("happy", [BUSY, TIMEOUT])
def test_degradation_is_no_mismatch(happy: Any) -> None:
    found = bundle(run(happy), AT)
    assert found["sort"] == [DEGRADATION] and found["degradation"][0]["probe"] == "happy"


def test_a_503_that_means_an_unknown_model_is_a_mismatch() -> None:
    assert bundle(run(NO_CHANNEL), AT)["sort"] == [MISMATCH]


def test_both_are_kept_apart() -> None:
    found = bundle(run(EMPTY, models=BUSY), AT)
    assert found["sort"] == [MISMATCH, DEGRADATION]
    assert {m["probe"] for m in found["mismatches"]} == {"happy"}
    assert [d["probe"] for d in found["degradation"]] == ["models"]


def test_a_slow_reply_is_told_and_not_judged() -> None:
    document = run(EMPTY)
    models = next(e for e in document["exchanges"] if e["probe"] == "models")
    models["timings_ms"]["total"] = 12_345.0
    assert bundle(document, AT)["degradation"][0]["observed"].startswith("slow: 12.3 s")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("env:MY_KEY", "MY_KEY"), ("env:A_KEY or env:B_KEY", "A_KEY"), ("file:/x", "COMETAPI_KEY"), ("stdin", "COMETAPI_KEY"),
        ("env:$(reboot)", "COMETAPI_KEY"), ("", "COMETAPI_KEY"),
    ],
)  # fmt: skip
def test_the_key_goes_by_the_name_of_its_variable(source: str, name: str) -> None:
    assert variable_of({"source": source} if source else None, ["COMETAPI_KEY"]) == name


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_reproduction_reproduces() -> None:
    server = simulator.start("empty-choices")
    try:
        document = smoke(Target(server.base_url, server.model, Secret(server.key)), Settings(), environ={}).document
        commands = bundle(document, AT)["reproduction"]
        (line,) = [row["curl"] for row in commands["commands"] if row["probe"] == "happy"]
        env = {**os.environ, commands["variable"]: server.key}
        ran = subprocess.run(["sh", "-c", line], capture_output=True, env=env, timeout=30)
    finally:
        server.stop()
    assert ran.stdout.startswith(b"HTTP/1.1 200") and b'"choices": []' in ran.stdout


# -- secrets ---------------------------------------------------------------------------------------------------------

KEY = "Zq7vKm2XwL9pTz4RbN8sKd3YhF6cWj5" + "0"
"""In no known form: it is found by its length and fingerprint, or by the environment's variable."""
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in a sentence": lambda key: f"bad key ({key}) given",
    "base64": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "hex": lambda key: key.encode().hex(),
    "percent": lambda key: "".join(f"%{ord(c):02x}" for c in key),
    "escapes": lambda key: "".join(f"\\u{ord(c):04x}" for c in key),
    "gzip in base64": lambda key: base64.b64encode(gzip.compress(key.encode(), mtime=0)).decode(),
    "base64 twice": lambda key: base64.b64encode(base64.b64encode(f"key: {key} ".encode())).decode(),
}


@pytest.fixture(scope="module")
def real() -> dict[str, Any]:
    """A run document as a journal has it."""
    server = simulator.start("empty-choices")
    try:
        document = smoke(Target(server.base_url, server.model, Secret(server.key)), Settings(), environ={}).document
    finally:
        server.stop()
    found: dict[str, Any] = json.loads(json.dumps(document))
    found["target"]["key"] = {"source": "env:ANY_KEY", "length": len(KEY), "fingerprint": fingerprint(Secret(KEY))}
    return found


def smuggled(real: dict[str, Any], text: str, folder: Path) -> str:
    document = copy.deepcopy(real)
    document["exchanges"][0]["response"]["body"]["excerpt"] = text
    path = folder / "run.json"
    path.write_text(json.dumps(document))
    return str(path)


@pytest.mark.parametrize("known", ["by fingerprint", "by variable"])
@pytest.mark.parametrize("form", FORMS)
def test_a_key_that_was_smuggled_in_stops_the_bundle(
    form: str, known: str, real: dict[str, Any], tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = copy.deepcopy(real)
    if known == "by variable":
        document["target"]["key"]["fingerprint"] = "00000000"
        monkeypatch.setenv("ANY_KEY", KEY)
    run = smuggled(document, FORMS[form](KEY), tmp_path)
    bundle = tmp_path / "bundle.md"
    for args in (["escalate", run], ["escalate", run, "-o", str(bundle)], ["escalate", run, "--format", "json"]):
        assert cli.main(args) == 4
        said = capsys.readouterr()
        assert said.out == "" and "the bundle contains" in said.err and KEY not in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("form", FORMS)
def test_a_key_that_comes_in_while_it_is_written_is_found_and_the_bundle_deleted(
    form: str, real: dict[str, Any], tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = output.Artefact.write
    monkeypatch.setattr(output.Artefact, "write", lambda self, text: whole(self, text + FORMS[form](KEY)))
    bundle = tmp_path / "bundle.md"
    assert cli.main(["escalate", smuggled(real, "harmless", tmp_path), "-o", str(bundle)]) == 4
    assert "it was deleted" in capsys.readouterr().err and not bundle.exists()


def test_a_bundle_without_secrets_is_written_for_its_owner_only(
    real: dict[str, Any], tmp_path: Path, capsys: Any
) -> None:
    bundle = tmp_path / "bundle.md"
    assert cli.main(["escalate", smuggled(real, '{"choices":[]}', tmp_path), "-o", str(bundle)]) == 0
    assert bundle.stat().st_mode & 0o777 == 0o600
    assert "contract mismatch; the bundle is in" in capsys.readouterr().out
    text = bundle.read_text()
    assert "Authorization: Bearer $ANY_KEY" in text and "## Not tested" in text


@pytest.mark.parametrize(
    "text",
    ["sk-proj-abcdefghij0123456789ABCDEFGHIJ", base64.b64encode(b"ghp_0123456789abcdefghijABCDEFGHIJ012345").decode()],
)
def test_keys_of_others_stop_it_too(text: str, real: dict[str, Any], tmp_path: Path, capsys: Any) -> None:
    assert cli.main(["escalate", smuggled(real, text, tmp_path)]) == 4
    assert "of a known kind" in capsys.readouterr().err


def test_every_fault_of_the_simulator_gives_a_clean_bundle_or_none() -> None:
    """No false alarm: ids, hashes and excerpts of ordinary replies look like no key."""
    for happy in (EMPTY, BUSY, NO_CHANNEL, TIMEOUT):
        document = run(happy)
        document["target"]["key"]["fingerprint"] = "00000000"
        for format in reporters.formats("escalation"):
            text = reporters.render(format, bundle(document, AT), of="escalation")
            assert bundle_scan.find(text.encode(), length=51, mark="00000000", environ={"A_KEY": KEY}) == ""


@pytest.mark.parametrize("format", reporters.formats("escalation"))
def test_hostile_text_is_shown_as_text(format: str, real: dict[str, Any]) -> None:
    evil = "<img src=x>\x1b[31m|\n# x\u202e[a](http://e) ```` `"
    document = copy.deepcopy(real)
    document["target"].update(environment=evil, model=evil, support=evil)
    document["diagnoses"][0]["summary"] = evil
    document["exchanges"][0]["response"]["body"]["excerpt"] = evil
    for finding in document["findings"]:
        finding.update(observed=evil, expected=evil, reason=evil, at=evil)
    text = reporters.render(format, bundle(document, AT), of="escalation")
    assert "\x1b" not in text and "\u202e" not in text
    if format == "markdown":
        outside = re.sub(r"(?ms)^(`{3,})[a-z]*\n.*?^\1$", "", text)
        outside = re.sub(SPAN, "", outside)
        assert "<img" not in outside and "[a](" not in outside
        assert "\n# x" not in outside


SPAN = r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)"
"""A code span of Markdown, whatever its fence."""


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 300_000,
        b"%41" * 10**5,
        *(
            pytest.param(data, marks=pytest.mark.nightly)
            for data in (b"a" * 300_000, bytes(range(256)) * 1000, b"\\x41" * 10**5)
        ),
    ],
)
def test_the_scan_is_bounded(data: bytes) -> None:
    assert bundle_scan.find(data, length=32, mark="ffffffff", environ={"A_KEY": KEY}) == ""


def test_looking_through_a_bundle_is_linear() -> None:
    with within(20):
        for piece in ("\\", "\\x4", "0a:", "aa-", "%2", "&#x", "\x78\x9c"):
            assert bundle_scan.find((piece * (300_000 // len(piece))).encode(), length=32, mark="ffffffff") == ""
