"""What differs between two run documents. Pure: for `diff`, `review` and drift, which choose what they show and judge.
What a difference means for a client that moves from one endpoint to another is `migration`'s question.

The differences of a run's surroundings come first: they are what makes the same check pass here and fail there.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from chatproof.contract.surface import CHAT
from chatproof.evidence.json_shape import changes, words

ENVIRONMENT, VERDICT, DIAGNOSIS, FINDING, STATUS, HEADER, BODY, SHAPE, USAGE, WORD, COST, TIMING = (
    "environment", "verdict", "diagnosis", "finding", "status", "header", "body", "shape", "usage", "word", "cost",
    "timing",
)  # fmt: skip
KINDS = {
    ENVIRONMENT: "target and credentials: URL, model, key, headers sent, variables, proxies, address, certificate",
    VERDICT: "GO, NO-GO, UNDECIDED",
    DIAGNOSIS: "a named cause, or its owner",
    FINDING: "a clause's outcome",
    STATUS: "the HTTP status, or the fault instead of a status",
    HEADER: "a response header: its name, or its value if it shows the route",
    BODY: "what the body is: JSON, HTML or another kind, its media type, the HTTP version",
    SHAPE: "a field missing, added, or of another type",
    USAGE: "the same, for the usage fields",
    WORD: "a protocol value such as finish_reason",
    COST: "requests and tokens",
    TIMING: "milliseconds: shown, never checked",
}
"""Every kind of difference, in the order in which they are listed."""

_TARGET = ("base_url", "model", "profile", "name", "environment")
_SURROUNDINGS = (
    "ci", "container", "proxy_used", "proxy_variables_ignored", "variables_set", "trust_variables_ignored", "ca_file",
    "addresses", "python", "platform", "user_agent", "timeout_s", "tz",
)  # fmt: skip
_WORST = ("broken", "undecided", "waived", "holds", "not_applicable", "")
_WORDS = ("finish_reason", "object", "role", "type", "code")
VALUED_HEADERS = ("content-type", "content-encoding", "server", "via", "allow", "location", "www-authenticate")
"""Headers whose values are compared: they name software, route or form, and are the same from reply to reply."""


class Difference(NamedTuple):
    """`path` is where, within the probe's exchange or (probe empty) the run. `a` and `b` are JSON values, None where
    there is nothing. `change` is changed, lost, added or retyped."""

    kind: str
    probe: str
    path: str
    a: Any
    b: Any
    change: str


def differences(a: dict[str, Any], b: dict[str, Any]) -> list[Difference]:
    """All differences, by kind in the order of KINDS. Works on runs without an end (chatproof.started/1), too."""
    found = [*_surroundings(a, b), *_conclusions(a, b), *_costs(a, b)]
    ours, theirs = exchanges(a), exchanges(b)
    for probe in [*ours, *(probe for probe in theirs if probe not in ours)]:
        found += _exchange(probe, ours.get(probe), theirs.get(probe))
    order = list(KINDS)
    return sorted(found, key=lambda difference: order.index(difference.kind))


def exchanges(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The exchanges of a run by probe; the first where a probe was sent more than once."""
    found: dict[str, dict[str, Any]] = {}
    for exchange in document.get("exchanges", ()):
        found.setdefault(exchange["probe"], exchange)
    return found


def _changed(kind: str, probe: str, path: str, a: Any, b: Any) -> Iterator[Difference]:
    if a != b:
        change = "added" if a is None else "lost" if b is None else "changed"
        yield Difference(kind, probe, path, a, b, change)


def _surroundings(a: dict[str, Any], b: dict[str, Any]) -> Iterator[Difference]:
    yield from _changed(ENVIRONMENT, "", "api", a.get("api", CHAT), b.get("api", CHAT))
    for name in _TARGET:
        yield from _changed(ENVIRONMENT, "", f"target.{name}", a["target"].get(name), b["target"].get(name))
    ours, theirs = a["target"].get("key") or {}, b["target"].get("key") or {}
    for name in ("source", "length", "fingerprint"):
        yield from _changed(ENVIRONMENT, "", f"target.key.{name}", ours.get(name), theirs.get(name))
    ours, theirs = a.get("environment", {}), b.get("environment", {})
    if ours and theirs:
        for name in (*_SURROUNDINGS, *sorted({*ours, *theirs}.difference(_SURROUNDINGS))):
            yield from _changed(ENVIRONMENT, "", f"environment.{name}", ours.get(name), theirs.get(name))
    for name in ("version", "contract"):
        yield from _changed(ENVIRONMENT, "", f"tool.{name}", a["tool"].get(name), b["tool"].get(name))
    yield from _changed(ENVIRONMENT, "", "kind", a["kind"], b["kind"])
    yield from _changed(ENVIRONMENT, "", "narrowed", a.get("narrowed") or None, b.get("narrowed") or None)


def _conclusions(a: dict[str, Any], b: dict[str, Any]) -> Iterator[Difference]:
    yield from _changed(VERDICT, "", "verdict", a.get("verdict"), b.get("verdict"))
    ours, theirs = ({d["code"]: d["owner"] for d in run.get("diagnoses", ())} for run in (a, b))
    for code in dict.fromkeys([*ours, *theirs]):
        yield from _changed(DIAGNOSIS, "", code, ours.get(code), theirs.get(code))
    before, after = _outcomes(a), _outcomes(b)
    for probe, clause in dict.fromkeys([*before, *after]):
        yield from _changed(FINDING, probe, clause, before.get((probe, clause)), after.get((probe, clause)))


def _outcomes(document: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Outcome by probe and clause; the worst where a clause was judged on several exchanges of a probe."""
    found: dict[tuple[str, str], str] = {}
    for finding in document.get("findings", ()):
        at = (finding["probe"], finding["clause"])
        if _WORST.index(finding["outcome"]) < _WORST.index(found.get(at, _WORST[-1])):
            found[at] = finding["outcome"]
    return found


def _costs(a: dict[str, Any], b: dict[str, Any]) -> Iterator[Difference]:
    ours, theirs = a.get("cost", {}), b.get("cost", {})
    for name in dict.fromkeys([*ours, *theirs]):
        yield from _changed(COST, "", f"cost.{name}", ours.get(name), theirs.get(name))


def _exchange(probe: str, a: dict[str, Any] | None, b: dict[str, Any] | None) -> Iterator[Difference]:
    yield from _changed(STATUS, probe, "status", _said(a), _said(b))
    if a is None or b is None:
        return
    for name in ("method", "path", "header_names", "summary"):
        yield from _changed(ENVIRONMENT, probe, f"request.{name}", _asked(a, name), _asked(b, name))
    ours, theirs = a.get("peer") or {}, b.get("peer") or {}
    for name in ("address", "tls_version"):
        yield from _changed(ENVIRONMENT, probe, f"peer.{name}", ours.get(name) or None, theirs.get(name) or None)
    ours, theirs = ours.get("certificate") or {}, theirs.get("certificate") or {}
    for name in ("subject", "issuer", "not_after"):
        yield from _changed(ENVIRONMENT, probe, f"peer.certificate.{name}", ours.get(name), theirs.get(name))
    for phase in ("total", "first_byte"):
        yield from _changed(TIMING, probe, f"timings_ms.{phase}", a["timings_ms"][phase], b["timings_ms"][phase])
    if a["response"] and b["response"]:
        yield from response_differences(probe, a["response"], b["response"])


def _asked(exchange: dict[str, Any], name: str) -> Any:
    """A part of the request. Of the URL its path alone: host and port are the target's, and said once."""
    request = exchange["request"]
    if name != "path":
        return request[name]
    return "/" + request["url"].partition("://")[2].partition("/")[2]


def _said(exchange: dict[str, Any] | None) -> int | str | None:
    """The status, else the fault's code; None when nothing was sent."""
    if exchange is None:
        return None
    if exchange["fault"]:
        return str(exchange["fault"]["code"])
    return exchange["response"]["status"] if exchange["response"] else None


def response_differences(probe: str, a: dict[str, Any], b: dict[str, Any]) -> Iterator[Difference]:
    """What differs between two responses to one probe."""
    ours, theirs = ({**dict.fromkeys(r["header_names"], ""), **_values(r)} for r in (a, b))
    for name in dict.fromkeys([*ours, *theirs]):
        yield from _changed(HEADER, probe, name, ours.get(name), theirs.get(name))
    for name in ("http_version", "media_type", "model"):
        yield from _changed(BODY, probe, name, a.get(name) or None, b.get(name) or None)
    yield from _changed(BODY, probe, "body.kind", a["body"]["kind"], b["body"]["kind"])
    yield from shape_differences(probe, a["body"]["shape"], b["body"]["shape"])


def shape_differences(probe: str, a: list[list[str]], b: list[list[str]]) -> Iterator[Difference]:
    """Fields and protocol words. Nothing is said where one of the bodies is no JSON: the body's kind says it."""
    if not a or not b:
        return
    for change in changes(a, b):
        kind = USAGE if change.path.startswith("$.usage") else SHAPE
        yield Difference(kind, probe, change.path, change.before or None, change.after or None, change.kind)
    for name in _WORDS:
        ours, theirs = sorted(words(a, name)), sorted(words(b, name))
        if ours and theirs:  # else the member itself was lost or added
            yield from _changed(WORD, probe, name, ours, theirs)


def _values(response: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in response["headers"] if name.lower() in VALUED_HEADERS}
