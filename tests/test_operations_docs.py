"""`docs/operations.md` names what there is: metrics, settings, lines of the log, places on the page."""

from __future__ import annotations

import re

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client import Counter, Gauge, Histogram

from server import metrics
from server.settings import OF_COMPOSE, PREFIX, Settings
from tests.fixtures.server import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
SOURCE = "\n".join(path.read_text("utf-8") for path in (ROOT / "server").rglob("*.py"))
METRICS = [value for value in vars(metrics).values() if isinstance(value, Counter | Gauge | Histogram)]
ROWS = re.findall(r"^\| `(parley_\w+)` \| (.+) \|$", PAGE, re.MULTILINE)


def exposed(metric: Counter | Gauge | Histogram) -> str:
    """The name that Prometheus knows it by."""
    [family] = metric.describe()
    name = family.name
    return f"{name}_total" if isinstance(metric, Counter) else name


EXPOSED = {exposed(metric) for metric in METRICS}
SAMPLES = EXPOSED | {f"{name}_{part}" for name in EXPOSED if name.endswith("_seconds") for part in ("bucket", "sum")}
EVENT = r"`((?:commands|connections|fleet|http|journal|redis|sockets?|turns?|workers?)\.\w+)`"


def test_each_metric_has_a_row() -> None:
    assert sorted(name for name, _ in ROWS) == sorted(EXPOSED)


@pytest.mark.parametrize("metric", METRICS, ids=exposed)
def test_what_a_metric_is_split_by_is_named(metric: Counter | Gauge | Histogram) -> None:
    assert set(metric._labelnames) <= set(re.findall(r"`(\w+)`", dict(ROWS)[exposed(metric)]))


def test_alerts_and_their_causes_are_of_metrics_that_exist() -> None:
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    rules = [rule for block in blocks for group in block.get("groups", []) for rule in group["rules"]]
    assert len(rules) >= 5
    assert {name for rule in rules for name in re.findall(r"parley_\w+", rule["expr"])} <= SAMPLES
    outside = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    assert set(re.findall(r"`(parley_\w+)`", outside)) - {"parley_front"} <= EXPOSED


def test_settings_are_settings() -> None:
    known = {PREFIX + field.upper() for field in Settings.model_fields} | OF_COMPOSE
    named = set(re.findall(r"\bPARLEY_\w+", PAGE))
    assert {"PARLEY_DRAIN_SECONDS", "PARLEY_WORKERS", "PARLEY_TRUSTED_PROXIES"} <= named <= known


def test_lines_of_the_log_are_written_somewhere() -> None:
    named = set(re.findall(EVENT, PAGE))
    assert len(named) > 10
    assert {event for event in named if f'"{event}"' not in SOURCE} == set()


def test_places_on_the_page_exist() -> None:
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL), re.MULTILINE)
    places = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= places
