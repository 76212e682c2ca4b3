"""The package as a library: what a run tells, judging what one's own code holds, and what Python shows of it."""

from __future__ import annotations

import io
import json
import pydoc
from pathlib import Path
from typing import Any

import pytest

import chatproof
from chatproof import Diagnosis, RecordedExchange, RecordedFinding, Secret, Target, UsageError, judge_bytes, judge_file
from chatproof.record.document import Run
from tests.support import COMPLETION, GOOD, KEY, play, wire

HTML = "502 text/html\n\n<html><h1>502 Bad Gateway</h1></html>"


def bad() -> Run:
    return play({"all": HTML}).record


def test_a_run_is_its_text_report() -> None:
    run = bad()
    assert str(run) == run.report().rstrip("\n") and str(run).startswith("NO-GO  ")
    assert "gateway.error" in str(run) and "gateway.error" in repr(run) and len(repr(run)) < 120
    assert run.report("markdown").startswith("## chatproof smoke: NO-GO") and json.loads(run.report("json"))
    assert "\x1b[" in run.report(color=True) and "\x1b[" not in run.report()
    assert len(run.report(verbosity=-1)) < len(run.report()) < len(run.report(verbosity=2))
    with pytest.raises(UsageError, match="did you mean json"):
        run.report("jsn")


def test_what_a_run_tells_has_types_and_is_the_document() -> None:
    run = bad()
    first, finding, exchange = run.diagnoses[0], run.findings[0], run.exchanges[0]
    assert (
        isinstance(first, Diagnosis) and isinstance(finding, RecordedFinding) and isinstance(exchange, RecordedExchange)
    )
    assert (first.code, first.owner, first.confidence) == ("gateway.error", "gateway", "certain")
    assert first.clauses and first.evidence and first.next_step and first == run.document["diagnoses"][0]
    assert (finding.clause, finding.outcome, finding.level) == ("happy.status_200", "broken", "must")
    assert finding.observed and finding["observed"] == finding.observed and finding.exchange == exchange.id
    assert (exchange.probe, exchange.status, exchange.method, exchange.fault) == ("happy", 502, "POST", "")
    assert exchange.url.endswith("/chat/completions") and exchange.request_id == "" and exchange.excerpt
    assert "gateway.error" in str(first) and "expected HTTP status 200" in str(finding) and "HTTP 502" in str(exchange)
    assert json.loads(json.dumps(run.findings)) == run.document["findings"]


@pytest.mark.parametrize("kind", [Diagnosis, RecordedFinding, RecordedExchange])
def test_each_attribute_is_documented_and_there(kind: type) -> None:
    one = {Diagnosis: bad().diagnoses, RecordedFinding: bad().findings, RecordedExchange: bad().exchanges}[kind][0]  # type: ignore[index]
    names = [name for name, value in vars(kind).items() if isinstance(value, property)]
    assert len(names) > 5
    for name in names:
        assert getattr(kind, name).__doc__, name
        getattr(one, name)


def test_bytes_are_judged() -> None:
    run = judge_bytes(wire(GOOD["happy"]))
    assert (run.verdict, run.document["kind"]) == ("UNDECIDED", "judge")
    assert {f.outcome for f in run.findings if f.clause == "happy.status_200"} == {"holds"}
    broken = judge_bytes(wire(HTML))
    assert broken.verdict == "NO-GO" and broken.diagnoses[0].code == "gateway.error"
    assert judge_bytes(COMPLETION.encode()).findings


def test_what_bytes_answer_may_be_said() -> None:
    refusal = wire(GOOD["auth.invalid_key"])
    run = judge_bytes(refusal, answers="auth.invalid_key", only=["auth.invalid_key"])
    assert {f.outcome for f in run.findings} == {"holds"}
    with pytest.raises(UsageError, match=r"did you mean auth\.invalid_key"):
        judge_bytes(refusal, answers="auth.invalid_kee")
    with pytest.raises(UsageError, match=r"did you mean happy\.status_200"):
        judge_bytes(refusal, only=["happy.status_20"])
    with pytest.raises(UsageError, match="cannot be judged"):
        judge_bytes(b"\x00\x01")


def test_a_file_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "reply.txt"
    path.write_bytes(wire(HTML))
    assert judge_file(path).diagnoses[0].code == judge_file(str(path)).diagnoses[0].code == "gateway.error"
    with pytest.raises(UsageError, match=r"cannot read .*nothing.*; next: check its name"):
        judge_file(tmp_path / "nothing")


def test_a_target_comes_from_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[targets.staging]\nbase_url = "https://s.test/v1"\nkey_env = "S_KEY"\nmodel = "m"\n')
    target = Target.from_config("staging", config=str(path), environ={"S_KEY": KEY})
    assert (target.name, target.base_url, target.model) == ("staging", "https://s.test/v1", "m")
    assert target.key is not None and target.key.reveal() == KEY and KEY not in repr(target)
    with pytest.raises(UsageError, match="did you mean staging"):
        Target.from_config("stagin", config=str(path), environ={"S_KEY": KEY})
    with pytest.raises(UsageError, match="S_KEY is not set"):
        Target.from_config("staging", config=str(path), environ={})


def test_python_shows_the_public_names() -> None:
    assert set(dir(chatproof)) >= set(chatproof.__all__)
    for name in chatproof.__all__:
        assert getattr(chatproof, name) is not None
    text = pydoc.plain(pydoc.render_doc(chatproof))
    for name in ("class Target", "class Diagnosis", "judge_bytes(data: bytes", "from_config", "next_step"):
        assert name in text, name
    out = io.StringIO()
    print(bad(), file=out)
    assert out.getvalue().startswith("NO-GO")


@pytest.mark.parametrize(
    "said",
    [{"burst": -5}, {"budget_tokens": -1}, {"kind": "smok"}, {"max_requests": -1}],
    ids=lambda said: next(iter(said)),
)
def test_settings_that_cannot_be_are_refused_before_anything_is_sent(said: dict[str, Any]) -> None:
    """A burst of less than none was planned for ever."""
    target = Target("http://127.0.0.1:9/v1", "m", Secret(KEY))
    with pytest.raises(UsageError, match=next(iter(said)).replace("_", "[-_]")):
        chatproof.smoke(target, chatproof.Settings(**{"kind": "validate", **said}))


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan"), float("inf"), "30"])
def test_a_timeout_that_is_none_is_refused(timeout: Any) -> None:
    target = Target("http://127.0.0.1:9/v1", "m", Secret(KEY), timeout=timeout)
    with pytest.raises(UsageError, match="timeout"):
        chatproof.smoke(target)
