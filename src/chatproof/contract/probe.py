"""What a probe is: one request we plan to send, as a row. A request is built from a row and a target, and nothing else.

Whoever needs to know what a probe is for asks its row (`role`, `feeds`, `shown_as`), never its name.
"""

import json
from collections.abc import Callable

from chatproof.secrets.key_check import INVALID_KEY
from chatproof.values import NamedTuple
from chatproof.wire.exchange import Header, Request, Secret, Url

KEY, INVALID, NONE, EMPTY = "key", "invalid", "none", "empty"
JSON = "application/json"
ALIVE = "(any reply)"  # as `after`: any complete reply will do
ALL = "*"  # as a clause's probe: each exchange of the run
OWN_REQUEST, SMALLER_REQUEST = "request.", "smaller."
"""How the names of the user's own requests begin, `request.1`, and of what is left of them, `smaller.1.1`."""

# -- roles: what a probe is for ---------------------------------------------------------------------------------------
CONTROL = "control"  # the plain request that must succeed: a refusal means something against it
TWIN = "twin"  # the control in another form that other clients send: where it alone is answered, it is the control
STREAM = "stream"  # the control, streamed: asked for with --stream
LISTING = "listing"  # the models of this key
ENTRY = "entry"  # one model of the listing
KEY_REFUSAL = "key_refusal"  # the control without the right key: must be refused
REFUSAL = "refusal"  # a request that must not pass, with the right key
KEY_FORM = "key_form"  # the key in another form: recorded, not judged
FEATURE = "feature"  # what clients use beyond the control
BURST = "burst"  # a copy of another probe, for or out of a burst
OWN = "own"  # a request of the user's own; as a clause's probe: each of them
SMALLER = "smaller"  # one of these with parts left out, to find the part that is refused; judged by nothing
AGAIN = "again"  # the control once more, after requests that were answered like an outage
ROLES = (CONTROL, TWIN, STREAM, LISTING, ENTRY, KEY_REFUSAL, REFUSAL, KEY_FORM, FEATURE, BURST, OWN, SMALLER, AGAIN)

# -- what the sanitized record takes from a reply ---------------------------------------------------------------------
ANSWER, REJECTION = "answer", "rejection"

Body = dict[str, object]
_written = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps would make an encoder for each request
_OF_SEGMENTS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


class Probe(NamedTuple):
    id: str
    method: str
    suffix: str  # appended to the base URL
    credential: str  # which key: the real one, the constant wrong one, none, one without characters
    body: Callable[[str], Body | bytes] | None  # from the model id
    summary: str
    billable: bool
    after: str  # a probe whose clauses must all hold first; "" for none
    does: str  # for --plan and the docs
    media: str = JSON  # of the request's body
    header: Callable[[str], str] | None = None  # credential header → another form of it
    tail: str = ""  # follows the credential in its header
    answers: Callable[[str, Body], Body] | None = None  # body from the model id and the JSON of `after`'s reply
    tokens: int = 0  # expected for prompt and answer together; a cap is sent only where that is what is asked about
    reuses_connection_of: str = ""  # the probe whose connection is used again if the server keeps it open
    opt_in: bool = False  # sent only when asked for by name
    role: str = FEATURE  # what it is for: one of ROLES
    feeds: str = ""  # what the sanitized record takes from its reply: ANSWER, REJECTION, or nothing
    shown_as: str = ""  # how a report names its reply where it lists the fields: "the completion"
    headers: tuple[tuple[str, str], ...] = ()  # that this API wants beside the usual ones
    otherwise: Callable[[str], Body] | None = None  # another body, where the first is refused by one of these words
    blamed: tuple[str, ...] = ()
    verbatim: bool = False  # sent as it is, whatever the plain request was refused for: that is what is asked
    unjudged: bool = False  # no clause is about it alone: it follows whatever success it comes after
    parts: bool = False  # asks several things at once: a refusal of it is explained part by part

    @property
    def place(self) -> str:
        """The path that is appended to the base URL, without the query that some clients send."""
        return self.suffix.partition("?")[0]

    @property
    def must_be_refused(self) -> bool:
        """No reply to this may be a success."""
        return self.role in (KEY_REFUSAL, REFUSAL)


REFUSED_FORM = "refused."
"""How the name begins under which a request is kept that was refused, and then sent in another form."""


_OTHER_CREDENTIALS = {INVALID: Secret(INVALID_KEY), NONE: None, EMPTY: Secret("")}


def is_own(id: str) -> bool:
    """A probe by this name is a request of the user's own, or what is left of one: its texts are in no record."""
    return id.startswith((OWN_REQUEST, SMALLER_REQUEST))


def own_row(id: str, path: str, after: str) -> Probe | None:
    """Make the row of one of the user's own requests; None for any other name. Its body is known to its run alone."""
    if not is_own(id):
        return None
    role = OWN if id.startswith(OWN_REQUEST) else SMALLER
    does = "your own request" if role == OWN else "your own request, with parts left out"
    return Probe(id, "POST", path, KEY, None, does, True, after, does, role=role)


def build(
    probe: Probe,
    base: Url,
    model: str,
    key: Secret | None,
    auth_header: str,
    user_agent: str,
    before: Body | None = None,
    further: tuple[Header, ...] = (),
) -> Request:
    """Build the request of a probe. The credential stays a Secret; the header is built when it is sent.

    `before` is the JSON of the reply to the probe it comes after, for a row that answers it. Of `further` headers those
    that are credentials stay away where the key does.
    """
    content = _content(probe, model, before)
    streams = isinstance(content, dict) and content.get("stream") is True
    # The SDKs of OpenAI and Anthropic accept JSON alone, even of a stream; Codex names the stream: both are sent.
    headers = [("Accept", "text/event-stream" if streams and probe.role != STREAM else JSON)]
    body = b""
    if content is not None:
        headers.append(("Content-Type", probe.media))
        body = content if isinstance(content, bytes) else _written(content).encode("utf-8", "surrogatepass")
    if not any(name == "User-Agent" for name, _ in probe.headers):
        headers.append(("User-Agent", user_agent))
    headers += probe.headers
    credential = key if probe.credential == KEY else _OTHER_CREDENTIALS[probe.credential]
    header = probe.header(auth_header) if probe.header else auth_header
    url = base.join(probe.suffix.replace("{model}", _segment(model)))
    if probe.credential in (NONE, EMPTY):
        further = tuple(one for one in further if not one.credential)
    return Request(probe.method, url, tuple(headers), body, credential, header, probe.summary, probe.tail, further)


def _content(probe: Probe, model: str, before: Body | None) -> Body | bytes | None:
    if probe.answers is not None and before is not None:
        return probe.answers(model, before)
    return probe.body(model) if probe.body else None


def _segment(model: str) -> str:
    """A model id inside a path. Its slashes stay, as SDKs and servers take them; the rest is percent-encoded."""
    if _OF_SEGMENTS.issuperset(model):
        return model
    from urllib.parse import quote

    return quote(model, safe="/:@", errors="surrogatepass")
