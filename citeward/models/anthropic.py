"""Anthropic's chat model with connections of its own."""

from __future__ import annotations

from typing import Any

from citeward.endpoint.loops import PerLoop
from citeward.errors import ModelUnavailable, SettingsError
from citeward.logs import masked


def chat_anthropic(name: str, **arguments: Any) -> Any:
    """A `ChatAnthropic` of langchain-anthropic whose connections can be closed.

    The package has one HTTP client for all models of a process that share an address; it is never closed, and fails in
    a second event loop. Here each model has one for each loop.

    Args:
        name: The model's, as errors name it.
        arguments: Given to the class.

    Raises:
        ModelUnavailable: langchain-anthropic is not installed.
        SettingsError: There is no key.
    """
    try:
        import anthropic
        from langchain_anthropic import ChatAnthropic
    except ImportError as error:
        raise missing(name, str(error)) from error

    class Chat(ChatAnthropic):  # type: ignore[misc]
        def model_post_init(self, context: Any, /) -> None:
            super().model_post_init(context)
            object.__setattr__(self, "_clients", PerLoop(self._made))

        def _made(self) -> anthropic.AsyncAnthropic:
            # No words in its spans, whatever the environment says: they are not guarded yet.
            told = {"traces": {"content_mode": "metadata_only"}}
            return anthropic.AsyncAnthropic(**self._client_params, open_telemetry=told)

        @property
        def _async_client(self) -> anthropic.AsyncAnthropic:
            return self._clients.get()

        async def aclose(self) -> None:
            client = self._clients.pop()
            if client is not None:
                await client.close()

    made = Chat(**arguments)
    if not made.anthropic_api_key.get_secret_value():
        raise SettingsError(
            f"model {name!r} has no API key",
            hint=f"Set CITEWARD_MODELS__{name.upper()}__API_KEY, or ANTHROPIC_API_KEY.",
        )
    return made


def missing(name: str, reason: str) -> ModelUnavailable:
    """The error of a model whose extra is not installed."""
    return ModelUnavailable(
        f"model {name!r} needs langchain-anthropic, which is not installed",
        hint="pip install 'citeward[anthropic]'",
        detail=masked(reason),
    )
