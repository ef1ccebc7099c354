"""Embed an agent in an app: the graph runs with plain LangGraph, and its events say what happens."""

import asyncio
import sys

from citeward import Context, Principal, open_project


async def main(question: str) -> None:
    async with open_project() as project:
        graph = project.agent("assistant").graph
        context = Context(principal=Principal(subject="ada"))
        config = {"configurable": {"thread_id": "ada/1"}}
        async for event in graph.astream({"question": question}, config, context=context, stream_mode="custom"):
            if event.type == "delta":
                print(event.text, end="", flush=True)
            elif event.type == "answer":
                print("", *(f"[{c.marker}] {c.source}:{c.line}" for c in event.answer.citations), sep="\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "How do I add a tool?"))
