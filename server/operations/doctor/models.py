"""The endpoints of models: whether they answer, take the key, and have a model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from server.llm.catalog import Catalog, Look
from server.operations.doctor.findings import Finding, doubtful, good, wrong
from server.settings import Settings


def check(settings: Settings) -> Iterator[Finding]:
    looks = asyncio.run(_look(settings))
    for look in looks:
        yield _told(look)
    if not any(look.models for look in looks):
        yield doubtful(
            "Only the demo model can be chosen.", "Set OPENAI_BASE_URL or OPENAI_API_KEY, or start an Ollama."
        )


async def _look(settings: Settings) -> list[Look]:
    async with Catalog(settings) as catalog:
        return await catalog.look()


def _told(look: Look) -> Finding:
    if look.trouble:
        return wrong(look.trouble)
    if look.absent:
        return good(f"No {look.endpoint.name} at {look.endpoint.base_url.removesuffix('/v1')}.")
    if not look.models:
        return doubtful(f"{look.endpoint.name} answers, but has no model to chat with.")
    return good(f"{look.endpoint.name} answers; models to chat with: {look.models}.")
