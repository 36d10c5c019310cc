"""People who carry conversations in and out over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from tests.fixtures.client import Frame, Person


@asynccontextmanager
async def http(person: Person | None, url: str = "") -> AsyncIterator[httpx2.AsyncClient]:
    headers = {} if person is None else {"authorization": f"Bearer {person.token}"}
    async with httpx2.AsyncClient(base_url=person.url if person else url, headers=headers, trust_env=False) as client:
        client.timeout = httpx2.Timeout(60)
        yield client


async def take_out(person: Person, format: str = "json", **asked: str) -> httpx2.Response:
    async with http(person) as client:
        return await client.get("/api/export", params={"format": format, **asked})


async def take_in(person: Person, content: bytes) -> Frame:
    """The last line, after progress that only grows."""
    return (await lines(person, content))[-1]


async def lines(person: Person, content: bytes) -> list[Frame]:
    async with http(person) as client:
        answer = await client.post("/api/import", content=content)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    told: list[Frame] = [json.loads(line) for line in answer.text.splitlines()]
    done = [line["done"] for line in told[:-1]]
    assert done == sorted(done)
    return told


async def listed(person: Person) -> list[Frame]:
    """All conversations, archived ones too."""
    async with person.tab() as tab:
        found: list[Any] = []
        for archived in (False, True):
            page = await tab.call("list", archived=archived, limit=100)
            found += page["conversations"]
        return found


async def opened(person: Person, conversation: str) -> Frame:
    async with person.tab() as tab:
        snapshot: Frame = (await tab.call("open", conversation=conversation))["snapshot"]
        return snapshot
