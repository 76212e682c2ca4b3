"""Recorded incidents as files: who changed what, when, with which effect, and the right conclusion beside them.

A `[[run]]` is a run of `production` at 0.2.0 as ours is below, save what it names; its reply is one of `REPLIES` or a
`fault` for all requests. `[conclusion]`: whether it still stands, whose it is, the runs that it rests on (counted from
one), and words that it has or does not have.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

from chatproof.wire.exchange import Fault
from tests.journal_support import SURROUNDINGS
from tests.support import COMPLETION, play

FOLDER = Path(__file__).parent / "incidents"
STORIES = sorted(FOLDER.glob("*.toml"))
OWNERS = {
    "ours": ("you",),
    "theirs": ("provider", "gateway", "network"),
    "account": ("account",),
    "unknown": ("unknown",),
    "not ours": ("provider", "gateway", "network", "unknown"),
    "nobody": ("",),
}
DAY = "2026-11-22"
ERROR = '{{"error":{{"message":"{}","type":"{}","param":null,"code":{}}}}}'
PAGE = "502 text/html\n\n<html><body><h1>502 Bad Gateway</h1></body></html>"


def error(status: int, message: str, code: str | None = None, kind: str = "invalid_request_error") -> str:
    return f"{status} application/json\n\n" + ERROR.format(message, kind, json.dumps(code))


REPLIES: dict[str, dict[str, str]] = {
    "good": {},
    "null-choices": {"happy": '200 application/json\n\n{"id":"c1","object":"chat.completion","choices":null}'},
    "error-beside-choices": {
        "happy": "200 application/json\n\n" + COMPLETION[:-1] + ',"error":{"message":"overloaded","code":"x"}}'
    },
    "html-502": {"all": PAGE},
    "quota": {
        "happy": error(
            429,
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
            "insufficient_quota",
        )
    },
    "crash": {
        "happy": error(500, "The server had an error while processing your request.", None, "server_error"),
    },
    "rate": {
        "happy": error(429, "Rate limit reached for requests.", "rate_limit_exceeded", "rate_limit_error"),
    },
    "unsupported": {
        "happy": error(400, "Unsupported parameter: stream.", "unsupported_parameter"),
    },
    "rejected": {"all": error(401, "Incorrect API key provided.", "invalid_api_key")},
    "no-such-model": {"happy": error(404, "The model `gpt-y` does not exist.", "model_not_found")},
}


def load(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def documents(story: dict[str, Any]) -> list[dict[str, Any]]:
    """The run documents of a story, in its order."""
    return [document(number, told) for number, told in enumerate(story["run"], 1)]


def document(number: int, told: dict[str, Any]) -> dict[str, Any]:
    replies: dict[str, Any] = {"all": Fault(*told["fault"])} if "fault" in told else REPLIES[told.get("reply", "good")]
    options = {name: told[name] for name in ("model", "strict") if name in told}
    made = play(replies, base=told.get("base_url", "https://llm.test/v1"), **options)
    run: dict[str, Any] = copy.deepcopy(made.record.document)
    run["run_id"] = f"smoke-{DAY.replace('-', '')}-{told['at'].replace(':', '')}00-{number:06x}"
    run["started_at"], run["finished_at"] = f"{DAY}T{told['at']}:00.000Z", f"{DAY}T{told['at']}:01.000Z"
    run["smoke_test_run"]["run_id"] = run["run_id"]
    key = hashlib.sha256(told.get("key", "first").encode()).hexdigest()[:8]
    run["target"] |= {"name": told.get("target", "production"), "environment": told.get("environment", "production")}
    run["target"]["key"] = {"source": "env:CHATPROOF_API_KEY", "length": 40, "fingerprint": key}
    run["tool"]["version"] = told.get("version", "0.2.0")
    if "version" in told:
        run["tool"]["contract"] = hashlib.sha256(told["version"].encode()).hexdigest()
    run["environment"] = SURROUNDINGS | {
        "ci": "yes" if told.get("environment") == "ci" else "",
        "proxy_used": told.get("proxy", False),
        "ca_file": told.get("ca_file", ""),
        "timeout_s": told.get("timeout", 30.0),
    }
    run["environment"]["python"] = told.get("python", run["environment"]["python"])
    run["narrowed"], run["kind"] = told.get("narrowed", []), told.get("kind", "smoke")
    for clause in told.get("without", ()):
        run["findings"] = [f for f in run["findings"] if f["clause"] != clause]
        run["diagnoses"] = [d for d in run["diagnoses"] if clause not in d["clauses"]]
        run["verdict"] = (
            "NO-GO" if any(f["outcome"] == "broken" and f["level"] == "must" for f in run["findings"]) else "GO"
        )
    return run


def wrong(conclusion: dict[str, Any], ids: list[str], told: dict[str, Any]) -> list[str]:
    """What a review says otherwise than the story's conclusion; empty when it is right."""
    verdict = told.get("verdict") or {}
    text = " ".join(str(part) for part in verdict.values())
    found = []
    for name in ("last_good", "first_bad", "recovered"):
        if name in conclusion:
            run = (told.get(name) or {}).get("run_id")
            if run != ids[conclusion[name] - 1]:
                found.append(f"{name} is run {ids.index(run) + 1 if run in ids else None}, not {conclusion[name]}")
    if verdict.get("owner") not in OWNERS[conclusion["owner"]]:
        found.append(f"owner is {verdict.get('owner')}, not {conclusion['owner']}")
    if "standing" in told and told["standing"] != conclusion.get("standing", True):
        found.append(f"standing is {told['standing']}")
    found += [f"does not say {p}" for p in conclusion.get("names", ()) if not re.search(p, text, re.I)]
    found += [f"says {p}" for p in conclusion.get("never", ()) if re.search(p, text, re.I)]
    return [f"{line}: {text}" for line in found]
