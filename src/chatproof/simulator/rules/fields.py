"""What is refused in the fields of a request, but for its messages and its tools."""

from math import inf
from typing import Any

from chatproof.simulator.answers import Body, Flaw, kind, missing, mistyped
from chatproof.simulator.rules.rule import (
    Rule,
    beyond,
    chosen,
    is_flag,
    is_list,
    is_number,
    is_object,
    is_text,
    is_whole,
    only_with,
    ranged,
    too_long,
    too_many,
    typed,
    unknown_field,
    unknown_value,
)

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
TIERS = ("auto", "default", "flex", "scale", "priority", "fast")
MOST_METADATA, LONGEST_NAME, LONGEST_VALUE = 16, 64, 512
KNOWN = frozenset(
    (
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "moderation",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    )
)


def _unknown(body: Body) -> Flaw | None:
    return next((unknown_field(name) for name in body if name not in KNOWN), None)


def _no_model(body: Body) -> Flaw | None:
    return None if "model" in body else missing("model")


def _model(body: Body) -> Flaw | None:
    model = body.get("model", "unsaid")
    return None if isinstance(model, str) and model else mistyped("model", "a string", model)


def _both_caps(body: Body) -> Flaw | None:
    if body.get("max_tokens") is None or body.get("max_completion_tokens") is None:
        return None
    said = "'max_tokens' and 'max_completion_tokens' cannot be set at the same time."
    return Flaw(said, "max_tokens", "invalid_parameter_combination")


def _stop(body: Body) -> Flaw | None:
    stop = body.get("stop")
    fits = stop is None or isinstance(stop, str) or (is_list(stop) and all(map(is_text, stop)))
    return None if fits else mistyped("stop", "a string or an array of strings", stop)


def _stops(body: Body) -> Flaw | None:
    stop = body.get("stop")
    return too_many("stop", len(stop), 4) if isinstance(stop, list) and len(stop) > 4 else None


def _options_without_stream(body: Body) -> Flaw | None:
    unasked = body.get("stream_options") is not None and body.get("stream") in (None, False)
    return only_with("stream_options", "stream' is 'true") if unasked else None


def _stream_options(body: Body) -> Flaw | None:
    options = _object(body, "stream_options")
    for name in ("include_usage", "include_obfuscation"):
        value = options.get(name)
        if not (value is None or is_flag(value)):
            return mistyped(f"stream_options.{name}", "a boolean", value)
    return None


def _top_logprobs_alone(body: Body) -> Flaw | None:
    alone = body.get("top_logprobs") is not None and body.get("logprobs") in (None, False)
    return only_with("top_logprobs", "logprobs' is 'true") if alone else None


def _bias_keys(body: Body) -> Flaw | None:
    for key in _object(body, "logit_bias"):
        if not (key.isascii() and key.isdigit()):
            said = f"Invalid key in 'logit_bias': {key[:40]!r}. A key is the number of a token."
            return Flaw(said, "logit_bias", None)
    return None


def _bias_values(body: Body) -> Flaw | None:
    for key, value in _object(body, "logit_bias").items():
        at = f"logit_bias.{key[:40]}"
        flaw = beyond(at, value, -100, 100) if is_number(value) else mistyped(at, "a number", value)
        if flaw:
            return flaw._replace(param="logit_bias")
    return None


def _metadata_alone(body: Body) -> Flaw | None:
    return None if not body.get("metadata") or body.get("store") else only_with("metadata", "store' is 'true")


def _metadata_size(body: Body) -> Flaw | None:
    found = len(_object(body, "metadata"))
    if found <= MOST_METADATA:
        return None
    said = f"Invalid 'metadata': too many properties. Expected at most {MOST_METADATA}, but got {found} instead."
    return Flaw(said, "metadata", "object_above_max_properties")


def _metadata_names(body: Body) -> Flaw | None:
    found = (name for name in _object(body, "metadata") if len(name) > LONGEST_NAME)
    return next((too_long("metadata", len(name), LONGEST_NAME) for name in found), None)


def _metadata_values(body: Body) -> Flaw | None:
    for name, value in _object(body, "metadata").items():
        if not isinstance(value, str):
            return mistyped(f"metadata.{name[:64]}", "a string", value)
    return None


def _metadata_lengths(body: Body) -> Flaw | None:
    for name, value in _object(body, "metadata").items():
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            return too_long(f"metadata.{name[:64]}", len(value), LONGEST_VALUE)
    return None


def _identifier(body: Body) -> Flaw | None:
    value = body.get("safety_identifier")
    return too_long("safety_identifier", len(value), 64) if isinstance(value, str) and len(value) > 64 else None


def _modalities(body: Body) -> Flaw | None:
    listed = body.get("modalities")
    for place, value in enumerate(listed if isinstance(listed, list) else ()):
        if value not in ("text", "audio"):
            return unknown_value(f"modalities[{place}]", value, ("text", "audio"))
    return None


def _audio(body: Body) -> Flaw | None:
    if not isinstance(body.get("audio"), dict):
        return None
    return next((missing(f"audio.{name}") for name in ("voice", "format") if name not in body["audio"]), None)


def _prediction(body: Body) -> Flaw | None:
    prediction = body.get("prediction")
    if not isinstance(prediction, dict):
        return None
    if prediction.get("type") != "content":
        return unknown_value("prediction.type", prediction.get("type"), ("content",))
    content = prediction.get("content")
    wanted = "a string or an array of parts"
    return None if isinstance(content, str | list) else mistyped("prediction.content", wanted, content)


def _object(body: Body, field: str) -> dict[str, Any]:
    value = body.get(field)
    return value if isinstance(value, dict) else {}


def is_an_object(body: Any) -> Flaw | None:
    """The body itself: the only question that may be asked of what is no object."""
    if isinstance(body, dict):
        return None
    return Flaw(f"Invalid body: expected an object, but got {kind(body)}.", None, "invalid_type")


_STORED = {"store": True}

FIELD_RULES: tuple[Rule, ...] = (
    Rule("model-missing", "no `model`", _no_model, {"model": ...}, "model"),
    Rule("model-type", "`model` that is not a string, or is empty", _model, {"model": ""}, "model"),
    Rule(
        "unknown-field",
        "a field that the reference does not have",
        _unknown,
        {"top_k": 40},
        "top_k",
        "spring-projects/spring-ai#5197",
        "2026-01-06",
    ),
    typed("temperature", "a decimal", is_number, "warm"),
    ranged("temperature", 0, 2, 2.5),
    ranged("temperature", 0, 2, -0.1),
    typed("top_p", "a decimal", is_number, "0.5"),
    ranged("top_p", 0, 1, 1.5),
    ranged("top_p", 0, 1, -1),
    typed("presence_penalty", "a decimal", is_number, "1"),
    ranged("presence_penalty", -2, 2, 3),
    ranged("presence_penalty", -2, 2, -3),
    typed("frequency_penalty", "a decimal", is_number, True),
    ranged("frequency_penalty", -2, 2, 2.1),
    ranged("frequency_penalty", -2, 2, -2.1),
    typed("n", "an integer", is_whole, 1.5),
    ranged("n", 1, 128, 130, "thisisartium/continuous-alignment-testing#25", "2025-03-11"),
    ranged("n", 1, 128, 0),
    typed("seed", "an integer", is_whole, "7"),
    ranged("seed", -(2**63), 2**63 - 1, 2**64),
    ranged("seed", -(2**63), 2**63 - 1, -(2**64)),
    typed("max_tokens", "an integer", is_whole, "16"),
    ranged("max_tokens", 1, inf, 0, "OpenBMB/ChatDev#446", "2024-09-25"),
    typed("max_completion_tokens", "an integer", is_whole, 16.5),
    ranged("max_completion_tokens", 1, inf, -1),
    Rule(
        "both-caps",
        "`max_tokens` beside `max_completion_tokens`",
        _both_caps,
        {"max_tokens": 16, "max_completion_tokens": 16},
        "max_tokens",
        "langchain-ai/langgraph#5943",
        "2025-08-19",
    ),
    typed("logprobs", "a boolean", is_flag, 5),
    typed("top_logprobs", "an integer", is_whole, "2", logprobs=True),
    ranged("top_logprobs", 0, 20, 21, logprobs=True),
    ranged("top_logprobs", 0, 20, -1, logprobs=True),
    Rule(
        "top_logprobs-alone",
        "`top_logprobs` without `logprobs`",
        _top_logprobs_alone,
        {"top_logprobs": 2},
        "top_logprobs",
    ),
    Rule("stop-type", "`stop` that is neither a string nor an array of strings", _stop, {"stop": [7]}, "stop"),
    Rule(
        "stop-length",
        "more than 4 stop sequences",
        _stops,
        {"stop": ["a", "b", "c", "d", "e"]},
        "stop",
        "continuedev/continue#2461",
        "2024-10-04",
    ),
    typed("stream", "a boolean", is_flag, "yes"),
    typed("stream_options", "an object", is_object, True, stream=True),
    Rule(
        "stream_options-members",
        "members of `stream_options` that are not booleans",
        _stream_options,
        {"stream": True, "stream_options": {"include_usage": 1}},
        "stream_options.include_usage",
    ),
    Rule(
        "stream_options-alone",
        "`stream_options` without `stream`",
        _options_without_stream,
        {"stream_options": {"include_usage": True}},
        "stream_options",
    ),
    typed("logit_bias", "an object", is_object, [1]),
    Rule(
        "logit_bias-key",
        "a key of `logit_bias` that is not the number of a token",
        _bias_keys,
        {"logit_bias": {"AI": 10}},
        "logit_bias",
        "OkGoDoIt/OpenAI-API-dotnet#163",
        "2023-06-29",
    ),
    Rule(
        "logit_bias-value",
        "a bias that is not a number from -100 to 100",
        _bias_values,
        {"logit_bias": {"50256": 101}},
        "logit_bias",
        "platform.openai.com/docs/api-reference/chat/create: logit_bias",
        "2024-10-24",
    ),
    typed("user", "a string", is_text, 7),
    typed("safety_identifier", "a string", is_text, 7),
    Rule(
        "safety_identifier-length",
        "a `safety_identifier` of more than 64 characters",
        _identifier,
        {"safety_identifier": "x" * 65},
        "safety_identifier",
    ),
    typed("prompt_cache_key", "a string", is_text, 7),
    typed("prompt_cache_retention", "a string", is_text, 24),
    chosen("prompt_cache_retention", ("in_memory", "in-memory", "24h"), "1h"),
    typed("prompt_cache_options", "an object", is_object, "30m"),
    typed("store", "a boolean", is_flag, "true"),
    typed("metadata", "an object", is_object, "x", **_STORED),
    Rule(
        "metadata-alone",
        "`metadata` without `store`",
        _metadata_alone,
        {"metadata": {"team": "a"}},
        "metadata",
        "tmc/langchaingo#1484",
        "2026-03-16",
    ),
    Rule(
        "metadata-size",
        "more than 16 pairs of `metadata`",
        _metadata_size,
        {"metadata": {f"k{number}": "v" for number in range(17)}, **_STORED},
        "metadata",
        "thiswillbeyourgithub/openwebui_custom_pipes_filters#3",
        "2025-03-04",
    ),
    Rule(
        "metadata-name",
        "a name in `metadata` of more than 64 characters",
        _metadata_names,
        {"metadata": {"k" * 65: "v"}, **_STORED},
        "metadata",
    ),
    Rule(
        "metadata-value",
        "a value in `metadata` that is not a string",
        _metadata_values,
        {"metadata": {"k": 1}, **_STORED},
        "metadata.k",
    ),
    Rule(
        "metadata-length",
        "a value in `metadata` of more than 512 characters",
        _metadata_lengths,
        {"metadata": {"k": "v" * 513}, **_STORED},
        "metadata.k",
        "spiceai/spiceai#5357",
        "2025-04-02",
    ),
    typed("reasoning_effort", "a string", is_text, 1),
    chosen("reasoning_effort", EFFORTS, "huge"),
    typed("verbosity", "a string", is_text, 1),
    chosen("verbosity", ("low", "medium", "high"), "loud"),
    typed("service_tier", "a string", is_text, 1),
    chosen("service_tier", TIERS, "gold"),
    typed("modalities", "an array", is_list, "text"),
    Rule(
        "modalities-value",
        "a word in `modalities` that is not text or audio",
        _modalities,
        {"modalities": ["text", "smell"]},
        "modalities[1]",
    ),
    typed("audio", "an object", is_object, "alloy"),
    Rule("audio-members", "`audio` without voice or format", _audio, {"audio": {"voice": "alloy"}}, "audio.format"),
    typed("prediction", "an object", is_object, "x"),
    Rule(
        "prediction-members",
        "`prediction` that is not content",
        _prediction,
        {"prediction": {"type": "content"}},
        "prediction.content",
    ),
    typed("web_search_options", "an object", is_object, True),
    typed("moderation", "an object", is_object, "omni-moderation-latest"),
)
