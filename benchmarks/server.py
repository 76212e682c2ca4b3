"""A small chat completions server for the benchmarks: threads and raw sockets, http and https, keep-alive.

    python server.py FOLDER [DELAY_MS]

Makes its certificates in FOLDER, prints one line of JSON (ports and the CA file) and serves until its standard input
closes, so it cannot outlive the benchmark. A path may begin with the name of a fault, as in /empty/v1: with these the
benchmark proves that the scripts check what chatproof checks. GET /requests answers how many requests were served.
Tool calls and structured output are answered just well enough for the peers that ask for them to finish in the green.
"""

import json
import os
import socket
import ssl
import sys
import threading
import time
from typing import Any

import trustme

KEY = "sk-bench-0123456789abcdef0123456789abcdef"
MODEL = "bench-model"
FAULTS = ("html", "type", "truncated", "empty", "blank", "error", "open", "openwrong", "bare401", "unlisted")


class State:
    served = 0
    delay = 0.0  # seconds before each reply


def completion(content: object = "pong") -> dict[str, Any]:
    message = {"role": "assistant", "content": content, "refusal": None}
    return {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1780000000,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 13, "completion_tokens": 1, "total_tokens": 14},
    }


def events() -> bytes:
    """The same reply, streamed; sent as one body, since no contender is judged on streaming."""
    head = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1780000000, "model": MODEL}
    chunks: list[dict[str, Any]] = [
        {**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "pong"}, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {**head, "choices": [], "usage": {"prompt_tokens": 13, "completion_tokens": 1, "total_tokens": 14}},
    ]
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def failure(message: str, kind: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def answer(method: str, path: str, credential: str, body: bytes) -> tuple[int, str, bytes]:
    """(status, media type, body) for one request."""
    first = path.split("/")[1]
    fault, path = (first, path[len(first) + 1 :]) if first in FAULTS else ("", path)
    if credential != f"Bearer {KEY}" and fault != "open" and not (fault == "openwrong" and credential):
        reply = {} if fault == "bare401" else failure("Incorrect API key", "invalid_request_error", "invalid_api_key")
        return 401, "application/json", json.dumps(reply).encode()
    if (method, path) == ("GET", "/v1/models"):
        names = ["other-model"] if fault == "unlisted" else [MODEL, "other-model"]
        data = [{"id": name, "object": "model", "created": 1780000000, "owned_by": "bench"} for name in names]
        return 200, "application/json", json.dumps({"object": "list", "data": data}).encode()
    if (method, path) != ("POST", "/v1/chat/completions"):
        return 404, "application/json", json.dumps(failure("Not found", "invalid_request_error", "not_found")).encode()
    return chat(fault, body)


def chat(fault: str, body: bytes) -> tuple[int, str, bytes]:
    asked = json.loads(body)
    if asked.get("model") != MODEL:
        missing = failure("The model does not exist", "invalid_request_error", "model_not_found")
        return 400, "application/json", json.dumps(missing).encode()
    if not asked.get("messages"):
        wrong = failure("messages must not be empty", "invalid_request_error", "invalid_messages")
        return 400, "application/json", json.dumps(wrong).encode()
    if asked.get("stream"):
        return 200, "text/event-stream", events()
    reply = completion("" if fault == "blank" else '{"status": "ok"}' if asked.get("response_format") else "pong")
    if asked.get("tools"):
        call = {"name": asked["tools"][0]["function"]["name"], "arguments": '{"value": "CANARY_OK"}'}
        reply["choices"][0]["message"]["tool_calls"] = [{"id": "call_1", "type": "function", "function": call}]
    if fault == "empty":
        reply["choices"] = []
    if fault == "error":
        reply["error"] = {"message": "overloaded", "code": "overloaded"}
    if fault == "html":
        return 502, "text/html", b"<html><body>502 Bad Gateway</body></html>"
    encoded = json.dumps(reply).encode()
    kind = "text/plain" if fault == "type" else "application/json"
    return 200, kind, encoded[: len(encoded) // 2] if fault == "truncated" else encoded


def converse(sock: socket.socket, context: ssl.SSLContext | None) -> None:
    """Serve one connection until the client closes it or asks for that."""
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock = context.wrap_socket(sock, server_side=True) if context else sock
        with sock:
            data, keep = b"", True
            while keep:
                while b"\r\n\r\n" not in data:
                    more = sock.recv(65536)
                    if not more:
                        return
                    data += more
                head, _, data = data.partition(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                method, path, _ = lines[0].split(" ", 2)
                fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
                length = int(fields.get("content-length", "0"))
                while len(data) < length:
                    data += sock.recv(65536)
                body, data = data[:length], data[length:]
                keep = fields.get("connection", "").lower() != "close"
                if path == "/requests":
                    status, kind, reply = 200, "application/json", str(State.served).encode()
                else:
                    State.served += 1
                    time.sleep(State.delay)
                    status, kind, reply = answer(method, path, fields.get("authorization", ""), body)
                state = "keep-alive" if keep else "close"
                sock.sendall(
                    f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {len(reply)}\r\n"
                    f"Connection: {state}\r\n\r\n".encode()
                    + reply
                )
    except OSError:
        pass  # a client that hangs up is its own affair


def listen(context: ssl.SSLContext | None) -> int:
    """Accept in a thread; return the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def accept() -> None:
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=converse, args=(sock, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return int(listener.getsockname()[1])


def main() -> None:
    folder = sys.argv[1]
    State.delay = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
    authority = trustme.CA()
    ca_file = os.path.join(folder, f"ca-{os.getpid()}.pem")
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    print(json.dumps({"http": listen(None), "https": listen(context), "ca_file": ca_file}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
