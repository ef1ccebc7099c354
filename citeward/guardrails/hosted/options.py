"""What the rows of hosted guards may say, and how their servers are reached."""

from __future__ import annotations

import os

from pydantic import BaseModel, ConfigDict, Field

from citeward.endpoint import Endpoint
from citeward.errors import SettingsError


class HostedOptions(BaseModel):
    """What every hosted guard's `options` have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(min_length=1)
    """Of the server, up to and with the version, as `http://127.0.0.1:8001/v1`."""
    model: str | None = Field(default=None, min_length=1)
    """The model's name at that server; None leaves the choice to it."""
    api_key_env: str | None = Field(default=None, min_length=1)
    """The environment variable that holds the key. The key itself never stands in a policy."""
    timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds for one try. The row's own `timeout` ends them all."""
    retries: int = Field(default=1, ge=0, le=10)
    """Further tries after one whose failure may pass."""


def endpoint(options: HostedOptions) -> Endpoint:
    """The server, not yet reached.

    Raises:
        SettingsError: The url is none, or the variable with the key is not set.
    """
    key = None
    if options.api_key_env is not None and not (key := os.environ.get(options.api_key_env)):
        raise SettingsError(
            f"The environment variable {options.api_key_env!r}, which should hold the key of a guard, is not set.",
            hint="Set it, or take `api_key_env` out of the guard's options.",
        )
    return Endpoint(
        options.url, api_key=key, timeout=options.timeout, retries=options.retries, name="the server of the guard"
    )


def sendable(text: str) -> str:
    """`text` as JSON can carry it: half a surrogate pair is written as a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
