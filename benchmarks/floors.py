"""Floors for the gateway benchmark: servers that answer every frame and do nothing else, in asyncio streams and as a plain Protocol.

They split at 0x7e, undo escapes where there are any, check the XOR, take id and serial out of the header and write 0x8100 or 0x8001,
a write a frame. They decode no position, know no session and store nothing. `joined` is the same Protocol with the XOR left out and one
write for all frames of a segment: less than any real server can do, shown beside the floor.

    python benchmarks/floors.py protocol --port 7700 [--loop uvloop]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
from functools import reduce
from operator import xor


def escaped(content: bytes) -> bytes:
    whole = content + bytes([reduce(xor, content)])
    if 0x7D in whole or 0x7E in whole:
        whole = whole.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")
    return b"\x7e" + whole + b"\x7e"


def answer(run: bytes) -> bytes:
    """The reply to one frame, without its delimiters."""
    if 0x7D in run:
        run = run.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    late = run[2] & 0x40
    head = 17 if late else 12
    identity = run[4 : head - 2]
    serial = run[head - 2 : head]
    flag = b"\x40" if late else b"\x00"
    if run[0:2] == b"\x01\x00":
        return escaped(b"\x81\x00" + flag + b"\x07" + identity + b"\x00\x01" + serial + b"\x00CODE")
    return escaped(b"\x80\x01" + flag + b"\x05" + identity + b"\x00\x01" + serial + run[0:2] + b"\x00")


def checked(run: bytes) -> bytes | None:
    """The reply to one frame; None when its XOR is wrong."""
    if 0x7D in run:
        run = run.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    return None if reduce(xor, run) else answer(run)


class Plain(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.left = b""

    def data_received(self, data: bytes) -> None:
        *runs, self.left = (self.left + data).split(b"\x7e")
        for run in runs:
            if len(run) > 12:
                reply = checked(run)
                if reply is not None:
                    self.transport.write(reply)  # type: ignore[attr-defined]


class Joined(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.left = b""

    def data_received(self, data: bytes) -> None:
        *runs, self.left = (self.left + data).split(b"\x7e")
        replies = [answer(run) for run in runs if len(run) > 12]
        if replies:
            self.transport.write(b"".join(replies))  # type: ignore[attr-defined]


async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            run = await reader.readuntil(b"\x7e")
            reply = checked(run[:-1]) if len(run) > 13 else None
            if reply is not None:
                writer.write(reply)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve(kind: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    if kind == "streams":
        server = await asyncio.start_server(stream, "127.0.0.1", port, backlog=4096)
    else:
        server = await loop.create_server(Joined if kind == "joined" else Plain, "127.0.0.1", port, backlog=4096)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["streams", "protocol", "joined"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="uvloop")
    asked = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    factory = None
    if asked.loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(asked.kind, asked.port))


if __name__ == "__main__":
    main()
