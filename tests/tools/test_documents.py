"""The user documents know every error, every configuration key and every command."""

import re
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_USER = _ROOT / "docs/user"
sys.path.insert(0, str(_ROOT / "tools"))
import make_errors_doc  # noqa: E402 - a script, not a package


def read(path):
    return (_ROOT / path).read_text(encoding="utf-8")


def code_words(text):
    """Everything that stands in code, cut at what no key or command has inside."""
    spans = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    return {word for span in spans for word in re.findall(r"[\w.&-]+", span)}


def test_every_error_has_cause_and_advice():
    codes = [code for code, *_ in make_errors_doc.catalogue()]
    declared = re.findall(r"^\s+\w+ = (\d+),", read("src/base/error_catalogue.h"), re.M)
    assert sorted(codes) == sorted(map(int, declared)), "the reader of the catalogue misses entries"
    assert set(codes) == set(make_errors_doc.CAUSES)
    assert read("docs/user/errors.md") == make_errors_doc.text(), "run tools/make_errors_doc.py"


def test_every_error_that_is_raised_has_advice():
    silent = {name for _, name, _, advice in make_errors_doc.catalogue() if not advice}
    raised = set()
    for path in (_ROOT / "src").rglob("*.cc"):
        if "_test" not in path.name and path.name != "error_catalogue.cc":
            raised |= set(re.findall(r"\bErrorCode::(\w+)", path.read_text(encoding="utf-8")))
    assert silent & raised <= {"NotSet"}, sorted(silent & raised)


# Keys of stored forms, which nobody writes.
_INTERNAL = {"to", "use-relay", "validator", "config-file"}


def known_keys():
    """By file, the keys that the parsers name, and those of the files that hold every key."""
    config = "src/core/config/"
    for name in ("fields.h", "block_fields.h", "master_config.cc", "worker_config.cc", "ctl_config.cc"):
        for key in re.findall(r'\bv(?:\.extension)?\("([\w.&-]+)"', read(config + name)):
            yield name, key
    for name in ("every_key_task.yaml", "every_key_source.yaml"):
        lines = read("tests/cases/config/" + name).splitlines()
        for key in re.findall(r"^(?:- )?([a-z][\w-]*):", "\n".join(line for line in lines), re.M):
            yield name, key


def test_every_configuration_key_is_documented():
    words = code_words(read("docs/user/configuration.md"))
    leaves = words | {part for word in words for part in word.split(".")}
    keys = list(known_keys())
    assert len(keys) > 150
    assert not sorted({f"{name}: {key}" for name, key in keys if key not in leaves | _INTERNAL})


def test_every_command_and_flag_is_documented():
    tree = read("src/app/ctl/command_tree.cc")
    known = {word.lstrip("-") for word in code_words(read("docs/user/commands.md"))}
    names = re.findall(r'(?:\.name = |missing\(|group\(|config_show\()"([\w-]+)"', tree)
    assert len(names) > 60
    assert not sorted({name for name in names if name not in known | {"dmctl"}})


def test_links_lead_somewhere():
    for path in _USER.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            assert "://" in target or (path.parent / target).exists(), f"{path.name}: {target}"
