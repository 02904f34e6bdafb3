"""What was measured, as a table for people and CSV files for programs."""

import csv
import platform
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Figure:
    """One number. `who` is the contestant, `target` what the design asks for ("" if nothing)."""

    bench: str
    who: str
    metric: str
    value: float
    unit: str
    target: str = ""


class Report:
    """Figures of one run, in the order they came, and how each benchmark was done."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.figures = []
        self.notes = []

    def add(self, bench, who, metric, value, unit, target=""):
        self.figures.append(Figure(bench, who, metric, value, unit, target))
        say(f"{bench}: {who}: {metric} {_shown(value)} {unit}{f'  (aim: {target})' if target else ''}")

    def note(self, bench, text):
        """One line of how `bench` was done."""
        self.notes.append((bench, text))

    def print(self, out=sys.stdout):
        for bench in dict.fromkeys([name for name, _ in self.notes] + [f.bench for f in self.figures]):
            print(f"\n{bench}\n  {machine()}", file=out)
            for text in (text for name, text in self.notes if name == bench):
                print(f"  {text}", file=out)
            rows = [(f.who, f.metric, _shown(f.value), f.unit, f.target and f"aim {f.target}")
                    for f in self.figures if f.bench == bench]
            widths = [max((len(row[i]) for row in rows), default=0) for i in range(5)]
            for who, metric, value, unit, target in rows:
                print(f"    {who:<{widths[0]}}  {metric:<{widths[1]}}  {value:>{widths[2]}} {unit:<{widths[3]}}  {target}"
                      .rstrip(), file=out)
        print(file=out)

    def write(self):
        """One file per benchmark: figures in `NAME.csv`, how it was done as comment lines at its top."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for bench in dict.fromkeys(f.bench for f in self.figures):
            path = self.folder / f"{bench}.csv"
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(f"# {machine()}\n")
                for text in (text for name, text in self.notes if name == bench):
                    file.write(f"# {text}\n")
                writer = csv.writer(file)
                writer.writerow(["bench", "who", "metric", "value", "unit", "aim"])
                for f in self.figures:
                    if f.bench == bench:
                        writer.writerow([f.bench, f.who, f.metric, f"{f.value:.6g}", f.unit, f.target])
            say(f"written: {path}")


def machine():
    """One line about this machine."""
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
                if line.startswith("model name")), "unknown processor")
    cores = sum(line.startswith("processor") for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines())
    memory = int(Path("/proc/meminfo").read_text(encoding="ascii").split()[1]) // 1024 // 1024
    return f"{cores} cores of {cpu}, {memory} GiB, Linux {platform.release()}; servers and programs all on it"


def say(text):
    print(f"==> bench: {text}", file=sys.stderr, flush=True)


def _shown(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
