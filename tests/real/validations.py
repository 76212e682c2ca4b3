"""The table: what `chatproof validate` finds on each real server, each finding looked at by hand beside its exchange.

A finding is true: the server does deviate, and the essence of the exchange says how. What turned out to be a false alarm
is no row here; it was mended in the clause or the probe (docs/decisions/0019-validate-on-real-servers.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .rows import OPEN


@dataclass(frozen=True)
class Whole:
    """One run of validate. Keys of `true` and `unseen` are clause ids, several with a space between; the values are the
    exchange in short, and why something could not be observed."""

    server: str
    path: str
    exit: int
    true: dict[str, str]
    unseen: dict[str, str] = field(default_factory=dict)
    key: str | None = "good"
    model: str = "gpt-4o"
    args: tuple[str, ...] = ()
    may_be_unseen: str = ""  # a prefix of clauses that time decides about

    @property
    def id(self) -> str:
        return "_".join([self.server + self.path, *(arg.lstrip("-") for arg in self.args), self.model])


_PASSES = "200 and the usual completion"
_NO_FIXTURE = '404 {"error":{"message":"No fixture matched",…,"param":null,"code":"no_fixture_match"}}'
AIMOCK = {
    "error.missing_model.refused": f"no model → {_PASSES}",
    "error.unknown_model.refused": f"model chatproof-no-such-model → {_PASSES}",
    "error.temperature_string.refused error.temperature_range.refused": f'temperature "warm", or 99 → {_PASSES}',
    "error.stream_string.refused": f'stream "maybe" → {_PASSES}',
    "error.wrong_media_type.refused": f"Content-Type: text/plain → {_PASSES}",
    "error.empty_messages.field_named error.message_without_role.field_named error.wrong_role.field_named "
    "error.wrong_content_type.field_named": f"whatever is wrong with messages → {_NO_FIXTURE}",
    "tools.none": 'tool_choice "none" → the call of the fixture all the same, finish_reason tool_calls',
    "n.honoured": "n 2 → one choice",
    "logprobs.honoured": "logprobs true → logprobs null",
}
AIMOCK_UNSEEN = {"developer.heard": f"its fixtures match system messages, not developer ones: {_NO_FIXTURE}"}
_GONE = '404 {"error":{"code":"model_not_found","message":"the provider that serves this model no longer offers it",…}}'

LLAMACPP = {
    "error.missing_model.refused error.unknown_model.refused": "no model, or chatproof-no-such-model → 200: it has one "
    "model and answers with that",
    "error.empty_messages.refused error.wrong_role.refused": "messages [], role chatproof → 200 and a completion",
    "error.message_without_role.not_retried": '→ 500 {"error":{"code":500,"message":"Failed to parse messages: '
    'Missing \'role\' in message: …","type":"server_error"}}',
    "error.temperature_range.refused": "temperature 99 → 200 and a completion",
    "error.wrong_media_type.refused": "Content-Type: text/plain → 200 and a completion",
    "tools.called tools.stream_called": 'tool_choice {"type":"function",…} → as "auto": prose. Its own code reads '
    "tool_choice as a string and takes auto for anything else",
}
LLAMACPP_UNSEEN = {
    "system.heard developer.heard multi_turn.heard everyday.heard unicode.unstreamed multi_turn.places "
    "usage.long_counted": "the model says the alphabet to the plain request as well",
}

VALIDATIONS: list[Whole] = [
    Whole("aimock", "/v1", 0, AIMOCK, AIMOCK_UNSEEN),
    Whole(
        "ferrogw",
        "/v1",
        0,
        {
            "error.message_without_role.field_named error.wrong_role.field_named": "aimock's 404 for these is passed on "
            f"as {_GONE}",
            **{
                clause: AIMOCK[clause]
                for clause in ("error.wrong_media_type.refused", "tools.none", "n.honoured", "logprobs.honoured")
            },
        },
        {
            "developer.heard": f"aimock has no answer, which ferrogw turns into {_GONE}",
            "model.retrievable model.card": 'GET /v1/models/gpt-4o → 400 provider_not_resolved, "no provider resolved; '
            'set the X-Provider header": neither an answer nor a 404',
        },
    ),
    Whole(
        "llmock",
        "/v1",
        0,
        {
            "error.empty_messages.refused": "messages [] → 200, a completion with prompt_tokens 0",
            "error.wrong_role.refused": 'role "chatproof" → 200 and a completion',
            "error.temperature_range.refused": "temperature 99 → 200 and a completion",
            "error.unknown_model.refused": "model chatproof-no-such-model → 200 and a completion",
            "logprobs.honoured": "logprobs true → no logprobs",
            "tools.intact": "every argument is a made-up word, such as mock-url",
        },
        {
            "max_tokens.honoured max_tokens.finish_reason max_completion_tokens.honoured "
            "max_completion_tokens.finish_reason": "cap 16 → the same one sentence of 18 tokens as without a cap, "
            "finish_reason stop: too near to tell",
            "stop.honoured": "it does not count, so the sequence has no place",
            "system.heard developer.heard multi_turn.heard everyday.heard tools.result_heard unicode.unstreamed "
            "multi_turn.places usage.long_counted": "it repeats what was sent, or says hello",
        },
        key=None,
        args=OPEN,
    ),
    *(
        Whole(server, path, 0, AIMOCK, AIMOCK_UNSEEN)
        for server, path in (("nginx", "/ok/v1"), ("nginx", "/gzip/v1"), ("caddy", "/ok/v1"), ("envoy", "/ok/v1"))
    ),
    Whole(
        "litellm",
        "/v1",
        0,
        {
            "error.empty_messages.refused error.message_without_role.refused error.wrong_role.refused": "messages [], or "
            "a message without role or with role chatproof → 200 and the mocked answer",
            "error.wrong_content_type.not_retried error.wrong_content_type.field_named": "content 7 → 500 "
            "\"litellm.APIConnectionError: … 'int' object is not iterable\"",
            "error.temperature_string.refused error.temperature_range.refused error.stream_string.refused": "→ 200 and "
            "the mocked answer",
            "error.wrong_media_type.refused": "Content-Type: text/plain → 200 and the mocked answer",
            "tools.called tools.stream_called json_object.honoured json_schema.honoured": "mock_response answers pong "
            "whatever is asked",
            "logprobs.honoured": "logprobs true → none",
            "usage.long_counted": "prompt_tokens is 10, whatever is sent",
        },
        {
            "multi_turn.places usual.messages.places": "mock_response answers pong, one word of three or four",
            "max_tokens.honoured max_tokens.finish_reason max_completion_tokens.honoured "
            "max_completion_tokens.finish_reason stop.honoured": "mock_response answers pong, with 20 made-up tokens",
        },
        model="mocked",
    ),
    # The wrong requests that aimock answers with 404 put LiteLLM's only deployment out of service for 5 s: 429 for all
    # that comes then. Which ones come then is a matter of milliseconds; they are sent last, so nothing else is lost.
    Whole(
        "litellm",
        "/v1",
        0,
        {
            "tools.none": AIMOCK["tools.none"],
            "n.honoured": AIMOCK["n.honoured"],
            "logprobs.honoured": AIMOCK["logprobs.honoured"],
            "error.empty_messages.field_named": "aimock's 404 is passed on as 404 \"litellm.BadRequestError: "
            'OpenAIException - No fixture matched"',
        },
        model="validated",
        may_be_unseen="error.",
    ),
    Whole("llamacpp", "/v1", 0, LLAMACPP, LLAMACPP_UNSEEN, model="alphabet"),
    Whole("llamacpp-open", "/v1", 0, LLAMACPP, LLAMACPP_UNSEEN, key=None, model="alphabet", args=OPEN),
]
