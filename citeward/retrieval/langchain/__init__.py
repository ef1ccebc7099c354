"""LangChain's retrievers and vector stores under Citeward's contracts, and Citeward's stores as its retrievers."""

from citeward.retrieval.langchain.outward import as_langchain_retriever
from citeward.retrieval.langchain.retriever import LangChainRetriever
from citeward.retrieval.langchain.store import LangChainStore

__all__ = ["LangChainRetriever", "LangChainStore", "as_langchain_retriever"]
