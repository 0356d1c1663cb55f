"""`baize serve`: the application under uvicorn, in one process or several."""

from __future__ import annotations

from functools import partial

import uvicorn
from uvicorn.supervisors import Multiprocess

from baize.api.app import create_app
from baize.api.auth import check_binding
from baize.settings import Settings

# A stream may stay open for minutes; whoever stops the server should not have to wait for it.
_GRACE_S = 5


def serve(settings: Settings) -> None:
    """Serve until interrupted.

    Raises:
        InvalidSettings: another interface than loopback without a key, or a wrong template.
    """
    check_binding(settings)
    create_app(settings)
    chosen = settings.server
    # Workers are spawned: what they run must be picklable, which a built application is not.
    config = uvicorn.Config(
        partial(create_app, settings),
        factory=True,
        host=chosen.host,
        port=chosen.port,
        workers=chosen.workers,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = uvicorn.Server(config)
    if chosen.workers > 1:
        Multiprocess(config, target=server.run, sockets=[config.bind_socket()]).run()
    else:
        server.run()
