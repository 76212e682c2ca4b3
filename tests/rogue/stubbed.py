"""chatproof's command line with two seams replaced: `stubbed.py '{"answers": […], "prompt": N}' ARGUMENT…`.

`answers`: what the system's resolver says for any name, one list of addresses for each time it is asked (the last one
again afterwards). `prompt`: how many bytes the prompt has.
"""

import json
import socket
import sys

from chatproof import cli, probes, transport

wanted = json.loads(sys.argv[1])
answers = [list(each) for each in wanted["answers"]]


class Stub(transport.Resolver):
    @staticmethod
    def _look_up(host: str, port: int, box: list[object]) -> None:
        now = answers.pop(0) if len(answers) > 1 else answers[0]
        box.append([(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in now])


if answers:
    transport.Resolver._look_up = Stub._look_up  # type: ignore[method-assign]
if wanted["prompt"]:
    probes.PROMPT = "a" * wanted["prompt"]
sys.exit(cli.main(sys.argv[2:]))
