"""A fake Grafana: a server on 127.0.0.1 that answers as the documentation of Grafana's HTTP API says.

No package registry carries a Grafana server, so here, and only here, something stands in for the real thing. It knows
folders, dashboards with versions (412 where another change came first, or another dashboard of the folder has the
title), annotations found by all of their tags, tokens of a viewer and of an editor, and nothing else. What it cannot
show: how a real Grafana words its messages, and what it makes of the dashboards. Its answers follow the pages of the
documentation: HTTP API, folder, dashboard (legacy), annotations.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
EDITOR, VIEWER = "glsa_editor", "glsa_viewer"


class Answer(NamedTuple):
    """A response of the server. body: JSON, or the text of a page."""

    status: int
    body: object
    kind: str = "application/json; charset=UTF-8"
    location: str = ""


@dataclass
class Grafana:
    """The state of the server. always: the response to every request, if set. asked: the requests so far."""

    url: str = ""
    path: str = ""
    folders: dict[str, Json] = field(default_factory=dict)
    dashboards: dict[str, Json] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    annotations: list[Json] = field(default_factory=list)
    always: Answer | None = None
    asked: list[str] = field(default_factory=list)
    seen_before_saving: Json = field(default_factory=dict)

    def answer(self, method: str, url: str, token: str, body: Json) -> Answer:
        """Return the response to a request, and change the state."""
        parts = urlsplit(url)
        self.asked.append(f"{method} {parts.path.removeprefix(self.path)}")
        if self.always:
            return self.always
        if token not in (EDITOR, VIEWER):
            return Answer(401, {"message": "Invalid API key"})
        if method != "GET" and token == VIEWER:
            return Answer(403, {"message": "You'll need additional permissions to perform this action."})
        if not parts.path.startswith(f"{self.path}/api/"):
            return Answer(404, "<html>not found</html>", "text/html")
        return self._routed(method, parts.path.removeprefix(f"{self.path}/api"), parse_qs(parts.query), body)

    def _routed(self, method: str, path: str, asked: dict[str, list[str]], body: Json) -> Answer:
        match [method, *path.strip("/").split("/")]:
            case ["GET", "folders", uid]:
                return Answer(200, self.folders[uid]) if uid in self.folders else _missing("folder not found")
            case ["POST", "folders"]:
                return self._create_folder(body)
            case ["GET", "dashboards", "uid", uid]:
                result = self.dashboards.get(uid)
                meta = {"folderUid": self.homes.get(uid, "")}
                return Answer(200, {"dashboard": result, "meta": meta}) if result else _missing("Dashboard not found")
            case ["POST", "dashboards", "db"]:
                return self._save(body)
            case ["GET", "annotations"]:
                return Answer(200, [one for one in self.annotations if set(asked["tags"]) <= set(one["tags"])])
            case ["POST", "annotations"]:
                self.annotations.append({"id": len(self.annotations) + 1, "dashboardUID": ""} | body)
                return Answer(200, {"message": "Annotation added", "id": len(self.annotations)})
            case ["PUT", "annotations", id_]:
                self.annotations[int(id_) - 1].update(body)
                return Answer(200, {"message": "Annotation updated"})
        return _missing("Not found")

    def _create_folder(self, body: Json) -> Answer:
        if any(body["uid"] == uid or body["title"] == one["title"] for uid, one in self.folders.items()):
            return Answer(409, {"message": "a folder with the same name already exists in the current location"})
        self.folders[body["uid"]] = {"id": len(self.folders) + 1, "uid": body["uid"], "title": body["title"]}
        return Answer(200, self.folders[body["uid"]])

    def _save(self, body: Json) -> Answer:
        parameters, folder = body["dashboard"], body["folderUid"]
        uid = parameters["uid"]
        self.dashboards |= {one: self.seen_before_saving for one in [uid] if self.seen_before_saving}
        stored = self.dashboards.get(uid)
        if folder not in self.folders:
            return Answer(400, {"message": "folder not found", "status": "not-found"})
        if stored and not body["overwrite"] and stored["version"] != parameters["version"]:
            says = "The dashboard has been changed by someone else"
            return Answer(412, {"message": says, "status": "version-mismatch"})
        neighbours = [one for one in self.dashboards if one != uid and self.homes[one] == folder]
        if any(self.dashboards[one]["title"] == parameters["title"] for one in neighbours):
            says = "A dashboard with the same name in the folder already exists"
            return Answer(412, {"message": says, "status": "name-exists"})
        version = stored["version"] + 1 if stored else 1
        self.dashboards[uid] = parameters | {"id": len(self.dashboards) + 1, "version": version}
        self.homes[uid] = folder
        return Answer(200, {"uid": uid, "status": "success", "version": version, "url": f"/d/{uid}"})


def _missing(says: str) -> Answer:
    return Answer(404, {"message": says})


@contextmanager
def running(path: str = "", tls: ssl.SSLContext | None = None) -> Iterator[Grafana]:
    """Run the server. path: its base path. tls: its certificate."""
    grafana = Grafana(path=path)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            message = grafana.answer(self.command, self.path, token, json.loads(body) if body else {})
            text = message.body if isinstance(message.body, str) else json.dumps(message.body)
            self.send_response(message.status)
            self.send_header("Content-Type", message.kind)
            if message.location:
                self.send_header("Location", message.location)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = _reply

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        grafana.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}{path}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield grafana
        finally:
            server.shutdown()
            thread.join()
