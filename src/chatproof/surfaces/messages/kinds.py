"""The kinds of blocks, deltas and events that the reference names. Others may come; the AI SDK stops at one."""

BLOCKS = frozenset(
    (
        *("text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "mcp_tool_use", "mcp_tool_result"),
        *("web_search_tool_result", "web_fetch_tool_result", "code_execution_tool_result", "compaction", "fallback"),
        *("bash_code_execution_tool_result", "text_editor_code_execution_tool_result", "tool_search_tool_result"),
        *("advisor_tool_result", "container_upload"),
    )
)
DELTAS = frozenset(
    (
        *("text_delta", "input_json_delta", "thinking_delta", "signature_delta", "citations_delta"),
        "compaction_delta",
    )
)
EVENTS = frozenset(
    (
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"),
        *("message_stop", "ping", "error"),
    )
)
REASONS_OF_CHAT = frozenset(("stop", "length", "tool_calls", "function_call", "content_filter"))
"""Why an answer ends in chat's words, none of which this API has."""
