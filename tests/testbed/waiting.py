"""Waiting for a condition instead of for a time."""

import threading
import time

_INTERVAL = 0.05


class WaitTimeout(AssertionError):
    """The condition did not come true in time. Raised by the question itself: it never will."""


def pause(seconds=_INTERVAL):
    """Lets other processes work between two looks at them."""
    threading.Event().wait(seconds)


def wait_until(question, timeout, what, diagnose=None, interval=_INTERVAL):
    """Asks until the answer is true and returns it.

    An exception counts as "not yet"; the last one is told if time runs out. `diagnose` is called then and what it
    returns is added to the message.
    """
    deadline = time.monotonic() + timeout
    while True:
        problem = None
        try:
            answer = question()
            if answer:
                return answer
            last = f"last answer: {answer!r}"
        except WaitTimeout:
            raise
        except Exception as error:  # noqa: BLE001 - any failure to answer means: not yet
            problem = error
            last = f"last error: {type(error).__name__}: {error}"
        if time.monotonic() > deadline:
            told = f"\n{diagnose()}" if diagnose else ""
            raise WaitTimeout(f"waited {timeout} s in vain for: {what}; {last}{told}") from problem
        pause(interval)
