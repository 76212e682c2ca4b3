"""Error text of clients in other languages: Go, Java, .NET, Rust, PHP, Ruby, Perl, PowerShell.

Each has its own sentence around the same two things: a status that fails, or why nothing came. A status counts where an
exception of a client tells it; why a request was stopped counts where a client says that it sent one.
"""

import re
from collections.abc import Iterator

from chatproof.captures import curl, own_words, trouble, unmistakable
from chatproof.captures.app_errors import BESIDE, members
from chatproof.captures.told import PHRASES, Told, api_url, as_body, body_after
from chatproof.evidence.provider_error import ProviderError, by_words

NAME = "error text of a client"
_LOOKED_AT = 64 * 1024
_RAISED = r"\b[\w.$:\\]{0,120}(?:Exception|Error)\b"
_STATUS = (
    re.compile(r"error, status code: ([45]\d\d)(?:, status: [^,\n]{0,60})?, message: (?=\S)"),  # go-openai
    re.compile(r"\b(?:POST|GET) \"https?://[^\"\n]{1,500}\": ([45]\d\d) [A-Z][A-Za-z -]{2,40} ?"),  # openai-go
    re.compile(_RAISED + rf": (?:Error:? )?([45]\d\d) (?:{PHRASES})\s{{0,4}}(?=$|\n)"),  # the name of a status alone
    re.compile(r"TransientAiException: (?:HTTP )?([45]\d\d) - ?"),  # Spring AI
    re.compile(_RAISED + r": Status code ([45]\d\d), ?"),  # Azure's SDK for Java
    re.compile(r"com\.openai\.errors\.\w+Exception: ([45]\d\d): ?"),  # openai-java
    re.compile(r"HTTP status (?:client|server) error \(([45]\d\d) [^)\n]{1,60}\)"),  # reqwest
    re.compile(r"remote server returned an error: \(([45]\d\d)\)"),  # .NET Framework, PowerShell 5
    re.compile(r"does not indicate success: ([45]\d\d)\b"),  # .NET, PowerShell 7
    re.compile(r"(?:\b|\\n)Status: ([45]\d\d) \([A-Z]"),  # Azure's SDKs
    re.compile(_RAISED + r"[^\n]{0,200}?\bHTTP ([45]\d\d)\b(?: \([\w :]{1,80}\)| - )?\s{0,4}"),  # openai-dotnet, Spring
    re.compile(r"\bHTTP ([45]\d\d) \((?:[a-z_]{3,40})?: [\w .-]{0,80}\)\s{0,4}"),  # openai-dotnet, behind any name
    re.compile(r"responded with status ([45]\d\d)\b(?: for (?:POST|GET) \S{1,500})?"),  # Faraday
    re.compile(r"resulted in an? `([45]\d\d) [^`\n]{1,60}` response:?\s{0,4}"),  # Guzzle
    re.compile(r"HTTP(?: request returned)? status code(?: of)? ([45]\d\d)\b:?\s{0,4}"),  # Laravel, Dio
    re.compile(r"status code of ([45]\d\d)\b"),  # Dio
    re.compile(r"\breturned code ([45]\d\d)\.(?: Truncated server response:)?\s{0,4}"),  # Google Apps Script
    re.compile(r"\bRequest failed, status ([45]\d\d)\b"),  # Obsidian
    re.compile(r", status code ([45]\d\d)' when invoking:? (?i:REST Client method)\b(?:: '[^'\n]{0,200}')?"),  # Quarkus
    re.compile(r"StatusCodeException\b[^\0]{0,600}?statusCode = ([45]\d\d)"),  # Haskell
    re.compile(
        r"(?:Invoke-RestMethod|Invoke-WebRequest|irm|iwr)\b ?:[^\n(]{0,200}\(([45]\d\d)\)"
    ),  # PowerShell 5, in any language
    re.compile(r"Assert status code\b[^\0]{0,2000}?actual value is <([45]\d\d)>"),  # hurl
    re.compile(rf"\b([45]\d\d) (?:{PHRASES}) from (?:POST|GET) https?://\S{{1,500}}"),  # Spring's WebClient
    re.compile(r"\b(?:request|call) failed(?: with)?:? [\[(](?:HTTP |status )?([45]\d\d)[\])]:?\s{0,4}"),  # R, plugins
    re.compile(r"\bHTTP/[\d.]{1,3} ([45]\d\d) [^\n\"]{0,60}returned for \"https?://\S{1,500}\""),  # Symfony
    re.compile(r"HTTP Error ([45]\d\d): "),  # urllib
    re.compile(r"\bserver returned the status ([45]\d\d) with message \"[^\"\n]{0,60}\"[^\n]{0,600}"),  # MATLAB
    re.compile(r"\{ Status Code: ([45]\d\d), Headers \{"),  # NSHTTPURLResponse
    re.compile(rf"\bunexpected status ([45]\d\d) (?:{PHRASES})(?:: )?"),  # Codex
    re.compile(r"\bpeculiar error: ([45]\d\d)\b"),  # Emacs: request.el
    re.compile(r"\b([45]\d\d) \"[A-Z][^\"\n]{2,40}\" \((?:Net::)?HTTP\w{0,40}\)?"),  # Ruby's net/http
    re.compile(rf"\b([45]\d\d) (?:{PHRASES}) at \S{{1,200}} line \d+"),  # Perl
)
_NAMED = re.compile(r"\bHTTP [45]\d\d \(([a-z_]{0,40}): ([\w .-]{1,80})\)\s{0,4}$")
"""openai-dotnet puts the type and the code of an error before its words."""
_NO_WORDS = re.compile(  # a stack; the end of a program's own sentence; another line of a log
    r"at [\w.$<]|from /|\(|in `|Stack trace|---|line \d|\+ |At line|\]?\s?with root cause\b|"
    r"\"?[\w-]{1,40}\"? = |\[(?:error|warn(?:ing)?|info|debug)\]"
)
_CURL = re.compile(r"(?i)\bcurl error \(?(\d{1,3})\)?\b")
_S_CLIENT = re.compile(  # openssl s_client, whose other lines have words of certificates as well
    r"(?m)^(?:verify error:num=\d{1,3}:|Verification error: |\s{0,8}Verify return code: [1-9]\d? \()([^\n)]{4,120})"
)
_SENT = re.compile(
    r"(?<![A-Za-z])(?i:post|get) \"https?://|\(Client\.Timeout exceeded while |"
    r"error sending request|\brequest to \[?https?://\S{1,500} failed|\bdial tcp\b|"
    r"\bRequest error: https?://|"
    r"\bcURL error \d+|OpenSSL SSL_\w+: |\breqwest::|\bhyper::|"
    r"(?:^|[\s(])[\w.:$\\]{0,120}(?:Exception|\w(?:Error|Timeout))\b(?:[:)]| in )|"
    r"\bFailed to open TCP connection to \S{1,253}:\d{1,5} \(|\(Errno::E[A-Z]{4,20}\)|\(Req\.TransportError\)|"  # Ruby
    r"\*\* \((?:Req|Mint|Finch)\.\w{1,30}Error\) |"  # Elixir
    r"\bCan't connect to \S{1,253}:\d{1,5} \(|HttpExceptionRequest\b|"
    r"Is the computer able to access the url|stream disconnected before completion: |"
    r"\bCannot connect to host \S{1,253}:\d{1,5} ssl:|\bCannot connect to API: |"  # aiohttp, the AI SDK
    r"Error: (?:(?:read|write|connect|getaddrinfo) E[A-Z_]{3,20}\b|socket hang up)|"  # Node
    r"\bstream error: stream ID \d|\bhttp2: server sent GOAWAY\b|"  # Go
    r"(?i:\bcurl error \(?\d)|\b(?:0x)?(?i:80072[ef][0-9a-f]{2})\b|TransportError\{|NSURLErrorDomain\b|"
    r"URLError\(_nsError|\bSocketException(?: \(|: )|\bHandshakeException: |\bDio(?:Exception|Error) \[|"
    r"The SSL connection could not be established|(?m:^(?:Caused by|nested exception is):)"
)
_WORDS = re.compile(r"\b[\w.$\\:]{0,120}(?:Exception|Error): ([^\n]{12,2000})")


def looks_like(text: str) -> bool:
    return next(pieces(text), None) is not None or bool(_UNSAID.search(text[:_LOOKED_AT]))


_UNSAID = re.compile(r"failed to deserialize api response|is an invalid start of a value")


def stopped(text: str) -> Told | None:
    """Why a request got no reply, where a client says so; None where a status is told, or nothing."""
    text = text[:_LOOKED_AT].replace('\\"', '"')
    if _status(text) or not (_SENT.search(text) or unmistakable.stopped(text) or _S_CLIENT.search(text)):
        return None
    fault = trouble.by_words(_without_quotations(text), "the client")
    if refused := _S_CLIENT.search(text):
        fault = trouble.by_words(f"certificate verify failed: {refused[1]}", "openssl")
    numbered = _CURL.search(text)
    if numbered and fault is None:
        fault = curl.of_number(int(numbered[1]))
    return Told(fault=fault) if fault is not None else None


def pieces(text: str) -> Iterator[Told]:
    """The one exchange that such a text tells of."""
    text = text[:_LOOKED_AT]
    found = _status(text)
    if found:
        status, end = found
        beside = BESIDE.search(text, end)
        url, method = api_url(text)
        if beside:
            url, method, text = f"http{beside['url']}", "POST", text[: beside.start()] + text[beside.end() :]
        yield Told(status, _body(text, end), method=method, url=url)
        return
    told = stopped(text)
    if told is not None:
        yield told
        return
    for match in _WORDS.finditer(text):
        words = match[1].strip()
        if own_words.kind(words):
            continue
        # The server's words, and no program's; of a connection the client may speak of its own.
        if by_words(ProviderError("$", words, "", "", "")) not in ("unknown", "upstream"):
            yield Told(body=as_body({"error": {"message": words}}))
            return


def _status(text: str) -> tuple[int, int] | None:
    """(the first status that a client's exception tells, offset behind it)."""
    found = [(match.start(), int(match[1]), match.end()) for form in _STATUS if (match := form.search(text))]
    return min(found)[1:] if found else None


def _body(text: str, at: int) -> bytes | None:
    """The server's JSON or its words, as they follow the status; None for a stack or nothing."""
    body = body_after(text, at) or (members(text[at:]) if text[at : at + 1] == "{" else None)
    if body is not None:
        return body
    if text[at - 1 : at] == ")":  # .NET's phrase of the status, in the user's language
        return None
    line = text[at : at + 4000].lstrip("\n\r ").split("\n", 1)[0].strip().strip("\"'")
    if own_words.kind(line):
        return None
    is_stack = not line or _NO_WORDS.match(line)
    said = {} if is_stack or len(line) < 12 else {"message": line}
    if named := _NAMED.search(text[max(at - 200, 0) : at]):
        said |= {name: word for name, word in zip(("type", "code"), named.groups(), strict=True) if word}
    return as_body({"error": said}) if said else None


def _without_quotations(text: str) -> str:
    """The text without lines that only quote a message of the user's or of a model."""
    return "\n".join(line for line in text.splitlines() if not re.match(r'\s*"?(?:content|prompt|text)"?\s*[:=]', line))
