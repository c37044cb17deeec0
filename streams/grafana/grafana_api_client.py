"""The adapter over grafana-api, and the only module that knows it.

grafana-api gives the session, the login and the timeout. What is asked is written here: its own calls send tags with
special characters as they are. And what Grafana answers is looked at before grafana-api does, which follows redirects
with GET in place of POST and fails with a TypeError where an error page holds the word "message".
"""

from __future__ import annotations

from typing import Any, Final, Self
from urllib.parse import urlencode, urlsplit

from grafana_api.grafana_face import GrafanaFace
from requests import Response
from requests import exceptions as failures

from streams.grafana.interface import Access, Annotation, Dashboard, PublishingFailed, StoredDashboard

_SECONDS: Final = 30.0
_LONGEST: Final = 200
_NO_GRAFANA: Final = "that is no Grafana: give the address of its start page as --url"
_REMEDIES: Final = {
    400: "it cannot be saved like that",
    401: "it does not take the token: give one of a service account by --token-file or PROMISES_GRAFANA_TOKEN",
    403: "the token may not do that: give its service account the role Editor, or permission for what is named here",
    404: _NO_GRAFANA,
    409: "something else has this title or uid: rename it or take it away, then try again",
    412: "somebody changed it at the same time, or something else has its title: look there, then try again",
}


class _Refused(Exception):
    """An answer that is not what was asked for."""

    def __init__(self, response: Response) -> None:
        self.status = response.status_code
        self.says = _message(response)
        self.is_json = _is_json(response)
        super().__init__(self.status)


class GrafanaOverApi:
    """A Grafana, by its HTTP API. Use it as a context manager: it holds a connection."""

    def __init__(self, access: Access) -> None:
        """Asks nothing yet."""
        self._url = access.url
        at = urlsplit(access.url)
        # grafana-api writes a port only where it is given one, and the path with a slash at its end.
        place = {"protocol": at.scheme, "host": at.netloc, "url_path_prefix": f"{at.path.strip('/')}/".lstrip("/")}
        self._api = GrafanaFace(auth=access.token, verify=access.ca_file or True, timeout=_SECONDS, **place).api
        self._api.s.hooks["response"].append(_look)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.s.close()

    def has_folder(self, uid: str) -> bool:
        return self._found(f"/folders/{uid}") is not None

    def create_folder(self, uid: str, title: str) -> None:
        self._ask("POST", "/folders", {"uid": uid, "title": title})

    def dashboard(self, uid: str) -> StoredDashboard | None:
        found = self._found(f"/dashboards/uid/{uid}")
        if found is None:
            return None
        dashboard = found["dashboard"]
        return StoredDashboard(dashboard, dashboard.get("version", 0), found["meta"].get("folderUid", ""))

    def save(self, dashboard: Dashboard, folder: str, version: int) -> None:
        saved = dashboard | {"id": None, "version": version}
        request = {"dashboard": saved, "folderUid": folder, "overwrite": False, "message": "promises dashboards push"}
        self._ask("POST", "/dashboards/db", request)

    def notes(self, tags: tuple[str, ...]) -> list[Annotation]:
        asked = urlencode([*(("tags", tag) for tag in tags), ("type", "annotation"), ("limit", 100)])
        found = self._ask("GET", f"/annotations?{asked}")
        return [Annotation(one["time"], one["timeEnd"], one["text"], tuple(one["tags"]), one["id"]) for one in found]

    def add_note(self, note: Annotation) -> None:
        self._ask("POST", "/annotations", _written(note))

    def change_note(self, note: Annotation) -> None:
        self._ask("PUT", f"/annotations/{note.id}", _written(note))

    def _found(self, path: str) -> Any:
        """What is at `path`; None where Grafana says that nothing is."""
        try:
            return self._asked("GET", path)
        except _Refused as refused:
            if refused.status == 404 and refused.is_json:
                return None
            raise self._failed("GET", path, refused) from None

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        try:
            return self._asked(method, path, body)
        except _Refused as refused:
            raise self._failed(method, path, refused) from None

    def _asked(self, method: str, path: str, body: object = None) -> Any:
        try:
            return getattr(self._api, method)(path, json=body)
        except failures.SSLError as error:
            why = "its certificate is not trusted, or --url is not https: give whom to trust by --ca-file"
            raise PublishingFailed(f"{self._url}: {why} ({_first_cause(error)})") from None
        except failures.Timeout:
            raise PublishingFailed(f"{self._url} does not answer within {_SECONDS:g} s; try again") from None
        except failures.ConnectionError as error:
            raise PublishingFailed(f"{self._url} cannot be reached; is --url right? ({_first_cause(error)})") from None
        except failures.RequestException as error:
            raise PublishingFailed(f"{self._url}: {_NO_GRAFANA} ({_first_cause(error)})") from None

    def _failed(self, method: str, path: str, refused: _Refused) -> PublishingFailed:
        if 300 <= refused.status < 400:
            return PublishingFailed(f"{self._url} sends us to {refused.says}: give that address as --url")
        remedy = _remedy(refused)
        said = f" ({refused.says})" if refused.says else ""
        asked = f"{method} {path.partition('?')[0]}"
        return PublishingFailed(f"{self._url} answers {refused.status} to {asked}; {remedy}{said}")


def _remedy(refused: _Refused) -> str:
    if refused.status >= 500:
        return "Grafana, or what stands before it, is not well: see its log"
    if refused.is_json or refused.status in (401, 403):
        return _REMEDIES.get(refused.status, "see its log")
    return _NO_GRAFANA


def _look(response: Response, **_: object) -> None:
    if response.status_code >= 300 or not _is_json(response):
        raise _Refused(response)


def _is_json(response: Response) -> bool:
    return "json" in response.headers.get("Content-Type", "")


def _message(response: Response) -> str:
    """What an answer says in words, in one line; of a redirect where to."""
    if response.is_redirect:
        return str(response.headers["Location"])
    if not _is_json(response):
        return ""
    try:
        says = response.json()["message"]
    except (ValueError, LookupError, TypeError):
        return ""
    return " ".join(str(says).split())[:_LONGEST]


def _first_cause(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return " ".join(str(error).split())[:_LONGEST]


def _written(note: Annotation) -> dict[str, object]:
    return {"time": note.start, "timeEnd": note.end, "tags": list(note.tags), "text": note.text}
