"""What is sent to a help center about one run: a bundle that stands on its own. Pure (schema chatproof.escalation/1).

A contract mismatch is kept apart from degradation (no reply, 5xx, slow): they go to different people, and only the
first can be argued from a document. Requests are built anew from the probes' table: nobody's prompt is passed on.
"""

from typing import Any

from chatproof import __version__
from chatproof.contract.probe import build
from chatproof.contract.surface import Surface
from chatproof.evidence.curl import command
from chatproof.surfaces import of_run
from chatproof.target import profile
from chatproof.wire import urls
from chatproof.wire.exchange import Secret

SCHEMA = "chatproof.escalation/1"
MISMATCH, DEGRADATION = "contract mismatch", "degradation"
SLOW_MS = 10_000.0
_DEGRADED = ("net.", "tls.", "http.", "limit.", "gateway.", "server.", "account.rate_limited")
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")
_OWN_VARIABLE = "CHATPROOF_API_KEY"
_NEVER_TESTED = (
    "load: a handful of requests, each sent once, none retried",
    "other models, other accounts, other regions",
    "wording, token counts, latency, price, quota and uptime: chatproof does not check them",
)


def bundle(run: dict[str, Any], made_at: str) -> dict[str, Any]:
    """The bundle of a run that ended. Everything in it comes from the redacted document."""
    degraded, known, surface = _degraded(run), _profile(run), of_run(run)
    broken = [f for f in run["findings"] if f["outcome"] == "broken" and f["exchange"] not in degraded]
    mismatches = [_mismatch(run, finding, surface) for finding in broken]
    troubled = list(dict.fromkeys([*(m["exchange"] for m in mismatches), *degraded]))
    return {
        "schema": SCHEMA,
        "tool": {"name": "chatproof", "version": __version__, "contract": run["tool"]["contract"]},
        "made_at": made_at,
        "run": {name: run[name] for name in ("run_id", "kind", "started_at", "finished_at", "verdict")},
        "target": {name: run["target"][name] for name in ("name", "profile", "base_url", "model", "environment")},
        "support": known.fact("support", ""),
        "sort": [name for name, found in ((MISMATCH, mismatches), (DEGRADATION, degraded)) if found],
        "cause": next(iter(run["diagnoses"]), None),
        "mismatches": mismatches,
        "degradation": list(degraded.values()),
        "impact": _impact(mismatches, degraded),
        "exchanges": [_exchange(e) for e in run["exchanges"] if e["id"] in troubled],
        "reproduction": _reproduction(
            run, known, surface, [e["probe"] for e in run["exchanges"] if e["id"] in troubled]
        ),
        "not_tested": _not_tested(run),
        "notes": run["notes"],
    }


def _degraded(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Exchanges that tell of the service's state and not of its contract, by id."""
    found = {}
    for exchange in run["exchanges"]:
        response, fault = exchange["response"], exchange["fault"]
        status = (response["status"] or 0) if response else 0
        total = exchange["timings_ms"]["total"]
        codes = _codes(run, exchange["id"])
        if fault:
            said = f"{fault['code']} ({fault['phase']}): {fault['detail']}"
        elif _is_degraded(status, codes):
            said = f"HTTP {status}"
        elif total is not None and total >= SLOW_MS and not codes:
            said = f"slow: {total / 1000:.1f} s for the complete exchange; no clause limits the time"
        else:
            continue
        found[exchange["id"]] = {
            "probe": exchange["probe"],
            "sent_at": exchange["sent_at"],
            "observed": said,
            "total_ms": total,
            "request_id": response["request_id"] if response else "",
        }
    return found


def _is_degraded(status: int, codes: list[str]) -> bool:
    """A status of load or failure, where the diagnosis does not say that it means something else (CometAPI says 503 to
    an unknown model)."""
    named = any(code.startswith(_DEGRADED) for code in codes)
    return named if status in (408, 429) else status >= 500 and (named or not codes)


def _codes(run: dict[str, Any], exchange: str) -> list[str]:
    """Diagnoses of what is wrong with an exchange."""
    wrong = {
        f["clause"] for f in run["findings"] if f["exchange"] == exchange and f["outcome"] in ("broken", "undecided")
    }
    return [d["code"] for d in run["diagnoses"] if wrong & set(d["clauses"])]


def _mismatch(run: dict[str, Any], finding: dict[str, Any], surface: Surface) -> dict[str, str]:
    exchange = next(e for e in run["exchanges"] if e["id"] == finding["exchange"])
    clause = surface.clause(finding["clause"])
    response = exchange["response"] or {"status": None, "request_id": ""}
    return {
        "clause": finding["clause"],
        "level": finding["level"],
        "says": clause.says if clause else "",
        "why": clause.why if clause else "",
        "source": clause.source.url if clause else "",
        "accessed": clause.source.accessed if clause else "",
        "exchange": exchange["id"],
        "probe": finding["probe"],
        "sent_at": exchange["sent_at"],
        "status": str(response["status"] or "unknown"),
        "request_id": response["request_id"],
        "at": finding["at"],
        "expected": finding["expected"],
        "observed": finding["observed"],
    }


def _impact(mismatches: list[dict[str, str]], degraded: dict[str, dict[str, Any]]) -> list[str]:
    said = [f"{m['clause']}: {m['why']}" for m in mismatches if m["level"] == "must" and m["why"]]
    if degraded:
        said.append(f"{len(degraded)} of the requests got no usable answer")
    return list(dict.fromkeys(said))


def _exchange(exchange: dict[str, Any]) -> dict[str, Any]:
    """What was seen of one exchange: the status, headers from the record's allow-list, the excerpt."""
    response = exchange["response"]
    return {
        "probe": exchange["probe"],
        "sent_at": exchange["sent_at"],
        "request": f"{exchange['request']['method']} {exchange['request']['url']}",
        "status": response["status"] if response else None,
        "headers": response["headers"] if response else [],
        "excerpt": response["body"]["excerpt"] if response else "",
        "timings_ms": exchange["timings_ms"],
        "fault": exchange["fault"],
    }


def _profile(run: dict[str, Any]) -> profile.Profile:
    try:
        return profile.load(run["target"]["profile"])
    except profile.ProfileError:
        return profile.load(profile.GENERIC)


def _reproduction(run: dict[str, Any], known: profile.Profile, surface: Surface, wanted: list[str]) -> dict[str, Any]:
    """curl commands for the probes that failed, the key by its variable's name."""
    target = run["target"]
    base = urls.parse_base_url(target["base_url"], allow_http=True)
    if isinstance(base, urls.UrlProblem):
        return {"commands": [], "why_none": "the URL of the requests is not in the run"}
    variable = variable_of(target.get("key"), known.fact("key_variables", ()))
    header = known.fact("auth_header", "Authorization: Bearer")
    timeout = float(run["environment"].get("timeout_s") or 30)
    rows = [row for probe in dict.fromkeys(wanted) if (row := surface.row(probe)) is not None]
    commands = []
    for row in rows:
        key = Secret("by its name") if target.get("key") or run["kind"] == "judge" else None
        request = build(row, base, target["model"] or "MODEL", key, header, "chatproof-reproduction")
        commands.append({"probe": row.id, "does": row.does, "curl": command(request, variable, timeout=timeout)})
    return {"commands": commands, "variable": variable, "why_none": ""}


def variable_of(key: dict[str, Any] | None, known: Any) -> str:
    """The name of the key's variable: the run's own where it had one, else the profile's first."""
    source = str((key or {}).get("source", ""))
    name = source.removeprefix("env:").split(" or ")[0] if source.startswith("env:") else ""
    if name and _NAME.issuperset(name):
        return name
    return next(iter(known), "") or _OWN_VARIABLE


def _not_tested(run: dict[str, Any]) -> list[str]:
    groups: dict[str, list[str]] = {}
    for finding in run["findings"]:
        if finding["outcome"] in ("undecided", "not_applicable", "waived"):
            groups.setdefault(f"{finding['outcome'].replace('_', ' ')}: {finding['reason']}", []).append(
                finding["clause"]
            )
    return [*(f"{', '.join(dict.fromkeys(ids))}: {why}" for why, ids in groups.items()), *_NEVER_TESTED]
