"""`Dockerfile` and `.dockerignore`: what gets into the image, from where, and who runs it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from server.settings import PREFIX, Settings
from tests.fixtures.server import ROOT, running, settings_for

LINES = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M)).splitlines()
IGNORED = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
HEALTH = ROOT / "scripts" / "container-health"


def instructions(name: str, *, stage: str | None = None) -> list[str]:
    """What stands after that word, in all stages or in one of them; the last one has no name."""
    found, current = [], None
    for line in LINES:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            current = rest.partition(" AS ")[2]
        if word == name and stage in (None, current):
            found.append(rest)
    return found


def copied() -> list[str]:
    """Paths of this repository that are copied in."""
    words = [shlex.split(rest) for rest in instructions("COPY") if not rest.startswith("--from")]
    return [source for *sources, _target in words for source in sources]


def test_what_is_copied_exists_and_nothing_else_gets_in() -> None:
    assert all((ROOT / path).exists() for path in copied())
    allowed = {line[1:] for line in IGNORED if line.startswith("!")}
    assert IGNORED[1] == "*"
    assert allowed == {path if path.startswith("scripts/") else path.split("/")[0] for path in copied()}
    assert {"client/dist", "client/node_modules", "**/.env*"} <= set(IGNORED)


def test_what_the_program_looks_for_beside_itself_is_there() -> None:
    assert {"alembic.ini", "schema", "server"} <= set(copied())
    assert "--from=client /app/client/dist client/dist" in instructions("COPY", stage="server")
    assert instructions("WORKDIR", stage="server") == instructions("WORKDIR", stage="") == ["/app"]
    assert "--from=server /app /app" in instructions("COPY", stage="")


def test_packages_are_those_whose_hashes_are_known() -> None:
    commands = [part for rest in instructions("RUN") for part in rest.split(" && ")]
    installs = [command for command in commands if re.search(r"\b(install|ci|add)\b", command)]
    python = [command for command in installs if "pip install" in command]
    assert [command for command in python if "--require-hashes" not in command] == [
        "/opt/build/bin/uv pip install --no-deps --no-build-isolation --editable ."
    ]
    for command in python:
        for path in re.findall(r"-r /opt/build/(\S+)", command):
            assert path in {Path(source).name for source in copied()}
    assert [command for command in installs if "npm" in command] == [
        "npm ci --no-audit --no-fund --no-update-notifier --ignore-scripts"
    ]
    assert not [command for command in commands if re.search(r"\b(apt|curl|wget)\b", command)]


def test_base_images_are_of_a_known_version_and_can_be_chosen() -> None:
    images = [rest.partition("=")[2] for rest in instructions("ARG") if "_IMAGE" in rest]
    assert len(images) == 2
    assert all(re.fullmatch(r"(node:\d+|python:\d+\.\d+)-[a-z-]*slim[a-z-]*", image) for image in images)
    assert all(rest.startswith("${") for rest in instructions("FROM"))


def test_it_runs_as_nobody_in_particular() -> None:
    """By number, so that Kubernetes can tell that it is not root."""
    [user] = instructions("USER")
    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", user)
    assert instructions("VOLUME") == ["/data"]


def test_signals_reach_the_program() -> None:
    """No shell stands in between, which would not pass them on."""
    assert json.loads(instructions("ENTRYPOINT")[0]) == ["parley"]
    assert json.loads(instructions("CMD")[0]) == ["serve", "--migrate"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]


def test_what_is_set_are_settings() -> None:
    given = dict(word.split("=", 1) for rest in instructions("ENV", stage="") for word in shlex.split(rest))
    ours = {name: value for name, value in given.items() if name.startswith(PREFIX)}
    assert ours == {"PARLEY_DATA_DIR": "/data", "PARLEY_HOST": "0.0.0.0"}
    assert {name.removeprefix(PREFIX).lower() for name in ours} <= Settings.model_fields.keys()
    assert instructions("EXPOSE") == [str(Settings.model_fields["port"].default)]


def ask(port: int) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PARLEY_PORT": str(port)}
    return subprocess.run([HEALTH], env=environment, capture_output=True, text=True, timeout=30, check=False)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


class TestHealth:
    def test_it_is_what_docker_runs(self) -> None:
        [check] = instructions("HEALTHCHECK")
        assert json.loads(check.partition("CMD ")[2]) == [f"/app/{HEALTH.relative_to(ROOT)}"]
        assert f"{HEALTH.relative_to(ROOT)} scripts/" in instructions("COPY", stage="server")
        assert os.access(HEALTH, os.X_OK)

    def test_a_server_that_is_ready(self, tmp_path: Path) -> None:
        with running(settings_for(tmp_path)) as server:
            ended = ask(int(server.url.rpartition(":")[2]))
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")

    def test_one_that_is_not_says_why(self) -> None:
        with answering(503, b"the database does not answer") as port:
            ended = ask(port)
        assert (ended.returncode, ended.stderr) == (1, "the database does not answer\n")

    def test_one_that_does_not_listen(self) -> None:
        ended = ask(1)
        assert ended.returncode == 1
        assert ended.stderr.startswith("no answer: ")
