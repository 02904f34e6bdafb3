"""Work that goes on beside a test."""

import threading


class Background:
    """A thread between `start` and `stop`, or in a `with` block. `stop` raises what went wrong in it.

    Subclasses do one piece of work in `step`; it is called again and again, `interval` seconds apart. Resources of
    the thread are opened and closed in `session`, a context manager whose value `step` is given.
    """

    interval = 0.0

    def __init__(self):
        self.stopping = threading.Event()
        self._thread = None
        self._error = None

    def session(self):
        raise NotImplementedError

    def step(self, session):
        raise NotImplementedError

    def start(self):
        self.stopping.clear()
        self._error = None
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)
        self._thread.start()
        return self

    def stop(self):
        self.stopping.set()
        self._thread.join()
        if self._error:
            raise self._error

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _run(self):
        try:
            with self.session() as session:
                while not self.stopping.wait(self.interval):
                    self.step(session)
        except BaseException as error:  # noqa: BLE001 - handed over by stop()
            self._error = error
