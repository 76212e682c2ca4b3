"""Replies of APIs that are spoken by none of ours: engines' own paths, older and other paths of OpenAI's, applications.

Whoever pastes one asked another path, or another server, than the contract is about: that is said, nobody is blamed.
Each row is known by members that a reply of ours never has together.
"""

from collections.abc import Callable
from typing import Any

from chatproof.contract.surface import CHAT
from chatproof.surfaces import surface_of

_OBJECTS = {
    "text_completion": "the old Completions API (/completions)",
    "batch": "the Batch API (/batches)",
    "file": "the Files API (/files)",
    "assistant": "the Assistants API (/assistants)",
    "thread": "the Assistants API (/threads)",
    "thread.message": "the Assistants API (/threads)",
    "thread.run": "the Assistants API (/threads)",
    "fine_tuning.job": "the Fine-tuning API (/fine_tuning/jobs)",
    "vector_store": "the Vector stores API (/vector_stores)",
    "conversation": "the Conversations API (/conversations)",
    "response.compaction": "another path of the Responses API (/compact)",
    "response.input_tokens": "another path of the Responses API (/input_tokens)",
}
_TRANSCRIBED = {"text", "task", "language", "duration", "segments", "words", "usage", "x_groq"}
_UI_PARTS = {"type", "id", "delta", "messageId", "messageMetadata", "providerMetadata"}

Value = dict[str, Any]


def _first(value: Value, name: str) -> Value:
    items = value.get(name)
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}


def _inner(value: Value, name: str) -> Value:
    held = value.get(name)
    return held if isinstance(held, dict) else {}


def _ollama_chat(value: Value) -> bool:
    return isinstance(value.get("done"), bool) and isinstance(value.get("message"), dict) and "created_at" in value


def _ollama_generate(value: Value) -> bool:
    return isinstance(value.get("done"), bool) and isinstance(value.get("response"), str)


def _gemini(value: Value) -> bool:
    return isinstance(value.get("candidates"), list) or ("usageMetadata" in value and "modelVersion" in value)


def _bedrock(value: Value) -> bool:
    return "stopReason" in value and "message" in _inner(value, "output")


def _cohere(value: Value) -> bool:
    content = _inner(value, "message").get("content")  # Ollama's is a text
    return isinstance(content, list) or ("generation_id" in value and isinstance(value.get("text"), str))


def _dashscope(value: Value) -> bool:
    return "request_id" in value and bool({"text", "choices"} & _inner(value, "output").keys())


def _llama_cpp(value: Value) -> bool:
    return isinstance(value.get("content"), str) and bool({"tokens_predicted", "id_slot", "slot_id"} & value.keys())


def _replicate(value: Value) -> bool:
    return "get" in _inner(value, "urls") and "status" in value and "output" in value


def _dify(value: Value) -> bool:
    return isinstance(value.get("answer"), str) and bool({"conversation_id", "message_id", "task_id"} & value.keys())


def _of_the_ai_sdk(value: Value) -> bool:
    return value.get("type") in ("start", "start-step", "text-start", "text-delta") and value.keys() <= _UI_PARTS


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, int | float) for one in value[:20])


def _ollama_embed(value: Value) -> bool:
    older = _numbers(value.get("embedding")) and len(value) == 1
    counted = bool({"total_duration", "prompt_eval_count"} & value.keys())
    return older or (isinstance(value.get("embeddings"), list) and counted)


def _ollama_tags(value: Value) -> bool:
    return value.keys() == {"models"} and bool({"digest", "modified_at"} & _first(value, "models").keys())


def _vertex(value: Value) -> bool:
    return "values" in _inner(value, "embedding") or "values" in _inner(_first(value, "predictions"), "embeddings")


def _cohere_embed(value: Value) -> bool:
    return "texts" in value and isinstance(value.get("embeddings"), dict | list)


def _deleted(value: Value) -> bool:
    return isinstance(value.get("deleted"), bool) and value.keys() <= {"id", "object", "type", "deleted"}


ROWS: tuple[tuple[str, str, Callable[[Value], bool]], ...] = (
    # (name, how the base URL of its OpenAI-compatible path ends, whether a value is one)
    ("Ollama's own API (/api/chat)", "/v1", _ollama_chat),
    ("Ollama's own API (/api/generate)", "/v1", _ollama_generate),
    ("Ollama's own API (/api/embed)", "/v1", _ollama_embed),
    ("Ollama's own API (/api/tags)", "/v1", _ollama_tags),
    ("Google's own API (:embedContent, :predict)", "/v1beta/openai", _vertex),
    ("Cohere's own API (/embed)", "", _cohere_embed),
    ("a request that deletes something", "", _deleted),
    ("the Message Batches API (/batches)", "", lambda value: value.get("type") == "message_batch"),
    ("another path of the Messages API (/count_tokens)", "", lambda value: value.keys() == {"input_tokens"}),
    ("Google's own API (:generateContent)", "/v1beta/openai", _gemini),
    ("Bedrock's own API (/converse)", "", _bedrock),
    ("Cohere's own API (/chat)", "", _cohere),
    ("DashScope's own API", "/compatible-mode/v1", _dashscope),
    ("a text-generation server's own API (/generate)", "", lambda value: isinstance(value.get("generated_text"), str)),
    ("llama.cpp's own API (/completion)", "/v1", _llama_cpp),
    ("Replicate's own API (/predictions)", "", _replicate),
    ("Dify's own API (/chat-messages)", "", _dify),
    ("the AI SDK's own stream for pages (toUIMessageStreamResponse)", "", _of_the_ai_sdk),
    ("AnythingLLM's own API (/workspace)", "", lambda value: isinstance(value.get("textResponse"), str)),
    ("the Images API (/images)", "", lambda value: bool({"url", "b64_json"} & _first(value, "data").keys())),
    ("the Moderations API (/moderations)", "", lambda value: "flagged" in _first(value, "results")),
    ("a Rerank API (/rerank)", "", lambda value: "relevance_score" in _first(value, "results")),
    ("the Audio API (/audio)", "", lambda value: isinstance(value.get("text"), str) and value.keys() <= _TRANSCRIBED),
)


def name(value: Any) -> str:
    """Which other API's reply a JSON value is, with its path; empty for none that is known."""
    if isinstance(value, list) and value and _numbers(value[0]):
        return "text-embeddings-inference's own API (/embed)"
    if isinstance(value, list):  # text-generation-inference answers in a list
        value = value[0] if len(value) == 1 else None
    if not isinstance(value, dict) or value.get("error"):
        return ""
    if is_of_texts(value):
        return _OBJECTS["text_completion"]
    if surface_of(CHAT).matcher().holds_answer(value):
        return ""
    said = value.get("object")
    known = _OBJECTS.get(said, "") if isinstance(said, str) and said != "text_completion" else ""
    return known or next((named for named, _, is_it in ROWS if is_it(value)), "")


def is_of_texts(value: Value) -> bool:
    """An answer of the old completions: each choice has a text, and no message."""
    return (
        value.get("object") == "text_completion"
        and "text" in (first := _first(value, "choices"))
        and not ({"message", "delta"} & first.keys())
    )


def advice(said: str) -> str:
    """Where the same server speaks the contract, by a text that names its own API; empty where that is not known."""
    end = next((end for named, end, _ in ROWS if end and named in said), "")
    return f"; the base URL of its OpenAI-compatible API ends in {end}" if end else ""
