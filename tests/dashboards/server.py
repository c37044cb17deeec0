"""A real Prometheus of Debian's package, on a port of 127.0.0.1, with three hours of two workers."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from streams.local.ports import free_ports
from tests.dashboards.history import MINUTES, open_metrics
from tests.support.debian import program

Row = dict[str, Any]
_SECONDS = 60


class Prometheus(NamedTuple):
    """A running server. end: its last instant, in seconds since 1970."""

    url: str
    end: float

    def now(self, expr: str, ago: int = 0) -> list[Row]:
        """Return the labels and value of each series of a query, at the end or `ago` minutes before."""
        return self._asked("query", query=expr, time=self.end - 60 * ago)

    def over_time(self, expr: str, minutes: int = 60, step: int = 60) -> list[Row]:
        """Return the result of a query over the last minutes, every `step` seconds."""
        return self._asked("query_range", query=expr, start=self.end - 60 * minutes, end=self.end, step=step)

    def values(self, metric: str, label: str) -> list[str]:
        """Return the values of a label, as a variable would offer them."""
        asked = urlencode({"match[]": metric, "start": self.end - 3600, "end": self.end})
        result: list[str] = self._read(f"label/{label}/values?{asked}")
        return result

    def _asked(self, path: str, **parameters: object) -> list[Row]:
        result: list[Row] = self._read(f"{path}?{urlencode(parameters)}")["result"]
        return result

    def _read(self, path: str) -> Any:
        with urlopen(f"{self.url}/api/v1/{path}", timeout=_SECONDS) as page:
            answer = json.load(page)
        assert answer["status"] == "success", answer
        return answer["data"]


@contextmanager
def prometheus(folder: Path) -> Iterator[Prometheus]:
    """Run the server with its data in `folder`. Raises Unavailable if there is no Prometheus."""
    end = time.time() // 60 * 60
    _fill(folder, end - 60 * MINUTES)
    (folder / "prometheus.yml").write_text("global: {}\n", "utf-8")
    url = f"127.0.0.1:{free_ports(1)[0]}"
    options = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    command: list[str | Path] = [
        program("prometheus", "prometheus"),
        *options,
        f"--web.listen-address={url}",
        "--log.level=warn",
    ]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log, cwd=folder) as process:
        try:
            _await_ready(process, f"http://{url}", folder / "log")
            yield Prometheus(f"http://{url}", end)
        finally:
            process.terminate()


def _fill(folder: Path, start: float) -> None:
    text = folder / "history.txt"
    text.write_text(open_metrics(start), "utf-8")
    command: list[str | Path] = [program("prometheus", "promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*command, text, folder / "data"], check=True, capture_output=True, timeout=300)


def _await_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{url}/-/ready", timeout=5):
                return
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"Prometheus does not answer: {log.read_text('utf-8')}")
