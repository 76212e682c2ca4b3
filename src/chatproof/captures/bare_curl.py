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
_COMMAND = re.compile(
    r"(?m)^[^\n]{0,200}?(?:^|[\s$#%>;&|(])(?:curl(?:\.exe)?|(Invoke-(?:WebRequest|RestMethod)|iwr|irm))\s+(?=\S)"
)
_URI = re.compile(r"[\"'\s](https?://[^\s\"'|]{4,500})")
_METHOD = re.compile(r"(?i)\s-Method[\s:]+[\"']?(\w{3,7})")
_FILTER = re.compile(
    r"\|\s*(?:jq|yq|gron|grep|head|tail|cut|awk|sed)\b(?!(?:\s+-[A-Za-z]+)*\s*(?:[\"']?\.[\"']?\s*)?(?:$|[\n|]))"
)
_PROMPT = re.compile(r"[^\s{}<>\"']{0,80}(?:[ ~/][^\n{}<>\"']{0,60})?[$#%❯➜] ?")
_GLUED = re.compile(  # the next prompt, behind a reply without a line end
    r"(?<=\w)(?:\([\w.-]{1,40}\) ?)?"
    r"(?:\[[\w.-]{1,40}@[^\]\n]{1,80}\]|[a-z_][a-z_-]{0,39}@[\w.-]{1,60}:[~/][^\s#$]{0,80})[#$](?: .*)?$"
)
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
    places = [*_COMMAND.finditer(text)][:_MOST_COMMANDS]
    for number, found in enumerate(places):
        end = _end(text, found.end())
        after = text[end : places[number + 1].end() if number + 1 < len(places) else len(text)]
        asked = _asked(text, found, end)
        if asked is None or not after.strip() or _is_filtered(text[found.end() : end]):
            continue
        status = _EXIT.search(after)
        failed = _FAILED.search(after)
        said = failed[1] if failed else f"curl: {_ENDS.get(int(status[1]), '')}" if status else ""
        fault = trouble.by_words(said, "curl" if failed else "curl's exit status") if said else None
        body = _body("\n".join(line for line in after.split("\n") if not _METER.fullmatch(line)).lstrip("\n"))
        if body or fault:
            yield Told(body=body, method=asked.method, url=asked.url, posted=asked.body, fault=fault)


def reason(text: str) -> str:
    """Why a command's output is no reply: another program has kept only a part of it. Empty where none has."""
    text = text[:_LOOKED_AT]
    for found in [*_COMMAND.finditer(text)][:_MOST_COMMANDS]:
        end = _end(text, found.end())
        if _is_filtered(text[found.end() : end]) and text[end:].strip():
            return (
                "it shows only what a program behind the pipe (jq, grep, head, …) kept of a reply; capture the whole "
                "reply with: curl -sS -i …"
            )
    return ""


def _is_filtered(command: str) -> bool:
    """The output goes through a program that keeps a part of it; `jq .` keeps all."""
    return bool(_FILTER.search(command))


def _asked(text: str, found: re.Match[str], end: int) -> curl_command.Command | None:
    """What a command line of curl, or of PowerShell, asks for."""
    if not found[1]:
        return curl_command.command(text[:end].encode("utf-8", "surrogatepass"))
    line = text[found.end() : end]
    uri, method = _URI.search(f" {line}"), _METHOD.search(line)
    return curl_command.Command(method[1].upper() if method else "GET", uri[1], (), None) if uri else None


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
    alone = [_GLUED.sub("", line) for line in start.split("\n")[:_LINES]]
    words = "\n".join(line for line in alone if not _PROMPT.match(line)).strip()
    told = by_words(ProviderError("$", words, "", "", ""))
    return words.encode("utf-8", "surrogatepass") if told in ("upstream", "header", "path") else None
