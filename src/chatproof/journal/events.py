"""What an entry of a journal records, and the error that every use of a journal may raise."""

from chatproof.printable import escape

NONE = "none"
STARTED, FINISHED, IMPORTED, SIGNED, PRUNED = "started", "finished", "imported", "signed", "pruned"
"""What an entry records. `imported` is a run that another journal or machine saw."""


class JournalError(Exception):
    """A journal cannot be used, or does not have what was asked for. Texts never hold a password.

    `code` is one of: journal.locked, journal.corrupt, journal.newer, journal.foreign (the file is something else's),
    journal.unwritable, journal.unreachable, journal.missing, journal.url, journal.extra (psycopg is not installed),
    run.unknown, run.ambiguous, run.malformed.
    """

    def __init__(self, code: str, detail: str, advice: str = "") -> None:
        from chatproof.key_form import without  # a path or a selector that is quoted may be a key

        self.code, self.detail, self.advice = code, escape(without(detail)), escape(without(advice))
        super().__init__(self.detail)

    @property
    def is_usage(self) -> bool:
        """The command line asked for what cannot be: exit status 2. Else the journal itself is in trouble: 4."""
        return self.code in _USAGE


_USAGE = ("journal.unwritable", "journal.missing", "journal.url", "journal.extra", "journal.foreign",
          "run.unknown", "run.ambiguous", "run.malformed")  # fmt: skip
