"""Text in Markdown that people read raw, too: in mails and forms that render nothing.

What is made of harmless characters alone stays as it is. Everything else stands in code spans: no link, no HTML, no
mention, no end of a table's row; and no character reference, which Slack, Jira and a terminal show as it is written.
"""

import re

from chatproof.printable import cut, escape

_HARMLESS = re.compile(r"[\w .,:;()/+%=-]*", re.ASCII)
_PATHS = re.compile(r"\[\d{0,9}\]|\$(?=\.)")  # of JSON paths: $.choices[0]
_WORD = re.compile(
    r"""["'(]*[A-Za-z]+(?:['-][A-Za-z]+)*["')]*(?:[,;.:!?]+["')]*)?|[0-9]{1,5}(?:,[0-9]{3})*[,;.:)]*|[-–—=→]"""
)
_LISTS = re.compile(r"[-–—=]|[0-9]+[.)]")  # would begin a list or underline a heading
_OPEN, _CLOSE = re.compile(r"\(?"), re.compile(r"\)?[,;:.]?$")
_OWN_SPAN = re.compile(r"`[^`]+`")
_TEXT = 2000
_SPAN = 5  # words of a command
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


def cell(text: str, limit: int = _TEXT) -> str:
    """Untrusted text as a sentence: plain words as they are, whatever else in code spans; a dash for none.

    No character reference: Slack, Jira and a terminal show those as they are written.
    """
    return prose(text, limit) or "–"


def code(text: str, limit: int = 300) -> str:
    """Any text as a code span that no text can end, in a table cell too."""
    text = cut(escape(text), limit).replace("|", "\\x7c").strip()
    if not text:
        return "` `"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    edge = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{edge}{text}{edge}{fence}"


def prose(text: str, limit: int = 600) -> str:
    """A sentence: plain words as they are, runs of others in code spans, with the sentence's own marks outside."""
    parts: list[str] = []
    odd: list[str] = []
    words_of = cut(escape(text), limit).split()
    for number, word in enumerate(words_of):
        # A command of several words between backticks stays one span.
        opened = " ".join(odd).count("`") % 2 and any("`" in each for each in words_of[number : number + _SPAN])
        if not opened and _WORD.fullmatch(word) and (parts or odd or not _LISTS.fullmatch(word)):
            parts += [_spanned(odd, limit), word] if odd else [word]
            odd = []
            continue
        odd.append(word)
        if word[-1] in ",;:":  # a list: each of it in a span of its own
            parts.append(_spanned(odd, limit))
            odd = []
    return " ".join([*parts, _spanned(odd, limit)] if odd else parts)


def _spanned(odd: list[str], limit: int) -> str:
    """Odd words in a code span, brackets around them and a mark at their end outside of it."""
    text = " ".join(odd)
    before = _OPEN.match(text)[0]  # type: ignore[index]
    after = _CLOSE.search(text)[0]  # type: ignore[index]
    inner = text[len(before) : len(text) - len(after)]
    if not inner or ("(" in inner and ")" in after and inner.count("(") > inner.count(")")):
        return code(text, limit)
    if _OWN_SPAN.fullmatch(inner):
        inner = inner[1:-1]  # a code span already
    return f"{before}{code(inner, limit)}{after}"
