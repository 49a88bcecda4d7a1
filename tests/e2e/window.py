"""Windows of a desk on plain HTTP, and what a browser may refuse them."""

WINDOWS = 12
REFUSED = "() => { throw new DOMException('denied', 'SecurityError'); }"
ALONE = {
    "no channel": "delete window.BroadcastChannel;",
    "a channel that throws": f"window.BroadcastChannel = class {{ constructor() {{ ({REFUSED})(); }} }};",
    "a channel that throws when it is used": f"BroadcastChannel.prototype.postMessage = {REFUSED};",
    "everything refused": f"""
      for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"])
        Object.defineProperty(window, name, {{ get: {REFUSED} }});
      window.BroadcastChannel = window.SharedWorker = class {{ constructor() {{ ({REFUSED})(); }} }};
      if (window.LockManager) LockManager.prototype.request = () => new Promise(() => {{}});
    """,
}
"""What is refused -> the script that refuses it: such a window cannot share a stream."""
