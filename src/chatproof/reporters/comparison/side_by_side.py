"""What two APIs were asked alike, in words: one line for each, those that one API alone was asked about together."""

from typing import Any

NOT_ASKED = "not requested"
TITLES = {"ability": "abilities", "usage": "usage", "refusal": "refusals"}


def rows(candidate: dict[str, Any], sort: str) -> list[dict[str, str]]:
    """The rows of one sort that both sides were asked about."""
    listed = (row for row in candidate.get("side_by_side", ()) if row["sort"] == sort)
    return [row for row in listed if NOT_ASKED not in (row["a"], row["b"])]


def alone(candidate: dict[str, Any]) -> list[tuple[str, str]]:
    """(side, the abilities that only this side was asked about, with their states)."""
    found = []
    for side, other in (("a", "b"), ("b", "a")):
        listed = [row for row in candidate.get("side_by_side", ()) if row[other] == NOT_ASKED]
        if listed:
            label = "A" if side == "a" else candidate["label"]
            found.append((label, ", ".join(f"{row['what']} ({row[side]})" for row in listed)))
    return found
