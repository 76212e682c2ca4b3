"""A curl command as it stands in a terminal, and what it printed below: a body without its head (no -i, no -v).

The status is not told. What stands below is taken for the reply where only a reply looks so: JSON, an event stream, a
page, or words that say what only a server or gateway says. `echo $?` tells how curl itself ended.
"""

import json
import re
from collections.abc import Iterator

from chatproof.captures import curl_command, trouble
from chatproof.captures.told import Told
from chatproof.evidence.provider_error import ProviderError, by_words

NAME = "a curl command and what it printed"
_LOOKED_AT = 256 * 1024
_MOST_COMMANDS = 8
_COMMAND = re.compile(r"(?m)^[^\n]{0,200}?(?:^|[\s$#%>;&|(])curl(?:\.exe)?\s+(?=\S)")
_PROMPT = re.compile(r"[^\s{}<>\"']{0,80}(?:[ ~/][^\n{}<>\"']{0,60})?[$#%❯➜] ?")
_METER = re.compile(r"\s*(?:% Total\b|Dload\b|\d+ +[\d.kMG]+ +\d).*")
_OF_A_STREAM = re.compile(r"(?:data|event|id|retry)?:|\s*$")
_EXIT = re.compile(r"echo \$\?[ \t]*\n\s*(\d{1,3})[ \t]*(?:\n|$)")
_FAILED = re.compile(r"(?m)^(curl: \(\d{1,3}\) [^\n]{3,400})$")
_ENDS = {  # of curl's numbers those that have one meaning, with curl's sentence
    6: "Could not resolve host",
    7: "Failed to connect",
    18: "transfer closed with outstanding read data remaining",
    28: "Operation timed out",
    52: "Empty reply from server",
}
_LINES = 12  # of a reply in plain words


def looks_like(text: str) -> bool:
    return next(pieces(text), None) is not None


def pieces(text: str) -> Iterator[Told]:
    """Each command whose output follows, in order."""
    text = text[:_LOOKED_AT]
    places = [found.end() for found in _COMMAND.finditer(text)][:_MOST_COMMANDS]
    for number, place in enumerate(places):
        end = _end(text, place)
        after = text[end : places[number + 1] if number + 1 < len(places) else len(text)]
        asked = curl_command.command(text[:end].encode("utf-8", "surrogatepass"))
        if asked is None or not after.strip():
            continue
        status = _EXIT.search(after)
        failed = _FAILED.search(after)
        said = failed[1] if failed else f"curl: {_ENDS.get(int(status[1]), '')}" if status else ""
        fault = trouble.by_words(said, "curl" if failed else "curl's exit status") if said else None
        body = _body("\n".join(line for line in after.split("\n") if not _METER.fullmatch(line)).lstrip("\n"))
        if body or fault:
            yield Told(body=body, method=asked.method, url=asked.url, posted=asked.body, fault=fault)


def _end(text: str, at: int) -> int:
    """Where the command line ends: at a line end that is neither quoted nor escaped."""
    quote = ""
    while at < len(text):
        char = text[at]
        if quote:
            at += char == "\\" and quote == '"'
            quote = "" if char == quote else quote
        elif char in "\\^`" and text[at + 1 : at + 2] in ("\n", "\r"):
            at += 1
        elif char in "'\"":
            quote = char
        elif char == "\n":
            return at + 1
        at += 1
    return at


def _body(after: str) -> bytes | None:
    start = after.lstrip()
    if start[:1] in ("{", "["):
        try:
            _, end = json.JSONDecoder().raw_decode(start)
        except (ValueError, RecursionError):
            return None
        return start[:end].encode("utf-8", "surrogatepass")
    if re.match(r"(?:(?::[^\n]*)?\n)*(?:data|event): ?\S", start):  # comments may come first
        kept: list[str] = []
        for line in start.split("\n"):
            if not _OF_A_STREAM.match(line):
                break
            kept.append(line)
        return "\n".join(kept).encode("utf-8", "surrogatepass")
    if re.match(r"(?i)<!doctype html|<html[\s>]", start):
        end = start.lower().rfind("</html>")
        return start[: end + 7].encode("utf-8", "surrogatepass") if end > 0 else None
    lines = [line for line in start.split("\n")[:_LINES] if not _PROMPT.match(line)]
    words = "\n".join(lines).strip()
    told = by_words(ProviderError("$", words, "", "", ""))
    return words.encode("utf-8", "surrogatepass") if told in ("upstream", "header", "path") else None
