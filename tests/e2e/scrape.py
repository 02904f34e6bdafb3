"""The text exposition format of Prometheus: read from a program's /metrics and asked questions."""

import re
import urllib.request

_SERIES = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')
_PARTS_OF_HISTOGRAM = ("_bucket", "_sum", "_count")


def http_get(address, path):
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        return answer.read().decode("utf-8")


class Scrape:
    """What one look at /metrics showed."""

    def __init__(self, text):
        self.types = {}
        self.series = []  # (name, labels, value)
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                name, kind = line[len("# TYPE "):].split(" ")
                self.types[name] = kind
            elif line and not line.startswith("#"):
                match = _SERIES.match(line)
                assert match, f"not a line of the exposition format: {line!r}"
                self.series.append((match[1], dict(_LABEL.findall(match[2] or "")), float(match[3])))

    @classmethod
    def of(cls, address):
        return cls(http_get(address, "/metrics"))

    def family(self, name):
        """The metric a series belongs to: a histogram has three kinds of series."""
        for part in _PARTS_OF_HISTOGRAM:
            if name.endswith(part) and self.types.get(name[:-len(part)]) == "histogram":
                return name[:-len(part)]
        return name

    def all(self, name, **labels):
        return [value for found, has, value in self.series
                if found == name and all(has.get(key) == value for key, value in labels.items())]

    def sum(self, name, **labels):
        """Of all series of the name that have these labels; 0 if there are none."""
        return sum(self.all(name, **labels))

    def one(self, name, **labels):
        values = self.all(name, **labels)
        assert len(values) == 1, f"{name} {labels}: {values}"
        return values[0]

    def labels(self):
        """By metric, the names of labels its series have, without the histogram's own."""
        found = {}
        for name, labels, _ in self.series:
            found.setdefault(self.family(name), set()).update(set(labels) - {"le"})
        return found
