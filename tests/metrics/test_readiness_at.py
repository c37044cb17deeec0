"""Many workers are asked at once whether they are ready."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.shared import ROOT

ASKS = """
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
    print({said.ready for said in pool.map(lambda _: readiness_at(address), range(32)) if said})
"""


@pytest.mark.integration
def test_all_of_them_are_asked_and_none_of_the_answers_ends_the_process() -> None:
    # In a process of its own each time: what went wrong did so with the first answers.
    for _ in range(5):
        ended = subprocess.run([sys.executable, "-c", ASKS], cwd=ROOT, capture_output=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (0, b"{True}\n"), ended.stderr
