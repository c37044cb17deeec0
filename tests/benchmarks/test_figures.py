"""The arithmetic of the benchmarks, on figures that can be checked by hand."""

from __future__ import annotations

import math
from itertools import islice

import pytest

from benchmarks.figures import bucket_quantile, quantile, table
from benchmarks.orders import orders
from benchmarks.ours import Sample, span
from benchmarks.processes import Failed


def test_of_a_hundred_waits_the_99th_is_p99() -> None:
    waits = list(range(100, 0, -1))
    assert [quantile(waits, share) for share in (0.5, 0.99, 1)] == [50, 99, 100]


def test_a_quantile_of_a_histogram_lies_in_its_bucket_where_prometheus_would_put_it() -> None:
    buckets = {0.005: 50.0, 0.01: 90.0, math.inf: 100.0}
    assert bucket_quantile(buckets, 0.5) == 0.005
    assert bucket_quantile(buckets, 0.7) == pytest.approx(0.0075)


def test_a_quantile_beyond_the_last_bound_is_not_made_up() -> None:
    assert bucket_quantile({0.005: 50.0, 0.01: 90.0, math.inf: 100.0}, 0.99) == math.inf
    assert math.isnan(bucket_quantile({0.005: 0.0, math.inf: 0.0}, 0.5))


def test_a_worker_is_measured_from_its_first_commit_to_its_last_verdict() -> None:
    samples = [Sample(0.0, 1.0, 0, 0), Sample(2.0, 3.0, 20_000, 5_000), Sample(4.0, 4.5, 100_000, 25_000)]
    measured = span(samples)
    assert measured == (80_000, 2.0, 1.5)
    assert (measured.rate, measured.cpu_per_million) == (40_000, 18.75)


def test_a_run_that_is_over_at_the_first_commit_is_not_measured() -> None:
    with pytest.raises(Failed, match="nothing to measure"):
        span([Sample(0.0, 1.0, 0, 0), Sample(0.2, 1.1, 1_000, 300)])


def test_events_are_about_300_bytes() -> None:
    sizes = [len(record.value or b"") for record in islice(orders(1_000), 20_000)]
    assert 295 < sum(sizes) / len(sizes) < 315


def test_a_table_is_markdown() -> None:
    assert table(("", "events/s"), [("ours", "71 300"), ("another", "9")]) == (
        "|         | events/s |\n|:--|--:|\n| ours    |   71 300 |\n| another |        9 |"
    )
