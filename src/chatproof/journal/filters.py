"""Which runs are listed."""

from typing import NamedTuple


class Filters(NamedTuple):
    """A choice of runs to list. An empty field excludes no run.

    - `target`: the target's name, its base URL, or its profile
    - `verdict`: GO, NO-GO, UNDECIDED, or NONE for runs that did not end
    - `clause`: a clause, or a family, that was broken or undecided
    - `code`: a diagnosis code, or a family
    - `since`, `until`: prefixes of RFC 3339 UTC times, compared with the start of the run
    - `environment`, `kind`, `model`, `api`: as recorded
    - `subject`: exactly this base URL, normalized
    - `name`: exactly this target's name
    - `whole`: leave narrowed runs out
    - `limit`: the newest so many; 0: all
    """

    target: str = ""
    verdict: str = ""
    clause: str = ""
    code: str = ""
    since: str = ""
    until: str = ""
    environment: str = ""
    kind: str = ""
    model: str = ""
    subject: str = ""
    name: str = ""
    whole: bool = False
    api: str = ""
    limit: int = 0


ALL = Filters()
