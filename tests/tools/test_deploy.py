"""Dashboards and alerts use only metrics and labels that the programs export; files are well formed."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

_ROOT = Path(__file__).resolve().parents[2]
_DEPLOY = _ROOT / "deploy"
sys.path.insert(0, str(_ROOT / "tools"))
import make_dashboard  # noqa: E402 - a script, not a package

_METRICS = json.loads((_DEPLOY / "metrics.json").read_text(encoding="utf-8"))
# Prometheus' own: a series about each scrape, and the labels it gives to every series.
_OWN_METRICS = {"up": []}
_OWN_LABELS = {"instance", "job"}
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^}]*)\}")
_MATCHER = re.compile(r'([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*"[^"]*"')
_GROUPING = re.compile(r"\b(?:by|on|ignoring|without)\s*\(([^)]*)\)")
_LANGUAGE = {"sum", "count", "max", "max_over_time", "topk", "rate", "increase", "changes", "deriv",
             "histogram_quantile", "time", "vector", "label_values", "by", "on", "ignoring", "without", "and", "or",
             "unless", "group_left"}


def metric_of(series):
    """The listed metric a series belongs to, and whether it is one of a histogram's."""
    for part in ("_bucket", "_count", "_sum"):
        name = series.removesuffix(part)
        if name != series and _METRICS.get(name, {}).get("type") == "histogram":
            return name
    return series


def labels_of(series):
    name = metric_of(series)
    if name in _OWN_METRICS:
        return set(_OWN_METRICS[name]) | _OWN_LABELS
    assert name in _METRICS, f"{series} is exported by no program"
    assert name != series or _METRICS[name]["type"] != "histogram", f"{series} is a histogram: ask for its buckets"
    more = {"le"} if series.endswith("_bucket") else set()
    return set(_METRICS[name]["labels"]) | _OWN_LABELS | more


def check_expression(text):
    """Names of all series of a PromQL expression; fails if one of them or a label of it does not exist."""
    matched = {}
    for series, matchers in _SELECTOR.findall(text):
        matched.setdefault(series, set()).update(name for name, in (m.groups() for m in _MATCHER.finditer(matchers)))
    groups = {label.strip() for group in _GROUPING.findall(text) for label in group.split(",")}
    bare = _GROUPING.sub(" ", re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", " ", text))
    used = {word for word in _WORD.findall(bare) if word not in _LANGUAGE}
    if text.startswith("label_values"):
        label = text.rstrip(")").rpartition(",")[2].strip()
        used.discard(label)
        groups.add(label)
    assert used, f"no series in {text!r}"
    for series in used:
        unknown = matched.get(series, set()) - labels_of(series)
        assert not unknown, f"{series} has no label {unknown}: {text}"
    unknown = groups - set().union(*(labels_of(series) for series in used))
    assert not unknown, f"none of {used} has a label {unknown}: {text}"
    return used


def dashboard_expressions(board):
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"], target["legendFormat"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"], ""


def test_dashboard_uses_what_is_exported():
    board = json.loads((_DEPLOY / "grafana/dm.json").read_text(encoding="utf-8"))
    seen = set()
    for title, expression, legend in dashboard_expressions(board):
        used = check_expression(expression)
        seen |= {metric_of(series) for series in used}
        for label in re.findall(r"\{\{(\w+)\}\}", legend):
            assert all(label in labels_of(series) for series in used), f"{title}: no label {label} in {expression}"
    forgotten = {name for name in _METRICS if name not in seen} - {
        "dumpling_dump_finished_tables", "process_max_fds", "process_virtual_memory_max_bytes"}
    assert not forgotten, "metrics that no panel shows"


def test_dashboard_is_what_its_script_writes():
    assert (_DEPLOY / "grafana/dm.json").read_text(encoding="utf-8") == make_dashboard.text()


def test_dashboard_is_sound():
    board = make_dashboard.dashboard()
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers))
    places = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & places, f"{panel['title']} lies over another panel"
        places |= cells
    assert [p["title"] for p in board["panels"] if p["type"] == "row"] == [
        "Overview", "Task", "Copy", "Sync", "Cluster", "Process"]
    defined = {v["name"] for v in board["templating"]["list"]}
    for _, expression, _ in dashboard_expressions(board):
        assert set(re.findall(r"\$(\w+)", expression)) <= defined


def test_alerts_use_what_is_exported():
    rules = yaml.safe_load((_DEPLOY / "prometheus/dm.rules.yml").read_text(encoding="utf-8"))
    names = []
    for group in rules["groups"]:
        for rule in group["rules"]:
            names.append(rule["alert"])
            used = check_expression(rule["expr"])
            assert rule["labels"]["level"] in ("warning", "critical", "emergency")
            assert rule["annotations"]["summary"] and rule["annotations"]["description"]
            for label in re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])):
                assert any(label in labels_of(series) for series in used), f"{rule['alert']}: no label {label}"
    assert len(names) == len(set(names)) and names


def test_alerts_fire_when_their_tests_say():
    done = subprocess.run(["promtool", "test", "rules", "dm.rules.test.yml"], cwd=_DEPLOY / "prometheus",
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_tests_of_alerts_know_them():
    """That they speak of alerts and series that exist, and that each alert is expected."""
    rules = yaml.safe_load((_DEPLOY / "prometheus/dm.rules.yml").read_text(encoding="utf-8"))
    known = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    tests = yaml.safe_load((_DEPLOY / "prometheus/dm.rules.test.yml").read_text(encoding="utf-8"))
    fired = set()
    for test in tests["tests"]:
        for series in test["input_series"]:
            check_expression(series["series"])
        fired |= {case["alertname"] for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired <= known and len(fired) >= 7


def test_prometheus_knows_jobs_and_rules():
    config = yaml.safe_load((_DEPLOY / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
    assert [job["job_name"] for job in config["scrape_configs"]] == ["dm_master", "dm_worker"]
    assert all((_DEPLOY / "prometheus" / name).exists() for name in config["rule_files"])


@pytest.mark.parametrize("expression", ["dm_no_such_metric", "rate(dm_syncer_replication_lag[1m])",
                                        'dm_worker_task_state{queueNo="q_0"}', "sum(dm_worker_task_state) by (table)"])
def test_what_is_not_exported_is_found(expression):
    with pytest.raises(AssertionError):
        check_expression(expression)


def test_monitoring_document_names_every_metric():
    text = (_ROOT / "docs/user/monitoring.md").read_text(encoding="utf-8")
    assert not [name for name in _METRICS if f"`{name}`" not in text]
