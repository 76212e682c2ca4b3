"""Which runs are listed."""

from typing import NamedTuple


class Filters(NamedTuple):
    """Which runs to list; empty fields select nothing out. Times are RFC 3339 UTC prefixes, compared with the start."""

    target: str = ""  # the target's name, its base URL, or its profile
    verdict: str = ""  # GO, NO-GO, UNDECIDED, or NONE for runs without an end
    clause: str = ""  # a clause, or a family, that was broken or undecided
    code: str = ""  # a diagnosis code, or a family
    since: str = ""
    until: str = ""
    environment: str = ""
    kind: str = ""
    model: str = ""
    subject: str = ""  # exactly this base URL: see entry.subject_of
    name: str = ""  # exactly this target's name
    whole: bool = False  # no narrowed run
    api: str = ""  # the API that was asked
    limit: int = 0  # newest first; 0: all


ALL = Filters()
