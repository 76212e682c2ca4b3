"""A run's metrics in Prometheus' text format: one line a sample, in families, each with its type and its sentence.

Names of blackbox_exporter (0.29.1, `prober/`) stand where they mean the same, so that dashboards and alerts made for it
read them; `chatproof_…` stand beside them. A label is the name of a target, or one of this program's own words: never a
text that a server sent, a prompt, an id or a message. What was not observed has no line.
"""

from collections.abc import Iterable
from typing import Any

from chatproof.printable import escape, inert
from chatproof.reporters.cases import epoch_ms, identity
from chatproof.reporters.lines import held_of

GAUGE = "gauge"
FAMILIES: dict[str, tuple[str, str]] = {
    "probe_success": (GAUGE, "1 for GO, else 0: chatproof_verdict distinguishes NO-GO from UNDECIDED"),
    "probe_duration_seconds": (GAUGE, "how long the run took"),
    "probe_dns_lookup_time_seconds": (GAUGE, "how long resolving the name took"),
    "probe_http_status_code": (GAUGE, "status of the answer to the plain request; 0 if there was none"),
    "probe_http_version": (GAUGE, "HTTP version of that answer"),
    "probe_http_content_length": (GAUGE, "length of that answer's body by its header; -1 if it has none"),
    "probe_http_duration_seconds": (GAUGE, "seconds of the plain request by phase"),
    "probe_http_ssl": (GAUGE, "1 if TLS was used"),
    "probe_ip_protocol": (GAUGE, "4 or 6: the address that was connected to"),
    "probe_ssl_earliest_cert_expiry": (GAUGE, "when the server's certificate ends, in Unix time"),
    "probe_tls_version_info": (GAUGE, "1 for the TLS version that was used"),
    "chatproof_verdict": (GAUGE, "1 for the verdict of the last run, 0 for the others"),
    "chatproof_clause_held": (GAUGE, "1 if a clause passed, 0 if it failed; no line if it was not checked"),
    "chatproof_diagnosis_info": (GAUGE, "1 for the main diagnosis of the last run; no line if there is none"),
    "chatproof_last_run_timestamp_seconds": (GAUGE, "when the last run ended, in Unix time"),
    "chatproof_last_run_narrowed": (GAUGE, "1 if only a part of the contract was judged"),
    "chatproof_last_run_requests": (GAUGE, "requests of the last run"),
    "chatproof_last_run_tokens": (GAUGE, "tokens that the answers of the last run report"),
    "chatproof_phase_last_seconds": (GAUGE, "seconds of the plain request by phase; recorded, never judged"),
}
"""Every family of a run: (type, sentence)."""
VERDICTS = ("GO", "NO-GO", "UNDECIDED")
_PHASES = {"resolve": "dns", "connect": "connect", "tls": "tls", "processing": "first_byte"}
"""blackbox_exporter's names for phases, and ours."""
_CONTROL = "control"
_CAPTURED = "judge"
_VERSIONS = ("1.0", "1.1")
_TLS = {"TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"}
"""OpenSSL's names for versions, and blackbox_exporter's."""

Sample = tuple[str, str]
"""A family's name, and a line of it."""


def samples(document: dict[str, Any], target: str = "") -> list[Sample]:
    """The samples of a run document, in the order of FAMILIES. `target` is its label: by default the target's name,
    or its base URL where it has none."""
    name = target or identity(document)
    made = [*_run(document, name), *_plain_request(document, name), *_judgement(document, name)]
    order = list(FAMILIES)
    return sorted(made, key=lambda sample: order.index(sample[0]))


def exposition(lines: Iterable[Sample], families: dict[str, tuple[str, str]] = FAMILIES) -> str:
    """Samples of any number of runs as one text: the lines of a family stand together, as the format asks."""
    grouped: dict[str, list[str]] = {name: [] for name in families}
    for name, line in lines:
        grouped[name].append(line)
    parts = []
    for name, found in grouped.items():
        if found:
            kind, says = families[name]
            parts += [f"# HELP {name} {says}", f"# TYPE {name} {kind}", *found]
    return "".join(f"{part}\n" for part in parts)


def sample(name: str, value: float, /, **labels: str) -> Sample:
    """One line, its labels escaped. A count that no float can hold, as a foreign record may have, is infinite."""
    inside = ",".join(f'{label}="{quoted(text)}"' for label, text in labels.items())
    try:
        shown = f"{value:.15g}"
    except OverflowError:
        shown = "+Inf" if value > 0 else "-Inf"
    return name, f"{name}{{{inside}}} {shown}"


def quoted(text: str) -> str:
    """A label's value as the format wants it, with nothing in it that a log reader or a terminal obeys."""
    return inert(escape(text)).replace("\\", "\\\\").replace('"', '\\"')


def _run(document: dict[str, Any], target: str) -> list[Sample]:
    ended = epoch_ms(document["finished_at"]) / 1000
    made = [
        sample("probe_success", document["verdict"] == "GO", target=target),
        *(sample("chatproof_verdict", document["verdict"] == each, target=target, verdict=each) for each in VERDICTS),
        sample("chatproof_last_run_timestamp_seconds", ended, target=target),
        sample("chatproof_last_run_narrowed", bool(document.get("narrowed")), target=target),
        sample("chatproof_last_run_tokens", document["cost"]["tokens_reported"], target=target),
    ]
    paid = document["cost"]["billable_requests"]
    for billable, count in (("true", paid), ("false", document["cost"]["requests"] - paid)):
        made.append(sample("chatproof_last_run_requests", max(count, 0), target=target, billable=billable))
    if document["kind"] != _CAPTURED:  # of a capture, these are the times of its judging
        began = epoch_ms(document["started_at"]) / 1000
        made.append(sample("probe_duration_seconds", round(max(ended - began, 0.0), 3), target=target))
    return made


def _plain_request(document: dict[str, Any], target: str) -> list[Sample]:
    """What the exchange that the others are measured by shows; nothing where none was sent."""
    exchange = next((each for each in document["exchanges"] if each.get("role") == _CONTROL), None)
    if exchange is None:
        return []
    response, peer = exchange["response"], exchange.get("peer")
    made = [*_answer(response, target), *_way(peer, target)]
    if response is not None and peer:
        made.append(sample("probe_http_ssl", bool(peer["tls_version"]), target=target))
    ms = {phase: float(value) for phase, value in exchange["timings_ms"].items() if value is not None}
    for phase, value in ms.items():
        made.append(sample("chatproof_phase_last_seconds", value / 1000, target=target, phase=phase))
    if "dns" in ms:
        made.append(sample("probe_dns_lookup_time_seconds", ms["dns"] / 1000, target=target))
    spent = {phase: ms[own] for phase, own in _PHASES.items() if own in ms}
    if "total" in ms and response is not None:
        spent["transfer"] = max(ms["total"] - sum(spent.values()), 0.0)
    for phase, value in spent.items():
        made.append(sample("probe_http_duration_seconds", round(value / 1000, 6), target=target, phase=phase))
    return made


def _answer(response: dict[str, Any] | None, target: str) -> list[Sample]:
    made = [sample("probe_http_status_code", (response and response["status"]) or 0, target=target)]
    if response is None:
        return made
    said = [value for name, value in response["headers"] if name.lower() == "content-length"]
    length = int(said[0]) if len(said) == 1 and said[0].isascii() and said[0].isdecimal() and len(said[0]) < 16 else -1
    made.append(sample("probe_http_content_length", length, target=target))
    if response["http_version"] in _VERSIONS:
        made.append(sample("probe_http_version", float(response["http_version"]), target=target))
    return made


def _way(peer: dict[str, Any] | None, target: str) -> list[Sample]:
    """Whom we spoke to: address, TLS version, end of the certificate."""
    if not peer:
        return []
    made = [sample("probe_ip_protocol", 6 if ":" in peer["address"] else 4, target=target)]
    if version := _TLS.get(peer["tls_version"]):
        made.append(sample("probe_tls_version_info", 1, target=target, version=version))
    certificate = peer["certificate"]
    if certificate:
        try:
            ends = epoch_ms(certificate["not_after"]) / 1000
        except (ValueError, OverflowError):  # a certificate may say any year
            return made
        made.append(sample("probe_ssl_earliest_cert_expiry", ends, target=target))
    return made


def _judgement(document: dict[str, Any], target: str) -> list[Sample]:
    made = []
    held, _ = held_of(document)
    levels = {finding["clause"]: finding["level"] for finding in document["findings"]}
    broken = {finding["clause"] for finding in document["findings"] if finding["outcome"] == "broken"}
    for clause, level in levels.items():
        if clause in held or clause in broken:
            value = clause not in broken
            made.append(sample("chatproof_clause_held", value, target=target, clause=clause, level=level))
    for diagnosis in document["diagnoses"][:1]:
        labels = {"target": target, "code": diagnosis["code"], "owner": diagnosis["owner"]}
        made.append(sample("chatproof_diagnosis_info", 1, **labels))
    return made
