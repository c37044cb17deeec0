"""The readiness of many workers is requested at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.shared import ROOT

REQUESTS = """
import http.server, sys, threading
from concurrent.futures import ThreadPoolExecutor
sys.setswitchinterval(1e-6)  # each thread is interrupted as early as can be
from streams.metrics.scrape import readiness_at
from streams.worker.settings import Address

class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"ready": true, "says": "", "group": "g", "partitions": []}')
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ready)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
address = Address(*server.server_address)
with ThreadPoolExecutor(16) as pool:
    print({readiness.ready for readiness in pool.map(lambda _: readiness_at(address), range(32)) if readiness})
"""


@pytest.mark.integration
def test_concurrent_requests_return_and_do_not_crash_the_process() -> None:
    # In a process of its own each time: what went wrong did so with the first answers.
    for _ in range(5):
        process = subprocess.run(
            [sys.executable, "-c", REQUESTS], cwd=ROOT, capture_output=True, timeout=60, check=False
        )
        assert (process.returncode, process.stdout) == (0, b"{True}\n"), process.stderr
