"""chatproof's command line with two seams replaced: `stubbed.py '{"answers": […], "prompt": N}' ARGUMENT…`.

`answers`: what the system's resolver says for any name, one list of addresses for each time it is asked (the last one
again afterwards). `prompt`: how many bytes the prompt has.
"""

import json
import socket
import sys

from chatproof import cli, probes

wanted = json.loads(sys.argv[1])
answers = [list(each) for each in wanted["answers"]]


def getaddrinfo(host: object, port: int, *rest: object, **more: object) -> list[tuple[object, ...]]:
    now = answers.pop(0) if len(answers) > 1 else answers[0]
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in now]


if answers:
    socket.getaddrinfo = getaddrinfo  # type: ignore[assignment]  # what transport.Resolver asks
if wanted["prompt"]:
    probes.PROMPT = "a" * wanted["prompt"]
sys.exit(cli.main(sys.argv[2:]))
