#!/usr/bin/env python3
"""Writes deploy/grafana/dm.json. Rows and panels are the table below; Grafana's boilerplate is added here."""

import json
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "deploy/grafana/dm.json"
_SUBTASK = 'task=~"$task",source_id=~"$source",instance=~"$instance"'
_TASK = 'task=~"$task",instance=~"$instance"'
_INSTANCE = 'instance=~"$instance"'
_STAGES = {2: ("Running", "green"), 3: ("Paused", "red"), 6: ("Pausing", "orange"), 7: ("Resuming", "yellow"),
           8: ("Stopping", "orange")}
_WORKERS = {0: ("offline", "red"), 1: ("free", "blue"), 2: ("bound", "green")}


def quantiles(metric, selector, by, legend):
    return [(f"histogram_quantile(0.{q}, sum(rate({metric}_bucket{{{selector}}}[$interval])) by (le, {by}))",
             f"{q} % {legend}") for q in (90, 95, 99)]


def quantile(metric, selector, by, legend):
    return quantiles(metric, selector, by, legend)[:1]


# (row, [(title, unit, kind of panel, [(query, legend)])])
ROWS = [
    ("Overview", [
        ("Running tasks", "none", "stat",
         [(f"count(dm_worker_task_state{{{_SUBTASK}}} == 2) or vector(0)", "running")]),
        ("Paused tasks", "none", "stat",
         [(f"count(dm_worker_task_state{{{_SUBTASK}}} == 3) or vector(0)", "paused")]),
        ("Workers offline", "none", "stat", [("count(dm_master_worker_state == 0) or vector(0)", "offline")]),
        ("Largest lag", "s", "stat", [(f"max(dm_syncer_replication_lag_gauge{{{_SUBTASK}}})", "lag")]),
        ("Remaining time to sync", "s", "timeseries",
         [(f"dm_syncer_remaining_time{{{_SUBTASK}}}", "{{task}} {{source_id}}")]),
        ("Replication lag", "s", "timeseries",
         [(f"dm_syncer_replication_lag_gauge{{{_SUBTASK}}}", "{{task}} {{source_id}}")]),
        ("Rows per second", "ops", "timeseries",
         [(f'sum(rate(dm_syncer_finished_jobs_total{{{_SUBTASK}}}[$interval])) by (task, source_id)',
           "{{task}} {{source_id}}")]),
    ]),
    ("Task", [
        ("State of tasks", "none", "state",
         [(f"dm_worker_task_state{{{_SUBTASK}}}", "{{task}} {{source_id}} on {{worker}}")]),
        ("Runs of sync that ended with an error", "none", "timeseries",
         [(f"increase(dm_syncer_exit_with_error_count{{{_SUBTASK}}}[$interval])",
           "{{task}} {{source_id}} resumable={{resumable_err}}")]),
        ("Runs of copy that ended with an error", "none", "timeseries",
         [(f"increase(dm_loader_exit_with_error_count{{{_SUBTASK}}}[$interval])",
           "{{task}} {{source_id}} resumable={{resumable_err}}")]),
        ("Failed operations", "none", "timeseries",
         [(f"increase(dm_worker_operate_error{{{_INSTANCE}}}[$interval])", "{{worker}} {{type}}")]),
    ]),
    ("Copy", [
        ("Progress", "percentunit", "timeseries",
         [(f'lightning_progress{{{_SUBTASK},phase="total"}}', "{{task}} {{source_id}}")]),
        ("Rows copied", "none", "timeseries",
         [(f"dumpling_dump_finished_rows{{{_SUBTASK}}}", "{{task}} {{source_id}} copied"),
          (f"dumpling_dump_estimate_total_rows{{{_SUBTASK}}}", "{{task}} {{source_id}} estimated")]),
        ("Bytes per second", "Bps", "timeseries",
         [(f"deriv(dumpling_dump_finished_size{{{_SUBTASK}}}[$interval])", "{{task}} {{source_id}}")]),
        ("Tables", "none", "timeseries",
         [(f"lightning_tables{{{_SUBTASK}}}", "{{task}} {{source_id}} {{state}}")]),
        ("Chunks", "none", "timeseries",
         [(f"lightning_chunks{{{_SUBTASK}}}", "{{task}} {{source_id}} {{state}}")]),
        ("Bytes", "bytes", "timeseries",
         [(f"lightning_bytes{{{_SUBTASK}}}", "{{task}} {{source_id}} {{state}}")]),
    ]),
    ("Sync", [
        ("Jobs", "ops", "timeseries",
         [(f"sum(rate(dm_syncer_finished_jobs_total{{{_SUBTASK}}}[$interval])) by (type)", "finished {{type}}"),
          (f"-sum(rate(dm_syncer_added_jobs_total{{{_SUBTASK}}}[$interval])) by (type)", "added {{type}}")]),
        ("Busiest tables", "ops", "timeseries",
         [(f"topk(10, sum(rate(dm_syncer_finished_jobs_total{{{_SUBTASK}}}[$interval])) "
           "by (target_schema, target_table))", "{{target_schema}}.{{target_table}}")]),
        ("Transactions per second", "ops", "timeseries",
         [(f"rate(dm_syncer_finished_transaction_total{{{_SUBTASK}}}[$interval])", "{{task}} {{source_id}}"),
          (f"dm_syncer_ideal_qps{{{_SUBTASK}}}", "{{task}} {{source_id}} statements if all appliers were busy")]),
        ("Bytes to the target", "Bps", "timeseries",
         [(f"rate(dm_syncer_target_bytes_total{{{_SUBTASK}}}[$interval])", "{{task}} {{source_id}}")]),
        ("Transaction and statement latency", "s", "timeseries",
         quantiles("dm_syncer_txn_duration_time", _SUBTASK, "task", "transaction {{task}}") +
         quantiles("dm_syncer_query_duration_time", _SUBTASK, "task", "DDL {{task}}")),
        ("Latency by kind of statement", "s", "timeseries",
         quantile("dm_syncer_stmt_duration_time", _TASK, "type", "{{type}}")),
        ("Rows and statements per transaction", "none", "timeseries",
         quantile("dm_syncer_replication_transaction_batch", _SUBTASK, "type", "{{type}}")),
        ("Lag, distribution", "s", "timeseries",
         quantiles("dm_syncer_replication_lag", _SUBTASK, "task", "{{task}}")),
        ("Commit at the source to commit at the target", "s", "timeseries",
         quantiles("dm_syncer_commit_lag", _SUBTASK, "task", "{{task}}")),
        ("Binlog files between upstream and checkpoint", "none", "timeseries",
         [(f'dm_syncer_binlog_file{{{_SUBTASK},node="master"}} - ignoring(node) '
           f'dm_syncer_binlog_file{{{_SUBTASK},node="syncer"}}', "{{task}} {{source_id}}")]),
        ("Binlog position", "bytes", "timeseries",
         [(f"dm_syncer_binlog_pos{{{_SUBTASK}}}", "{{task}} {{source_id}} {{node}}")]),
        ("Queues", "none", "timeseries",
         [(f"sum(dm_syncer_queue_size{{{_SUBTASK}}}) by (queue_id)", "{{queue_id}}")]),
        ("Time blocked on queues", "s", "timeseries",
         quantile("dm_syncer_add_job_duration", _SUBTASK, "type, queueNo", "{{type}} {{queueNo}}")),
        ("Reading an event", "s", "timeseries",
         quantile("dm_syncer_read_binlog_duration", _SUBTASK, "task", "{{task}}")),
        ("Work per event", "s", "timeseries",
         quantile("dm_syncer_binlog_transform_cost", _SUBTASK, "stage", "{{stage}}") +
         quantile("dm_syncer_dispatch_binlog_duration", _SUBTASK, "type", "dispatch {{type}}") +
         quantile("dm_syncer_conflict_detect_duration", _SUBTASK, "task", "conflicts {{task}}")),
        ("Events passed over", "ops", "timeseries",
         [(f"sum(rate(dm_syncer_skip_binlog_duration_count{{{_SUBTASK}}}[$interval])) by (type)", "{{type}}")]),
        ("Changes passed over", "none", "timeseries",
         [(f"dm_syncer_passed_over_total{{{_SUBTASK}}}", "{{task}} {{source_id}} {{type}}")]),
        ("Size of events", "bytes", "timeseries",
         quantile("dm_syncer_binlog_event_size", _SUBTASK, "task", "{{task}}")),
        ("Rows per event", "none", "timeseries",
         quantile("dm_syncer_binlog_event_row", _SUBTASK, "task", "{{task}}")),
        ("Time between checkpoints", "s", "timeseries",
         quantile("dm_syncer_flush_checkpoints_time_interval", _SUBTASK, "task", "{{task}}")),
    ]),
    ("Cluster", [
        ("State of workers", "none", "workers", [("dm_master_worker_state", "{{worker}}")]),
        ("Leader starts", "none", "timeseries",
         [("increase(dm_master_start_leader_counter[$interval])", "{{instance}}")]),
        ("Errors of worker events", "none", "timeseries",
         [("increase(dm_master_worker_event_error[$interval])", "{{instance}} {{type}}")]),
        ("Calls", "ops", "timeseries",
         [(f"sum(rate(grpc_server_handled_total{{{_INSTANCE}}}[$interval])) by (grpc_service, grpc_method, grpc_code)",
           "{{grpc_service}} {{grpc_method}} {{grpc_code}}")]),
        ("Duration of calls", "s", "timeseries",
         quantile("grpc_server_handling_seconds", _INSTANCE, "grpc_service, grpc_method",
                  "{{grpc_service}} {{grpc_method}}")),
    ]),
    ("Process", [
        ("Processor", "percent", "timeseries",
         [(f"dm_worker_cpu_usage{{{_INSTANCE}}}", "{{instance}}"),
          (f"dm_master_cpu_usage{{{_INSTANCE}}}", "{{instance}}"),
          (f'100 * rate(process_cpu_seconds_total{{job=~"dm_.*",{_INSTANCE}}}[$interval])', "{{instance}} average")]),
        ("Memory", "bytes", "timeseries",
         [(f'process_resident_memory_bytes{{job=~"dm_.*",{_INSTANCE}}}', "{{instance}} resident"),
          (f'process_virtual_memory_bytes{{job=~"dm_.*",{_INSTANCE}}}', "{{instance}} virtual")]),
        ("Open files", "none", "timeseries",
         [(f'process_open_fds{{job=~"dm_.*",{_INSTANCE}}}', "{{instance}}")]),
        ("Threads", "none", "timeseries", [(f'process_threads{{job=~"dm_.*",{_INSTANCE}}}', "{{instance}}")]),
        ("Age", "s", "timeseries",
         [(f'time() - process_start_time_seconds{{job=~"dm_.*",{_INSTANCE}}}', "{{instance}}")]),
    ]),
]


def _mappings(names):
    return [{"type": "value", "options": {str(value): {"text": text, "color": colour, "index": index}
                                          for index, (value, (text, colour)) in enumerate(names.items())}}]


def _panel(number, place, title, unit, kind, queries):
    is_state = kind in ("state", "workers")
    panel = {
        "id": number, "title": title, "type": "state-timeline" if is_state else kind, "gridPos": place,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "targets": [{"expr": query, "legendFormat": legend, "refId": chr(ord("A") + i),
                     "datasource": {"type": "prometheus", "uid": "${datasource}"}}
                    for i, (query, legend) in enumerate(queries)]}
    if is_state:
        panel["fieldConfig"]["defaults"]["mappings"] = _mappings(_STAGES if kind == "state" else _WORKERS)
    if kind == "timeseries":
        panel["options"] = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    return panel


def _variable(name, label, query):
    return {"name": name, "label": label, "type": "query", "query": {"query": query, "refId": name}, "definition": query,
            "datasource": {"type": "prometheus", "uid": "${datasource}"}, "refresh": 2, "sort": 1, "multi": True,
            "includeAll": True, "allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}}


def dashboard():
    panels, number, top = [], 0, 0
    for title, content in ROWS:
        number += 1
        panels.append({"id": number, "title": title, "type": "row", "collapsed": False, "panels": [],
                       "gridPos": {"h": 1, "w": 24, "x": 0, "y": top}})
        top += 1
        left, height = 0, 0
        for name, unit, kind, queries in content:
            number += 1
            width, tall = (6, 4) if kind == "stat" else (8, 7)
            if left + width > 24 or (height and tall != height):
                left, top = 0, top + height
            height = tall
            panels.append(_panel(number, {"h": tall, "w": width, "x": left, "y": top}, name, unit, kind, queries))
            left += width
        top += height
    intervals = ["30s", "1m", "10m", "30m", "1h", "6h", "12h", "1d", "7d", "14d", "30d"]
    return {
        "uid": "dm-overview", "title": "Data Migration", "tags": ["dm"], "timezone": "browser", "schemaVersion": 36,
        "version": 1, "editable": True, "refresh": "10s", "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1},
            _variable("task", "Task", "label_values(dm_worker_task_state, task)"),
            _variable("source", "Source", 'label_values(dm_worker_task_state{task=~"$task"}, source_id)'),
            _variable("instance", "Instance", 'label_values(process_start_time_seconds{job=~"dm_.*"}, instance)'),
            {"name": "interval", "label": "Interval", "type": "interval", "query": ",".join(intervals), "auto": False,
             "current": {"text": "1m", "value": "1m"},
             "options": [{"text": i, "value": i, "selected": i == "1m"} for i in intervals]}]},
        "panels": panels}


def text():
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    sys.exit(0)
