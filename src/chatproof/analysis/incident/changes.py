"""What we changed ourselves since the last good run, and whether it can have caused what failed. A table; pure.

A change that explains the failure comes before every question to the account or the vendor: undoing it is the quickest
proof. Two sights speak for a change: the same failure with the former value, and a good run with the new one.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from chatproof.analysis.incident.streak import Run, cause_of
from chatproof.analysis.run_diff import Difference
from chatproof.surfaces import of_run

YES, POSSIBLE, NO = "explains", "possible", "cannot"
_NEVER_REACHED = ("net.dns", "net.refused", "net.unreachable", "net.connect_timeout", "net.proxy", "tls.")
_WRONG_KEYS = ("auth.not_enforced", "auth.error_body", "secret.")  # about requests that do not carry our key


class Kind(NamedTuple):
    """One thing of ours that can change. `explains` and `cannot` are beginnings of diagnosis codes; a code in neither
    is possible. `cannot` is asked first."""

    name: str
    paths: tuple[str, ...]
    value: Callable[[Run], Any]
    explains: tuple[str, ...]
    cannot: tuple[str, ...]
    undo: str


class Change(NamedTuple):
    """A thing of ours that differs between the last good and the first bad run."""

    name: str
    a: Any
    b: Any
    effect: str  # explains, possible, cannot
    evidence: str  # why it cannot, or what else was seen of it
    undo: str


def _target(name: str) -> Callable[[Run], Any]:
    return lambda run: run["target"].get(name)


def _around(name: str) -> Callable[[Run], Any]:
    return lambda run: run.get("environment", {}).get(name)


def _key(run: Run) -> Any:
    return (run["target"].get("key") or {}).get("fingerprint")


def _request(name: str) -> Callable[[Run], Any]:
    return lambda run: next((e["request"].get(name) for e in run.get("exchanges", ())), None)


KINDS = (
    Kind("base URL", ("target.base_url", "request.path"), _target("base_url"), ("",), (), "the former base URL"),
    Kind(
        "key",
        ("target.key.fingerprint", "target.key.length"),
        _key,
        ("auth.", "account.", "model."),
        ("net.", "tls.", "http.", "limit.", "gateway.", "url.", *_WRONG_KEYS),
        "the former key",
    ),
    Kind(
        "model",
        ("target.model",),
        _target("model"),
        ("model.", "request.", "content.", "contract.", "stream.", "account.", "limit.", "net.read_timeout", "server.",
         "auth.permission"),
        (*_NEVER_REACHED, "url.", "http.", "auth.rejected", "auth.header", *_WRONG_KEYS),
        "the former model",
    ),
    Kind(
        "request (method, headers, body)",
        ("request.method", "request.header_names", "request.summary"),
        _request("header_names"),
        ("auth.", "request.", "url.", "contract.", "content.", "stream.", "model."),
        _NEVER_REACHED,
        "the original request",
    ),
    Kind(
        "proxy",
        ("environment.proxy_used",),
        _around("proxy_used"),
        ("net.", "tls.", "http.", "gateway.", "limit.", "url.", "body.", "account.region"),
        ("model.", "account.quota"),
        "the former proxy setting",
    ),
    Kind("CA file", ("environment.ca_file",), _around("ca_file"), ("tls.",), ("",), "the former CA file"),
    Kind(
        "Python", ("environment.python",), _around("python"), (), ("tls.expired", "tls.hostname"), "the former Python"
    ),
    Kind(
        "timeout",
        ("environment.timeout_s",),
        _around("timeout_s"),
        ("limit.deadline", "net.read_timeout", "net.connect_timeout", "net.write_timeout"),
        ("",),
        "the former timeout",
    ),
)  # fmt: skip
"""What of ours decides what a server sees of us, the most telling first."""
_OTHER = Kind("", (), lambda run: None, (), (), "the former setting")


def changes(
    ours: tuple[Difference, ...], bad: Run, failing: tuple[Run, ...], after: tuple[Run, ...]
) -> tuple[Change, ...]:
    """The changes of ours that matter, the explaining ones first. `failing` is the streak, `after` the good runs in it
    and since."""
    found: dict[str, Change] = {}
    for difference in ours:
        kind = next((kind for kind in KINDS if difference.path in kind.paths), _OTHER)
        name = kind.name or difference.path
        if name in found:
            continue
        effect, evidence = _effect(kind, difference, bad, failing, after)
        a, b = difference.a, difference.b
        if difference.path == "target.key.length":
            a, b = f"{a} characters", f"{b} characters"
        found[name] = Change(name, a, b, effect, evidence, kind.undo)
    order = (YES, POSSIBLE, NO)
    return tuple(sorted(found.values(), key=lambda change: order.index(change.effect)))


def _effect(
    kind: Kind, difference: Difference, bad: Run, failing: tuple[Run, ...], after: tuple[Run, ...]
) -> tuple[str, str]:
    code = cause_of(bad)
    if kind is not _OTHER:
        former = kind.value(bad) != difference.a and [
            run for run in failing if kind.value(run) == difference.a and cause_of(run) == code
        ]
        if former:
            return NO, f"{former[-1]['run_id']} failed in the same way with the old value"
        since = [run for run in after if kind.value(run) == kind.value(bad)]
        if since:
            return NO, f"{since[0]['run_id']} passed with the new value"
    if kind.name == "timeout" and _number(difference.b) >= _number(difference.a):
        return NO, "it was made longer"
    if kind.name == "model" and code.startswith("gateway.") and _listing_fails(bad):
        return NO, f"the listing of models, which does not name a model, failed as well ({code})"
    explained = code.startswith(kind.explains) if kind.explains else False
    if code.startswith(kind.cannot) and not (explained and "" in kind.cannot):
        return NO, f"it cannot cause {code}"
    return (YES if explained else POSSIBLE), ""


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _listing_fails(run: Run) -> bool:
    """The listing of models got no answer of an API, either."""
    listing = of_run(run).listing
    for exchange in run.get("exchanges", ()):
        if exchange["probe"] == listing:
            response = exchange["response"]
            return bool(exchange["fault"]) or response is None or int(response["status"] or 0) >= 500
    return False


def held_to_more(good: Run, bad: Run) -> list[str]:
    """The clauses that broke the bad run, where the good one was not held to any of them: not judged there, not
    required, or broken already. Empty where one of them held before."""
    broken = [f for f in bad.get("findings", ()) if f["outcome"] == "broken" and f["level"] == "must"]
    held = {(f["clause"], f["probe"]) for f in good.get("findings", ()) if f["outcome"] == "holds"}
    if any((f["clause"], f["probe"]) in held for f in broken):
        return []
    return list(dict.fromkeys(f["clause"] for f in broken))
