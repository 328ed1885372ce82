"""A client by Python's websockets, with permessage-deflate: talks to the echo of a URL, and prints what it said and heard.

Exits with 77 where the library is not there.
"""

import asyncio
import base64
import json
import sys

try:
    import websockets
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)


def tell(direction, kind, payload):
    if isinstance(payload, bytes):
        payload = base64.b64encode(payload).decode()
    print(json.dumps({"dir": direction, "kind": kind, "payload": payload}))


async def main(url):
    # Each repeats much of the one before it, which only a compressor that keeps its window makes use of.
    messages = [json.dumps({"n": n, "symbol": "WSC", "bid": 61204.5 + n / 8, "note": "Grüße " * n}) for n in range(40)]
    messages += ["", "x", "päyload " * 40_000, b"", bytes(range(256)) * 700]
    async with websockets.connect(url, max_size=None) as socket:
        for message in messages:
            kind = "text" if isinstance(message, str) else "binary"
            await socket.send(message)
            tell("c2s", kind, message)
            tell("s2c", kind, await socket.recv())
        answered = await socket.ping(b"are you there")
        tell("c2s", "ping", b"are you there")
        await answered
        tell("s2c", "pong", b"are you there")
        await socket.close(1000, "bye")
        tell("c2s", "close", "1000 bye")
        tell("s2c", "close", f"{socket.close_code} {socket.close_reason}")


asyncio.run(main(sys.argv[1]))
