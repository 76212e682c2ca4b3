"""Text in Markdown that people read raw, too: in mails and forms that render nothing.

What is made of harmless characters alone stays as it is. Everything else is written as character references: no link,
no HTML, no mention, no end of a table's row.
"""

import re

from chatproof.printable import escape

_ESCAPED = frozenset("\\`*_{}[]<>()#+-!|~&:@$^=\"'")
_HARMLESS = re.compile(r"[\w .,:;()/+%=-]*", re.ASCII)
_PATHS = re.compile(r"\[\d{0,9}\]|\$(?=\.)")  # of JSON paths: $.choices[0]
_ACTIVE = re.compile(r"(?:[@#]|://|www\.)+", re.IGNORECASE)
_PLAIN = re.compile(r"[\w(][\w .,:;()/?=&%@#~+-]*[\w./)]", re.ASCII)
_NOT_OURS = str.maketrans({"|": "\\|", "<": "&lt;", "@": "&#64;"})
_LINKS = ("://", "www.", "mailto:")


def words(text: str) -> str:
    """Untrusted text for a paragraph, list item or table cell; a dash for none."""
    shown = escape(text)
    plain = _PATHS.sub("", shown.translate({0x2192: "-", 0x2013: "-", 0x2026: "."}))
    if not _HARMLESS.fullmatch(plain) or (plain[:1] in "-+=" and plain):
        return cell(text)
    if any(link in plain.lower() for link in _LINKS):
        return f"`{shown}`"  # to be read, not to be followed
    return shown or "–"


def own(text: str) -> str:
    """Text of the project's own tables, such as a clause's sentence and its source; in a document that somebody else
    wrote it may be another, so that code spans and the URL of a page are all that it can be."""
    return escape(text).translate(_NOT_OURS).replace("](", "]&#40;") or "–"


def cell(text: str) -> str:
    """Untrusted text with every character that Markdown may read as more than itself as a reference.

    GitHub looks for mentions, issues and links when references are resolved already: what begins one is a code span, or
    the whole text where nothing in it could end the span.
    """
    shown = escape(text)
    if _ACTIVE.search(shown) and _PLAIN.fullmatch(shown):
        return f"`{shown}`"
    parts, at = [], 0
    for found in _ACTIVE.finditer(shown):
        parts += [_references(shown[at : found.start()]), f"`{found[0]}`"]
        at = found.end()
    return "".join([*parts, _references(shown[at:])]) or "–"


def _references(text: str) -> str:
    return "".join(f"&#{ord(char)};" if char in _ESCAPED else char for char in text)
