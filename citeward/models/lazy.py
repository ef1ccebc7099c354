"""A model that is loaded when it is first asked."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from citeward.contracts.model import Delta, Model, ModelInfo, ModelRequest
from citeward.endpoint.loops import PerLoop
from citeward.errors import CallerError, CitewardError, ModelUnavailable
from citeward.logs import get_logger

logger = get_logger(__name__)


class LazyModel:
    """A `Model` whose `info` is known at once, and whose weights or packages are loaded by its first call.

    Loading runs in a thread, so that the loop goes on meanwhile; calls that come while it loads wait for it, and it is
    loaded once. What failed to load is tried again by the next call: a package may have been installed, a disk mounted.

    Args:
        info: What the loaded model is.
        load: Makes the model; may take long. Raises a CitewardError where it cannot.
    """

    def __init__(self, info: ModelInfo, load: Callable[[], Model]) -> None:
        self._info = info
        self._load = load
        self._model: Model | None = None
        self._error: CitewardError | None = None
        self._once = threading.Lock()
        # Waiting here costs no thread; only one call of each loop goes on to wait for the lock of all threads.
        self._turn = PerLoop(asyncio.Lock)

    def __repr__(self) -> str:
        return f"LazyModel({self._info.name!r}, {'loaded' if self.loaded else 'not loaded'})"

    @property
    def info(self) -> ModelInfo:
        """What it is, whether it is loaded or not."""
        return self._info

    @property
    def loaded(self) -> bool:
        """Whether a call would begin at once."""
        return self._model is not None

    @property
    def error(self) -> CitewardError | None:
        """Why it could not be loaded when that was last tried."""
        return self._error

    async def load(self) -> Model:
        """The model itself, loaded if it is not yet. Raises what loading raises."""
        if self._model is None:
            async with self._turn.get():
                return await asyncio.to_thread(self._loaded)
        return self._model

    async def stream(self, request: ModelRequest, /) -> AsyncGenerator[Delta, None]:
        """The loaded model's answer.

        Raises:
            ModelUnavailable: It cannot be loaded. What is wrong in the settings is told so too: it is no mistake of
                who asks, and another model may answer.
            ModelError: As the model says.
        """
        try:
            model = await self.load()
        except CallerError as error:
            raise ModelUnavailable(error.message, hint=error.hint, detail=error.detail) from error
        async with aclosing(model.stream(request)) as deltas:
            async for delta in deltas:
                yield delta

    async def aclose(self) -> None:
        """Close the model where it was loaded and can be closed."""
        await close(self._model)

    def _loaded(self) -> Model:
        with self._once:
            if self._model is None:
                try:
                    self._model = self._load()
                except CitewardError as error:
                    self._error = error
                    if error.detail:
                        logger.warning("model.not_loaded", name=self._info.name, code=error.code, detail=error.detail)
                    raise
                self._error = None
            return self._model


async def close(model: object) -> None:
    """Call a model's `aclose` where it has one; models need none."""
    closing = getattr(model, "aclose", None)
    if closing is not None and inspect.isawaitable(waiting := closing()):
        await waiting
