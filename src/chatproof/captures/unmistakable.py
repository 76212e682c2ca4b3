"""Sentences that only an API, a gateway or a client of one says: they tell of a request where a text has nothing else.

People paste what an application shows them, and that is often the server's sentence alone. A row begins such a
sentence; its words stand in no log and no manual for another reason, or so rarely that a short text with one is a
reply's.
"""

import re

_MOST_LINES, _MOST = 12, 2000
_SENTENCES = (
    r"Invalid URL \((?:POST|GET) /[^)\s]{1,300}\)",  # OpenAI
    r"Unknown request URL: (?:POST|GET) /",
    r"Unexpected endpoint or method\. \((?:POST|GET) /",  # LM Studio
    r"Incorrect API key provided",
    r"We could not parse the JSON body of your request\b|The OpenAI API expects a JSON payload, but what was sent",
    r"Your organization must be verified to (?:stream|use|generate) ",
    r"You exceeded your current quota",
    r"Invalid API key · Please run /login",  # Claude Code
    r"You've hit your usage limit\b",  # Codex
    r"The model [`'\"][^`'\"\n]{1,200}[`'\"] does not exist",
    r"This model's maximum context length is \d",
    r"Rate limit reached for ",
    r"That model is currently overloaded",
    r"The server had an error (?:while )?processing your request",
    r"An error occurred while\s+processing your request\. You can retry",
    r"Your project has reached its\s+configured enforced spend limit",
    r"Input validation error: `inputs` must have less than \d{1,7} tokens",  # TEI
    r"(?:Your )?[Cc]redit balance is too low\b",  # Anthropic
    r"This credential is only authorized for use with ",
    r"OAuth authentication is currently not supported",
    r"The API deployment for this resource does not exist",
    r"Access denied due to (?:invalid|missing) subscription key",  # Azure
    r"API key not valid\. Please pass a valid API key",  # Google
    r"No endpoints found (?:for|that) ",  # OpenRouter
    r"Rate limit exceeded: free-models-per-",
    r"Provider returned error\b",
    r"[^\n]{4,400} \(request id: 20\d{15,24}\w{0,12}\)",  # what new-api and one-api put behind an error's words
    r"Panic detected, error: ",  # one-api, new-api
    r"Missing Authentication header\b",
    r"No auth credentials found",
    r"Authentication Fails",  # DeepSeek
    r"model [`'\"]?[\w.:/-]{1,200}[`'\"]? not found, try pulling it first",  # Ollama
    r"upstream connect error or disconnect/reset before headers",  # Envoy
    r"no healthy upstream",
    r"当前分组 \S{1,60} 下对于模型 \S{1,200} 无可用渠道",  # new-api
    r"当前分组(?:上游)?负载已饱和",
    r"Trying to keep the first \d{1,9} tokens when context the overflows",  # LM Studio
    r"无效的令牌|未提供令牌|该令牌(?:额度已用尽|已过期|状态不可用|无权访问)|用户额度不足|预扣费额度失败",
)
_STOPPED = re.compile(  # what a client says of a request that it made
    r"\bUNABLE_TO_GET_ISSUER_CERT\w{0,10}\b|(?i:unable to get local issuer certificate)|"
    r"(?i:self[- ]signed certificate in certificate chain)|\bgetaddrinfo (?:ENOTFOUND|EAI_AGAIN) \S|"
    r"\bSSSLERR_[A-Z]|"  # SAP
    r"\bcould not be resolved \(\d{1,3}: [A-Z]|"  # nginx, OpenResty
    r"\bConnection timeout to host https?://\S|"  # aiohttp
    r"\bStreaming (?:setup|request) timeout after \d{1,6}s\. |"  # Qwen Code
    r"\bNo response received for (?:GET|POST) https?://\S{1,500}: timeout of \d{1,9}ms exceeded|"  # LibreChat
    r"\bcode: 'E[A-Z]{5,20}',\s{1,200}syscall: '(?:connect|getaddrinfo|read)'|"  # Node, of an error's object
    r"\bconnect ECONNREFUSED \S{1,120}:\d|\bcould not connect to ollama app\b|"
    r"\bAPI Error \(Request timed out\.?\)|"  # Claude Code
    r"\bUnable to connect to API \((?:ConnectionRefused|E[A-Z]{4,12})\)|"  # Claude Code
    r"\bUnable to connect to API: Self-signed certificate detected\b|"  # Claude Code
    r"\b(?:stream|body|response|chunk)s?: unexpected EOF\b|"  # Go
    r"\bResponse payload is not completed\b|[Ss]ocket connection was closed unexpectedly|"  # aiohttp, Bun
    r"Client network socket disconnected before secure TLS connection was established|"  # Node
    r"\besp-tls(?:-mbedtls)?: |\bmbedtls_ssl_handshake returned -0x|\bstart_ssl_client\(\):\d|"  # ESP-IDF, Arduino
    r"SSL peer certificate or SSH remote key was not OK"  # libcurl, behind any program
)
_ANY = re.compile("|".join(_SENTENCES))
_WHOLE = re.compile(r"[^\n]{1,700}(?:\n(?!\s{0,40}at )[^\n]{1,200})?")
_LAST_MARK = re.compile(r"\"[.,]?$")  # of a quotation that began before the sentence


def stopped(text: str) -> bool:
    """A client says in a short text why nothing came."""
    return not _is_long(text) and bool(_STOPPED.search(text))


def words(text: str) -> str:
    """The sentence in a short text, with the line behind it, which may be its own; empty where there is none or two."""
    if _is_long(text):
        return ""
    found = {match[0]: match.start() for match in _ANY.finditer(text)}
    whole = _WHOLE.match(text, next(iter(found.values()))) if len(found) == 1 else None
    said = " ".join(whole[0].split()) if whole else ""
    return _LAST_MARK.sub("", said) if said.count('"') % 2 else said


def _is_long(text: str) -> bool:
    return len(text) > _MOST or text.count("\n") > _MOST_LINES
