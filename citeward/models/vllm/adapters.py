"""LoRA adapters of a running vLLM server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from citeward.endpoint.client import Endpoint
from citeward.endpoint.refusal import shape
from citeward.errors import BadResponse, InvalidInput, ModelError, NotFound

SWITCH = "Start the server with `enable_lora`, which sets VLLM_ALLOW_RUNTIME_LORA_UPDATING=1."


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """An adapter that a server holds."""

    name: str
    """What requests call it, in the place of a model."""
    path: str
    """Where the server found it."""
    base: str
    """The model that it adapts."""


class Adapters:
    """Loads and unloads adapters of one server. Making one opens nothing.

    Args:
        url: Of the server, up to and with the version.
        api_key: Sent as a bearer token.
        timeout: Seconds that a call may take; loading reads the adapter's file.
        headers: Sent with every request.

    Raises:
        SettingsError: The url or the key cannot be used.
    """

    def __init__(
        self, url: str, *, api_key: str | None = None, timeout: float = 60.0, headers: Mapping[str, str] | None = None
    ) -> None:
        # Once only: a load whose answer was lost would be refused the second time, for it is loaded.
        self._endpoint = Endpoint(
            url, api_key=api_key, timeout=timeout, retries=0, headers=headers, name="the vLLM server"
        )

    async def list(self) -> tuple[Adapter, ...]:
        """What is loaded now.

        Raises:
            BadResponse: The server does not tell.
            ModelError: It cannot be reached, or refuses.
        """
        told = await self._endpoint.get("/models")
        models: list[dict[str, Any]] = told.get("data", []) if isinstance(told, dict) else []
        try:
            return tuple(
                Adapter(name=model["id"], path=str(model.get("root") or ""), base=model["parent"])
                for model in models
                if model.get("parent")
            )
        except (TypeError, KeyError, AttributeError) as error:
            raise BadResponse(
                f"the server lists models in a shape of its own ({shape(told)})",
                hint="Is this the address of a vLLM server?",
            ) from error

    async def load(self, name: str, path: str, *, replace: bool = False) -> Adapter:
        """Load an adapter; requests may name it from then on.

        Args:
            name: What requests will call it.
            path: A folder as the server sees it, or a repository.
            replace: Put it in the place of one that has this name.

        Raises:
            InvalidInput: The name is empty or taken.
            NotFound: There is no adapter at `path`, or the server loads none while it runs.
            ModelError: The server refuses it: another rank, another base model.
        """
        if not (name.strip() and path.strip()):
            raise InvalidInput(f"an adapter {name!r} at {path!r} makes no sense", hint="Give a name and a path.")
        await self._call("load", {"lora_name": name, "lora_path": path, "load_inplace": replace})
        loaded = next((one for one in await self.list() if one.name == name), None)
        if loaded is None:
            raise BadResponse(f"the server did not load {name!r}", hint="See the server's own log.")
        return loaded

    async def unload(self, name: str) -> None:
        """Let an adapter go; answers that it is writing are finished.

        Raises:
            NotFound: There is none of this name, or the server unloads none while it runs.
            ModelError: The server cannot be reached, or refuses.
        """
        await self._call("unload", {"lora_name": name})
        if any(one.name == name for one in await self.list()):
            raise BadResponse(f"the server did not unload {name!r}", hint="See the server's own log.")

    async def aclose(self) -> None:
        """Give back the running loop's connections; a later call opens new ones."""
        await self._endpoint.aclose()

    async def _call(self, verb: str, body: Mapping[str, Any]) -> None:
        name = body["lora_name"]
        try:
            await self._endpoint.post(f"/{verb}_lora_adapter", body)
        except BadResponse:
            # vLLM says that it is done in plain text, not in JSON. Whether it is, the list of models tells.
            return
        except NotFound as error:
            if error.detail.rstrip(".").endswith("Not Found"):
                raise NotFound(f"the server does not {verb} adapters while it runs", hint=SWITCH) from error
            where = f" of {body['lora_path']!r}" if verb == "load" else ""
            raise NotFound(
                f"the server cannot {verb} the adapter {name!r}{where}",
                hint="Give a folder as the server sees it." if verb == "load" else "`list` tells what is loaded.",
                detail=error.detail,
            ) from error
        except ModelError as error:
            if "already been loaded" in error.detail:
                raise InvalidInput(
                    f"the server holds an adapter {name!r} already", hint="Unload it first, or load with replace=True."
                ) from error
            raise
