"""Logs of HTTP clients on the JVM, which write a reply line by line: Ktor, OkHttp's interceptor, LangChain4j.

Each line may begin with what the logger puts before it (a time, a level, logcat's letter).
"""

import json
import re
from collections.abc import Iterator

from chatproof.captures.entry import Headers
from chatproof.captures.told import Told

NAME = "a log of an HTTP client"
_LOOKED_AT = 256 * 1024
_MOST = 20
_KTOR = re.compile(r"(?m)^(?P<lead>[^\n]{0,200}?)(?:HttpClient: )?RESPONSE: (?P<status>\d{3})\b")
_OKHTTP = re.compile(
    r"(?m)^(?P<lead>[^\n]{0,200}?)<-- (?P<status>\d{3})(?: [A-Za-z][^\n]{0,40}?)? (?P<url>https?://\S{1,500}) \(\d+ ?ms"
)
_LANGCHAIN = re.compile(
    r"(?m)^[^\n]{0,300}?HTTP response:\s*\n(?P<lead>[^\n]{0,200}?)-? ?status code: (?P<status>\d{3})\b"
)
_FORMS = (_KTOR, _OKHTTP, _LANGCHAIN)
_FROM = re.compile(r"(?m)^[^\n]{0,200}?(?:FROM|- url): (https?://\S{1,500})")
_METHOD = re.compile(r"(?m)^[^\n]{0,200}?(?:METHOD: (?:HttpMethod\(value=)?|- method: |--> )(POST|GET)\b")
_HEADER = re.compile(r"^(?:-> )?([A-Za-z][A-Za-z0-9-]{1,60}): ?(\S[^\n]{0,1000})$")
_SECTIONS = ("body start", "body end", "common headers", "content headers", "method:", "from:", "body content-type")


def looks_like(text: str) -> bool:
    return any(form.search(text[:_LOOKED_AT]) for form in _FORMS)


def pieces(text: str) -> Iterator[Told]:
    """Each reply that the log tells of, in order."""
    text = text[:_LOOKED_AT]
    found = sorted((match for form in _FORMS for match in form.finditer(text)), key=lambda match: match.start())[:_MOST]
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        after, before = text[match.end() : end], text[: match.start()]
        lines = _plain(after, match["lead"])
        place = _FROM.search(after) or next(iter([*_FROM.finditer(before)][-1:]), None)
        url = match["url"] if "url" in match.re.groupindex else place[1] if place else ""
        method = next(iter([*_METHOD.finditer(before)][-1:]), None) or _METHOD.search(after)
        yield Told(int(match["status"]), _body(lines), tuple(_headers(lines)), method[1] if method else "", url)


def _plain(after: str, lead: str) -> list[str]:
    """The lines without what the logger put before each of them."""
    mark = re.match(r"[A-Z]/?|", lead.strip())
    letter = mark[0] if mark else ""
    lines = after.split("\n")
    if letter and sum(line.startswith(f"{letter} ") for line in lines) * 2 > len(lines):
        return [line.removeprefix(letter).strip() if line.startswith(letter) else line for line in lines]
    return [line.removeprefix(lead) if lead else line for line in lines]


def _headers(lines: list[str]) -> Headers:
    found: list[tuple[str, str]] = []
    for line in lines:
        bare = line.strip()
        if bare.lower().startswith(("body start", "- body:", "{", "<-- end")):
            break
        header = _HEADER.match(bare)
        if header and not bare.lower().startswith(_SECTIONS):
            found.append((header[1], header[2]))
    return tuple(found[:200])


def _body(lines: list[str]) -> bytes | None:
    """The first JSON document or page among the lines; None where the log keeps none."""
    text = "\n".join(lines)
    for start in re.finditer(r"(?m)^[ \t]*(?:- body: ?)?(?=[{<]|\[\s*\{)", text):
        rest = text[start.end() :]
        if rest[:1] == "<":
            end = rest.lower().find("</html>")
            return rest[: end + 7].encode("utf-8", "surrogatepass") if end > 0 else None
        try:
            return rest[: json.JSONDecoder().raw_decode(rest)[1]].encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            return None
    return None
