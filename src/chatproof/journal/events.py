"""What an entry of a journal records, and the error that every use of a journal may raise."""

from chatproof.printable import escape

NONE = "none"
STARTED, FINISHED, IMPORTED, SIGNED, PRUNED = "started", "finished", "imported", "signed", "pruned"
"""What an entry records. `imported` is a run that another journal or machine saw."""


class JournalError(Exception):
    """A journal that cannot be used, or does not have the requested run. Texts never contain a password.

    - `code`: see below
    - `detail`: what is wrong, in one sentence
    - `advice`: what to do; may be empty

    Codes: journal.locked, journal.corrupt, journal.newer, journal.foreign (the file belongs to another program),
    journal.unwritable, journal.unreachable, journal.missing, journal.url, journal.extra (psycopg is not installed),
    journal.taken (another run has the id of this one), run.unknown, run.ambiguous, run.malformed.
    """

    def __init__(self, code: str, detail: str, advice: str = "") -> None:
        from chatproof.key_form import without  # a path or a selector that is quoted may be a key

        self.code, self.detail, self.advice = code, escape(without(detail)), escape(without(advice))
        super().__init__(self.detail)

    @property
    def is_usage(self) -> bool:
        """True if the command line is at fault (exit status 2), false if the journal itself is (4)."""
        return self.code in _USAGE


_USAGE = ("journal.unwritable", "journal.missing", "journal.url", "journal.extra", "journal.foreign",
          "run.unknown", "run.ambiguous", "run.malformed")  # fmt: skip
