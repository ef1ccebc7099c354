"""The way of a question, as a LangGraph state graph."""

from __future__ import annotations

from typing import Literal

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, StateGraph

from citeward.graphs.state import ChatInput, ChatOutput, ChatState
from citeward.nodes.act import act
from citeward.nodes.context import Context
from citeward.nodes.deadline import bounded
from citeward.nodes.guard_input import guard_input
from citeward.nodes.reason import reason
from citeward.nodes.recall import recall
from citeward.nodes.retrieve import retrieve
from citeward.nodes.route import route
from citeward.nodes.services import Services
from citeward.nodes.settle import settle

ChatGraph = StateGraph[ChatState, Context, ChatInput, ChatOutput]


def build_chat_graph(services: Services) -> ChatGraph:
    """The graph, uncompiled, so that an app can add, wrap or replace a node by name before it compiles.

    ::

        graph = build_chat_graph(services).compile(checkpointer=saver)
        result = await graph.ainvoke({"question": "How do I add a tool?"}, context=Context(principal=principal))
        print(result["answer"].text)

    Events arrive at the context's sink, or with ``graph.astream(…, stream_mode="custom")``.
    """
    graph: ChatGraph = StateGraph(ChatState, Context, input_schema=ChatInput, output_schema=ChatOutput)
    graph.add_node("guard_input", bounded(guard_input(services)))
    graph.add_node("recall", bounded(recall(services)))
    graph.add_node("retrieve", bounded(retrieve(services)))
    graph.add_node("route", bounded(route(services)))
    graph.add_node("reason", bounded(reason(services)))
    graph.add_node("act", bounded(act(services)))
    graph.add_node("settle", bounded(settle(services)))
    graph.add_edge(START, "guard_input")
    graph.add_conditional_edges("guard_input", _after_guard, {"blocked": "settle", "passed": "recall"})
    graph.add_conditional_edges("recall", _after_recall, {"hit": "settle", "miss": "retrieve"})
    graph.add_edge("retrieve", "route")
    graph.add_edge("route", "reason")
    graph.add_conditional_edges("reason", _after_reason, {"tool calls": "act", "done": "settle"})
    graph.add_edge("act", "reason")
    graph.add_edge("settle", END)
    return graph


def _after_guard(state: ChatState) -> Literal["blocked", "passed"]:
    return "blocked" if state.get("blocked") else "passed"


def _after_recall(state: ChatState) -> Literal["hit", "miss"]:
    return "hit" if state.get("answer") else "miss"


def _after_reason(state: ChatState) -> Literal["tool calls", "done"]:
    if state.get("blocked"):
        return "done"
    last = state["messages"][-1] if state.get("messages") else None
    wants = isinstance(last, AIMessage) and (last.tool_calls or last.invalid_tool_calls)
    return "tool calls" if wants else "done"
