"""What a run tells, as values with names and types: diagnoses, findings, exchanges.

Each is the object of the run document itself (schema chatproof.run/1): a dictionary whose members can be read as
attributes, too. All texts are redacted.
"""

from typing import Any


class Diagnosis(dict[str, Any]):
    """A named cause of broken or undecided findings. The first one of a run is the main cause."""

    @property
    def code(self) -> str:
        """The stable name of the cause, such as `gateway.error`; `chatproof explain CODE` describes it."""
        return str(self["code"])

    @property
    def summary(self) -> str:
        """The cause in one sentence."""
        return str(self["summary"])

    @property
    def evidence(self) -> list[str]:
        """The observations that show it, one line each."""
        return list(self["evidence"])

    @property
    def owner(self) -> str:
        """The side that can fix it: `you`, `provider`, `gateway`, `network`, or `unknown`."""
        return str(self["owner"])

    @property
    def next_step(self) -> str:
        """The next thing to do, as an instruction."""
        return str(self["next_step"])

    @property
    def confidence(self) -> str:
        """The confidence in the owner: `certain`, `likely`, or `possible`."""
        return str(self["confidence"])

    @property
    def clauses(self) -> list[str]:
        """The ids of the clauses that this explains."""
        return list(self["clauses"])

    def __str__(self) -> str:
        return f"{self.code}: {self.summary} ({self.owner}, {self.confidence}); next: {self.next_step}"


class RecordedFinding(dict[str, Any]):
    """A clause's outcome on one exchange."""

    @property
    def clause(self) -> str:
        """The clause's id, such as `happy.status_200`."""
        return str(self["clause"])

    @property
    def level(self) -> str:
        """`must`, `should`, or `may`: only a broken `must` makes NO-GO."""
        return str(self["level"])

    @property
    def outcome(self) -> str:
        """`holds`, `broken`, `undecided` (not observed: never counted as passed), `not_applicable`, or `waived`."""
        return str(self["outcome"])

    @property
    def probe(self) -> str:
        """The request that the clause was judged on."""
        return str(self["probe"])

    @property
    def exchange(self) -> str:
        """The id of the exchange; empty when there was none."""
        return str(self["exchange"])

    @property
    def at(self) -> str:
        """The place in the reply: a JSON path such as `$.choices[0].message`, or a part of the response."""
        return str(self["at"])

    @property
    def expected(self) -> str:
        """The requirement of the clause."""
        return str(self["expected"])

    @property
    def observed(self) -> str:
        """The value that was observed instead, redacted and bounded."""
        return str(self["observed"])

    @property
    def reason(self) -> str:
        """The reason why it was not judged, does not apply, or is waived; empty otherwise."""
        return str(self["reason"])

    def __str__(self) -> str:
        if self.outcome == "broken":
            return f"{self.clause} failed: expected {self.expected}; observed {self.observed}"
        return f"{self.clause}: {self.outcome}{f', {self.reason}' if self.reason else ''}"


class RecordedExchange(dict[str, Any]):
    """One request with its reply, or with the fault that stopped it."""

    @property
    def id(self) -> str:
        """The name of the exchange within the run: x1, x2, …"""
        return str(self["id"])

    @property
    def probe(self) -> str:
        """The probe that was sent."""
        return str(self["probe"])

    @property
    def sent_at(self) -> str:
        """The time of sending, RFC 3339 UTC; empty if a capture does not show it."""
        return str(self["sent_at"])

    @property
    def method(self) -> str:
        """The request's method."""
        return str(self["request"]["method"])

    @property
    def url(self) -> str:
        """The request's URL."""
        return str(self["request"]["url"])

    @property
    def status(self) -> int | None:
        """The response's HTTP status; None when there was no response."""
        response = self["response"]
        return int(response["status"]) if response and response["status"] else None

    @property
    def request_id(self) -> str:
        """The server's id of this request; empty if the server sends none."""
        response = self["response"]
        return str(response["request_id"]) if response else ""

    @property
    def excerpt(self) -> str:
        """The beginning of the body, only if something in it is broken or undecided; escaped and bounded."""
        response = self["response"]
        return str(response["body"]["excerpt"]) if response else ""

    @property
    def fault(self) -> str:
        """The code of what stopped it, such as `net.read_timeout`; empty for a complete reply."""
        return str(self["fault"]["code"]) if self["fault"] else ""

    @property
    def milliseconds(self) -> float | None:
        """The time from the start to the last byte, in milliseconds; None if it is not known."""
        total = self["timings_ms"]["total"]
        return float(total) if total is not None else None

    def __str__(self) -> str:
        said = f"HTTP {self.status}" if self.status else self.fault or "no response"
        return f"{self.probe}: {self.method} {self.url}: {said}"
