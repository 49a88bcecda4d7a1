"""JSON merge patches as they are applied; `aion.live.delta` makes them. Source: RFC 7396."""

from typing import Any


def applied(value: Any, patch: Any) -> Any:
    """Return `value` with a merge patch applied; `value` itself is changed where it can be."""
    if not isinstance(patch, dict):
        return patch
    target = value if isinstance(value, dict) else {}
    for name, change in patch.items():
        if change is None:
            target.pop(name, None)
        elif isinstance(change, dict):
            target[name] = applied(target.get(name), change)
        else:
            target[name] = change
    return target
