"""What the C library does with freed memory: mallopt(3) of GNU; elsewhere nothing."""

from __future__ import annotations

import contextlib
import ctypes

# malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3


def hold(freed: int, ahead: int = 0) -> None:
    """Keep up to ``freed`` bytes for what is needed next, and take ``ahead`` more at a time.

    Less goes to and fro between the process and the system, which would have to clear it each time.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, freed)
        mallopt(_MMAP_THRESHOLD, freed)
        if ahead:
            mallopt(_TOP_PAD, ahead)
