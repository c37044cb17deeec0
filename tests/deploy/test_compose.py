"""Tests of docker-compose.yml and the Dockerfile that need no container engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from compose_spec import PyCompose

from streams.cli.main import app_of
from streams.local import kafka_program
from tests.deploy.compose import compose, services
from tests.shared import ROOT

NAMES = sorted(services())
PROGRAMS = [name for name in NAMES if services()[name].get("command", [""])[0] not in ("topics", "town")]
OURS = [name for name in NAMES if services()[name]["image"].startswith("promises:")]


def test_the_file_conforms_to_the_compose_specification() -> None:
    spec = PyCompose.from_json(json.dumps(compose()))
    spec.validate()
    assert sorted(spec.service_names()) == NAMES


def test_a_word_that_compose_does_not_know_would_be_found() -> None:
    wrong = compose()
    wrong["services"]["kafka"]["prots"] = []
    with pytest.raises(ValueError, match="prots"):
        PyCompose.from_json(json.dumps(wrong))


@pytest.mark.parametrize("name", NAMES)
def test_dependencies_exist(name: str) -> None:
    for other, how in services()[name].get("depends_on", {}).items():
        assert how["condition"] != "service_healthy" or "healthcheck" in services()[other]


@pytest.mark.parametrize("name", NAMES)
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", services()[name]["image"])


@pytest.mark.parametrize("name", NAMES)
def test_every_port_is_open_to_this_machine_alone(name: str) -> None:
    for port in services()[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_is_watched_and_comes_back(name: str) -> None:
    assert services()[name]["restart"] == "unless-stopped"
    assert "test" in services()[name]["healthcheck"]


@pytest.mark.parametrize("name", NAMES)
def test_every_volume_is_declared_and_every_file_is_in_the_repository(name: str) -> None:
    for volume in services()[name].get("volumes", []):
        source, *_ = volume.split(":")
        if source.startswith("./"):
            assert (ROOT / source).exists(), volume
            assert volume.endswith(":ro"), volume
        else:
            assert source in compose()["volumes"]


def test_there_is_no_password_and_no_administrator() -> None:
    assert not re.search("password|token", json.dumps(compose()), re.IGNORECASE)
    grafana = services()["grafana"]["environment"]
    assert grafana["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert grafana["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


def test_kafka_has_the_tested_version() -> None:
    assert services()["kafka"]["image"] == f"apache/kafka:{kafka_program.VERSION}"


@pytest.mark.parametrize("name", OURS)
def test_every_command_and_setting_of_ours_exists(name: str) -> None:
    command, *arguments = services()[name]["command"]
    result = typer.main.get_command(app_of()).commands[command]  # type: ignore[attr-defined]
    options = {option for parameter in result.params for option in parameter.opts}
    settings = {parameter.envvar for parameter in result.params}
    assert {argument for argument in arguments if argument.startswith("--")} <= options
    assert set(services()[name].get("environment", {})) <= settings


@pytest.mark.integration
def test_the_dockerfile_passes_its_linter() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    result = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (0, "")


def test_the_image_uses_the_lock_file_and_an_unprivileged_user() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert "--require-hashes --requirement requirements.lock" in text
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE)[-1] not in ("0", "root")


def test_the_image_gets_all_that_its_build_copies_and_nothing_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    expected = {name for names in copied for name in names.split()}
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == expected
    assert all((ROOT / name).exists() for name in expected)
