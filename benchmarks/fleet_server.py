"""A chat completions server for benchmarks/fleet.py: one loop, http and https, and no two replies alike.

    python fleet_server.py FOLDER [DELAY_MS]

Replies differ in id, time, text, request id and the order of their headers, so that nothing can be judged once for all.
Makes its certificates in FOLDER, prints one line of JSON and serves until its standard input closes.
"""

import asyncio
import json
import os
import random
import ssl
import sys
import threading
from typing import Any

import httptools
import trustme
import uvloop

KEY = "sk-bench-" + "0123456789abcdef" * 9 + "01234567890"  # 164 characters, as a project key
MODEL = "bench-model"
WORDS = ["pong", "ping", "yes", "certainly", "here", "it", "is", "the", "word", "you", "asked", "for"]
chance = random.Random(7)


class Conversation(asyncio.Protocol):
    delay = 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.key, self.closes = b"", False

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self.key = value
        elif name.lower() == b"connection":
            self.closes = value.lower() == b"close"

    def on_message_complete(self) -> None:
        data = reply(self.parser.get_method(), self.key)
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.send, data)
        else:
            self.send(data)
        self.key = b""

    def send(self, data: bytes) -> None:
        self.transport.write(data)
        if self.closes:
            self.transport.close()


def reply(method: bytes, key: bytes) -> bytes:
    id = f"{chance.getrandbits(96):024x}"
    status, said = 200, None
    if method == b"GET":
        said = {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1780000000, "owned_by": "b"}]}
    elif key != b"Bearer " + KEY.encode():
        status = 401
        error = {"message": f"Incorrect key, request {id}", "type": "invalid_request_error", "code": "invalid_api_key"}
        said = {"error": {**error, "param": None}}
    else:
        text = " ".join(chance.choices(WORDS, k=chance.randrange(1, 12)))
        message = {"role": "assistant", "content": text, "refusal": None}
        said = {
            "id": f"chatcmpl-{id}",
            "object": "chat.completion",
            "created": 1780000000 + chance.randrange(10**6),
            "model": MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": 13, "completion_tokens": len(text), "total_tokens": 13 + len(text)},
        }
    body = json.dumps(said).encode()
    heads = [
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"x-request-id: req_{id}",
        f"Date: Sun, 29 Nov 2026 01:{chance.randrange(60):02}:{chance.randrange(60):02} GMT",
        "Server: bench",
    ]
    chance.shuffle(heads)
    return "\r\n".join([f"HTTP/1.1 {status} Said", *heads, "", ""]).encode() + body


async def serve(folder: str) -> None:
    authority = trustme.CA()
    ca_file = os.path.join(folder, f"ca-{os.getpid()}.pem")
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    loop = asyncio.get_running_loop()
    plain = await loop.create_server(Conversation, "127.0.0.1", 0, backlog=4096)
    secure = await loop.create_server(Conversation, "127.0.0.1", 0, backlog=4096, ssl=context)
    ports = [server.sockets[0].getsockname()[1] for server in (plain, secure)]
    print(json.dumps({"http": ports[0], "https": ports[1], "ca_file": ca_file}), flush=True)
    done = asyncio.Event()

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(done.set)

    threading.Thread(target=wait, daemon=True).start()
    await done.wait()


if __name__ == "__main__":
    Conversation.delay = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
    uvloop.run(serve(sys.argv[1]))
