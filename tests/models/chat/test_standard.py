"""LangChain's standard tests of chat models, against a server on loopback.

The suite skips by itself what cannot apply: images, PDFs and audio (`supports_…_inputs`: our models read text), another
model by the call (`supports_model_override`: a chat model wraps one), settings from the environment and serialisation
(`test_init_from_env`, `test_serdes`: what is wrapped is an object that is there), and `test_stream_time`, which wants
the recording of a paid API.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from citeward import CitewardChatModel
from citeward.models.openai_compatible.model import OpenAICompatibleModel
from citeward.testing.upstream import Upstream


class TestUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return CitewardChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": OpenAICompatibleModel("http://127.0.0.1:9/v1", "m")}


class TestIntegration(ChatModelIntegrationTests):
    client: OpenAICompatibleModel

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _client(cls, responder: Upstream) -> Iterator[None]:
        cls.client = OpenAICompatibleModel(responder.url, "m")
        yield
        CitewardChatModel(model=cls.client).close()

    @pytest.fixture(autouse=True)
    async def _connections_end_with_each_loop(self, _client: None) -> AsyncIterator[None]:
        yield
        await self.client.aclose()

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return CitewardChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.client}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_model_override(self) -> bool:
        return False

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True
