"""Errors as languages print them without JSON: Swift's structs, Kotlin's data classes, Dart's exceptions, Erlang, and
maps whose texts have no quotation marks, as Go, Java, Dart, C# and PowerShell write them.

`APIError(message: "…", type: "…", param: nil, code: Optional("…"))` and `OpenAIErrorDetails(code=…, message=…)` are the
server's error, read into values, as is `map[code:… message:…]`;
`{ok,{{"HTTP/1.1",401,"Unauthorized"},[…],"…"}}` is a whole reply.
"""

import re
from collections.abc import Iterator

from chatproof.captures import own_words
from chatproof.captures.told import Told, as_body
from chatproof.evidence.provider_error import ProviderError, by_words

NAME = "an error that a program printed as a structure"
_LOOKED_AT = 64 * 1024
_MOST = 20
_LONGEST = 8000  # characters of one structure's members
_OPENS = re.compile(
    r"\b[A-Z][\w.]{0,80}(?:Error|Exception|Details|Failure|Response)\w{0,20}\((?=[^()]{0,400}\bmessage ?[:=])"
)
_MEMBER = re.compile(
    r"(?:^|[(,]) ?(?P<name>message|type|param|code|status|statusCode) ?[:=] ?"
    r'(?:(?:Optional\()?"(?P<quoted>(?:[^"\\]|\\.){0,4000})"\)?|(?P<plain>[^"].{0,4000}?)(?=, ?\w{1,40} ?[:=]|\)|$))',
    re.DOTALL,
)
_NOTHING = ("nil", "null", "None", "<nil>", "", "undef")
_PLAIN = re.compile(
    r"(?:\bmap\[|@?\{ ?)(?=(?:[^{}\[\]\n\"]{0,400}?[,; ])?(?i:message) ?[:=] ?[^\"'`{\[\s][^\n]{0,4000}[}\]])"
)
_PLAIN_NAME = re.compile(r"(?i)(?:^|[,;]? )(message|type|param|code|status|statusCode) ?[:=] ?")
_CLOSES = {"[": "]", "{": "}"}
_REPLY = re.compile(r'\{\{"HTTP/[\d.]+", ?([1-5]\d\d), ?"[^"\n]{0,60}"\}')
_STRING = re.compile(r'"((?:[^"\\]|\\.){0,60000})"', re.DOTALL)


def looks_like(text: str) -> bool:
    return next(pieces(text), None) is not None


def pieces(text: str) -> Iterator[Told]:
    """What each structure in the text tells."""
    text = text[:_LOOKED_AT]
    for match in list(_REPLY.finditer(text))[:_MOST]:
        strings = [_plain(found[1]) for found in _STRING.finditer(text, match.end())]
        yield Told(int(match[1]), as_body(strings[-1]) if strings else None)
    for match in list(_OPENS.finditer(text))[:_MOST]:
        members = _members(text[match.end() : match.end() + _LONGEST])
        said = members.pop("statusCode", "") or members.pop("status", "")
        status = int(said) if re.fullmatch(r"[45]\d\d", said) else 0
        if "message" in members and not own_words.kind(members["message"]):
            yield Told(status, as_body({"error": members}))
            return
    opened = _PLAIN.search(text)
    members = _plain_members(text, opened) if opened else {}
    if "message" in members and not own_words.kind(members["message"]) and _is_a_servers(members):
        yield Told(0, as_body({"error": members}))


def _is_a_servers(members: dict[str, str]) -> bool:
    """What such a map says is known of servers: any program has maps with a message."""
    error = ProviderError("$", members["message"], members.get("code", ""), members.get("type", ""), "")
    return by_words(error) != "unknown"


def _plain_members(text: str, opened: re.Match[str]) -> dict[str, str]:
    """The members of a map whose texts have no quotation marks: each ends where the next known name begins."""
    close = text.find(_CLOSES[opened[0].strip()[-1]], opened.end(), opened.end() + _LONGEST)
    inside = text[opened.end() : close] if close > 0 else ""
    names = list(_PLAIN_NAME.finditer(inside))
    ends = [*(name.start() for name in names[1:]), len(inside)]
    found: dict[str, str] = {}
    for name, end in zip(names, ends, strict=True):
        value = inside[name.end() : end].strip()
        if value not in _NOTHING:
            found.setdefault(name[1].lower(), value)
    return found


def _members(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for member in _MEMBER.finditer(text):
        value = _plain(member["quoted"]) if member["quoted"] is not None else member["plain"].strip()
        if value not in _NOTHING:
            found.setdefault(member["name"], value)
    return found


def _plain(text: str) -> str:
    return re.sub(
        r"\\(.)", lambda match: {"n": "\n", "r": "\r", "t": "\t"}.get(match[1], match[1]), text, flags=re.DOTALL
    )
