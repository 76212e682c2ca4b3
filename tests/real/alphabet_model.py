"""Write the model that llama.cpp serves in the tests: 2 MB, made here, and nonsense on purpose.

    python alphabet_model.py OUT.gguf     # needs numpy and gguf

Whatever it is asked, it says the alphabet and the digits: each token names the next one, and nothing else counts. What a
contract is about stays real (envelope, stream, errors, grammar, token caps); what depends on an able model shows as what
it is. Nothing is drawn by chance, so each run gives the same answers.
"""

from __future__ import annotations

import sys

import gguf
import numpy as np

SAYS = "abcdefghijklmnopqrstuvwxyz 0123456789."
END, START = "<|end|>", "<|start|>"
WIDTH = 288  # one dimension for each token, and a last one that every token has
HEADS, INNER = 8, 32
CERTAIN = 3.0  # times sqrt(WIDTH) after normalising: no temperature in use makes another token likely
# Where a grammar forbids what comes next, these end strings and objects soon.
PREFERRED = {'"': 0.9, "}": 0.8, "]": 0.7, "{": 0.6, ":": 0.5, ",": 0.4}
TEMPLATE = """{%- if tools %}system: You may call functions. <tools>
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
</tools> For each call, return <tool_call>{"name": <name>, "arguments": <arguments>}</tool_call><|end|>
{%- endif %}
{%- for m in messages %}
{%- if m.role == "assistant" and m.tool_calls %}
assistant:{{ m.content or "" }}
{%- for call in m.tool_calls %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|end|>
{%- else %}
{{ m.role }}: {{ m.content }}<|end|>
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
assistant:{% endif %}"""


def byte_letters() -> list[str]:
    """GPT-2's letter for each byte: itself where it can be printed, else one beyond Latin-1."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def write(path: str) -> None:
    letters = byte_letters()
    # The loader insists on a merge: the one of two control characters harms nobody.
    tokens = [END, START, *letters, letters[0] + letters[1]]
    number = {token: at for at, token in enumerate(tokens)}
    spoken = [number[letters[ord(char)]] for char in SAYS]
    embedding = np.zeros((len(tokens), WIDTH), np.float32)
    head = np.zeros((len(tokens), WIDTH), np.float32)
    following = dict(zip(spoken, [*spoken[1:], number[END]], strict=True))
    for token in range(len(tokens)):
        embedding[token, token] = 1.0
        head[following.get(token, spoken[0]), token] = CERTAIN
    embedding[:, -1] = 1.0
    for char, weight in PREFERRED.items():
        head[number[letters[ord(char)]], -1] = weight
    head[number[START], :] = -CERTAIN

    out = gguf.GGUFWriter(path, "llama")
    out.add_name("alphabet")
    out.add_context_length(4096)
    out.add_embedding_length(WIDTH)
    out.add_block_count(1)
    out.add_feed_forward_length(INNER)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(WIDTH // HEADS)
    out.add_vocab_size(len(tokens))
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list(tokens)
    out.add_token_types([gguf.TokenType.CONTROL] * 2 + [gguf.TokenType.NORMAL] * (len(tokens) - 2))
    out.add_token_merges([f"{letters[0]} {letters[1]}"])
    out.add_eos_token_id(number[END])
    out.add_bos_token_id(number[START])
    out.add_add_bos_token(False)
    out.add_chat_template(TEMPLATE)
    out.add_tensor("token_embd.weight", embedding)
    out.add_tensor("output.weight", head)
    out.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        out.add_tensor(f"blk.0.{name}.weight", np.zeros((WIDTH, WIDTH), np.float32))
    for name, shape in (("gate", (INNER, WIDTH)), ("up", (INNER, WIDTH)), ("down", (WIDTH, INNER))):
        out.add_tensor(f"blk.0.ffn_{name}.weight", np.zeros(shape, np.float32))
    for name in ("attn_norm", "ffn_norm"):
        out.add_tensor(f"blk.0.{name}.weight", np.ones(WIDTH, np.float32))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    write(sys.argv[1])
