"""What stopped a request, by the words of the client that tells it: curl, Python's and Node's clients, browsers.

The sentence decides: a number such as curl's (35) or (56) stands for several causes.
"""

import re
from collections.abc import Iterable

from chatproof.captures import tls_alerts
from chatproof.printable import cut, escape
from chatproof.wire.exchange import Fault


def _numbers(*numbers: int) -> str:
    """A system's number for an error, as languages write it: it says the same in every language of Windows. Those
    from 3000 to 5000 are Node's own there."""
    written = "|".join(map(str, numbers))
    return rf"(?:WinError |os error |\bErrno |\berrno[ =:]{{1,3}}-?|SocketException \()(?:{written})\b"


def _apples(*codes: int) -> str:
    """NSURLErrorDomain's codes: what stands beside them is in the user's language."""
    written = "|".join(map(str, codes))
    return rf"(?:NSURLErrorDomain[^\n]{{0,12}}|URLError\(_nsError[^\n]{{0,60}})[Cc]ode[=:]? ?\"?-(?:{written})\b"


def _windows(*codes: str) -> str:
    """What WinHTTP and WinINet say, as a HRESULT: 80072ee7 is 12007."""
    return rf"\b(?:0x)?(?i:80072(?:{'|'.join(codes)}))\b"


_SENTENCES: tuple[tuple[str, str, str], ...] = (
    # (words, diagnosis code, phase); the first that is found
    (
        r"blocked by CORS policy|Cross-Origin Request Blocked|CORS (?:preflight|request|header)|access control checks|"
        r"Mixed Content:|violates the following Content Security Policy|ERR_BLOCKED_BY",
        "net.client",
        "client",
    ),
    (
        r"from proxy after CONNECT|HTTP Tunneling|CONNECT tunnel failed|Could not resolve proxy|"
        r"Tunnel connection failed|ProxyError|ProxyConnectError|ERR_PROXY|ERR_TUNNEL|NS_ERROR_(?:UNKNOWN_)?PROXY|"
        r"tunneling socket could not|Proxy CONNECT aborted|ERR_SOCKS|proxyconnect tcp|Proxy Authentication Required|"
        r"SOCKS\d? (?:server|proxy|connection)[^\n]{0,60}(?:fail|error|reject|unreach)",
        "net.proxy",
        "proxy",
    ),
    (
        r"certificate required|certificate_required|CERTIFICATE_REQUIRED|client certificate|ERR_SSL_CLIENT_AUTH|"
        r"BAD_SSL_CLIENT_AUTH_CERT|bad certificate|BAD_CERTIFICATE",
        "tls.client_certificate",
        "tls",
    ),
    (
        r"certificate has expired|CERT_HAS_EXPIRED|certificate expired|not yet valid|CERT_NOT_YET_VALID|"
        r"ERR_CERT_DATE_INVALID|SEC_ERROR_EXPIRED_CERTIFICATE|CertificateExpiredException|CertificateNotYetValid|NotTimeValid|"
        r"SSSLERR_PEER_CERT_(?:EXPIRED|NOT_YET)|"
        r"invalid peer certificate: (?:Expired|NotValidYet)|InvalidCertificate\((?:Expired|NotValidYet)",
        "tls.expired",
        "tls",
    ),
    (
        r"no alternative certificate subject name|subject name .{0,200} does not match|hostname mismatch|"
        r"ERR_TLS_CERT_ALTNAME_INVALID|doesn't match|certificate is not valid for|ERR_CERT_COMMON_NAME_INVALID|"
        r"SSL_ERROR_BAD_CERT_DOMAIN|"
        r"certificate not valid for name|does not match target host|"
        r"x509: certificate is (?:not )?valid for|No subject alternative (?:\w+ )?names? |"
        r"Hostname \S{1,253} not verified|SSLPeerUnverified|"
        r"SSSLERR_SERVER_CERT_MISMATCH|"
        r"No name matching|RemoteCertificateNameMismatch|NotValidForName|target principal name is incorrect",
        "tls.hostname_mismatch",
        "tls",
    ),
    (
        r"[Ss]elf[- ]signed certificate|unable to verify|unable to get (?:local )?issuer|UNABLE_TO_VERIFY_LEAF|"
        r"UNABLE_TO_GET_ISSUER|SELF_SIGNED_CERT|SSL certificate problem|CERTIFICATE_VERIFY_FAILED|"
        r"certificate verify failed|ERR_CERT_AUTHORITY_INVALID|SEC_ERROR_UNKNOWN_ISSUER|unknown authority|"
        r"TlsFatalAlert: certificate_unknown|SSSLERR_PEER_CERT_UNTRUSTED|"  # .NET; SAP
        r"peer certificate (?:cannot be authenticated|or SSH remote key was not OK)|"
        r"PKIX path|valid certification path|CertPathBuilderException|"
        r"\bmbedtls_\w{1,40} returned -0x(?:2700|3000)\b|X509 - Certificate verification failed|"  # ESP-IDF, Arduino
        r"Trust anchor for certification path|RemoteCertificateChainErrors|UntrustedRoot|PartialChain|UnknownIssuer|"
        r"The remote certificate (?:is invalid|was rejected)|authority that is not trusted|"
        r"[Cc]ertificate for this server is invalid|" + _apples(1201, 1202, 1203, 1204),
        "tls.untrusted",
        "tls",
    ),
    (
        r"wrong version number|WRONG_VERSION_NUMBER|packet length too long|PACKET_LENGTH_TOO_LONG|"
        r"record layer failure|RECORD_LAYER_FAILURE|"
        r"unsupported protocol|no protocols available|handshake failure|"
        r"Received fatal alert|bad[ _]record[ _]mac|Unsupported or unrecognized SSL message|Unrecognized SSL message|"
        r"received corrupt message of type InvalidContentType|Cannot determine the frame size|"
        r"server gave HTTP response to HTTPS client|"
        r"\bmbedtls_ssl_handshake returned -0x[0-9A-Fa-f]{2,4}\b|"  # ESP-IDF
        r"first record does not look like a TLS",
        "tls.protocol",
        "tls",
    ),
    (
        r"EPROTO\b|ERR_SSL_|\b80072f8f\b|tlsv1 alert|sslv3 alert|SSL_ERROR_SYSCALL|" + _apples(1200),
        "tls.protocol",
        "tls",
    ),
    (
        r"Could not resolve host|Resolving timed out|getaddrinfo|ENOTFOUND|EAI_AGAIN|Name or service not known|"
        r"couldn't get hostname for|"  # ESP-IDF
        r"nodename nor servname|name resolution|[Nn]o such host|could not be resolved \(\d{1,3}: |"
        r"dns error|failed to lookup address|server misbehaving|"
        r"UnknownHostException|Failed host lookup|server with the specified hostname could not be found|"
        r"ERR_NAME_NOT_RESOLVED|NS_ERROR_UNKNOWN_HOST|NameResolutionError|:nxdomain\b|"
        + _windows("ee7")
        + "|"
        + _numbers(11001, 11002, 11004, 3008)
        + "|"
        + _apples(1003, 1006),
        "net.dns",
        "dns",
    ),
    (
        r"refused the network connection|"
        r"Connection refused|ECONNREFUSED|actively refused|ERR_CONNECTION_REFUSED|All connection attempts failed|"
        r":econnrefused\b|(?<=\) )connection refused\b|NS_ERROR_CONNECTION_REFUSED|"
        r"\"ConnectionRefused\"|ConnectionRefused: Unable|\(ConnectionRefused\)|Could not connect to the server|"
        + _windows("efd")
        + "|"
        + _numbers(111, 61, 10061, 4078, 1225)
        + "|"
        + _apples(1004),
        "net.refused",
        "connect",
    ),
    (
        r"connect\(\) error: Host is unreachable|"  # ESP-IDF
        r"Network is unreachable|No route to host|ENETUNREACH|EHOSTUNREACH|ERR_ADDRESS_UNREACHABLE|"
        r"ERR_INTERNET_DISCONNECTED|NS_ERROR_OFFLINE|:e(?:host|net)unreach\b|Internet connection appears to be offline|"
        + _numbers(101, 113, 51, 65, 10051, 10065)
        + "|"
        + _apples(1009),
        "net.unreachable",
        "connect",
    ),
    (
        r"Connection timed? ?out|Connection timeout|connect timed? ?out|ConnectTimeout|CONNECT_TIMEOUT|"
        r"connect ETIMEDOUT|Connect timeout has expired|ERR_CONNECTION_TIMED_OUT|Connect Timeout Error|"
        r"[Ss]ocket connection timeout|SOCKET_CONNECTION_TIMEOUT|" + _numbers(110, 60, 10060, 4039) + r"|"
        r"[Rr]equest connection took longer than|Dio(?:Exception|Error) \[connection timeout\]|"
        r"dial tcp [^\n]{0,200}i/o timeout|"
        r"Failed to connect to .{0,200}(?:[Tt]imed? ?out|Timeout| after \d{5,9} ms)|"  # a refusal comes at once
        r"(?:\(28\)|[Ee]rror 28:) Failed to connect",
        "net.connect_timeout",
        "connect",
    ),
    (
        r"Connection Failed: Connect error|could not connect to ollama app|"
        r"Failed to connect|Couldn't connect|Connect call failed|Failed to establish a new connection",
        "net.refused",
        "connect",
    ),
    (
        r"transfer closed with|incomplete chunked read|without sending complete message body|IncompleteRead|"
        r"[Pp]remature close|PREMATURE_CLOSE|ERR_CONTENT_LENGTH_MISMATCH|ERR_INCOMPLETE_CHUNKED|"
        r"unexpected EOF|unexpected eof(?! while)|"
        r"was not closed cleanly|closed before (?!message completed).{0,40}complete|response ended prematurely|"
        r"stream error: stream ID \d+|http2: server sent GOAWAY|"
        r"Response payload is not completed|TransferEncodingError|InvalidChunkLength\(got length b'', 0 bytes|"
        r"network error: error decoding response body|closed DURING response|error reading a body from connection",
        "http.incomplete_body",
        "body",
    ),
    (
        r"[Ss]ocket connection was closed unexpectedly|"
        r"Empty reply from server|Server disconnected|socket hang up|RemoteDisconnected|other side closed|"
        r"ERR_EMPTY_RESPONSE|ERR_CONNECTION_CLOSED|unexpected end of stream|closed before message completed|"
        r"closed BEFORE response|https?://[^\"\n]{1,400}\": EOF\b|NoHttpResponse|"
        r"stream disconnected before completion: stream closed|TransportError\{reason: :closed|"
        r"failed to respond|The network connection was lost|" + _apples(1005),
        "net.closed",
        "first_byte",
    ),
    (
        r"Connection reset|ECONNRESET|ERR_CONNECTION_RESET|Recv failure|SSL_read|forcibly closed|:econnreset\b|"
        r"StreamResetException|ERR_CONNECTION_ABORTED|NS_ERROR_NET_RESET|"
        r"ERR_HTTP2_\w+|ERR_QUIC_\w+|ERR_SPDY_\w+|connection reset by peer|" + _numbers(104, 54, 10053, 10054, 4077),
        "net.reset",
        "body",
    ),
    (
        r"Dio(?:Exception|Error) \[receive timeout\]|"
        r"ReadTimeout|HEADERS_TIMEOUT|Headers Timeout|exceeded while awaiting headers|Idle timeout reached",
        "net.read_timeout",
        "first_byte",
    ),
    (r"WriteTimeout", "net.write_timeout", "write"),
    (
        r"Operation timed out|Operation too slow|[Rr]equest timed out|BODY_TIMEOUT|"
        r"APITimeoutError|APIConnectionTimeoutError|ERR_TIMED_OUT|NS_ERROR_NET_TIMEOUT|timed out|TLS handshake timeout|"
        r"InterruptedIOException: timeout|(?:Request|Socket) timeout has expired|"
        r"TransportError\{reason: :timeout|idle timeout waiting|"
        r"[Ss]treaming (?:setup|request) timeout after \d|timeout of \d{1,9} ?ms exceeded|"
        r"\bResponseTimeout\b|\(80072ee2\)|: request timeout\b|"
        + _apples(1001)
        + r"|context deadline exceeded|HttpClient\.Timeout|SocketTimeoutException|HttpTimeoutException",
        "limit.deadline",
        "body",
    ),
    (r"Excess found", "http.framing", "body"),
    (
        r"ERR_INVALID_CHUNKED|InvalidChunkLength|[Ii]llegal or missing hexadecimal|chunk hex-length|illegal chunk|"
        r"(?:[Cc]onflicting|[Mm]ultiple|[Bb]ad|Duplicate|Invalid) Content-Length|Content-Length can't be present|"
        r"Invalid character in (?:chunk|Content-Length)|HPE_INVALID_(?:CHUNK|CONTENT_LENGTH)",
        "http.framing",
        "body",
    ),
    (
        r"illegal (?:status|request|header) line|malformed data|HPE_INVALID|Parse Error|"
        r"Invalid header(?! value: \\?\")|"
        r"bad status line|BadStatusLine|invalid HTTP (?:header|response)|does not match the HTTP/1.1 protocol",
        "http.malformed",
        "headers",
    ),
    (r"HTTP/0\.9|ERR_INVALID_HTTP_RESPONSE|[Nn]ot valid HTTP|Unsupported HTTP/", "http.not_http", "headers"),
    (r"Headers Overflow|headers? too large|LineTooLong|got more than \d+ headers", "limit.size", "headers"),
    (r"\bterminated\b(?! during handshake)|aborted while reading", "http.incomplete_body", "body"),
    (
        r"content encoding|ERR_CONTENT_DECODING|[Ee]rror while processing content unencoding|"
        r"(?<!Swift\.)DecodingError(?!\.)|incorrect header check|unexpected end of file",
        "http.encoding",
        "body",
    ),
    # What says of a handshake only that it failed, where nothing before says why.
    (
        r"UNEXPECTED_EOF_WHILE_READING|EOF occurred in violation of protocol|unexpected eof while reading|"
        r"terminated during handshake|tls handshake eof|socket disconnected before secure TLS connection|"
        r"SSL connection could not be established|SSLHandshakeException|"
        r"Authentication failed, see inner exception",
        "tls.protocol",
        "tls",
    ),
)
_COMPILED = tuple((re.compile(words), code, phase) for words, code, phase in _SENTENCES)
_LONGEST = 4000

NO_JSON = re.compile(
    r"JSONDecodeError|failed to deserialize api response|expected value at line 1 column|JsonReaderException|"
    r"JsonSyntaxException|JsonDecodingException|UnserializableResponse|JSON::ParserError|"
    r"JsonParseException|is an invalid start of a value|Unrecognized token '|"
    r"JsonEOFException|Unexpected end-of-input|"
    r"JSONDeserialize\(|kind: Decode, source: Error\(|JsonConvertException|is required for type with serial name|"
    r"keyNotFound\(CodingKeys|DecodingError\.|json: cannot unmarshal|"
    r"is not valid JSON|in JSON at position|Unexpected end of JSON|APIResponseValidationError|"
    r"Invalid JSON response|Failed to process successful response|invalid character .{1,20} looking for "
    r"beginning of value"
)
"""A client could not read a reply as JSON: the reply itself is what is wanted, and its words do not hold it."""
NO_FORM = re.compile(rf"{NO_JSON.pattern}|Type validation failed|\bvalidation errors? for \w|\bmissing field `")
"""A client could not read a reply, or refused its form, where the reply may stand beside its words."""


# Chromium's names that are the browser's own doing: no server closed or refused anything.
_OF_THE_CLIENT = {
    "ERR_ABORTED": "the page or its user cancelled the request (ERR_ABORTED)",
    "ERR_FAILED": "the browser kept the reply from the page, as it does for CORS (ERR_FAILED): the reply lacks "
    "Access-Control-Allow-Origin, or its preflight was refused",
    "ERR_NETWORK_CHANGED": "the network of this machine changed (ERR_NETWORK_CHANGED)",
    "ERR_NETWORK_IO_SUSPENDED": "this machine went to sleep (ERR_NETWORK_IO_SUSPENDED)",
    "ERR_UNSAFE_PORT": "the browser asks no server on this port (ERR_UNSAFE_PORT)",
    "ERR_NETWORK_ACCESS_DENIED": "this machine keeps the browser from the network (ERR_NETWORK_ACCESS_DENIED)",
    "NS_BINDING_ABORTED": "the page or its user cancelled the request (NS_BINDING_ABORTED)",
    "NS_ERROR_ABORT": "the page or its user cancelled the request (NS_ERROR_ABORT)",
    "ERR_CACHE_MISS": "the browser searched only its cache (ERR_CACHE_MISS)",
}
_NAME = re.compile(r"[A-Z][A-Z0-9_]{3,60}")  # a constant of a browser's: no word of the user's
_BLOCKED = "the browser or an extension of it blocked the request"


def of_a_browser(error: str) -> Fault:
    """What stopped a request, by the name that a browser gives it (`net::ERR_ABORTED`), or a tool that writes HARs."""
    name = error.rpartition("::")[2].strip()
    if name in _OF_THE_CLIENT:
        return Fault("net.client", "client", _OF_THE_CLIENT[name])
    if name.startswith("ERR_BLOCKED_BY") or "blocked" in name.lower():
        return Fault("net.client", "client", _BLOCKED)
    known = by_words(error, "the capture")
    if known:
        return known
    if name.startswith(("ERR_CERT", "ERR_SSL", "ERR_TLS", "ERR_BAD_SSL")):
        return Fault("tls.protocol", "tls", f"the capture says: {escape(cut(name, 60))}")
    said = f": {name}" if _NAME.fullmatch(name) else ""
    return Fault("net.closed", "first_byte", f"the capture gives another reason{said}", untold=True)


def of_lines(lines: Iterable[str], teller: str) -> Fault | None:
    """The fault that a chain of errors tells of. Those that follow only wrap the first; a bare "timed out" says less
    than the phase that another line names."""
    found = [fault for line in lines if (fault := by_words(line, teller)) is not None]
    return next((fault for fault in found if fault.code != "limit.deadline"), next(iter(found), None))


def by_words(text: str, teller: str) -> Fault | None:
    """The fault that a client's own words tell of; None where they tell of none. `teller` names the client.

    Only the words that matched are quoted: the rest may hold names of the user's.
    """
    text, alert = text[:_LONGEST], None
    for words, code, phase in _COMPILED:
        if alert is None and code.startswith("tls."):  # what the server says of it goes before what the client does
            alert = tls_alerts.told(text, teller)
            if alert is not None:
                return alert
        found = words.search(text)
        if found:
            return Fault(code, phase, f"{teller} says: {found[0][:120]}")
    return None
