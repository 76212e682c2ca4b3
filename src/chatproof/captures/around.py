"""Where a reply ends in text that a terminal showed, and what stands behind it: words of curl or of the shell.

`curl -i` reads no byte behind Content-Length, so what stands there cannot be the server's. Where no length says where
the body ends, its own form does: a JSON document, `[DONE]`, `</html>`.
"""

import json
import re
from typing import NamedTuple

_JSON_LEAD = re.compile(rb"[ \t\r\n]*")
# A shell's mark of a missing line end, and a prompt.
_PERCENT = re.compile(rb"(?:\x1b\[[0-9;]*m)*[%\xe2][\xe2\x8f\x8e]*[ \t\r]*(?:\n|$)")
_PROMPT = re.compile(rb"[^\r\n{}<>\"]{0,120}[$#%>\xbb\xaf\x9c][ \t]?(?:curl\b[^\n]*)?$")
_TIME = re.compile(
    rb"real\s+[0-9hm.,]+s?|user\s+[0-9hm.,]+s?|sys\s+[0-9hm.,]+s?"
    rb"|.{0,400}[0-9.]+s user [0-9.]+s system .{0,80}total"
    rb"|[0-9.]+user [0-9.]+system .{0,200}|[0-9]+inputs\+[0-9]+outputs .{0,200}"
    rb"|Executed in .{0,200}|\s*(?:usr|sys) time .{0,200}|_{10,}"
)
_CURL = re.compile(rb"curl: \(\d{1,3}\) .{0,400}|\* (?:Connection #|Closing connection|closing connection).{0,200}")
# A prompt, or what kubectl says at an end, directly behind a body without a line end.
_AT_ONCE = re.compile(
    rb"(?:\([\w.-]{1,40}\) ?)?[\w.-]{1,60}@[\w.-]{1,100}[: ][^\r\n{}<>\"]{0,120}[$#%>]"
    rb"[ \t]{0,4}(?:[a-z][^\n]{0,400})?(?:\r?\n|$)"
    rb"|\([\w.-]{1,40}\)[ \t\r]*(?:\n|$)"  # conda's environment, which begins a prompt
    rb"|pod \"[\w.-]{1,100}\" deleted\b[^\n]{0,100}(?:\r?\n|$)"
)
_EXIT = re.compile(rb"(?:\[?(?:exit|process exited with|Process finished with exit)[^\n]{0,60}\d+\]?)")
_WRITTEN_OUT = re.compile(
    rb"[ \t]*(?:[A-Za-z_ ]{0,40}[:=] ?)?[\d.,]{1,20}(?: ?(?:s|ms|bytes|B))?(?:[ \t|,;]+[^\n]{0,200})?[ \t\r]*(?:\n|$)"
)
# What `curl -w '%{http_code}'` and scripts print of the status below a body.
_CODE = re.compile(
    rb"[ \t-]{0,8}(?:HTTP|http)?[ _-]?(?:[Ss]tatus|STATUS)?[ _-]?(?:[Cc]ode|CODE)?[ \t]?[:=]?[ \t]?"
    rb"([1-5]\d\d)[ \t-]{0,8}"
)
_STATUS = re.compile(rb"^HTTP/(?:1\.[01]|2(?:\.0)?|3(?:\.0)?) [0-9]{3}(?: [^\r\n]*)?\r?$", re.MULTILINE)
_MORE_JSON = re.compile(rb"\s*[{]|\s*\[\s*[{\"\[]")  # one document in each line: that is how some servers stream
_EMPTY_LINE = re.compile(rb"[ \t]*\r?\n[ \t]*\r?\n\s*")
_MORE = re.compile(rb"[{\[<]|data:|event:|\Z")  # of a reply: a document more, a page's warning, an event
_SHORTENED = re.compile(
    rb"(?:\.{3}|\xe2\x80\xa6|\[(?:\.{3}|truncated|snip|cut)[^\]\n]{0,40}\]|<snip>)[ \t\r\n]*$", re.IGNORECASE
)


# What a tool writes in place of a body that it does not show: curl on a terminal, Fiddler, HTTPie and xh, Chrome.
_IN_PLACE = re.compile(
    rb"\s*(?:Warning: Binary output can mess up your terminal\b|\*\*\* FIDDLER: |\[\d{1,12} bytes data\]\s*$|"
    rb"\+-{9,80}\+\s*\| NOTE: binary data not shown in terminal \||"
    rb"Failed to load response data\b|This (?:response|request) has no (?:response )?data available\b)"
)
WORDS_BEHIND = "text after the reply, written by curl or the shell, is not judged"
WORDS_BELOW = "the words below the reply are not judged"


class Body(NamedTuple):
    """The body of a reply as it stands in a text, and where the text goes on."""

    data: bytes
    end: int  # offset behind the body
    exact: bool  # its length is what Content-Length says
    whole: bool = True  # it is known to have come to its end
    shown: bool = True  # False: the text holds no byte of it
    note: str = ""


def body(rest: bytes, length: int | None, status: int) -> Body | None:
    """Find the body at the start of `rest`; None where the text says nothing that the framing does not.

    `length` is what Content-Length says of these bytes; None where there is none, or it counts compressed bytes.
    """
    if length is not None and len(rest) >= length and (len(rest) == length or _is_around(rest[length:], status)):
        said = WORDS_BEHIND if rest[length:].strip() and not _STATUS.match(rest[length:].lstrip()) else ""
        return Body(rest[:length], length, True, note=said)
    if length != len(rest) and _IN_PLACE.match(rest[:400]):
        return Body(
            b"", len(rest), False, False, False, "the reply's body is not in the file: a tool's words stand there"
        )
    if length is not None and not rest.strip() and length > len(rest):
        return Body(b"", len(rest), False, False, False, "the reply's body is not in the file")
    region = rest[: _next_reply(rest)]
    end = _own_end(region, status)
    if length is None:
        if end is None:
            return _text(region, len(region) < len(rest))
        return Body(region[:end], end, False, note=WORDS_BEHIND if region[end:].strip() else "")
    if end is not None:
        changed = len(region[:end].strip()) != length
        said = "the JSON was reformatted or shortened, so Content-Length does not match it" if changed else ""
        return Body(region[:end], end, False, note=said)
    text = region.rstrip(b"\r\n")
    for candidate in (region, text):
        if len(candidate) < length == len(candidate.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")):
            return Body(candidate, len(candidate), False)  # line ends that lost their CR on the way here
    if b"\xef\xbf\xbd" in region:
        return Body(b"", len(region), False, False, False, "the body was copied as text, and some bytes were lost")
    if len(region) < length and _SHORTENED.search(region):
        return Body(region, len(region), False, False, note="the body was shortened by hand")
    return None


def document_alone(data: bytes) -> bytes:
    """The JSON document at the start of what a terminal showed, where only a shell's marks follow it; else nothing."""
    end = _json_end(data, 0) if data[:1] in (b"{", b"[") else None
    if end is None:
        return b""
    mark = _PERCENT.match(data, end)
    tail = data[mark.end() if mark else end :]
    lines = [line.strip(b"\r") for line in tail.split(b"\n") if line.strip()]
    is_shells = (mark or lines) and all(_is_of_the_shell(line) or _CODE.fullmatch(line) for line in lines)
    return data[:end] if is_shells else b""


def document_before_words(data: bytes) -> bytes:
    """The JSON document at the start of a text, where whoever pasted it wrote words below it, behind an empty line;
    else nothing. What follows at once may be a program's that went wrong."""
    end = _json_end(data, 0) if data[:1] == b"{" else None
    tail = data[end:] if end is not None else b""
    below = _EMPTY_LINE.match(tail)
    return data[:end] if below and not _MORE.match(tail, below.end()) else b""


def _text(region: bytes, more: bool) -> Body | None:
    cut = _without_tail(region)
    said = WORDS_BEHIND if len(cut) < len(region) else ""
    return Body(cut, len(region), False, whole=more, note=said) if more or said else None


def _next_reply(rest: bytes) -> int:
    """Where the next status line stands that follows a line end; the end of the text where none does."""
    found = _STATUS.search(rest, 1)
    return found.start() if found else len(rest)


def _own_end(region: bytes, status: int) -> int | None:
    """Where a document says itself that it ends, if what follows cannot be the server's."""
    start = _JSON_LEAD.match(region)
    at = start.end() if start else 0
    if region[at : at + 1] in (b"{", b"["):
        end = _json_end(region, at)
    elif b"data: [DONE]" in region or b"data:[DONE]" in region:
        mark = max(region.rfind(b"data: [DONE]"), region.rfind(b"data:[DONE]"))
        line = region.find(b"\n", mark)
        end = len(region) if line < 0 else line + 1
        while region[end : end + 1] in (b"\r", b"\n") and region[end : end + 1]:
            end += 1
    elif region[at : at + 1] == b"<" and b"</html>" in region.lower():
        end = region.lower().rfind(b"</html>") + len(b"</html>")
    else:
        return None
    if end is None:
        return None
    return end if not region[end:] or _is_around(region[end:], status) else None


def _json_end(region: bytes, at: int) -> int | None:
    try:
        text = region[at:].decode("utf-8")
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return at + len(text[:end].encode("utf-8"))


def _is_around(tail: bytes, status: int) -> bool:
    """What directly follows a whole reply is no byte of the server's: a line end and then anything, zsh's mark of a
    missing line end, or what curl's -w wrote: it begins with the status, or with a name and a number."""
    if tail[:1] == b"\n" or tail[:2] == b"\r\n":
        return not _MORE_JSON.match(tail)
    if any(form.match(tail) for form in (_PERCENT, _TIME, _CURL, _AT_ONCE)):
        return True
    first = tail.split(b"\n", 1)[0].strip()
    if not _WRITTEN_OUT.match(tail):
        return False
    return first.startswith(b"%d" % status) or bool(re.match(rb"[A-Za-z_ ]{2,40}[:=]", first))


def _without_tail(region: bytes) -> bytes:
    """A body of no known form without the lines at its end that the shell or curl wrote."""
    lines = region.split(b"\n")
    kept = len(lines)
    while kept and (not lines[kept - 1].strip() or _is_of_the_shell(lines[kept - 1].strip(b"\r"))):
        kept -= 1
    if kept == len(lines) or not any(line.strip() for line in lines[kept:]):
        return region
    return b"\n".join(lines[:kept])


def _is_of_the_shell(line: bytes) -> bool:
    return any(form.fullmatch(line) for form in (_TIME, _CURL, _EXIT, _PROMPT))


def status_behind(tail: bytes) -> int:
    """The status that a line behind a body tells; 0 for none."""
    found = [match for line in tail.splitlines() if (match := _CODE.fullmatch(line))]
    return int(found[0][1]) if len(found) == 1 else 0
