"""What holds for every test."""

import signal

# A test run that was started with `nohup` ignores SIGHUP, and so would every desk that it starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
