"""`docker-compose.prod.yml` and `Caddyfile` fit the program, and leave nothing open that need not be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from server import serving
from server.app import create_app
from server.settings import OF_COMPOSE, PREFIX, Settings
from server.turns import supervisor
from tests.fixtures.server import ROOT, settings_for

TEXT = (ROOT / "docker-compose.prod.yml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVERS = ["app-1", "app-2"]
CADDYFILE = (ROOT / "Caddyfile").read_text("utf-8")

each_service = pytest.mark.parametrize("name", SERVICES)
each_server = pytest.mark.parametrize("name", SERVERS)


def seconds(words: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|m)", words).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


def variables(text: str) -> set[str]:
    """What Compose puts in from ``.env``. A dollar that stands twice is one for the container's shell."""
    return set(re.findall(r"(?<!\$)\$\{(\w+)", text))


@each_service
def test_no_service_can_do_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@each_service
def test_no_service_can_fill_the_machine_and_all_come_back(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert {"max-size", "max-file"} <= service["logging"]["options"].keys()
    assert {"memory", "cpus", "pids"} <= service["deploy"]["resources"]["limits"].keys()


def test_the_proxy_alone_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert {name: service["networks"] for name, service in SERVICES.items()} == {
        "app-1": ["front", "back"],
        "app-2": ["front", "back"],
        "proxy": ["front"],
        "mysql": ["back"],
        "redis": ["back"],
    }
    assert COMPOSE["networks"]["back"]["internal"] is True


@each_service
def test_images_are_of_a_known_version(name: str) -> None:
    image = SERVICES[name]["image"]
    if name in SERVERS:
        assert SERVICES[name]["build"] == "."
    else:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+", image)


def test_the_servers_are_the_same_but_for_their_folder() -> None:
    first, second = ({**SERVICES[name]} for name in SERVERS)
    assert first.pop("volumes") != second.pop("volumes")
    assert first == second


@each_server
def test_what_is_set_are_settings(name: str) -> None:
    settings = {PREFIX + field.upper() for field in Settings.model_fields}
    environment = SERVICES[name]["environment"]
    files = {secret.upper() for secret in SERVICES[name]["secrets"]}
    assert environment.keys() <= settings
    assert files <= settings | {"OPENAI_API_KEY"}
    assert not files & environment.keys()


def test_what_compose_reads_from_dotenv_is_known_to_the_program_that_reads_it_too() -> None:
    assert variables(TEXT) == OF_COMPOSE


def test_no_secret_is_written_here() -> None:
    """Each is a file that nobody else's file is taken for."""
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|TOKEN", variable):
                assert variable.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
        assert not re.search("passw|requirepass|auth", str(service.get("command", "")), re.IGNORECASE)


@each_server
def test_an_answer_has_the_time_that_it_is_promised(name: str) -> None:
    service = SERVICES[name]
    drain = float(service["environment"]["PARLEY_DRAIN_SECONDS"])
    assert seconds(service["stop_grace_period"]) > drain + supervisor.STOPPING + serving.SHUTDOWN_SECONDS


@each_server
def test_servers_wait_for_what_they_need(name: str) -> None:
    needed = SERVICES[name]["depends_on"]
    assert needed.keys() == {"mysql", "redis"}
    assert all(condition == {"condition": "service_healthy"} for condition in needed.values())
    assert all("healthcheck" in SERVICES[other] for other in needed)


def test_redis_never_forgets_by_itself_and_keeps_nothing() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--maxmemory-policy noeviction" in command
    assert "--save  --appendonly no" in command


@each_server
def test_the_servers_believe_the_network_of_the_proxy(name: str) -> None:
    [address] = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert SERVICES[name]["environment"]["PARLEY_TRUSTED_PROXIES"] == address["subnet"]


def test_the_proxy_leads_to_the_servers() -> None:
    """By addresses that exist on both sides, and never to the figures."""
    ports = {name: SERVICES[name]["environment"]["PARLEY_PORT"] for name in SERVERS}
    [upstreams] = re.findall(r"reverse_proxy (.+) \{", CADDYFILE)
    assert upstreams.split() == [f"{name}:{port}" for name, port in ports.items()]
    assert set(re.findall(r"\{\$(\w+)", CADDYFILE)) == SERVICES["proxy"]["environment"].keys()
    assert "respond /metrics 404" in CADDYFILE
    assert COMPOSE["configs"]["caddyfile"] == {"file": "./Caddyfile"}
    assert SERVICES["proxy"]["configs"] == [{"source": "caddyfile", "target": "/etc/caddy/Caddyfile"}]


def test_the_proxy_asks_for_what_the_servers_answer(tmp_path: Path) -> None:
    routes = {getattr(route, "path", "") for route in create_app(settings_for(tmp_path)).routes}
    [asked] = re.findall(r"health_uri (\S+)", CADDYFILE)
    assert {asked, "/metrics"} <= routes
