"""Text in Markdown that people read raw, too: in mails and forms that render nothing.

What is made of harmless characters alone stays as it is. Everything else is written as character references: no link,
no HTML, no mention, no end of a table's row.
"""

import re

from chatproof.printable import escape

_ESCAPED = frozenset("\\`*_{}[]<>()#+-!|~&:@$^=\"'")
_HARMLESS = re.compile(r"[\w .,:;()/+%→–…-]*", re.ASCII)
_LINKS = ("://", "www.", "mailto:")


def words(text: str) -> str:
    """Untrusted text for a paragraph, list item or table cell; a dash for none."""
    shown = escape(text)
    plain = shown.translate({0x2192: "-", 0x2013: "-", 0x2026: "."})
    if _HARMLESS.fullmatch(plain) and not any(link in plain.lower() for link in _LINKS) and plain[:1] not in "-+":
        return shown or "–"
    return cell(text)


def own(text: str) -> str:
    """Text of the project's own tables, such as a clause's sentence and its source."""
    return text.replace("|", "\\|") or "–"


def cell(text: str) -> str:
    """Untrusted text with every character that Markdown may read as more than itself as a reference."""
    return "".join(f"&#{ord(char)};" if char in _ESCAPED else char for char in escape(text)) or "–"
