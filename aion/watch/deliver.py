"""Delivers one message by Apprise: what is to be sent comes as JSON on stdin, why it failed goes to stdout.

It runs as a process of its own (`python -m aion.watch.deliver`): only here is Apprise imported.
"""

import json
import logging
import sys


def main() -> int:
    """Deliver, and write which addresses (by their place in the list) did not take it and why."""
    import apprise  # noqa: PLC0415 - an extra

    given = json.load(sys.stdin)
    failed: dict[int, str] = {}
    for place, url in enumerate(given["urls"]):
        service = apprise.Apprise()
        if not service.add(url):
            failed[place] = "is no address that Apprise knows: check its form"
        elif not _notify(service, given):
            failed[place] = "did not take it"
    sys.stdout.write(json.dumps(failed))
    return 0


def _notify(service: object, given: dict[str, str]) -> bool:
    logging.disable(logging.CRITICAL)  # Apprise logs addresses
    notify = service.notify  # type: ignore[attr-defined]
    return bool(notify(title=given["title"], body=given["body"], notify_type=given["kind"]))


if __name__ == "__main__":
    sys.exit(main())
