"""Errors as PowerShell 7 shows them: the place in a script, the line, a row of tildes, and what went wrong behind bars.

    Invoke-RestMethod: script.ps1:50:5
    Line |
      50 |      Invoke-RestMethod @params
         |      ~~~~~~~~~~~~~~~~~~~~~~~~~
         | 400 Bad Request

Behind the bars stand a status, the server's JSON, or words of the server that a module took out of it.
"""

import re
from collections.abc import Iterator

from chatproof.captures import app_errors, own_words, trouble
from chatproof.captures.told import PHRASES, Told, api_url, as_body, body_after
from chatproof.evidence.provider_error import ProviderError, by_words

NAME = "an error that PowerShell shows"
_SHOWN = re.compile(
    r"(?m)^[\w -]{1,80}: ?[^\n]{0,400}\n[ \t]*Line \|[ \t]*\n[ \t]*\d+ \|[^\n]{0,400}\n[ \t]*\| +~+[ \t]*\n"
    r"((?:[ \t]*\| ?[^\n]{0,2000}(?:\n|\Z)){1,60})"
)
_BAR = re.compile(r"(?m)^[ \t]*\| ?")
_STATUS = re.compile(rf"\b([45]\d\d) \(?(?:{PHRASES})\b|does not indicate success: ([45]\d\d)\b", re.IGNORECASE)
_MOST = 20


def looks_like(text: str) -> bool:
    return next(pieces(text), None) is not None


def pieces(text: str) -> Iterator[Told]:
    """What each error in the text tells of a reply, or why there was none."""
    for shown in [*_SHOWN.finditer(text)][:_MOST]:
        told = _told(_BAR.sub("", shown[1]).strip())
        if told.is_anything:
            url, method = api_url(text)
            yield told._replace(url=url, method=method)


def _told(words: str) -> Told:
    found = _STATUS.search(words)
    status = int(found[1] or found[2]) if found else 0
    at = words.find("{")
    body = body_after(words, at) if at >= 0 else None
    body = body or app_errors.members(words)
    if status or body is not None:
        return Told(status, body)
    line = " ".join(words.split())
    if by_words(ProviderError("$", line, "", "", "")) not in ("unknown", "upstream") and not own_words.kind(line):
        return Told(body=as_body({"error": {"message": line}}))
    return Told(fault=trouble.by_words(line, "the client"))
