"""docs/operations.md and deploy/alerts.yaml speak of metrics, labels and options that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from stream_app.adapters.registry import PLATFORMS
from stream_app.cli.worker import worker
from stream_app.edge.facts import OUTCOMES
from stream_app.observability.metrics import Metrics
from stream_app.observability.page import with_table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
ALERTS = ROOT / "deploy" / "alerts.yaml"
RULES: list[dict[str, Any]] = [
    rule for group in YAML(typ="safe").load(ALERTS)["groups"] for rule in group["rules"]
]
OURS = re.compile(r"stream_app_\w+")
FROM_OUTSIDE = {"job", "instance", "le"}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1", policy="p", outcomes=OUTCOMES, topics=("t",), platforms=PLATFORMS)


def series(metrics: Metrics) -> dict[str, set[str]]:
    """Names of series, with their labels."""
    found: dict[str, set[str]] = {}
    for one in metrics.listed:
        ends = ("_bucket", "_sum", "_count") if one.kind == "histogram" else ("",)
        found |= {f"{one.name}{end}": set(one.labels) for end in ends}
    return found


def test_every_metric_of_the_registry_is_listed(metrics: Metrics) -> None:
    families = text_string_to_metric_families(metrics.expose().decode())
    shown = {
        (family.name, family.type) for family in families if family.name.startswith("stream_app_")
    }
    kinds = {"info": "gauge"}
    listed = {
        (one.name.removesuffix("_total"), kinds.get(one.kind, one.kind)) for one in metrics.listed
    }
    assert shown == listed


def test_every_series_has_the_labels_that_are_listed(metrics: Metrics) -> None:
    known = series(metrics)
    for family in text_string_to_metric_families(metrics.expose().decode()):
        for sample in family.samples:
            if sample.name.startswith("stream_app_"):
                assert set(sample.labels) - {"le"} == known[sample.name]


def test_the_table_of_the_page_is_that_of_the_registry() -> None:
    assert with_table(PAGE) == PAGE, "Do: python -m stream_app.observability.page"


def test_every_option_of_the_page_exists() -> None:
    named = set(re.findall(r"`(--[a-z-]+)", PAGE))
    assert {"--standbys", "--instance-id", "--replication", "--cache-states"} <= named
    assert named <= {name for option in worker.params for name in option.opts}


def test_defaults_of_the_page_are_those_of_the_command() -> None:
    told = dict(re.findall(r"^\| `(--[a-z-]+)` \| ([0-9,]+) \|", PAGE, re.MULTILINE))
    defaults = {option.opts[0]: option.default for option in worker.params}
    assert len(told) > 4
    assert {name: int(text.replace(",", "")) for name, text in told.items()} == {
        name: defaults[name] for name in told
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_asks_for_what_there_is(rule: dict[str, Any], metrics: Metrics) -> None:
    """Names of metrics, labels that are summed by, and values of those from fixed lists."""
    expression, known = rule["expr"], series(metrics)
    named = set(OURS.findall(expression))
    assert named <= set(known)
    assert named or expression.startswith("up{")
    labels = FROM_OUTSIDE.union(*(known[name] for name in named))
    for group in re.findall(r"by \(([^)]*)\)", expression):
        assert {name.strip() for name in group.split(",")} <= labels
    text = metrics.expose().decode()
    for name, value in re.findall(r'(\w+)="(\w+)"', expression):
        assert name in labels
        assert name in FROM_OUTSIDE or f'{name}="{value}"' in text
    words = "".join(rule["annotations"].values())
    assert set(OURS.findall(words)) <= set(known)
    assert {"summary", "description"} == set(rule["annotations"])
    assert rule["labels"]["severity"] in ("page", "ticket")


def test_promtool_agrees_where_there_is_one() -> None:
    """It comes with Prometheus, not with Python: without it the tests above must do."""
    promtool = shutil.which("promtool")
    if promtool is None:
        assert len({rule["alert"] for rule in RULES}) == len(RULES) > 8
        return
    for command in (("check", "rules", "alerts.yaml"), ("test", "rules", "alerts.test.yaml")):
        done = subprocess.run(
            [promtool, *command], cwd=ALERTS.parent, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
