"""docs/performance.md is made of what was measured, and of nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench import page, results

MACHINE = {"CPU": "Abacus 3", "cores": "2"}


def run(rate: float, cpu_us: float) -> dict[str, float]:
    return {
        "events_per_s": rate,
        "cpu_us": cpu_us,
        "peak_rss_bytes": 300 << 20,
        "transitions": 397_318,
    }


def engines() -> dict[str, Any]:
    return {
        "date": "2027-01-01 12:00 UTC",
        "command": "python -m bench engines",
        "machine": MACHINE,
        "events": 1_000_000,
        "rounds": 3,
        "versions": {"ours": "0.1.0", "streams": "4.3.1, JDK 17", "floor": "0.14"},
        "missing": {"flink-heap": "needs a JDK 17 or newer"},
        "failed": {"quix": "quix: 3 transitions, 4 are right"},
        "runs": {
            "ours/many": [run(100_000, 10.0), run(120_000, 8.0), run(90_000, 12.0)],
            "streams/many": [run(50_000, 40.0), run(40_000, 40.0), run(45_000, 36.0)],
        },
    }


def test_what_was_not_measured_is_said_to_be_so() -> None:
    text = page.render({})

    assert text.count("Not measured yet") == 6
    assert "make bench ARGS='memory --full'" in text


def test_medians_extremes_and_ratios_of_rounds() -> None:
    text = page.render({"engines": engines()})

    assert "| 100,000 (90,000 - 120,000) | 10.0 (8.0 - 12.0) | 300 | 397,318 |" in text
    # Rounds: 2.0, 3.0 and 2.0 times the throughput; 0.25, 0.2 and 0.33 of the CPU.
    assert "| ours / streams | many | 2.00 | 0.25 |" in text
    assert "floor" not in text.partition("### Ratios")[2]  # it did not run: no ratio to it


def test_what_is_not_measured_anew_stays_as_it_stands() -> None:
    page_of_yesterday = page.render({"engines": engines()})
    today = engines() | {"date": "2027-01-02 12:00 UTC"}

    assert page.render({}, page_of_yesterday) == page_of_yesterday
    assert "2027-01-02" in page.render({"engines": today}, page_of_yesterday)
    assert page.render({"engines": today}, page_of_yesterday) == page.render({"engines": today})


def test_a_peer_without_figures_is_named_with_the_reason() -> None:
    text = page.render({"engines": engines()})

    assert "left out, needs a JDK 17 or newer" in text
    assert "**failed**, quix: 3 transitions, 4 are right" in text


def test_the_machine_the_date_and_the_command_stand_below_each_table() -> None:
    text = page.render({"engines": engines()})

    assert "2027-01-01 12:00 UTC, `python -m bench engines`. CPU Abacus 3; cores 2." in text


def test_saving_a_section_keeps_the_others(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results.save("replay", {"events": 1}, "first", file)
    results.save("flat", {"events": 2}, "second", file)
    results.save("replay", {"events": 3}, "third", file)

    found = results.load(file)

    assert {name: section["events"] for name, section in found.items()} == {"replay": 3, "flat": 2}
    assert found["replay"]["command"] == "third"
    assert {"CPU", "cores", "memory", "system", "Python", "Kafka"} <= set(found["flat"]["machine"])


def test_quantiles_are_values_that_occurred() -> None:
    values = [float(value) for value in range(1, 101)]

    assert results.quantile(values, 0.5) == 50
    assert results.quantile(values, 0.99) == 99
    assert results.quantile(values, 1.0) == 100
    assert results.quantile([7.0], 0.5) == 7
