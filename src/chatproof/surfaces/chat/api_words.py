"""The words of a request that are the API's and not the user's: fields, values of enums, keywords of schemas.

Of chat and of the other APIs.

What stands here may be shown and kept; every other name and text is somebody's own. From openai/openai-openapi@f85dbe2
(2026-08-21), JSON Schema 2020-12, and the fields that other servers of this API document.
"""

NUMBERS = frozenset(
    (
        *("temperature", "top_p", "presence_penalty", "frequency_penalty", "n", "max_tokens", "max_completion_tokens"),
        *("top_logprobs", "max_output_tokens", "max_tool_calls", "dimensions", "output_dimension"),
        # other servers: vLLM, SGLang, llama.cpp, Together, Fireworks, OpenRouter, Mistral, DeepSeek, Qwen
        *("top_k", "min_p", "top_a", "repetition_penalty", "repeat_penalty", "length_penalty", "min_tokens", "best_of"),
        *("prompt_logprobs", "truncate_prompt_tokens", "thinking_budget", "typical_p", "num_ctx", "num_predict"),
        *("random_seed", "budget_tokens", "tfs_z", "mirostat", "mirostat_tau", "mirostat_eta", "repeat_last_n"),
    )
)
FLAGS = frozenset(
    (
        *("stream", "store", "logprobs", "parallel_tool_calls", "include_usage", "include_obfuscation", "strict"),
        *("enable_thinking", "skip_special_tokens", "ignore_eos", "use_beam_search", "add_generation_prompt"),
        *("continue_final_message", "include_stop_str_in_output", "safe_prompt", "enable_search", "cache_prompt"),
        *("spaces_between_special_tokens", "include_reasoning", "return_token_ids", "echo", "background", "thinking"),
        *(
            "do_sample",
            "separate_reasoning",
            "stream_reasoning",
            "web_search",
            "enabled",
            "exclude",
            "prefix",
            "partial",
        ),
        *("disable_parallel_tool_use", "is_error"),
    )
)
ENUMS: dict[str, frozenset[str]] = {
    name: frozenset(values.split())
    for name, values in {
        "reasoning_effort": "none minimal low medium high xhigh max default",
        "effort": "none minimal low medium high xhigh max",
        "verbosity": "low medium high",
        "service_tier": "auto default flex scale priority fast standard_only",
        "modalities": "text audio image",
        "prompt_cache_retention": "in_memory in-memory 24h",
        "tool_choice": "none auto required any",
        "function_call": "none auto",
        "reasoning_format": "hidden raw parsed",
        "detail": "auto low high",
        "format": "wav aac mp3 flac opus pcm16",
        "search_context_size": "low medium high",
        "mode": "auto required implicit explicit",
        "ttl": "5m 30m 1h",
        "role": "developer system user assistant tool function",
        "voice": "alloy ash ballad coral echo fable nova onyx sage shimmer verse marin cedar",
        "type": "function custom allowed_tools text json_object json_schema image_url input_audio file refusal grammar "
        "content approximate ephemeral enabled disabled adaptive web_search file_search code_interpreter mcp "
        "web_search_preview computer_use_preview image_generation video_url audio_url thinking reasoning tool_use "
        "tool_result image input_text output_text image_file document "
        # responses
        "message function_call function_call_output item_reference input_image input_file summary_text reasoning_text "
        "local_shell apply_patch custom_tool_call custom_tool_call_output "
        # messages
        "auto any none tool base64 url redacted_thinking search_result bash_20250124 text_editor_20250728 "
        "text_editor_20250124 computer_20250124 memory_20250818 web_search_20250305 web_fetch_20250910 "
        "code_execution_20250825 tool_search_tool_regex_20251119",
        "syntax": "lark regex",
        "encoding_format": "float base64",
        "input_type": "query document search_query search_document classification clustering",
        "truncation": "auto disabled",
        "summary": "auto concise detailed",
        "status": "in_progress completed incomplete",
        "phase": "commentary final_answer",
        "include": "reasoning.encrypted_content message.output_text.logprobs message.input_image.image_url "
        "file_search_call.results web_search_call.action.sources code_interpreter_call.outputs",
        "media_type": "image/png image/jpeg image/gif image/webp application/pdf text/plain",
    }.items()
}
OBJECTS = frozenset(
    (
        *("messages", "tools", "functions", "response_format", "metadata", "logit_bias", "stop", "stream_options"),
        *("prediction", "audio", "web_search_options", "moderation", "prompt_cache_options", "user_location"),
        *("approximate", "function", "custom", "parameters", "allowed_tools", "grammar", "json_schema", "schema"),
        *("image_url", "input_audio", "file", "tool_calls", "content", "cache_control", "prompt_cache_breakpoint"),
        # other servers
        *("thinking_config", "reasoning", "chat_template_kwargs", "extra_body", "provider", "plugins", "transforms"),
        *(
            "models",
            "route",
            "guided_json",
            "guided_choice",
            "guided_regex",
            "guided_grammar",
            "guided_decoding_backend",
        ),
        *("structured_outputs", "stop_token_ids", "bad_words", "options", "keep_alive", "chat_template", "documents"),
        # responses, messages
        *("system", "source", "prompt", "variables", "output_config", "mcp_servers", "container", "citations"),
        *("stop_sequences", "input_schema", "conversation", "context_management"),
        *("annotations", "reasoning_details", "search_parameters", "safety_settings", "language", "index"),
    )
)
TEXTS = frozenset(
    (
        *(
            "model",
            "user",
            "safety_identifier",
            "prompt_cache_key",
            "name",
            "description",
            "arguments",
            "input",
            "text",
        ),
        *("url", "data", "file_data", "file_id", "filename", "id", "tool_call_id", "definition", "policy", "country"),
        *(
            "region",
            "city",
            "timezone",
            "reasoning_content",
            "signature",
            "seed",
            "tool_name",
            "request_id",
            "refusal",
            "output",
        ),
        *("instructions", "call_id", "encrypted_content", "previous_response_id", "file_url", "tool_use_id", "user_id"),
        *("title", "context", "authorization_token"),
    )
)
FIELDS = NUMBERS | FLAGS | OBJECTS | TEXTS | frozenset(ENUMS)
"""Every name of a field, wherever it stands, that is the API's own."""

ID_PREFIXES = (
    "call_",
    "chatcmpl-tool-",
    "toolu_",
    "functions.",
    "fc_",
    "file-",
    "file_",
    "audio_",
    "msg_",
    "tool_call_",
    *("resp_", "rs_", "conv_", "pmpt_", "srvtoolu_"),
)
TOOL_NAMES = frozenset(
    ("bash", "str_replace_based_edit_tool", "computer", "memory", "web_search", "web_fetch", "code_execution")
)
"""What tools are called that the API defines itself: under another name it refuses them."""

SCHEMA_NAMES = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
"""Keywords whose members' names are the user's."""
SCHEMA_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
SCHEMA_ONE = (
    *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    *("unevaluatedProperties", "unevaluatedItems", "additionalItems", "contentSchema"),
)
SCHEMA_DATA = ("enum", "const", "default", "examples", "example")
SCHEMA_TEXTS = ("description", "title", "$comment", "markdownDescription")
SCHEMA_PLAIN = (
    *("minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "minContains", "maxContains"),
    *("nullable", "deprecated", "readOnly", "writeOnly", "strict"),
)
"""Keywords whose values are numbers, true or false."""
SCHEMA_OTHERS = (
    *("type", "format", "pattern", "required", "dependentRequired", "propertyOrdering", "$ref", "$id", "$schema"),
    *("$anchor", "contentEncoding", "contentMediaType", "discriminator", "propertyName"),
)
SCHEMA_WORDS = frozenset(
    (
        *SCHEMA_NAMES,
        *SCHEMA_LISTS,
        *SCHEMA_ONE,
        *SCHEMA_DATA,
        *SCHEMA_TEXTS,
        *SCHEMA_PLAIN,
        *SCHEMA_OTHERS,
    )
)
SCHEMA_TYPES = frozenset(("object", "array", "string", "number", "integer", "boolean", "null"))
SCHEMA_FORMATS = frozenset(
    (
        *("date-time", "date", "time", "duration", "email", "idn-email", "hostname", "ipv4", "ipv6", "uri", "uuid"),
        *("uri-reference", "json-pointer", "regex", "int32", "int64", "float", "double", "byte", "binary", "base64"),
        *("application/json", "image/png"),
    )
)
DIALECTS = ("http://json-schema.org/", "https://json-schema.org/")
