"""Errors as applications and plugins show them: a status in words, beside the server's JSON or its words.

Chat programs, editors and agents each have their own sentence (`API Error: Status Code 429, {…}`, `completion failed:
400 Bad Request - {…}`, `429 Provider returned error`). None of them is known here: what counts is a status that fails,
told in words, and something that only a reply can have said beside it.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from chatproof.captures import json_records, literal, own_words, unmistakable
from chatproof.captures.json_files import holds_answer
from chatproof.captures.told import PHRASES, Told, as_body, body_after
from chatproof.evidence.provider_error import ProviderError, by_words, find_error, of_another_kind

NAME = "an error that an application shows"
_LOOKED_AT = 64 * 1024
_ANYBODYS = ("$.msg", "$.title")  # members that any program's objects have: what Ansible prints
_BESIDE_IT = 80  # characters
_SPEAKS = re.compile(
    r"(?i)err(?:or|eur)|fehler|fail|exception|respon|repl[iy]|return|answer|refus|deni|\bgot\b|报错|错误|失败|返回|エラー"
)
_OBJECTS = 20  # beginnings of objects that are tried
_LINES = 40
_BELOW_IT = 400  # characters
_FULL = 529  # no RFC's; what stands behind its name in Claude Code is the program's own
_A_TABLE = 3  # different statuses with their names
_NAMED = re.compile(r"(?<![\w.,:/-])([45]\d\d)(?= (?:[A-Z]|\|))")
_IN_WORDS = re.compile(  # goose: a status by a name of its own, and what the server said, which may have two lines
    r"(?i)\b(?:failed|error): (?:[a-z]{2,20} ){0,3}[a-z]{2,20} \(([45]\d\d)\): "
    r"([^\n{\[<][^\n]{2,600}(?:(?<=:)\n[^\n]{4,600})?)"
)
_UPSTREAM = re.compile(  # a gateway's log
    r"(?im)^[^\n]{0,200}?\bupstream(?: API)?(?: returned| responded with| answered(?: with)?)?"
    r"(?: HTTP)?(?: error| status)?(?: code)?:? ([45]\d\d)\b(?! ?\{)[^\n]{0,200}$"
)
_GRPC = re.compile(  # Google's, by gRPC's names
    r"(?m)(?:^|: )[\s>`]{0,8}([45]\d\d) (INVALID_ARGUMENT|FAILED_PRECONDITION|OUT_OF_RANGE|UNAUTHENTICATED|"
    r"PERMISSION_DENIED|NOT_FOUND|RESOURCE_EXHAUSTED|INTERNAL|UNAVAILABLE|DEADLINE_EXCEEDED)\b[.:]?\s{1,3}([A-Za-z][^\n{]{8,600})"
)
_UNREAD = re.compile(  # node-fetch, openai-node
    r"(?<![\w.-])([45]\d\d) (?:Invalid response body while trying to fetch \S|status code \(no body\))"
)
_BARE = re.compile(  # Kilo Code; Open WebUI, whose 500 may be that it got no reply
    r"(?:\berror: (?=[45]\d\d, no body\b)|(?<![\w.-])(?=4\d\d: Open WebU[Il]: Server Connection Error))([45]\d\d)"
)
_EXPECTED = re.compile(r"\bExpected status code \d{3} but was ([45]\d\d)\b")  # Koog
_NAME_ALONE = re.compile(rf"(?m)^[^\w\n]{{0,20}}(?:ERROR[^\w\n]{{1,20}})?({PHRASES})[^\w\n]{{0,20}}$")
_NAMES = {known.phrase: known.value for known in HTTPStatus if known >= 400}
_NAME_FIRST = re.compile(rf"(?m)\b({'|'.join(map(re.escape, _NAMES))}): ([^\n]{{8,600}})$")
_OF_GOOGLE = re.compile(r"\b[Ee]rror: ([^\0\[{]{12,600}?) \((?:[Ss]tatus|code): ([A-Z_]{5,30})\)")  # by gRPC's names
_TWICE = re.compile(  # openai-node's, before a body of words that says it again
    rf"(?m)(?:^|[:=] ?)([45]\d\d) (\1 (?:page not found|{PHRASES})\b[^\n]{{0,100}})$"
)
_QUOTED_NAME = re.compile(  # a body that is the status's name, and no more
    rf"(?i)(?:\berror:? |失败[:：]? ?)([45]\d\d) [\"“](?:{PHRASES})[\"”]"
)
_STATUS = (
    re.compile(r"(?i)\bstatus(?:[ _]?code)?\b[\"']?(?:[:,=( ]| is | of ){1,4}[\"'`]?([45]\d\d)\b"),
    re.compile(rf"\b([45]\d\d) (?:{PHRASES})\b"),
    _QUOTED_NAME,
    re.compile(rf"(?i)\b(?:{PHRASES}) \(([45]\d\d)\)"),
    re.compile(r"\bHTTP(?:/[\d.]+)?(?: error| status)?(?: code)?[: ]{1,2}([45]\d\d)\b"),
    _TWICE,
    re.compile(r"(?i)\berror:? ([45]\d\d)\b(?=[ :-]{0,3}\n?[\[{])"),
    _EXPECTED,
    re.compile(r"(?<![\w.,/-])([45]\d\d)[\])]?(?: - |: )(?=\{\s{0,9}\\?\"(?:type|message|code|object)\\?\":)"),
    re.compile(  # behind a blank alone, which stands behind any number, nothing but an error
        r"(?<![\w.,/-])([45]\d\d)[\])]?(?: - |: | )"
        r"(?=\{\s{0,9}\\?\"(?:(?:error|detail)\\?\":|(?:type|object)\\?\": ?\\?\"error\\?\"))"
    ),
    re.compile(r"(?i)\b(?:api|http|server|streaming|completion|request)[ \w]{0,20} error: ([45]\d\d)\b(?= \w)"),
    re.compile(rf"(?i)\berror \((?:HTTP |status )?([45]\d\d)(?: (?:{PHRASES}))?\)"),
    re.compile(r"(?i)(?<!exit )\bcode ([45]\d\d): (?=[\"“])"),
    re.compile(r"(?i)\berror ([45]\d\d) from https?://\S"),
    re.compile(r"\breturned code ([45]\d\d)\. Truncated server response:"),  # Google Apps Script
    _IN_WORDS,
    _GRPC,
    _UPSTREAM,
    re.compile(rf"\b(?:status|error)=\"([45]\d\d) (?:{PHRASES})\""),
    _UNREAD,
    _BARE,
)
_LINE = re.compile(  # a status line, in a sentence; a status that a client was given, and nothing else
    rf"\bHTTP(?:/[\d.]+)?[: ]{{1,2}}([45]\d\d):? (?:{PHRASES})\b|\(HTTP/[\d.]+ [45]\d\d\)|"
    r"(?i:\b(?:api|call|completion|credentials|fetch|query|request|validation)s?\b[ \w]{0,20} failed with (?:HTTP )?"
    r"status(?: code)?:? ([45]\d\d)\b)|"
    r"(?m:[,.(] ?HTTP status(?: code)?: ([45]\d\d)[.)]?$)|"
    rf"(?i:\b(?:api|call|completion|generation|request)s? failed:? |\blast status: )[45]\d\d (?:{PHRASES})\b|"  # Codex
    r"\bchannel error \(channel #\d{1,9}, status code: [45]\d\d\)|"  # new-api
    r"\b529 Overloaded\b|"  # Claude Code
    rf"\bresponse from the (?:server|API): [45]\d\d (?:{PHRASES})\b|"  # gh models
    rf"(?i:\b(?:API|HTTP|server|completion|request)[ \w]{{0,20}} error: [45]\d\d (?:{PHRASES})\b)|"  # Qwen Code
    rf"(?i:\b(?:status(?: code)?|HTTP):? )[45]\d\d \((?:{PHRASES})\)|"  # PHP's clients
    rf"\b[45]\d\d (?:{PHRASES}): \[no body\]|"  # Spring
    rf"\b(?:status|error)=\"[45]\d\d (?:{PHRASES})\"|"  # Go's loggers
    rf"(?i:\bafter \d{{1,3}} (?:retries|attempts)): HTTP [45]\d\d(?: [-–—])? (?:{PHRASES})\b|"  # opencode
    + f"{_EXPECTED.pattern}|{_UNREAD.pattern}|{_BARE.pattern}|(?:{_QUOTED_NAME.pattern.replace('(?i)', '(?i:')}))"
)
_MESSAGE = re.compile(
    r"(?m)(?:^[ \t>\"'`✖■✻●⎿\[]*|: |\(|\b[Ee]rror (?=\d{3}: ))([45]\d\d)(?:\):|(?<=[Ee]rror \d{3}):)? (?:<[45]\d\d> )?"
    r"((?:[A-Z]|model: |\w{4,40} - )[^\n]{3,400})$"
)  # as openai-node writes it
_TYPED = re.compile(  # the status, the error's type and its words
    r"(?<![\w.,:/-])([45]\d\d)(?: - |: | )\(?([a-z]{3,40}(?:_[a-z]{2,40}){0,3}_error)\)?(?:: | - )([^\n]{4,600})"
)
_AS_GO = re.compile(  # go-openai, in a record of a log as well
    r"error, status code: ([45]\d\d)(?:, status: [^,\n]{0,60})?, message: "
    r"([^\n{\[][^\n]{2,600}?)(?=\"(?: \w{1,40}=|[,}]|$)|$)",
    re.MULTILINE,
)
_QUOTED_BEHIND = re.compile(
    r"(?i)\b(?:status(?: code)?|(?<!exit )code) ([45]\d\d): [\"“]?([^\n]{4,400}?)[\"”]?$"
)  # a line that ends in a reply's words
_BEFORE = re.compile(  # ollama-python: the words, and the status behind them
    r"(?m)^(?:[\w.]{1,60}(?:Error|Exception): )?([^\n]{4,600}) \(status code: ([45]\d\d)\)$"
)
_PAGE = re.compile(r"(?i)<!doctype html|<html[\s>]")
_PAGE_STATUS = re.compile(
    r"(?i)<(?:title|h[1-3]|p|center|b|span)[^>]{0,80}>\s*(?:HTTP )?(?:Error |Status )?(?:code:? )?([45]\d\d)\b|"
    r"<title>[^<\n]{1,253} \| ([45]\d\d): "  # Cloudflare's: HOST | 524: A timeout occurred
)
_QUOTED = re.compile(  # below a heading of an error: a line, perhaps in a fence, that is but a quotation
    r"(?im)^[^\n]{0,80}\b(?:error|output|response|detail)s?\b[^\n\w]{0,10}\n(?:[ \t>]*`{3}\w*\n)?"
    r"[ \t>]*\"([a-z][^\"\n]{12,600})\"[ \t]*$"
)
_BELOW = re.compile(  # below an error's class, which stands alone; perhaps in a fence
    r"(?m)^[^\n]{0,20}\b\w{0,40}Error:?[ \t]{0,4}\n(?:[ \t>]*`{3}\w*\n)?[ \t>]{0,8}([\w\"'`][^\n]{12,600})$"
)
_HEADED = re.compile(  # below such a heading: a line, perhaps in a fence
    r"(?im)^[^\n]{0,80}\b(?:error|output)s?\b[^\n\w]{0,10}\n(?:[ \t>]*`{3}\w*\n)?[ \t>]*([a-z][^\n]{12,600})$"
)
_PAGE_BEHIND = re.compile(r"(?i)\bstatus(?: code)?:? ([45]\d\d):? (?=<(?:!doctype|html)\b)")
BESIDE = re.compile(  # Codex's, behind the server's words
    r", url:\s{1,3}(?:http|ws)(?P<url>s?://[^\s,]{4,500})"
    r"(?:,\s{1,3}(?:cf-ray|request\s{1,3}id|auth error)[^\n]{0,400})?"
)
_LOGGERS = re.compile(  # vLLM's; llama.cpp's
    r"^(?:ERROR|WARNING|INFO) [^\]\n]{0,80}:\d{1,6}\] |^[^\n]{0,60}\bsend_error: task \d{1,9} \| error = "
)
_GUESS = re.compile(r"Troubleshooting URL: https?://\S{1,200}")  # LangChain's, by the status or the words alone
_MEMBER = re.compile(r"""["'](message|type|code)["'] ?: ?"((?:[^"\\]|\\.){1,2000})(?:"|$)""", re.DOTALL)


def looks_like(text: str) -> bool:
    return next(pieces(text), None) is not None


def pieces(text: str) -> Iterator[Told]:
    """The one exchange that such a text tells of; nothing where nothing but a number tells of a reply."""
    text = _GUESS.sub("", text[:_LOOKED_AT])
    status = _status(text)
    body, headers = _error_in(text, status)
    if body is None and len(set(_NAMED.findall(text))) >= _A_TABLE:
        return  # a page that explains statuses
    if body is None and not headers and (told := _BEFORE.search(text)):
        yield Told(int(told[2]), as_body({"error": {"message": told[1].strip()}}))
        return
    if body is None and not headers and (told := _IN_WORDS.search(text)) and not own_words.kind(told[2]):
        yield Told(int(told[1]), as_body({"error": {"message": " ".join(told[2].split()).strip("`\"'")}}))
        return
    if body is None and not headers and (told := _GRPC.search(text)):
        yield Told(int(told[1]), as_body({"error": {"message": told[3].strip(), "status": told[2]}}))
        return
    if body is None and not headers and (told := _UPSTREAM.search(text)) and not _PAGE.search(text):
        yield Told(int(told[1]), as_body({"error": {"message": _LOGGERS.sub("", told[0]).strip()}}))
        return
    if body is None and not headers and (typed := _TYPED.search(text)):
        yield Told(int(typed[1]), as_body({"error": {"type": typed[2], "message": typed[3].strip()}}))
        return
    if body is None and not headers and (typed := _AS_GO.search(text)):
        is_own = bool(own_words.kind(typed[2]))  # of a page it says no more than that it is one
        yield Told(int(typed[1]), None if is_own else as_body({"error": {"message": typed[2].strip()}}))
        return
    if body is None and not (status or headers) and (told := _NAME_FIRST.search(text)) and _is_named(told[2]):
        yield Told(_NAMES[told[1]], as_body({"error": {"message": told[2].strip()}}))
        return
    if body is None and status:
        page_at = _PAGE.search(text)  # its lines are no words of a reply
        words = _words(text[: page_at.start()] if page_at else text, status) or unmistakable.words(text)
        body = members(text) or (_told_in_words(words) if words else None)
    if body is None and not headers:
        found = page(text)
        if found is not None:
            yield found._replace(status=found.status or status)
            return
    if body is None and (google := _OF_GOOGLE.search(text)):
        body = as_body({"error": {"message": " ".join(google[1].split()), "status": google[2]}})
    if body is None and not status:  # a report's form has a place for the status, and nobody saw one
        words = next((words for words in _HEADED.findall(text)[:_LINES] if _is_named(words)), "") or unmistakable.words(
            text
        )
        body = as_body({"error": {"message": words}}) if words else None
    if body is not None or headers or (status and _LINE.search(text)):
        yield Told(status, body, headers)


def tells_status(text: str) -> bool:
    """A status is told in words, with something beside it that only a reply can have said."""
    return any(piece.status for piece in pieces(text))


def page(text: str) -> Told | None:
    """A page that a text holds, and the status that its title or heading names; None where there is none."""
    start = _PAGE.search(text)
    body = body_after(text, start.start()) if start else None
    named = _PAGE_STATUS.search(body.decode("utf-8", "replace")) if body else None
    return Told(int(named[1] or named[2]), body, (("content-type", "text/html"),)) if named else None


def is_error(value: Any) -> bool:
    """An SDK's error as JSON: the status and the headers, where the reply had no body that could be read; or a step of
    a workflow (Power Automate, Lambda), with the reply's body beside them."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("headers"), dict)
        and isinstance(status := _status_of(value), int)
        and 400 <= status <= 599
        and not holds_answer(value)
    )


def _status_of(value: dict[str, Any]) -> Any:
    return value.get("status", value.get("statusCode") if "body" in value else None)


def of_object(value: dict[str, Any]) -> Told:
    """What such an object tells."""
    headers = tuple((str(name), _first(text)) for name, text in list(value["headers"].items())[:200])
    body = as_body(value["body"]) if value.get("body") else as_body(value.get("error") and {"error": value["error"]})
    return Told(_status_of(value), body, headers)


def _first(value: Any) -> str:
    """A header's value; some libraries keep a list of them for each name."""
    return str(value[0]) if isinstance(value, list) and value else str(value)


def _status(text: str) -> int:
    """The first status that a text tells in words; else one before words that only a server says; 0: none."""
    found = [(match.start(), int(match[1])) for form in _STATUS for match in form.finditer(text)]
    if found:
        return min(found)[1]
    named = _NAME_ALONE.search(text)
    alone = _NAMES.get(named[1], 0) if named else 0
    for told in _MESSAGE.finditer(text):
        below = f"{told[2]} {text[told.end() : told.end() + _BELOW_IT]}"  # terminals break lines
        if _is_a_servers(told[2]) or unmistakable.words(told[2]) or _class_of(below) == "form":
            return int(told[1])
    return alone


def _error_in(text: str, status: int) -> tuple[bytes | None, tuple[tuple[str, str], ...]]:
    """The first object of a text that carries an error, also where a page broke its lines or a log quoted it; or an
    SDK's own. Without a status only what is an error under any."""
    for layout in (text, text.replace("\n", ""), text.replace("\n", " "), text.replace('\\"', '"'), _unescaped(text)):
        passed, is_own = 0, False  # offset behind an answer: what is within it is the model's, and no error
        for match in list(re.finditer(r"\{", layout))[:_OBJECTS]:
            if match.start() < passed:
                continue
            value, end = _value_at(layout, match.start())
            if isinstance(value, dict) and holds_answer(value):
                passed = end
                continue
            if json_records.is_own_trouble(value):
                passed, is_own = end, True
                continue
            if is_error(value):
                told = of_object(value)
                return told.body, told.headers
            error = find_error(value, failing=bool(status)) if isinstance(value, dict) else None
            # A program's own record of an error has the client's words where a reply has the server's; or it quotes a
            # page behind them. In an error's member a server quotes it, of what is behind it.
            is_record = error is not None and error.where in ("$", "$.message")
            if is_record and error is not None and (behind := _PAGE_BEHIND.search(error.message)):
                return as_body(error.message[behind.end() :]), ()
            if is_record and error is not None and own_words.kind(error.message):
                is_own = True
            elif error is not None and (status or _is_told(error, layout[: match.start()])):
                return as_body(value), ()
        if is_own:  # laid out in another way, the same record says nothing else
            break
    return None, ()


def _is_told(error: ProviderError, before: str) -> bool:
    """Where no status is told: the words are a server's, or what stands before them says that this is an error or a
    reply. Any program's JSON has a message."""
    if by_words(error) != "unknown":
        return True
    is_message = error.where == "$.message" and not (error.code or error.param)
    return error.where not in _ANYBODYS and (not is_message or bool(_SPEAKS.search(before[-_BESIDE_IT:])))


def _told_in_words(words: str) -> bytes | None:
    """What an application shows of a reply, as the error that it was. Of a failure of some server the words alone do
    not tell whose it is: they stay words, as any hop may have written them."""
    return words.encode() if _class_of(words) == "server" else as_body({"error": {"message": words}})


def _unescaped(text: str) -> str:
    """A text that was quoted with its line ends."""
    return text.replace('\\"', '"').replace("\\n", " ") if "\\n" in text else ""


def _value_at(text: str, at: int) -> tuple[Any, int]:
    try:
        return literal.read(text, at)
    except literal.NoValue:
        return None, at


def members(text: str) -> bytes | None:
    """The members of an error's object that was cut off, or written in a way that nothing can read."""
    found = dict(reversed(_MEMBER.findall(text)[:_OBJECTS]))
    return as_body({"error": found}) if "message" in found else None


def _is_a_servers(words: str) -> bool:
    error = ProviderError("$", words, "", "", "")
    return not own_words.kind(words) and (by_words(error) != "unknown" or of_another_kind(error))


def _is_named(words: str) -> bool:
    """The words name a cause, and not only that something failed somewhere."""
    return _is_a_servers(words) and _class_of(words) not in ("upstream", "server", "rate", "path")


def _class_of(words: str) -> str:
    return by_words(ProviderError("$", words, "", "", ""))


def _words(text: str, status: int) -> str:
    """The server's words: behind the same status once more, or a line that says what only a server says."""
    phrase = next((known.phrase for known in HTTPStatus if known == status), "Overloaded" if status == _FULL else "")
    named = re.compile(re.escape(phrase), re.IGNORECASE)
    for match in _MESSAGE.finditer(text):
        words = match[2].strip()
        if (
            int(match[1]) == status
            and not own_words.kind(words)
            and not (phrase and words.lower().startswith(phrase.lower()))
        ):
            return words
    if (twice := _TWICE.search(text)) and int(twice[1]) == status:
        return twice[2].strip()
    found: list[str] = []
    for line in text.splitlines()[:_LINES]:
        words = _LOGGERS.sub("", line).strip(" \t>\"'`*•!■●✖✗✘⎿│")
        words = words.partition(f"status {status} {phrase}: ")[2] or words.removeprefix(f"{status}: ")
        words = BESIDE.sub("", words)
        if len(words) > 8 and _is_a_servers(named.sub("", words) if phrase else words):
            found.append(words)
    if found:  # what a gateway says of a provider says less than what the provider said
        return next((words for words in found if _class_of(words) not in ("upstream", "server")), found[0])
    raised = _BELOW.search(text)
    if raised and not own_words.kind(raised[1]):
        return raised[1]
    quoted = [words for words in _QUOTED.findall(text)[:_LINES] if not own_words.kind(words)]
    behind = _QUOTED_BEHIND.search(text.strip())
    if behind and "\n" not in text.strip() and int(behind[1]) == status and not own_words.kind(behind[2]):
        quoted.append(behind[2].strip())
    return quoted[0] if quoted else ""
