"""Words that a client library makes itself, and no server: they are never shown or judged as a reply.

SDKs put their own sentences where a server's words stand otherwise: "Connection error.", "Request timed out.", what a
JSON parser says, what LiteLLM wraps around the words of a provider. Each row has the library whose source has it.
"""

import json
import re

NO_REPLY, TOO_LATE, NO_JSON, NOT_SENT, NO_URL, ENDED = "no reply", "too late", "no JSON", "not sent", "no URL", "ended"
NO_HEADER, NO_CLIENT, SET_ASIDE, NO_MODEL = "no header", "no client", "set aside", "no model"
DISORDER, NO_PART, NO_CALL, DIMENSIONS, NO_BODY = "disorder", "no part", "no call", "dimensions", "no body"

_TYPES = r"(?!\w{0,60}(?:Request|Params|Body|Input|Query)\b)[A-Z]\w{0,80}"  # not what a server reads a request into
_DIMENSIONS = (
    r"(?:Embedding|Vector) dimension \d{1,6} does not match|Wrong input: Vector dimension error|"  # Pinecone, Qdrant
    r"Collection expecting embedding with dimension of \d{1,6}|"  # Chroma
    r"expected \d{1,6} dimensions, not \d{1,6}"  # pgvector
)
_SENTENCES: tuple[tuple[str, str], ...] = (
    # (kind, how such words begin)
    (NO_REPLY, r"Connection error\.?(?:$|\s)"),  # openai-python, openai-node, anthropic
    (NO_REPLY, r"Error communicating with OpenAI"),  # openai-python 0
    (NO_REPLY, r"Cannot connect to API\b"),  # the AI SDK
    (NO_REPLY, r"(?:HTTPS?ConnectionPool\(|Max retries exceeded\b|\('Connection aborted)"),  # urllib3, requests
    (NO_REPLY, r"Server disconnected(?: without sending a response)?\b|peer closed connection"),  # aiohttp, httpx
    (NO_REPLY, r"All connection attempts failed|\[Errno -?\d+\]|\[WinError \d+\]|Cannot connect to host "),
    (NO_REPLY, r"(?:fetch failed|Failed to fetch|Network Error|Load failed|Premature close|terminated)\.?$"),  # JS
    (NO_REPLY, r"(?:post|get) https?://\S{1,500} - curl error exit_code="),  # plenary.nvim
    (NO_REPLY, r"The socket connection was closed unexpectedly|Response payload is not completed"),  # Bun, aiohttp
    (NO_REPLY, r"Response ended prematurely|Invalid response body while trying to fetch"),  # requests, node-fetch
    (TOO_LATE, r"(?:Request|Connection|The read operation|Read) timed out\b|APITimeoutError\b"),  # openai, LiteLLM
    (TOO_LATE, r"Timeout on reading data|timeout of \d+ ?ms exceeded|Request was aborted|The operation was aborted"),
    (TOO_LATE, r"A task was canceled|The request was canceled due to|context deadline exceeded|execution expired"),
    (
        NO_JSON,
        r"Unexpected (?:end of JSON|token .{1,40}JSON|non-whitespace)|JSON Parse error|JSON parsing failed",
    ),  # JS
    (NO_JSON, r"(?:Expecting value|Extra data|Expecting property name .{0,40}|Unterminated string .{0,20}): line \d"),
    (NO_JSON, r"Unable to get json response|Error parsing chunk|Failed to parse (?:the )?(?:response|JSON|stream)"),
    (NO_JSON, r"(?:Failed to process|Invalid JSON|Empty) (?:\w+ )?response"),  # the AI SDK
    (NO_JSON, r"Data returned by API invalid for expected schema|Invalid response object from API"),  # openai-python
    (NO_JSON, r"Could not parse message into JSON|Could not extract response\b|Error while extracting response"),
    (NO_JSON, r"invalid character .{1,20} looking for|expected value at line \d|failed to deserialize|missing field `"),
    (NO_JSON, r"(?!Failed to deserialize the JSON body).{0,200}data did not match any variant of untagged enum"),
    (NO_JSON, r"stream disconnected before completion: failed to parse "),  # Codex
    (NO_JSON, r"error decoding response body|unexpected token at |Error parsing JSON|.{1,40}is not valid JSON"),
    (  # a library older than the API that the program asks for
        NO_CLIENT,
        r"'(?:Async)?(?:Azure)?(?:OpenAI|Anthropic)(?:Bedrock|Vertex)?' object has no attribute ",
    ),
    (NO_BODY, r"null(?:\]|$)|No response body available|\[no body\]|\(no body\)|no body$"),  # openai-java, Spring
    (NO_PART, r"'\w{1,60}' is (?:not set|null|invalid, received )"),  # openai-java
    (NO_PART, r"Received response with null value for|Response missing `choices`|'\w+' object (?:is not|has no)"),
    (NO_JSON, rf"\d+ validation errors? for (?:{_TYPES})\b"),  # pydantic, of what openai-python reads a reply into
    (NOT_SENT, r"LLM Provider NOT provided|Unmapped LLM provider|\S{1,60} does not support parameters:"),  # LiteLLM
    (NOT_SENT, r"The api_key client option must be set|Missing credentials\. Please pass"),  # openai-python
    (NOT_SENT, r"The \w+_API_KEY environment variable is missing|Could not resolve authentication method"),
    (NOT_SENT, r"[A-Z_]{0,40}API_KEY (?:is|was) (?:not (?:set|found|defined|provided)|missing|required|undefined)"),
    (
        NOT_SENT,
        r"OpenAI or Azure OpenAI API key not found|"  # LangChain
        r"Missing (?:\w{1,30} ){1,3}API [Kk]ey\b|"  # Zed
        r".{1,60} API key is missing\. Pass it using|Did not find \w+_api_key|Missing API Key - A call is",
    ),
    (NOT_SENT, r"Unauthorized endpoint, please check Setup->Security"),  # Salesforce: a host that Apex may not call
    (
        NO_HEADER,
        r"Illegal header value b|Invalid header value|Headers\.append: ",
    ),  # h11, undici
    (NO_HEADER, r"'(?:ascii|latin-1)' codec can't encode character|Cannot convert argument to a ByteString"),
    (
        NO_HEADER,
        r"invalid header field value|Invalid character in header content",
    ),  # Go, Node
    (NO_CLIENT, r"\w{0,40}Client\.__init__\(\) got an unexpected keyword argument|__init__\(\) got an unexpected"),
    (NO_CLIENT, r"You tried to access openai\.|module 'openai' has no attribute|cannot import name '\w+' from 'openai"),
    (NO_MODEL, r"Unknown model:? '?[^\n]{1,200}?'?\. Please provide a valid \w+ model name"),  # LlamaIndex
    (NO_MODEL, r"['\"]?Could not automatically map .{1,200} to a tokeniser|no encoding for model "),  # tiktoken, Go's
    (NO_MODEL, r"This model isn't mapped yet|get_num_tokens_from_messages\(\) is not (?:presently )?implemented"),
    (NO_URL, r"\"?\S{0,200}\"? cannot be parsed as a URL|Failed to parse URL from|Failed to construct 'URL'"),  # JS
    (NO_URL, r"Request URL is missing an '?http|Request URL has an unsupported protocol"),  # httpx
    (NO_URL, r"Invalid URL(?:$|:? '| \"|: (?:No|Invalid) )"),  # requests, Node; not OpenAI's "Invalid URL (POST /v1/…)"
    (NO_URL, r".{0,200}unsupported protocol scheme|.{0,200}missing protocol scheme|relative URL without a base"),  # Go
    (NO_URL, r"URI is not absolute|An invalid request URI was provided|Expected URL scheme 'http' or 'https'"),
    (ENDED, r"Could not parse response content as the"),  # openai-python: finish_reason length or content_filter
    (
        ENDED,
        r"(?:[Ss]tream|[Rr]equest) ended without (?:producing|sending) |missing finish_reason for choice",
    ),  # openai-node
    (ENDED, r"stream disconnected before completion: response\.(?:failed|incomplete) event received"),  # Codex
    (ENDED, r"Open WebU[Il]: Server Connection Error"),
    (ENDED, r"The provider repeatedly ended the response before returning usable output"),  # Kilo Code
    (ENDED, r"No generations found in stream|['\"](?:choices|message|content)['\"]\.?$"),  # LangChain; a KeyError
    (ENDED, r"No embedding data received|The input is not a valid Base64 string of encoded floats"),  # openai's SDKs
    (DIMENSIONS, _DIMENSIONS),
    (DISORDER, r"Unexpected event order, got \w{1,60} before"),  # anthropic-python, @anthropic-ai/sdk
    (ENDED, r"An error occurred during streaming\.?$|No output generated|No object generated"),
)
_DEEPEST = 4
ROWS = tuple((re.compile(begins), kind) for kind, begins in _SENTENCES)
_SET_ASIDE = re.compile(
    r"(?:\blitellm\.|RouterRateLimitError|\bLiteLLM Router:)[^\n]{0,200}No deployments available for selected model"
)
_CLASSES = (
    r"(?:BadRequest|Authentication|PermissionDenied|NotFound|Conflict|UnprocessableEntity|RateLimit|InternalServer|"
    r"APIStatus|API|APIConnection|ServiceUnavailable|BadGateway|ContextWindowExceeded|ContentPolicyViolation|Timeout|"
    r"UnsupportedParams|InvalidRequest)(?:Error)?"
)
_WRAPPERS = re.compile(
    r"(?:\s*(?:"
    rf"litellm\.(?:exceptions\.)?\w+: |{_CLASSES}: |"
    r"[A-Za-z_]\w{0,40}(?:Exception|Error)(?: [A-Z]\w+(?:Error| Authentication)?)? -\s{1,40}|"  # LiteLLM
    r"b['\"](?=\{)|"  # bytes, as Python prints them
    r"Failed after \d+ attempts?(?: with non-retryable error)?[.:] (?:Last error: )?'?"  # the AI SDK
    r"))+"
)
_NO_REPLY = re.compile(r"(?<!litellm\.)\b(?:APIConnection(?:Timeout)?|APITimeout)Error: ")
"""Classes that no reply leads to: whatever stands behind them, the client says it."""
_AFTER = re.compile(  # blanks before it go with what is cut off: looked for here, each would be begun at anew
    r"\.? ?Handle with `litellm|\.? ?Received Model Group=|LiteLLM Retried: |Available Model Group Fallbacks=|"
    r"No fallback model group found|\.? ?Error_str: |LiteLLM\.Info: |Give Feedback / Get Help: "
)
_SAID = {
    NOT_SENT: (
        "the client sent nothing: its error is about a key, a host, a model's name or a parameter that "
        "it lacks or refuses; fix that in the program, then ask the endpoint with: chatproof "
        "smoke"
    ),
    NO_HEADER: "the client sent nothing: a header that it builds has a character that no header may "
    "have; most often the key is empty, or has a line end, a blank or a typographic character; check how the "
    "program gets its key, then see: chatproof doctor",
    NO_CLIENT: "the client sent nothing: its libraries do not fit each other, or the program is written for another "
    "version of them; install the versions that the program names (openai and httpx belong together)",
    SET_ASIDE: "LiteLLM's router sent nothing: after earlier failures it has stopped using every "
    "deployment of this model for some time; the cause is in the errors before this one",
    NO_MODEL: "the client's library does not know the model's name, by a list of its own (of context lengths, tokens "
    "or prices); the endpoint may well have that model: chatproof models. Use a newer version of the library, or its "
    "class for OpenAI-compatible endpoints",
    NO_URL: "the client sent nothing: its base URL is not a URL (undefined, or without http:// or "
    "https://); set the base URL in the program or its environment, then see: chatproof doctor",
    NO_JSON: (
        "the client could not read a reply as JSON, and the reply itself is not in the text; "
        "capture it with: curl -sS -i …"
    ),
    NO_PART: "the program could not read a part of an answer, which was not there, and the reply itself is not in the "
    "text; it may be an error under status 200, or, where the program got a text in its place, a page: check then that "
    "the base URL ends in the version, such as /v1. Capture the reply with: curl -sS -i …",
    DIMENSIONS: "a vector store refuses vectors of another length than it was made with, and no endpoint says this: "
    "ask for the same model, or for that many `dimensions`, or make the store anew",
    NO_CALL: "the client wants an id, a type and a name in the first part of a streamed tool call, and one was not "
    "there; the stream itself is not in the text; capture it with: curl -sS -i -N …, or ask the endpoint with: "
    "chatproof validate",
    DISORDER: "the client met an event of a stream that it did not expect there, and does not show what was in it: an "
    "error in place of the beginning, or events in another order; capture the stream with: curl -sS -i -N …, or ask "
    "the endpoint with: chatproof smoke --stream",
    ENDED: "the client could not use an answer, and the reply itself is not in the text; capture it with: "
    "curl -sS -i -N …",
}


def begin(text: str, at: int = 0) -> int:
    """The offset where what a client wraps around somebody's words ends, and those words begin."""
    wrapped = _WRAPPERS.match(text, at)
    return wrapped.end() if wrapped else at


def within(text: str) -> str:
    """The words without what a client put before and behind them."""
    words = text[begin(text) :]
    after = _AFTER.search(words)
    return (words[: after.start()] if after else words).strip()


def kind(words: str) -> str:
    """What such words tell of where they are a client's own; empty where they may be a server's."""
    if _NO_REPLY.search(words[:400]):
        return NO_REPLY
    inner = _innermost(within(words))
    return next((kind for form, kind in ROWS if form.match(inner)), "")


def _innermost(words: str) -> str:
    """The message within a message: plugins of an application hand an error on as JSON in JSON (Dify)."""
    for _ in range(_DEEPEST):
        if not words.startswith("{"):
            break
        try:
            value = json.loads(words)
        except (ValueError, RecursionError):
            break
        message = value.get("message")
        if not isinstance(message, str):
            break
        words = within(message)
    return words


def is_set_aside(line: str) -> bool:
    """LiteLLM's router says, by a class of its own, that it asked nobody. What its proxy answers is a reply."""
    return bool(_SET_ASIDE.search(line[:2000]))


_UNFIT = re.compile(
    r"missing field `[\w.$]{1,60}`|unknown variant `[\w.$-]{0,60}`, expected |"
    r"data did not match any variant of untagged enum \w{1,60}|"
    rf"\d{{1,4}} validation errors? for (?:{_TYPES})\b|"
    r"invalid type: [a-z]{1,20}[^,\n]{0,60}, expected [^\n]{1,60}"
)
_OF_TYPES = re.compile(  # other languages' words for the same
    r"\d{1,4} validation errors? for (?:ChatCompletion(?:Chunk)?|CreateEmbeddingResponse|Response|Message)(?m:$)|"
    r"json: cannot unmarshal \w{1,20} into Go (?:struct field|value of type) [\w.\[\]]{1,80}|"  # Go
    r"Cannot (?:deserialize value of type|construct instance of) (?=`)|"  # Jackson
    r"Unrecognized field \"[\w.-]{1,80}\"(?= \(class )|"
    r"Expected (?:BEGIN_OBJECT|BEGIN_ARRAY|a string|a boolean|an int|a long|a double) but was \w{1,20}|"  # Gson
    r"Fields? '?\[?\w{1,60}'?\]?,? [^\n]{0,80}(?:is|are) required for type with serial name|"  # Kotlin
    r"The JSON value could not be converted to [\w.\[\]<>]{1,160}|"  # .NET
    r"(?:keyNotFound|typeMismatch|valueNotFound)\((?=[\w., (]{0,80}\bCodingKeys\b|Swift\.)|"  # Swift
    r"The data couldn[’']t be read because it is(?:n[’']t in the correct format| missing)"
)


def unfit(text: str, shown: bool = False) -> str:
    """Why a text has no reply where a client of fixed types (serde's words) could not read one; or empty. `shown` says
    that the client shows it, or a part."""
    found = _UNFIT.search(text[:64_000]) or _OF_TYPES.search(text[:64_000])
    if found is None:
        return ""
    if shown:
        return (
            f"the client could not read a reply into its own types ({found[0].removesuffix(', expected ').strip()}); "
            "what it shows of it may well be read by other clients: ask the endpoint with: chatproof validate"
        )
    return (
        f"the client could not read a reply into its own types ({found[0].removesuffix(', expected ').strip()}), and "
        "the whole reply is not in the text: it is JSON of another API or an error's, or lacks what only such clients "
        "need; capture it with: curl -sS -i …, and ask the endpoint with: chatproof validate"
    )


_NAMES = re.compile(
    r"^[\s>]{0,40}(?:ERROR:?\s{1,8}|Exception in thread \"[^\"\n]{1,80}\" |Caused by: )?"
    r"(?:(?:[\w.]{1,80}\.)?(?:\w{1,80}Error|\w{1,80}Exception|Error)?(?: ?\[\w{1,40}\])?: ){0,3}"
)


_PLACED = re.compile(
    r"`[^`\n]{0,80}`[^\n]{0,80} at line \d{1,6} column \d{1,6}\b"
)  # serde's, of a document that it read
_PARTS = r"(?:choices|delta|message|output_text)"  # other members of an answer may be those of any program's objects
_UNREAD = r"\bAPI returned an empty or malformed response \(HTTP 200\)"  # Claude Code
_ANYWHERE = (  # in a line. A gateway that reads its upstream says some of these as well: no reply is taken for them
    (
        NO_PART,
        rf"'(?:str|NoneType)' object has no attribute 'choices'|of (?:undefined|null) \(reading '{_PARTS}'\)|"
        rf"undefined is not an object \(evaluating '[^'\n]{{0,80}}\b{_PARTS}\b|\bchoices is not iterable\b|"
        r"Undefined (?:array key|index):? [\"']?choices\b|"  # PHP
        r"(?i:\bcontained no choices\b|\bno choices (?:in|were|was|returned|found)\b)|"  # Zed and others
        r"\bAPI Error: (?:(?:null|undefined) is not an object|Cannot read properties of)",  # Claude Code
    ),
    (NO_JSON, _UNREAD),
    (NO_CALL, r"Expected '(?:id|function\.name)' to be a string|Expected 'function' type"),  # the AI SDK
    (DIMENSIONS, _DIMENSIONS),
    (ENDED, r"\bbinascii\.Error: |\bbuffer size must be a multiple of element size"),  # openai-python, of vectors
    (
        ENDED,
        r"The language model did not provide any assistant messages|"  # Roo Code
        r"The provider returned an empty or unparsable response",  # Cline
    ),
)
_ROWS_ANYWHERE = (
    *((form, of) for form, of in ROWS if of in (NO_URL, DISORDER)),  # programs write what they do instead before these
    *((re.compile(form), of) for of, form in _ANYWHERE),
)
_BULLETS = " \t>■●•✖✗✘⎿│*"  # what programs of a terminal write before an error


def reason(text: str) -> str:
    """Why a text that tells of no exchange tells of none, by the first line of it that is a client's own; or empty."""
    for line in (shown.lstrip(_BULLETS) for shown in text.splitlines()[:400]):
        told = kind(_NAMES.sub("", line[:1000]))
        if told not in _SAID:
            told = next((of for form, of in _ROWS_ANYWHERE if form.search(line[:1000])), told)
        told = SET_ASIDE if is_set_aside(line) else told
        if told in _SAID:
            return _SAID[told]
    return unfit(text) if _PLACED.search(text[:64_000]) or _OF_TYPES.search(text[:64_000]) else ""
