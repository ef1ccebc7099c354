import warnings
from collections.abc import Callable

import pytest
from langchain_core.documents import Document as Record
from langchain_core.retrievers import BaseRetriever


@pytest.fixture
def bm25() -> Callable[..., BaseRetriever]:
    """Langchain-community's keyword retriever."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from langchain_community.retrievers import BM25Retriever

    def make(*records: Record, k: int = 10) -> BaseRetriever:
        return BM25Retriever.from_documents(list(records), k=k)

    return make
