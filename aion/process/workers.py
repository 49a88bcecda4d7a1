"""`aion serve --workers N`: the parent binds one socket, which every worker inherits; each watches the disk itself.

Workers share nothing but the disk. A worker that dies is restarted; meanwhile the others accept its connections,
since the queue belongs to the socket. SIGHUP replaces them one by one.
"""

from collections.abc import Sequence
from contextlib import suppress

from aion.config import Settings
from aion.process.rolling_restart import RollingSupervisor, desk_workers
from aion.secret import DESK_SECRETS
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.store.private import keep_private
from aion.web.http.host import address_of, bind
from aion.web.security.command import check_address


def serve_workers(settings: Settings, arguments: Sequence[str]) -> int:
    """Run `settings.workers` workers until stopped by a signal; return the exit status.

    Args:
        settings: of the desk.
        arguments: options of `aion serve` that each worker gets.

    Raises:
        ConfigError: the desk cannot listen on the address, or would be open to others without a password.
    """
    with suppress(OSError):  # a folder that cannot be written is shown all the same
        keep_private(settings.data)
    check_address(settings)
    layout = Layout(settings.data)
    log = ProcessLog(layout, "web", settings.log_level, console_format=settings.log_format)
    with bind(settings.host, settings.port) as listener:
        workers = desk_workers(
            "worker",
            settings.workers,
            listener.fileno(),
            arguments,
            layout,
            secrets=settings.secrets_of(DESK_SECRETS),
        )
        log.info(f"Aion desk: {address_of(settings.host, listener, settings.base_path)} ({settings.workers} workers)")
        supervisor = RollingSupervisor(
            workers,
            log.write,
            leave_s=settings.leave_s,
            silent_s=settings.watch.silent_s,
        )
        status = supervisor.run()
        log.info("the desk has stopped")
    return status
