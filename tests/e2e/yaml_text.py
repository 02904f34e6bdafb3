"""Writes configuration the way people do: block-style YAML from plain dictionaries and lists."""

import json


def to_yaml(value, indent=0):
    pad = "  " * indent
    lines = []
    if isinstance(value, dict):
        for key, item in value.items():
            lines += _entry(f"{pad}{key}:", item, indent)
    else:
        for item in value:
            if isinstance(item, dict) and item:
                text = to_yaml(item, indent + 1)
                lines.append(f"{pad}- {text.lstrip()}".rstrip("\n"))
            else:
                lines += _entry(f"{pad}-", item, indent)
    return "\n".join(lines) + "\n"


def _entry(head, item, indent):
    if isinstance(item, (dict, list)) and item:
        return [head, to_yaml(item, indent + 1).rstrip("\n")]
    return [f"{head} {json.dumps(item, ensure_ascii=False)}"]
