"""Heads of replies that Python's clients read and Node's fetch refuses: the clause's words, and what to do then."""

from chatproof.values import NamedTuple


class Flaw(NamedTuple):
    """One reason for which Node refuses a head.

    - `at`, `expected`: the finding's place, which tells the reasons apart, and what should stand there
    - `summary`, `next_step`: the diagnosis
    """

    at: str
    expected: str
    summary: str
    next_step: str


LARGEST = 16 * 1024  # bytes of a head, names and values and what parts them: Node's own limit
_REFUSED = "Node's fetch refuses the head of a reply:"
_UNTIL_THEN = "Clients on Node fail until then; Python's and curl read it."

TWO_LENGTHS = Flaw(
    "header Content-Length",
    "one line",
    f"{_REFUSED} it gives its length more than once",
    f"Find which proxy adds a Content-Length to headers that have one already, and have it write one. {_UNTIL_THEN}",
)
LARGE = Flaw(
    "size of the head",
    f"at most {LARGEST:,} bytes",
    f"{_REFUSED} it is larger than 16 KiB",
    "Look for headers that grow with each request or hop (cookies, traces, copied prompts), and remove them. "
    f"{_UNTIL_THEN}",
)
FOLDED = Flaw(
    "header lines",
    "each header in one line",
    f"{_REFUSED} a header goes on in the next line",
    "Find which server or proxy writes a header's value over several lines (a long policy, a certificate, a trace), "
    f"and have it write one line. {_UNTIL_THEN}",
)
BARE = Flaw(
    "line ends of the head",
    "CR and LF",
    f"{_REFUSED} its lines end with LF alone",
    f"Find which server or proxy writes headers as text, and end each line with CR and LF. {_UNTIL_THEN}",
)
FLAWS = {flaw.at: flaw for flaw in (TWO_LENGTHS, LARGE, FOLDED, BARE)}
