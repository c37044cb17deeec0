"""The runner of asynchronous test stories."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(story: Coroutine[Any, Any, Result]) -> Result:
    """Run a story to its end. It must leave no task behind, and no error that was never retrieved."""

    async def checked() -> Result:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
        result = await story
        gc.collect()
        await asyncio.sleep(0)
        tasks_left = asyncio.all_tasks() - {asyncio.current_task()}
        assert tasks_left == set(), tasks_left
        assert complaints == [], complaints
        return result

    return asyncio.run(checked())
