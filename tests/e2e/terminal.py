"""A program on a terminal of its own: what it draws is read, keys are sent to it."""

import os
import pty
import re
import select
import subprocess
import time

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Runs `command` on a new pseudo terminal until it ends; `close` kills it if it has not."""

    def __init__(self, command, *, cwd, env=None):
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen([str(word) for word in command], stdin=slave, stdout=slave, stderr=slave, cwd=cwd,
                                         start_new_session=True, env={**os.environ, "TERM": "xterm", **(env or {})},
                                         preexec_fn=self._take_terminal)
        os.close(slave)
        self.text = ""  # everything drawn so far, colours and all

    @staticmethod
    def _take_terminal():
        import fcntl
        import termios
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    @property
    def plain(self):
        return _ESCAPE.sub("", self.text).replace("\r", "")

    def read_until(self, question, timeout, what):
        """Reads on until `question(self)` is true of what was drawn."""
        poller = select.poll()  # not select(): the run may hold more than 1,024 files
        poller.register(self._master, select.POLLIN)
        deadline = time.monotonic() + timeout
        while not question(self):
            left = deadline - time.monotonic()
            ready = left > 0 and poller.poll(left * 1000)
            try:
                chunk = os.read(self._master, 65536) if ready else b""
            except OSError:  # the program has closed its end
                chunk = b""
            if not chunk:
                if question(self):
                    return
                raise AssertionError(f"waited in vain for: {what}; drawn so far:\n{self.text!r}")
            self.text += chunk.decode("utf-8", "replace")

    def wait_for(self, words, timeout=20):
        self.read_until(lambda t: words in t.plain, timeout, repr(words))

    def send(self, keys):
        os.write(self._master, keys.encode("utf-8"))

    def forget(self):
        self.text = ""

    def wait(self, timeout=20):
        """Exit code of the program."""
        return self._process.wait(timeout)

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._master)
