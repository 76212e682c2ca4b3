"""Text as people paste it: what a terminal, a log or a Markdown page put around or before the lines is taken off.

Nothing of this was sent by the server, so nothing of it may be judged. What is taken off is said in a note. A file that
is clean already is not touched: raw bytes off the wire stay raw bytes.
"""

import re
from typing import NamedTuple

_MOST = 16 * 1024 * 1024  # a longer file was not pasted by hand
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]{0,300}(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78])")
_BEGINS = rb"(?:HTTP/[0-9.]{1,3} [0-9]{3}|[*><] \S|<-- [\dE]|--> [A-Z]|\* {2,3}\S|curl: \([0-9]{1,3}\))"
# What logs write before each line: GitHub, kubectl, GitLab, Jenkins, Docker Compose, curl --trace-time.
_STAMPS = (
    re.compile(
        rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
        rb"(?: \d\d[OE][+ ]?| std(?:out|err) [FP])?[ \t]?"
    ),
    re.compile(rb"\[\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\] ?"),
    re.compile(rb"\[?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]? "),
    re.compile(rb"[A-Za-z0-9_.@-]{1,80} {0,40}\|(?: |$)"),
    re.compile(rb"\[(?:pod/)?[\w.-]{1,120}/[\w.-]{1,120}\](?: |$)"),
    re.compile(
        rb"<\d{1,3}>[ \t]{0,4}(?:[\w$]{1,60}\.){0,8}[\w$]{1,60}[ \t]{1,20}"
    ),  # syslog's level, and a logger's name
    re.compile(rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]{1,100} [\w./@-]{1,60}(?:\[\d{1,9}\])?:(?: |$)"),
    re.compile(rb"(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?(?: \d{4})?(?: |$)"),  # ts, date
    re.compile(rb"(?:[\w.-]{1,100} )?[\w./@-]{1,60}\[[\w.-]{1,60}\]:(?: |$)"),  # behind a time: journald, Heroku
)
_FENCE = re.compile(  # Markdown's; Jira's; a forum's
    rb"^[ \t]*(?:`{3,}[^\n]*|~{3,}[^\n]*|\{(?:noformat|code)(?::[^}\n]{0,60})?\}[ \t\r]*|"
    rb"\[/?(?:code|quote)[^\]\n]{0,40}\][ \t\r]*|</?(?:pre|code)>[ \t\r]*)(?:\n|\Z)",
    re.MULTILINE,
)
_HEAD = re.compile(
    rb"(HTTP/[0-9.]{1,3} [0-9]{3}[^\r\n]{0,80}\n(?:[A-Za-z][\w-]{0,60}:[^\r\n]{0,8000}\n){0,100})[ \t]{1,8}\n"
)


_NO_BLANK = re.compile(  # no header begins like a document or an event
    rb"(?m)^(HTTP/[0-9.]{1,3} [0-9]{3}[^\r\n]{0,80}\n"
    rb"(?:(?!data: ?[\[{]|event: ?\w)[A-Za-z][\w-]{0,60}:[^\r\n]{0,8000}\n){0,100})"
    rb"(?=[ \t]{0,8}(?:[{\[]|<[!A-Za-z])|data: ?[\[{]|event: ?\w)"
)
_BOXED = re.compile(rb"[ \t]*(?:\xe2\x94[\x82\x83])[ \t]?([^\n]*?)[ \t]*(?:\xe2\x94[\x82\x83])[ \t\r]*")  # │ ┃
_BORDER = re.compile(rb"[ \t]*(?:\xe2[\x94\x95][\x80-\xbf]){2,}[^\n]*")
_REQUEST = re.compile(rb"\s*[A-Z]{3,7} \S{1,2000} HTTP/[0-9]")
_STACKED, _QUOTED = 3, 4  # prefixes before prefixes, quotations of quotations


class Pasted(NamedTuple):
    """The text without what was put around it, and what that was, in words for a note."""

    data: bytes
    notes: tuple[str, ...] = ()


def clean(data: bytes, *, fences: bool = True) -> Pasted:
    """Take off what a terminal, a log or a page put on the lines; return the same bytes where nothing was."""
    if len(data) > _MOST:
        return Pasted(data)
    notes: list[str] = []
    decoded = _utf16(data)
    if decoded is not None:
        data = decoded
        notes.append("the file is UTF-16, as PowerShell writes it; it was read as text")
    data = data.removeprefix(b"\xef\xbb\xbf")
    steps = (
        _without_escapes,
        *([_without_fences] if fences else []),
        _without_box,
        _without_indent,
        _without_stamps,
        _with_blank_lines,
    )
    for step in steps:
        changed, note = step(data)
        if note:
            data = changed
            notes.append(note)
    return Pasted(data, tuple(notes))


def _utf16(data: bytes) -> bytes | None:
    """UTF-16 as UTF-8; None for what is none. Without a mark at its start: every other byte is zero."""
    head = data[:400]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        coding = "utf-16"
    elif len(head) > 8 and head[1::2].count(0) > 0.9 * len(head[1::2]):
        coding = "utf-16-le"
    elif len(head) > 8 and head[::2].count(0) > 0.9 * len(head[::2]):
        coding = "utf-16-be"
    else:
        return None
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:
        return None
    # Without its mark, a body in UTF-16 is what the server sent: no JSON client reads it, and that is to be said of the
    # server. With it, Windows' PowerShell wrote the file, as it does of all that a command prints.
    told = coding == "utf-16" or re.match(r"\s*(?:HTTP/|\* |curl: \()", text)
    return text.encode("utf-8", "surrogatepass") if told else None


def _without_escapes(data: bytes) -> tuple[bytes, str]:
    """Colours and cursor moves, where they stand in the head of a reply: there the server cannot have put them."""
    head = re.split(rb"\r*\n\r*\n", data[:65536], maxsplit=1)[0]
    doubled = b"\r\r\n" in head
    if b"\x1b" not in head and not doubled:
        return data, ""
    plain = _ESCAPES.sub(b"", data)
    if doubled:
        plain = plain.replace(b"\r\r\n", b"\r\n")
    return plain, "a terminal's colours and line ends were removed" if plain != data else ""


def _without_fences(data: bytes) -> tuple[bytes, str]:
    """The blocks between ``` and ```, one after the other, where the text has such marks at the start of lines."""
    marks = list(_FENCE.finditer(data[: 1 << 20]))
    if not marks or len(marks) > 200:
        return data, ""
    before = data[: marks[0].start()]
    if re.search(rb"(?m)^" + _BEGINS, before):
        return data, ""  # the marks stand inside of a reply: its text may well hold Markdown
    ends = [*marks[1::2]] if len(marks) % 2 == 0 else [*marks[1::2], None]
    blocks = [data[a.end() : b.start() if b else len(data)] for a, b in zip(marks[::2], ends, strict=True)]
    return b"\n".join(blocks), "marks of a Markdown block were removed"


def _without_indent(data: bytes) -> tuple[bytes, str]:
    """White space, or the mark of a quotation, at the start of every line."""
    lines = data.split(b"\n")
    filled = [line for line in lines if line.strip()]
    if not filled:
        return data, ""
    first = filled[0]
    width = len(first) - len(first.lstrip(b" \t"))
    lead = first[:width]
    if width and all(line.startswith(lead) for line in filled):
        plain = b"\n".join(line[width:] if line.strip() else line.strip(b" \t") for line in lines)
        return plain, "an indentation of all lines was removed"
    plain = data
    for _ in range(_QUOTED):  # a mail that quotes a mail
        if len(filled) < 2 or not all(line.startswith(b">") for line in filled):
            break
        plain = b"\n".join(line[2:] if line.startswith(b"> ") else line[1:] for line in plain.split(b"\n"))
        filled = [line for line in plain.split(b"\n") if line.strip()]
        is_request = _REQUEST.match(plain)  # curl -v marks what it sent so
        if not all(line.startswith(b">") for line in filled) and not is_request:
            return plain, "the marks of a quotation were removed"
    return data, ""


def _without_stamps(data: bytes) -> tuple[bytes, str]:
    """Times or names of services before each line of a log."""
    plain = data
    for _ in range(_STACKED):
        stamp = next((stamp for stamp in _STAMPS if _is_before(stamp, plain[:65536])), None)
        if stamp is None:
            break
        plain = re.compile(rb"^(?:" + stamp.pattern + rb")", re.MULTILINE).sub(b"", plain)
    return plain, "a log's prefix before each line was removed" if plain is not data else ""


def _is_before(stamp: re.Pattern[bytes], head: bytes) -> bool:
    """Before each line of the text; or before lines that only a reply or curl has."""
    lines = [line.rstrip(b"\r") for line in head.splitlines() if line.strip()]
    if len(lines) > 1 and all(stamp.match(line) for line in lines):
        return True
    first = re.compile(rb"^" + stamp.pattern + _BEGINS, re.MULTILINE)
    return len(first.findall(head)) > 1 or bool(re.match(rb"\s*" + stamp.pattern + rb"HTTP/", head))


def _with_blank_lines(data: bytes) -> tuple[bytes, str]:
    """The empty line behind a reply's head, where an editor has put a blank into it or a person has left it out."""
    plain = _HEAD.sub(rb"\1\n", data[:65536], count=20) + data[65536:]
    if len(plain) != len(data):
        return plain, "blanks in an empty line were removed"
    plain = _NO_BLANK.sub(rb"\1\n", data[:65536], count=20) + data[65536:]
    return (plain, "the empty line between head and body was put in") if len(plain) != len(data) else (data, "")


def _without_box(data: bytes) -> tuple[bytes, str]:
    """The frame that a program of a terminal draws around what it shows, line by line."""
    lines = data.split(b"\n")
    boxed = [_BOXED.fullmatch(line) for line in lines] if b"\xe2\x94" in data[:65536] else []
    if sum(match is not None for match in boxed) < 2 or data.lstrip().startswith(b"HTTP/"):
        return data, ""
    plain = [
        match[1] if match else line
        for match, line in zip(boxed, lines, strict=True)
        if match or not _BORDER.match(line)
    ]
    return b"\n".join(plain), "the frame around the lines was removed"
