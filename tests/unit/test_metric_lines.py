"""The metrics of a run: what was observed, in Prometheus' format, under names that dashboards know."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chatproof import reporters
from chatproof.reporters.metric_lines import FAMILIES, exposition, samples
from tests.reporters.runs import PIECES, document


def read(*documents: dict[str, Any]) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    text = exposition([sample for made in documents for sample in samples(made)])
    return {
        family.name: {frozenset(one.labels.items()): one.value for one in family.samples}
        for family in text_string_to_metric_families(text)
    }


def value(made: dict[str, Any], name: str, **labels: str) -> float | None:
    return read(made).get(name, {}).get(frozenset({"target": "staging", **labels}.items()))


@pytest.mark.parametrize(
    ("run", "success", "verdict", "status"),
    [("go", 1, "GO", 200), ("no-go", 0, "NO-GO", 503), ("undecided", 0, "UNDECIDED", 0)],
)
def test_the_verdict_is_told_three_ways(run: str, success: int, verdict: str, status: int) -> None:
    made = document(run)
    assert value(made, "probe_success") == success
    assert {each: value(made, "chatproof_verdict", verdict=each) for each in ("GO", "NO-GO", "UNDECIDED")} == {
        each: float(each == verdict) for each in ("GO", "NO-GO", "UNDECIDED")
    }
    assert value(made, "probe_http_status_code") == status


def test_what_was_not_observed_has_no_line() -> None:
    made = document("undecided")
    found = read(made)
    assert "chatproof_clause_held" not in found, "nothing was judged"
    assert not found.keys() & {"probe_http_version", "probe_http_content_length", "probe_http_ssl", "probe_ip_protocol"}
    phases = {dict(labels)["phase"] for labels in found["probe_http_duration_seconds"]}
    assert phases == {"resolve"}
    assert value(made, "chatproof_diagnosis_info", code="net.dns", owner="you") == 1
    made["exchanges"] = []
    assert not {name for name in read(made) if name.startswith("probe_http") or "phase" in name}


def test_a_clause_that_broke_somewhere_is_not_held() -> None:
    made = document("no-go")
    assert value(made, "chatproof_clause_held", clause="happy.status_200", level="must") == 0
    assert value(made, "chatproof_clause_held", clause="auth.invalid_key.rejected", level="must") == 1
    leak = [finding for finding in made["findings"] if finding["clause"] == "secret.not_reflected"]
    assert len(leak) > 1 and value(made, "chatproof_clause_held", clause="secret.not_reflected", level="must") == 1
    leak[0]["outcome"] = "undecided"
    assert value(made, "chatproof_clause_held", clause="secret.not_reflected", level="must") is None
    leak[1]["outcome"] = "broken"
    assert value(made, "chatproof_clause_held", clause="secret.not_reflected", level="must") == 0


def test_the_phases_of_the_plain_request() -> None:
    made = document("go")
    assert value(made, "probe_http_duration_seconds", phase="processing") == 0.08
    assert value(made, "probe_http_duration_seconds", phase="transfer") == pytest.approx(0.0085)
    assert value(made, "chatproof_phase_last_seconds", phase="first_byte") == 0.08
    assert value(made, "probe_tls_version_info", version="TLS 1.3") == 1 and value(made, "probe_http_ssl") == 1


def test_the_end_of_the_certificate() -> None:
    made = document("go")
    assert value(made, "probe_ssl_earliest_cert_expiry") is None
    control = next(exchange for exchange in made["exchanges"] if exchange["role"] == "control")
    control["peer"]["certificate"] = {"subject": "x", "issuer": "y", "not_after": "2026-12-01T00:00:00Z"}
    assert value(made, "probe_ssl_earliest_cert_expiry") == 1796083200
    control["peer"]["certificate"]["not_after"] = "20261-12-01"
    assert value(made, "probe_ssl_earliest_cert_expiry") is None


def test_several_targets_share_their_families() -> None:
    one, other = document("go"), document("no-go")
    other["target"]["name"] = "production"
    text = exposition([*samples(one), *samples(other)])
    assert text.count("# TYPE probe_success ") == 1
    assert len(read(one, other)["probe_success"]) == 2


@pytest.mark.parametrize("piece", PIECES)
def test_a_targets_name_cannot_end_its_label(piece: str) -> None:
    made = document("go")
    made["target"]["name"] = f'a"}} 1\n{piece}'
    found = read(made)["probe_success"]
    assert len(found) == 1 and [dict(labels).keys() for labels in found] == [{"target"}]


def test_no_text_of_the_server_stands_in_a_label() -> None:
    made = document("no-go")
    text = reporters.render("prometheus", made)
    for said in ("no available channel", "req-1", "gpt-x", "model_not_found", "192.0.2.7"):
        assert said not in text


def test_every_family_can_be_made() -> None:
    made = document("no-go")
    control = next(exchange for exchange in made["exchanges"] if exchange["role"] == "control")
    control["peer"]["certificate"] = {"subject": "x", "issuer": "y", "not_after": "2026-12-01T00:00:00Z"}
    assert {name for name, _ in samples(made)} == set(FAMILIES)
