"""Many sends with one system call (io_uring), where the kernel has it and allows it.

A broadcast sends the same bytes to thousands of sockets. One `send` for each costs a system call and a Python call.
Here a table with one entry per socket is passed to the kernel, which processes it before the call returns. Nothing
completes later: the result says what a socket did not accept at once, and the caller has to send that.
"""

import ctypes
import errno
import logging
import mmap
import socket
import sys
from array import array
from contextlib import suppress
from os import close as close_descriptor
from os import strerror

log = logging.getLogger(__name__)

SLOTS = 64  # lines of the table; a power of two
MOST_BYTES = (1 << 31) - 1  # of one send

# of linux/io_uring.h; the numbers of the system calls are the same on all processors that matter
SETUP, ENTER = 425, 426
_SEND = 26
_LINES_OFFSET = 0x10000000
_LINE_BYTES, _RESULT_BYTES = 64, 16
_SEND_FLAGS = int(getattr(socket, "MSG_DONTWAIT", 0)) | int(getattr(socket, "MSG_NOSIGNAL", 0))


class _Params(ctypes.Structure):
    """`struct io_uring_params`, with the offsets as arrays."""

    _fields_ = (
        ("sq_entries", ctypes.c_uint32),
        ("cq_entries", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("sq_thread_cpu", ctypes.c_uint32),
        ("sq_thread_idle", ctypes.c_uint32),
        ("features", ctypes.c_uint32),
        ("wq_fd", ctypes.c_uint32),
        ("resv", ctypes.c_uint32 * 3),
        ("sq_off", ctypes.c_uint32 * 10),  # head, tail, mask, entries, flags, dropped, array
        ("cq_off", ctypes.c_uint32 * 10),  # head, tail, mask, entries, overflow, results
    )


_SUBMIT_ALL = 1 << 7  # go on behind a line that cannot be done (Linux 5.18)
_SINGLE_MMAP = 1  # both rings lie in one piece of memory


_kept: list[bytes] = []  # what the kernel may still read from: freed, its place would hold other data


def ticket(descriptor: int) -> int:
    """Return the first word of a table entry that sends to the socket of `descriptor`."""
    return _SEND | descriptor << 32


class Batch:
    """The table of sends. Belongs to one thread."""

    def __init__(self) -> None:
        """Create the table.

        Raises:
            OSError: io_uring is missing or not allowed.
        """
        # the interpreter lock is kept: a send of this kind never waits
        self._call = ctypes.PyDLL(None, use_errno=True).syscall
        self._call.argtypes = (ctypes.c_long,) * 5 + (ctypes.c_void_p, ctypes.c_long)
        self._call.restype = ctypes.c_long
        params = _Params(flags=_SUBMIT_ALL)
        descriptor = self._call(SETUP, SLOTS, ctypes.addressof(params), 0, 0, None, 0)
        if descriptor < 0:
            number = ctypes.get_errno()
            raise OSError(number, strerror(number))
        self._descriptor = int(descriptor)
        self.is_quiet = False
        """True when nothing is logged any more."""
        try:
            self._map(params)
        except BaseException:
            close_descriptor(self._descriptor)
            raise

    def _map(self, params: _Params) -> None:
        if not params.features & _SINGLE_MMAP or params.sq_entries != SLOTS:
            raise OSError(errno.ENOSYS, "this io_uring is too old")
        order, results = int(params.sq_off[6]), int(params.cq_off[5])
        size = max(order + 4 * SLOTS, results + _RESULT_BYTES * params.cq_entries)
        self._rings = mmap.mmap(self._descriptor, size, offset=0)
        self._table = mmap.mmap(self._descriptor, _LINE_BYTES * SLOTS, offset=_LINES_OFFSET)
        self._lines = memoryview(self._table).cast("Q")
        self._numbers = memoryview(self._rings)[: size // 4 * 4].cast("I")
        self._results = memoryview(self._rings)[results : results + _RESULT_BYTES * params.cq_entries].cast("Q")
        self._result_count = int(params.cq_entries)
        self._tail = int(params.sq_off[1]) // 4
        self._seen, self._done = int(params.cq_off[0]) // 4, int(params.cq_off[1]) // 4
        for slot in range(SLOTS):
            self._numbers[order // 4 + slot] = slot
            self._lines[slot * 8 + 4] = slot  # comes back with the result

    def send(self, tickets: "array[int]", data: bytes) -> list[tuple[int, int]]:
        """Send `data` to each socket, as much as it accepts at once.

        Args:
            tickets: of the sockets; at most `SLOTS`.
            data: for each of them, at most `MOST_BYTES` of it.

        Returns:
            Index in `tickets` and bytes sent, for each socket that did not accept everything; a negative number is an
            errno and means that nothing was sent. Empty if all accepted everything.

        Raises:
            OSError: it is unknown what was sent; the batch must not be used again.
        """
        count = len(tickets)
        size = min(len(data), MOST_BYTES)
        numbers, lines = self._numbers, self._lines
        tail = numbers[self._tail]
        first = tail % SLOTS
        if first + count > SLOTS:  # around the end of the table
            head = SLOTS - first
            late = self.send(tickets[:head], data)
            if numbers[self._tail] % SLOTS:  # the kernel did not begin all of them
                return late + [(place, late[-1][1]) for place in range(head, count)]
            return late + [(place + head, sent) for place, sent in self.send(tickets[head:], data)]
        start, end = first * 8, (first + count) * 8
        lines[start:end:8] = tickets
        address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
        lines[start + 2 : end : 8] = array("Q", [address]) * count
        lines[start + 3 : end : 8] = array("Q", [size | _SEND_FLAGS << 32]) * count
        numbers[self._tail] = (tail + count) & 0xFFFFFFFF
        taken = self._call(ENTER, self._descriptor, count, 0, 0, None, 0)
        left: list[tuple[int, int]] = []
        if taken != count:
            number = ctypes.get_errno() if taken < 0 else errno.EAGAIN
            taken = max(0, taken)
            numbers[self._tail] = (tail + taken) & 0xFFFFFFFF  # what the kernel has not begun
            left = [(place, -number) for place in range(taken, count)]
            self._tell(number)
        seen, done = numbers[self._seen], numbers[self._done]
        if (done - seen) & 0xFFFFFFFF != taken:
            _kept.append(data)
            raise OSError(errno.EIO, strerror(errno.EIO))
        results = [word for part in self._parts(seen % self._result_count, taken) for word in part.tolist()]
        numbers[self._seen] = done
        if results[1::2] == [size] * count and size == len(data):
            return []
        pairs = zip(results[::2], results[1::2], strict=True)
        found = [(slot - first, _signed(result & 0xFFFFFFFF)) for slot, result in pairs]
        return [(place, sent) for place, sent in found if sent != len(data)] + left

    def _tell(self, number: int) -> None:
        """Log once that the kernel accepted no entries."""
        if not self.is_quiet:
            self.is_quiet = True
            log.warning("io_uring stopped working (%s): each client is sent to on its own", strerror(number))

    def _parts(self, first: int, count: int) -> list[memoryview]:
        """Return the results from `first` on; they may wrap around the end of the ring."""
        end = first + count
        if end <= self._result_count:
            return [self._results[first * 2 : end * 2]]
        return [self._results[first * 2 :], self._results[: (end - self._result_count) * 2]]

    def close(self) -> None:
        """Free it; safe to call twice."""
        if self._descriptor >= 0:
            for view in (self._lines, self._numbers, self._results):
                view.release()
            with suppress(BufferError):
                self._table.close()
                self._rings.close()
            close_descriptor(self._descriptor)
            self._descriptor = -1


def _signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word


def tried_batch() -> Batch:
    """Return a batch that has passed a test send.

    Raises:
        OSError: io_uring does not work here.
    """
    if sys.platform != "linux" or sys.byteorder != "little":
        raise OSError(errno.ENOSYS, strerror(errno.ENOSYS))
    try:
        batch = Batch()
    except (AttributeError, ValueError) as error:  # a C library without `syscall`, or memory that cannot be mapped
        raise OSError(errno.ENOSYS, str(error)) from None
    try:
        one, other = socket.socketpair()
        with one, other:
            other.setblocking(False)
            batch.is_quiet = True
            late = batch.send(array("Q", [ticket(one.fileno())]), b"?")
            batch.is_quiet = False
            if late or other.recv(2) != b"?":
                number = -late[0][1] if late and late[0][1] < 0 else errno.EIO
                raise OSError(number, strerror(number))
    except BaseException:
        batch.close()
        raise
    return batch


def open_batch() -> Batch | None:
    """Return a batch that has passed a test send; None if io_uring does not work here."""
    try:
        return tried_batch()
    except OSError as error:
        log.info("io_uring is not available (%s): a broadcast uses one system call per client", error)
        return None
