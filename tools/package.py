"""Install programs that tests need as Debian's packages, where this is Debian and we may."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_POLICY = Path("/usr/sbin/policy-rc.d")


def install(*names: str) -> bool:
    """Install Debian's packages `names`, without starting any service of theirs; tell whether it was tried."""
    if not (shutil.which("apt-get") and os.geteuid() == 0):
        return False
    print(f"aion: installing {', '.join(names)} for the tests", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    is_ours = _forbid_services()
    commands: tuple[Sequence[str], ...] = (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-qy", "--no-install-recommends", *names],
    )
    try:
        for command in commands:
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    finally:
        if is_ours:
            _POLICY.unlink()
    return True


def _forbid_services() -> bool:
    with suppress(OSError), _POLICY.open("x") as policy:
        policy.write("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
        return True
    return False
