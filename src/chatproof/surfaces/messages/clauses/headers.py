"""The other form of the plain request: the key in the other header, and the other version. Half of the clients send it.

One form that is answered is the run's plain request (see `running/twin.py`); the other one is judged here.
"""

from chatproof.contract.clause import (
    SHOULD,
    SMOKE,
    TRANSPORT,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
    undecided,
)
from chatproof.evidence.provider_error import classify, error_words, names
from chatproof.evidence.reply import Reply
from chatproof.surfaces.messages.examples import COMETAPI, GOOD, JSON, SDK
from chatproof.surfaces.messages.probes import BEARER, NEW, OLD, VERSION, X_API_KEY

CLAUSES = Clauses(SMOKE)
clause = CLAUSES.add

_OFFICIAL, _AI = "anthropic-python and @anthropic-ai/sdk", "the AI SDK"
_OF_HEADER = {BEARER.lower(): _OFFICIAL, X_API_KEY: _AI}
_OF_VERSION = {NEW: _OFFICIAL, OLD: _AI}
_ABOUT_THE_KEY = ("auth", "header", "permission", "organization")
_HEADERS = ("x-api-key", "authorization", "bearer")
_NOT_KEY, _NOT_VERSION = "the refusal is not about the key", "the refusal is about the key"


def _refusal(status: int, type: str, message: str) -> Example:
    said = f'{{"type":"error","error":{{"type":"{type}","message":"{message}"}}}}'
    return Example(status, JSON, said.encode())


_KEYLESS = _refusal(401, "authentication_error", "x-api-key header is required")
_VERSION = _refusal(400, "invalid_request_error", "anthropic-version: unknown version")


def _open(reply: Reply, context: Context) -> Outcome | None:
    """Why nothing can be said of the form: the plain request fails as well, or the answer is about something else."""
    control = context.control
    if control is None or not control.complete or not context.surface.view.is_success(control):
        return undecided("the plain request in its first form is not answered either")
    if reply.status in (408, 425, 429) or reply.status >= 500:
        return undecided(f"HTTP {reply.status} is about load or an outage, not about the form")
    return None


def _is_about_the_key(reply: Reply) -> bool:
    if reply.status == 401:
        return True
    error = reply.error
    return error is not None and (classify(error, reply.status) in _ABOUT_THE_KEY or names(error, _HEADERS))


def _said(reply: Reply) -> str:
    return f"HTTP {reply.status}, {error_words(reply.error) if reply.error else f'{reply.kind} body'}"


def _header(reply: Reply) -> str:
    return reply.exchange.request.credential_header


@clause(
    "messages.headers.key",
    layer=TRANSPORT,
    area="Authentication scheme",
    code="auth.header",
    level=SHOULD,
    says="The key is accepted in both headers: Authorization: Bearer and x-api-key.",
    source=COMETAPI,
    probe="happy.other_form",
    why="anthropic-python and @anthropic-ai/sdk send a Bearer token, the AI SDK x-api-key: one of them gets 401.",
    holds_on=(GOOD,),
    breaks_on=(
        _KEYLESS,
        Example(401, "text/html", b"<html>401</html>"),
        _refusal(403, "permission_error", "no key"),
        _refusal(400, "invalid_request_error", "x-api-key: header is required"),
    ),
)
def key(reply: Reply, context: Context) -> Outcome:
    if context.no_auth:
        return not_applicable("the endpoint is open on purpose (--no-auth)")
    if reply.status < 300:
        return holds(_header(reply))
    why = _open(reply, context)
    if why is not None:
        return why
    if not _is_about_the_key(reply):
        return not_applicable(f"{_NOT_KEY}: {_said(reply)}")
    header = _header(reply)
    clients = _OF_HEADER.get(header.lower(), "others")
    return broken(
        f"header {header.partition(':')[0]}", f"the key accepted in {header}, the header of {clients}", _said(reply)
    )


@clause(
    "messages.headers.version",
    layer=TRANSPORT,
    area="Required request fields",
    code="contract.headers",
    level=SHOULD,
    says="Both values of anthropic-version that clients send are accepted: 2026-10-21 and 2023-06-01.",
    source=SDK,
    probe="happy.other_form",
    why="anthropic-python and @anthropic-ai/sdk send the new one, the AI SDK the old one: one group gets no answer.",
    holds_on=(GOOD,),
    breaks_on=(_VERSION, _refusal(404, "not_found_error", "no such version"), Example(200, JSON, b'{"ok":true}')),
)
def version(reply: Reply, context: Context) -> Outcome:
    if context.surface.view.is_success(reply):
        return holds()
    why = _open(reply, context)
    if why is not None:
        return why
    if _is_about_the_key(reply):
        return not_applicable(f"{_NOT_VERSION}: {_said(reply)}")
    sent = next((value for name, value in reply.exchange.request.headers if name.lower() == VERSION), "")
    clients = _OF_VERSION.get(sent, "others")
    return broken(f"header {VERSION}", f"an answer to {sent or 'any version'}, the version of {clients}", _said(reply))
