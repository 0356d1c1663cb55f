"""A TCP proxy on loopback that does harm on command, and counts whom it did it to.

with ChaosProxy(port_of_the_real_server) as proxy:
    proxy.fault = "slow"
    ... proxy.port, proxy.n_hit ...
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Literal

Fault = Literal["none", "dead", "slow", "cutting", "lying"]

_CUT_AFTER = 1_500
_SLOW_S = 4.0


class ChaosProxy:
    """Passes connections on to a port of this machine, in a thread of its own.

    Attributes:
        fault: what happens to responses from now on, those that have begun included. `dead`: connections are
            closed at once. `slow`: each piece comes 4 s late. `cutting`: the connection breaks after 1,500
            bytes. `lying`: bytes are exchanged, so that JSON is none.
        n_hit: how often the fault was done to somebody.
        port: where it listens.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._fault: Fault = "none"
        self.n_hit = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> ChaosProxy:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def fault(self) -> Fault:
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._fault, self.n_hit = fault, 0
        if fault == "dead":
            self._loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            self._loop.run_until_complete(self._end())
            self._loop.close()

    async def _end(self) -> None:
        """Nothing of a connection outlives the proxy."""
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fault == "dead":
            self.n_hit += 1
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
            asking = asyncio.create_task(_pass_on(reader, there_writer))
            try:
                await self._harm(there_reader, writer)
            finally:
                asking.cancel()
                there_writer.close()
                writer.close()
        except OSError:
            writer.transport.abort()
        finally:
            self._open.discard(writer)

    async def _harm(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        n_passed = 0
        while piece := await reader.read(65_536):
            match self._fault:
                case "slow":
                    self.n_hit += 1
                    await asyncio.sleep(_SLOW_S)
                case "cutting":
                    n_passed += len(piece)
                    if n_passed > _CUT_AFTER:
                        self.n_hit += 1
                        writer.transport.abort()
                        return
                case "lying":
                    self.n_hit += 1
                    piece = piece.replace(b'"', b"'")
            writer.write(piece)
            with suppress(ConnectionError):
                await writer.drain()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
        writer.close()
