"""chatproof's command line with seams replaced: `stubbed.py '{"answers": […], "prompt": N, "loop": ""}' ARGUMENT…`.

`answers`: what the system's resolver says for any name, one list of addresses for each time it is asked (the last one
again afterwards). `prompt`: how many bytes the prompt has. `loop`: asyncio or uvloop, whose driver then sends.
"""

import json
import socket
import sys

from chatproof.cli import main as cli
from chatproof.surfaces.chat import probes

wanted = json.loads(sys.argv[1])
answers = [list(each) for each in wanted["answers"]]


def getaddrinfo(host: object, port: int, *rest: object, **more: object) -> list[tuple[object, ...]]:
    now = answers.pop(0) if len(answers) > 1 else answers[0]
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in now]


if answers:
    socket.getaddrinfo = getaddrinfo  # type: ignore[assignment]  # what transport.Resolver asks
if wanted["loop"]:
    import asyncio
    from concurrent.futures import Future

    from chatproof.running import aio, run

    if wanted["loop"] == "uvloop":
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

    class InThisThread:
        """An executor in place of the worker thread: the command's journal belongs to this thread."""

        def submit(self, call):  # type: ignore[no-untyped-def]
            done = Future()  # type: ignore[var-annotated]
            try:
                done.set_result(call())
            except Exception as error:
                done.set_exception(error)
            return done

    def carried_out(steps, stop):  # type: ignore[no-untyped-def]
        aio._judges = InThisThread()  # type: ignore[assignment]
        return asyncio.run(aio.carried_out(steps))

    run.carried_out = carried_out
if wanted["prompt"]:
    probes.PROMPT = "a" * wanted["prompt"]
sys.exit(cli.main(sys.argv[2:]))
