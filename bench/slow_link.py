"""A proxy on loopback that takes time: `python -m bench.slow_link PORT TO RTT_MS`.

Each byte arrives half a round trip after it was sent, in order; there is no loss and no limit of
bandwidth. A connection is there one and a half round trips after it was asked for, as by TCP.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

CHUNK = 65536


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    """Copy from `reader` to `writer`, each piece `delay_s` after it came."""
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                writer.close()
                return
            writer.write(data)
            with suppress(ConnectionError):
                await writer.drain()

    delivery = asyncio.create_task(deliver())
    with suppress(ConnectionError):
        while data := await reader.read(CHUNK):
            pieces.put_nowait((loop.time() + delay_s, data))
    pieces.put_nowait((loop.time() + delay_s, b""))
    await delivery


async def serve(port: int, to: int, rtt_s: float) -> None:
    """Listen on `port` for ever."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.5 * rtt_s)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(carry(reader, back, rtt_s / 2), carry(there, writer, rtt_s / 2))

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) / 1000))
