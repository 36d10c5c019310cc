"""The built client: what is served, for how long, and what can never be reached."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.http.site import built_client, site_routes
from tests.http.conftest import Program, error_of, serving

pytestmark = pytest.mark.anyio

INDEX = "<!doctype html><title>Parley</title>"
SCRIPT = "console.log('hello')\n" * 200
BROTLI, GZIP = b"\x1b what the build put beside it", gzip.compress(SCRIPT.encode())


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "client" / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX, encoding="utf-8")
    (folder / "favicon.svg").write_text("<svg/>", encoding="utf-8")
    (folder / "frames").mkdir()
    (folder / "frames" / "diagram.html").write_text("<title>Diagrams</title>", encoding="utf-8")
    (folder / "assets" / "app-1a2b.js").write_text(SCRIPT, encoding="utf-8")
    (folder / "assets" / "app-1a2b.js.br").write_bytes(BROTLI)
    (folder / "assets" / "app-1a2b.js.gz").write_bytes(GZIP)
    (folder / "assets" / "old-1a2b.js").write_text(SCRIPT, encoding="utf-8")
    (folder / "assets" / "old-1a2b.js.gz").write_bytes(GZIP)
    (folder / "assets" / "font-1a2b.woff2").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "client" / "secret.txt").write_text("secret", encoding="utf-8")
    return folder


@pytest.fixture
async def client(dist: Path) -> AsyncIterator[Program]:
    async with serving(site_routes(dist)) as url, Program(url) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/", "/login", "/c/0123456789abcdef", "/settings/account?tab=1", "/apiary", "/index.html"]
)
async def test_pages_of_the_client(client: Program, path: str) -> None:
    response = await client.get(path)
    assert (response.status_code, response.text) == (200, INDEX)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/nothing",
        "/ws",
        "/assets/gone-1a2b.js",
        "/assets/app-1a2b.js.br",
        "/assets/app-1a2b.js.gz",
        "/assets",
        "/healthz",
        "/readyz",
        "/metrics",
        "/robots.txt",
        "/frames",
        "/frames/nothing",
        "/c/x.php",
    ],
)
async def test_what_is_no_page(client: Program, path: str) -> None:
    assert error_of(await client.get(path)) == (404, "not_found", None)


async def test_other_methods(client: Program) -> None:
    assert error_of(await client.post("/")) == (405, "invalid", None)
    assert error_of(await client.post("/api/nothing")) == (404, "not_found", None)
    head = await client.head("/")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(INDEX)))


async def test_assets_are_kept_for_ever(client: Program) -> None:
    response = await client.get("/assets/app-1a2b.js")
    assert response.text == SCRIPT
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await client.get("/assets/font-1a2b.woff2")).headers["content-type"] == "font/woff2"
    assert (await client.get("/favicon.svg")).headers["cache-control"] == "no-cache"


async def test_a_page_for_a_frame_has_a_policy_of_its_own_and_no_origin(client: Program) -> None:
    response = await client.get("/frames/diagram.html")
    assert response.headers["cache-control"] == "no-cache"
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy["sandbox"] == "allow-scripts"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert (policy["script-src"], policy["style-src"]) == ("'self'", "'unsafe-inline'")
    assert policy["frame-ancestors"] == "'self'"
    known = await client.get("/frames/diagram.html", headers={"if-none-match": response.headers["etag"]})
    assert known.headers["content-security-policy"] == response.headers["content-security-policy"]


async def test_only_assets_may_be_had_by_a_page_without_an_origin(client: Program) -> None:
    assert (await client.get("/assets/app-1a2b.js")).headers["access-control-allow-origin"] == "*"
    for path in ("/", "/favicon.svg", "/frames/diagram.html", "/api/nothing"):
        assert "access-control-allow-origin" not in (await client.get(path)).headers


@pytest.mark.parametrize(
    ("accepted", "file", "coding"),
    [
        ("gzip", "app", "gzip"),
        ("gzip, deflate, br, zstd", "app", "br"),
        ("br;q=0.1, GZIP;q=0.5", "app", "br"),
        ("br;q=0, gzip", "app", "gzip"),
        ("br, GZIP;q=0.5", "old", "gzip"),
        ("br", "old", None),
        ("gzip; q=0", "app", None),
        ("gzip;q=0.0", "app", None),
        ("identity", "app", None),
        ("", "app", None),
    ],
)
async def test_text_is_packed_for_those_who_take_it(
    client: Program, accepted: str, file: str, coding: str | None
) -> None:
    address = f"/assets/{file}-1a2b.js"
    async with client.stream("GET", address, headers={"accept-encoding": accepted}) as response:
        raw = b"".join([part async for part in response.aiter_raw()])
    assert response.headers.get("content-encoding") == coding
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert raw == {"br": BROTLI, "gzip": GZIP, None: SCRIPT.encode()}[coding]
    assert "accept-encoding" in response.headers["vary"]


async def test_what_a_browser_has_is_not_sent_again(client: Program) -> None:
    etag = (await client.get("/")).headers["etag"]
    for known in (etag, f'"other", {etag}', "*"):
        response = await client.get("/login", headers={"if-none-match": known})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
    assert (await client.get("/", headers={"if-none-match": '"other"'})).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/../../secret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/..%5csecret.txt",
        "/assets/%00",
        "/secret.txt%00.js",
    ],
)
async def test_no_address_leads_out_of_the_folder(client: Program, path: str) -> None:
    """Sent as it stands: a client library would tidy the path up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.split()[1] in (b"404", b"200", b"400")
    assert b"secret" not in answer
    assert b"root:" not in answer


async def test_a_client_that_is_not_built_says_what_to_do(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    async with serving(site_routes(dist)) as url, Program(url) as client:
        response = await client.get("/")
        assert response.status_code == 503
        assert "npm run build" in response.text
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert error_of(await client.get("/api/nothing")) == (404, "not_found", None)
        dist.mkdir()
        (dist / "index.html").write_text(INDEX, encoding="utf-8")
        assert (await client.get("/")).text == INDEX


def test_which_build_it_is(dist: Path) -> None:
    assert built_client(dist) is None
    (dist / "index.html").write_text('<meta name="parley-client" content="00ff">' + INDEX, encoding="utf-8")
    assert built_client(dist) == "00ff"
    (dist / "index.html").unlink()
    assert built_client(dist) is None


async def test_the_parts_of_an_app_are_asked_for_each_time(client: Program, dist: Path) -> None:
    """Above all the service worker: an old one that is kept would keep its whole build."""
    for name, kind in (("sw.js", "text/javascript; charset=utf-8"), ("app.webmanifest", "application/manifest+json")):
        (dist / name).write_text("{}", encoding="utf-8")
        (dist / "index.html").write_text(INDEX + name, encoding="utf-8")
        assert (await client.get("/")).text == INDEX + name
        response = await client.get(f"/{name}")
        assert (response.status_code, response.headers["content-type"]) == (200, kind)
        assert response.headers["cache-control"] == "no-cache"


async def test_a_new_build_is_served_at_once(client: Program, dist: Path) -> None:
    await client.get("/")
    (dist / "assets" / "app-3c4d.js").write_text("new", encoding="utf-8")
    (dist / "assets" / "app-1a2b.js").unlink()
    (dist / "index.html").write_text("new index", encoding="utf-8")
    assert (await client.get("/")).text == "new index"
    assert (await client.get("/assets/app-3c4d.js")).text == "new"
    assert (await client.get("/assets/app-1a2b.js")).status_code == 404
