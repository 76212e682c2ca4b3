"""Differences that show over all exchanges of a run: headers that clients and support read, forms of the key, HTTP."""

from chatproof.analysis.comparison.difference import BETTER, CHANGE, NOTE, Difference, Document, Pair
from chatproof.evidence.request_ids import REQUEST_IDS

_LIMITS = ("x-ratelimit-", "ratelimit-", "ratelimit", "x-rate-limit-")


def of_headers(pairs: list[Pair]) -> list[Difference]:
    """Request ids and rate limits: by which names they are found, over the probes that both answered."""
    answered = [pair for pair in pairs if pair.a["response"] and pair.b["response"]]
    probes = tuple(pair.probe for pair in answered)
    ours, theirs = (
        {name for p in answered for name in _side(p, side)["response"]["header_names"]} for side in ("a", "b")
    )
    found = []
    for subject, wanted, effect in (
        ("request id", _ids, CHANGE),
        ("rate limits", _limits, NOTE),
    ):
        a, b = wanted(ours), wanted(theirs)
        if a == b or not (a - b):
            continue  # what B sends in addition needs no change
        if b:
            change = f"Read {', '.join(sorted(b))} instead of {', '.join(sorted(a - b))}."
        elif effect == CHANGE:
            change = "Log your own id with each request: B gives none."
        else:
            change = "Slow down only on 429 and Retry-After: B does not announce limits."
        ours_shown, theirs_shown = (", ".join(sorted(side)) or "none" for side in (a, b))
        found.append(Difference("header", probes[:1], "", ours_shown, theirs_shown, effect, change, (), subject))
    return found


def _side(pair: Pair, side: str) -> Document:
    return pair.a if side == "a" else pair.b


def _ids(names: set[str]) -> set[str]:
    return names & set(REQUEST_IDS)


def _limits(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith(_LIMITS)}


def of_key_form(pair: Pair) -> list[Difference]:
    """A form of the key (no `Bearer`, another header) that is taken on one side only."""
    a, b = (_taken(exchange) for exchange in (pair.a, pair.b))
    if a == b or "" in (a, b):
        return []
    effect = BETTER if b == "taken" else CHANGE
    change = "" if effect == BETTER else "Send the key as `Authorization: Bearer KEY`, in no other form."
    subject = pair.probe.rpartition(".")[2]
    return [Difference("auth", (pair.probe,), "", a, b, effect, change, (), subject)]


def _taken(exchange: Document) -> str:
    response = exchange["response"]
    if exchange["fault"] or response is None or response["status"] >= 500 or response["status"] == 429:
        return ""
    return "taken" if response["status"] < 300 else "refused"


def of_http(pairs: list[Pair]) -> list[Difference]:
    """Versions of HTTP and TLS. An old one is a fact worth knowing, and some clients refuse it."""
    found = []
    for subject, seen in (("HTTP", _http), ("TLS", _tls)):
        a, b = ({value for pair in pairs if (value := seen(_side(pair, side)))} for side in ("a", "b"))
        if not a or not b or a == b:
            continue
        shown_a, shown_b = (", ".join(sorted(side)) for side in (a, b))
        old = subject == "HTTP" and "1.0" in b and "1.0" not in a
        change = "Expect a new connection for each request." if old else ""
        found.append(
            Difference("http", (pairs[0].probe,), "", shown_a, shown_b, CHANGE if old else NOTE, change, (), subject)
        )
    return found


def _http(exchange: Document) -> str:
    return str(exchange["response"]["http_version"]) if exchange["response"] else ""


def _tls(exchange: Document) -> str:
    return str(exchange["peer"]["tls_version"]) if exchange["peer"] else ""
