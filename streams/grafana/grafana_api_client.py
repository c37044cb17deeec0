"""The adapter over grafana-api, the only module that uses it.

grafana-api provides the session, the login and the timeout. The requests are written here, because its own calls do not
escape special characters in tags. Responses are checked before grafana-api sees them: it follows redirects of a POST
with GET, and raises a TypeError if an error page contains the word "message".
"""

from __future__ import annotations

from typing import Any, Final, Self
from urllib.parse import urlencode, urlsplit

from grafana_api.grafana_face import GrafanaFace
from requests import Response
from requests import exceptions as failures

from streams.grafana.interface import Access, Annotation, Dashboard, PublishingFailed, StoredDashboard

_TIMEOUT_SECONDS: Final = 30.0
_MAX_LENGTH: Final = 200
_NOT_GRAFANA: Final = "this is not a Grafana: give the address of its start page as --url"
_REMEDIES: Final = {
    400: "Grafana cannot save it in this form",
    401: "the token is not valid: give one of a service account with --token-file or PROMISES_GRAFANA_TOKEN",
    403: "the token lacks the permission: give its service account the role Editor, or this permission",
    404: _NOT_GRAFANA,
    409: "another object has this title or uid: rename or remove it, then try again",
    412: "it was changed at the same time, or another object has its title: check it in Grafana, then try again",
}


class _Refused(Exception):
    """A response that is an error, a redirect or not JSON."""

    def __init__(self, response: Response) -> None:
        self.status = response.status_code
        self.message = _message(response)
        self.is_json = _is_json(response)
        super().__init__(self.status)


class GrafanaOverApi:
    """A Grafana, through its HTTP API; a context manager that closes its connections."""

    def __init__(self, access: Access) -> None:
        """Prepare the session; nothing is sent yet."""
        self._url = access.url
        url = urlsplit(access.url)
        # grafana-api adds the port only if it is given one, and needs a slash at the end of the path.
        base = {"protocol": url.scheme, "host": url.netloc, "url_path_prefix": f"{url.path.strip('/')}/".lstrip("/")}
        self._api = GrafanaFace(auth=access.token, verify=access.ca_file or True, timeout=_TIMEOUT_SECONDS, **base).api
        self._api.s.hooks["response"].append(_check_response)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.s.close()

    def has_folder(self, uid: str) -> bool:
        return self._get(f"/folders/{uid}") is not None

    def create_folder(self, uid: str, title: str) -> None:
        self._request("POST", "/folders", {"uid": uid, "title": title})

    def dashboard(self, uid: str) -> StoredDashboard | None:
        stored = self._get(f"/dashboards/uid/{uid}")
        if stored is None:
            return None
        dashboard = stored["dashboard"]
        return StoredDashboard(dashboard, dashboard.get("version", 0), stored["meta"].get("folderUid", ""))

    def save(self, dashboard: Dashboard, folder: str, version: int) -> None:
        saved = dashboard | {"id": None, "version": version}
        request = {"dashboard": saved, "folderUid": folder, "overwrite": False, "message": "promises dashboards push"}
        self._request("POST", "/dashboards/db", request)

    def annotations(self, tags: tuple[str, ...]) -> list[Annotation]:
        query = urlencode([*(("tags", tag) for tag in tags), ("type", "annotation"), ("limit", 100)])
        return [_annotation(stored) for stored in self._request("GET", f"/annotations?{query}")]

    def add_annotation(self, annotation: Annotation) -> None:
        self._request("POST", "/annotations", _body(annotation))

    def update_annotation(self, annotation: Annotation) -> None:
        self._request("PUT", f"/annotations/{annotation.id}", _body(annotation))

    def _get(self, path: str) -> Any:
        """Return the object at `path`; None if Grafana says that it does not exist."""
        try:
            return self._send("GET", path)
        except _Refused as refused:
            if refused.status == 404 and refused.is_json:
                return None
            raise self._failed("GET", path, refused) from None

    def _request(self, method: str, path: str, body: object = None) -> Any:
        try:
            return self._send(method, path, body)
        except _Refused as refused:
            raise self._failed(method, path, refused) from None

    def _send(self, method: str, path: str, body: object = None) -> Any:
        try:
            return getattr(self._api, method)(path, json=body)
        except failures.SSLError as error:
            why = "its certificate is not trusted, or --url is not https: give the trusted certificates as --ca-file"
            raise PublishingFailed(f"{self._url}: {why} ({_first_cause(error)})") from None
        except failures.Timeout:
            raise PublishingFailed(f"{self._url} does not respond within {_TIMEOUT_SECONDS:g} s; try again") from None
        except failures.ConnectionError as error:
            raise PublishingFailed(f"{self._url} cannot be reached; is --url right? ({_first_cause(error)})") from None
        except failures.RequestException as error:
            raise PublishingFailed(f"{self._url}: {_NOT_GRAFANA} ({_first_cause(error)})") from None

    def _failed(self, method: str, path: str, refused: _Refused) -> PublishingFailed:
        if 300 <= refused.status < 400:
            return PublishingFailed(f"{self._url} redirects to {refused.message}: give that address as --url")
        remedy = _remedy(refused)
        message = f" ({refused.message})" if refused.message else ""
        request = f"{method} {path.partition('?')[0]}"
        return PublishingFailed(f"{self._url} responds {refused.status} to {request}; {remedy}{message}")


def _remedy(refused: _Refused) -> str:
    if refused.status >= 500:
        return "Grafana or a proxy in front of it has a problem: see its log"
    if refused.is_json or refused.status in (401, 403):
        return _REMEDIES.get(refused.status, "see its log")
    return _NOT_GRAFANA


def _check_response(response: Response, **_: object) -> None:
    if response.status_code >= 300 or not _is_json(response):
        raise _Refused(response)


def _is_json(response: Response) -> bool:
    return "json" in response.headers.get("Content-Type", "")


def _message(response: Response) -> str:
    """Return the message of a response in one line; for a redirect, its target."""
    if response.is_redirect:
        return str(response.headers["Location"])
    if not _is_json(response):
        return ""
    try:
        message = response.json()["message"]
    except (ValueError, LookupError, TypeError):
        return ""
    return " ".join(str(message).split())[:_MAX_LENGTH]


def _first_cause(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return " ".join(str(error).split())[:_MAX_LENGTH]


def _annotation(stored: dict[str, Any]) -> Annotation:
    return Annotation(
        start=stored["time"],
        end=stored["timeEnd"],
        text=stored["text"],
        tags=tuple(stored["tags"]),
        id=stored["id"],
    )


def _body(annotation: Annotation) -> dict[str, object]:
    return {
        "time": annotation.start,
        "timeEnd": annotation.end,
        "tags": list(annotation.tags),
        "text": annotation.text,
    }
