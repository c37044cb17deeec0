"""How the stories of ledgers are run."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

Told = TypeVar("Told")


def run(story: Coroutine[Any, Any, Told]) -> Told:
    """Run a story to its end. Nothing may be left of it: no task, and no error that nobody looked at."""

    async def whole() -> Told:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
        told = await story
        gc.collect()
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert left == set(), left
        assert complaints == [], complaints
        return told

    return asyncio.run(whole())
