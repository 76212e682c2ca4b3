"""Secrets that are not ours: keys, tokens and private keys of others, which a server or gateway lets slip.

What we store would spread them. They are known by their form alone: a prefix that vendors gave them so that scanners
find them, and a length that no masked key has. What names begin with, too, is a key only where `key_form` says so.
Imported only when a beginning of one stands in a document (redaction.FOREIGN_STARTS).
"""

import re

from chatproof.key_form import KEY, form

MARK = "[REDACTED:secret]"
_LONGEST = 4096  # characters by which a name is told from a key; no key is longer, and a server may send megabytes
# Every part is possessive or bounded: no text costs more than its length.
_FORMS = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      (?P<word>(?:sk|pk|rk)[-_](?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{20,}+
    | (?:gsk_|xai-|hf_|npm_|pypi-|glpat-|github_pat_|gh[pousr]_)[A-Za-z0-9_-]{20,}+)
    | AIza[A-Za-z0-9_-]{30,}+
    | (?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])
    | xox[abeoprs]-[A-Za-z0-9-]{10,}+
    | SG\.[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+
    | (?<![_-])eyJ[A-Za-z0-9_-]{8,}+\.eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)?+
    )""",
    re.VERBOSE,
)
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")


def without(text: str) -> str:
    """`text` with each of them replaced by MARK. A private key ends with its last line, or with the text."""
    text = _FORMS.sub(_mark, text)
    pieces, at = [], 0
    while begin := _PEM_BEGIN.search(text, at):
        end = _PEM_END.search(text, begin.end())
        pieces += [text[at : begin.start()], MARK]
        at = end.end() if end else len(text)
    return "".join([*pieces, text[at:]])


def _mark(found: "re.Match[str]") -> str:
    """MARK, or the text itself where it is a name: xai-grok-production-large-2026."""
    return found[0] if found["word"] and form(found[0][:_LONGEST]) != KEY else MARK
