"""Delivers one message with Apprise: reads it as JSON from stdin and writes errors to stdout.

It runs as a separate process (`python -m aion.watch.deliver`); Apprise is imported only here.
"""

import json
import logging
import sys


def main() -> int:
    """Deliver the message, and write which addresses (by index) failed and why."""
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
    # a bot may write anything into its reasons: a service that shows HTML gets it as text
    return bool(notify(title=given["title"], body=given["body"], notify_type=given["kind"], body_format="text"))


if __name__ == "__main__":
    sys.exit(main())
