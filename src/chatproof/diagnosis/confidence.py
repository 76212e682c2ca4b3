"""The rule for each diagnosis's confidence: what was seen, and whom that leaves out.

`certain` says that what was observed leaves nobody else; `likely`, that another hop could have done the same and seldom
does; `possible`, that the words or the status alone say it. A row's own confidence may be lowered by what else the run
shows, never raised. For the documentation and its test; no run loads it.
"""

from typing import NamedTuple


class Rule(NamedTuple):
    """`excluded`: who else could have been the cause, and was left out by what was seen; empty where nobody was."""

    codes: tuple[str, ...]
    rule: str
    excluded: tuple[str, ...] = ()


RULES: tuple[Rule, ...] = (
    Rule(
        ("net.dns", "net.unreachable", "net.connect_timeout", "net.write_timeout"),
        "likely: our own resolver or socket failed before a byte was read, so no server has "
        "answered; an expired domain and a host that is switched off look the same from here",
    ),
    Rule(
        ("net.refused", "net.reset", "net.closed", "net.read_timeout", "limit.deadline"),
        "likely: the connection shows that something ended it or stayed silent, but not which hop. Owner unknown for "
        "localhost inside a container, and where another client reports its own timeout",
    ),
    Rule(
        ("net.proxy",),
        "certain: the proxy itself answered, with 407 or to CONNECT; likely where plain http might be forwarded "
        "without CONNECT",
        ("provider", "gateway"),
    ),
    Rule(
        ("net.client",),
        "certain: the browser or client recorded that it ended the request or hid the reply; likely, with owner "
        "unknown, where only a server's log says that its client left: a hop between may have done so",
        ("provider", "gateway", "network"),
    ),
    Rule(
        ("tls.untrusted",),
        "likely: this machine does not trust the issuer; an interceptor and a private authority look the same, so"
        " the evidence names the issuer",
    ),
    Rule(
        ("tls.hostname_mismatch", "tls.expired"),
        "likely: the certificate itself states names and dates, and the evidence shows this "
        "machine's clock with them; an interceptor or a login page on the way may have shown it",
    ),
    Rule(
        ("tls.protocol",),
        "certain about the handshake, with owner unknown: an alert does not say which side is "
        "misconfigured; you, where plain http was sent to a port that answered with TLS",
        ("provider",),
    ),
    Rule(
        ("tls.client_certificate",),
        "certain: the handshake's alert asks for a certificate, and no accepted one was sent; likely where the server "
        "only ended the connection, or where a pasted text tells an alert that clients send as well",
        ("network",),
    ),
    Rule(
        ("http.not_http",),
        "likely: the answer on this port does not begin like HTTP/1.1; most often the scheme or "
        "port of the base URL is wrong, but a broken server looks the same",
    ),
    Rule(
        ("http.malformed", "http.framing", "http.incomplete_body", "http.encoding"),
        "likely: the bytes as they were read break the rules of HTTP, and any hop that speaks "
        "HTTP may have written them; in a transcript, only what the tool itself reports counts",
    ),
    Rule(
        ("limit.size",),
        "certain: more JSON values, or more events of a stream, arrived than the limit allows; "
        "likely where only bytes were counted, because any hop may add bytes",
        ("you", "network"),
    ),
    Rule(
        ("limit.capture", "limit.unobserved"),
        "certain: our own side left the request out, or the capture lacks the part; possible, with owner unknown, "
        "where a complete reply is not enough to judge",
        ("provider", "gateway", "network"),
    ),
    Rule(
        ("gateway.error", "gateway.timeout"),
        "certain: a gateway's own status (502, 504, 52x) or page in place of the API's JSON; "
        "likely where JSON in the API's shape reports an upstream failure, which another hop may "
        "have passed on; possible, with owner unknown, for a 503 with a few words or an empty "
        "body, which an overloaded server may write itself; a 408 likewise can come from any hop",
        ("you",),
    ),
    Rule(
        ("gateway.challenge",),
        "certain with a mark that only a challenge has (cf-mitigated, Cloudflare's own JSON or "
        "page); otherwise likely: a refusal that every request gets, with or without a key; "
        "possible, with owner unknown, for a 403 with a few words or an empty body when no "
        "request without a key was sent",
    ),
    Rule(
        ("auth.rejected",),
        "certain: the API says so, and a request without a key gets another answer or was not "
        "sent; likely, where it gets the same answer, because a hop may drop the key; likely, "
        "with owner unknown, where the same key gets the list of models: a gateway may use a key "
        "of its own; likely, of the gateway, where it quotes what its upstream said",
        ("network",),
    ),
    Rule(
        ("auth.header",),
        "certain: no key was sent, by our own choice, or a Basic or Negotiate challenge asks for another kind of "
        "credential; likely, with owner unknown, where a key was sent and the API saw none: a hop may drop it",
        ("network",),
    ),
    Rule(
        ("auth.not_enforced",),
        "certain: a request whose key was wrong or missing was answered; possible, with owner "
        "unknown, where further headers were sent with it",
        ("you", "network"),
    ),
    Rule(
        ("auth.permission",),
        "certain: the error's code or words name a permission, or a request without a key gets "
        "another answer; likely, with owner unknown, where it gets the same answer; possible "
        "when no request without a key was sent",
        ("network",),
    ),
    Rule(
        ("auth.organization", "account.region", "model.retired"),
        "certain: the error's code or words name it; likely, where the plain request is answered all the same; "
        "possible, with owner unknown, where only the status 451 or its page says so",
        ("network", "gateway"),
    ),
    Rule(
        ("request.unsupported_parameter",),
        "certain: the error's code or words name it; likely, where a gateway quotes the service behind it; likely, "
        "with owner unknown, where the request has no parameter of that name",
        ("network", "gateway"),
    ),
    Rule(
        ("request.context_length",),
        "certain: the error's code or words name the length; if it was your own request, the owner is you",
        ("network",),
    ),
    Rule(
        ("auth.error_body", "contract.status", "contract.validation", "contract.error_present", "contract.media_type"),
        "certain: the status and the bytes of the reply as received; likely, with the gateway as "
        "owner, where a page replaces the API's error or only this request gets it; possible, "
        "with owner unknown, where only the status of a reply is known, where an unusual status "
        "came with a few words or an empty body, where an error in unknown words came without "
        "its status, or where the body that a Content-Type announces is missing",
        ("you", "network"),
    ),
    Rule(
        ("account.quota",),
        "certain: the error's code or words are about money, or 402 comes with JSON; likely for a page with 402",
        ("network",),
    ),
    Rule(
        ("account.rate_limited",),
        "certain about the cause, by status or words, with owner unknown: the reply seldom says "
        "whose limit it is; likely where JSON reports an upstream's limit",
        ("network",),
    ),
    Rule(
        ("model.unavailable",),
        "certain: the error names the model, by code or by id; likely where a 5xx or a gateway without a channel does "
        "so and no listing tells whether the id is known, where a provider is what is not found, or where the only "
        "sign is that a valid listing lacks it",
        ("network",),
    ),
    Rule(
        ("model.not_listed",),
        "certain: the model answers, and the list for the same key does not contain it",
        ("network",),
    ),
    Rule(
        ("url.redirected", "url.doubled_version"),
        "certain: the status and Location, or the base URL itself, show it; likely where only "
        "the status of a reply is known, or where it points to a login page for people",
        ("network",),
    ),
    Rule(
        ("url.missing_version", "url.wrong_path", "url.not_an_api"),
        "likely: a 404 or a page shows that this path does not belong to the API; a gateway without a route looks "
        "the same. Not reported where the plain request was answered at the same path; possible where only the "
        "status is known",
    ),
    Rule(
        ("request.rejected",),
        "certain: 413 with a page, or a method that was not POST; otherwise likely or possible: "
        "a 400 whose words match no known cause; a 413 with a few words or an empty body, which "
        "any hop may write",
        ("network",),
    ),
    Rule(
        ("server.error",),
        "certain: JSON in the API's shape under 5xx; likely for 529 alone, which few hops write; possible, with "
        "owner unknown, for a page or an empty body, which any hop can write",
        ("you",),
    ),
    Rule(
        ("stream.unexpected", "stream.not_streamed"),
        "certain: what kind of reply it is, a stream or one document, as read",
        ("you", "network"),
    ),
    Rule(
        ("stream.error",),
        "likely: an error event in the stream, as read; a gateway writes one, too, when its upstream fails",
    ),
    Rule(
        ("stream.malformed",),
        "certain: the bytes break the format; likely where the format is valid and known clients stop; "
        "possible, with owner unknown, where no byte came or a few words of plain text",
        ("you",),
    ),
    Rule(
        ("stream.incomplete", "stream.left_open", "stream.duplicated", "stream.buffered"),
        "likely: what arrived and when is certain, but not which hop caused it: a proxy can cut, hold and repeat",
    ),
    Rule(
        ("content.filtered", "content.refused"),
        "certain: finish_reason or the refusal field say so; with owner unknown where the request was the user's own",
        ("you", "network"),
    ),
    Rule(
        ("content.reasoning_budget", "content.empty"),
        "likely: the counts and fields of one answer; another answer of the same model may "
        "differ. certain where the field itself is null or missing, and the request is known",
        ("network",),
    ),
    Rule(
        ("contract.content",),
        "certain: the type of the field, as read; likely where the text is in the reasoning "
        "field (the server's parser or the model may have put it there), or where two vectors of "
        "one text, or of the same meaning, differ",
        ("you", "network"),
    ),
    Rule(
        ("body.encoding", "body.truncated", "body.unsafe_json", "body.not_json"),
        "certain: a complete HTTP message whose bytes are nearly JSON: framing was intact, so "
        "nothing was lost on the way; likely where they are not JSON at all, which any hop can "
        "write; possible, with owner unknown, for a few words or an empty body, or where the "
        "status is not known",
        ("you", "network"),
    ),
    Rule(
        (
            "contract.choices_missing",
            "contract.choices_empty",
            "contract.choices_type",
            "contract.message_missing",
            "contract.schema",
            "contract.usage",
        ),
        "certain: the fields of a complete JSON reply as read; possible, with owner unknown, for captured JSON that "
        "has none of the API's fields and whose URL nobody saw",
        ("you", "network"),
    ),
    Rule(
        ("contract.headers",),
        "certain: the headers of a complete reply as read; likely where a request is refused "
        "because of one of its own headers: a hop before the API may do that",
        ("you", "network"),
    ),
    Rule(
        ("contract.encoding",),
        "certain: the encoding of the numbers in a complete JSON reply, as read; likely where "
        "two encodings of the same texts differ: another model behind a router would cause that, "
        "too",
        ("you", "network"),
    ),
    Rule(
        ("contract.tools",),
        "certain: the fields of a complete JSON reply, as read; likely, with owner unknown, "
        "where the only signs are badly copied texts or a missing second parallel call: a model "
        "does so, and a gateway may",
        ("you", "network"),
    ),
    Rule(
        (
            "contract.structured_output",
            "contract.max_tokens",
            "contract.parameter",
            "contract.messages",
            "contract.models",
        ),
        "likely: one answer shows it; a model may answer differently another time, and a gateway may rewrite a request",
    ),
    Rule(
        ("http.concurrency", "http.keep_alive"),
        "likely: the same request is answered when sent alone or on a new connection; which hop "
        "dropped it is not known",
    ),
    Rule(
        ("secret.reflected",),
        "certain: the key, in one of its forms, was found in the reply's bytes",
        ("you", "network"),
    ),
)


def rule_of(code: str) -> Rule:
    """The rule for a code. Raises StopIteration for one that has none: no code may."""
    return next(rule for rule in RULES if code in rule.codes)
