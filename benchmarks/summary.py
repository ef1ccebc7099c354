"""The last table of a run: what is worth repeating of each part."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.parts import Measured

SHOWN = {
    "retrieval": (
        "keyword.mrr@10", "vector.mrr@10", "hybrid.mrr@10", "hybrid.recall@1", "hybrid.recall@5", "hybrid.ndcg@10",
        "rerank.mrr@10", "rerank.ndcg@10", "hybrid-keyword.mrr@10", "hybrid-vector.mrr@10", "rerank-hybrid.mrr@10",
        "hybrid.ms.p50", "rerank.ms.p50", "embed.ms.p50",
    ),
    "answers": ("gold", "gold_sentence", "refused", "cited", "quotes_found", "errors", "ms.p50", "ms.p99"),
    "routing": ("apgr", "surface.apgr", "thumb.apgr", "length.apgr", "random.apgr", "apgr-length", "calls.50"),
    "cache": ("hits", "misses", "false_hits", "learned.hits", "learned.false_hits", "threshold", "bound"),
    "attacks": (
        "retrieved.success", "tool.success", "worst.retrieved.success", "worst.tool.success", "worst.called",
        "worst.ran", "retrieved.answered", "tool.answered", "clean.retrieved.dropped", "clean.tool.dropped",
        "benign.blocked", "benign.flagged", "benign.retrieved.dropped", "errors",
    ),
    "guards": (
        "recall@fpr1", "recall@fpr3", "auc", "auprc", "precision", "recall", "accuracy", "alarming.accuracy",
        "question.accuracy", "email.accuracy", "paragraph.accuracy", "ms.p50",
    ),
    "pii": (
        "precision", "recall", "f1", "f2", "PERSON.f2", "LOCATION.f2", "ORGANIZATION.f2", "PHONE_NUMBER.f1", "ms.p50",
    ),
    "tools": ("exact", "name", "false_calls", "ms.p50"),
}  # fmt: skip
"""What the table repeats of each part."""


def summarise(results: Sequence[tuple[str, Measured]]) -> None:
    """Print the table; nothing where nothing was measured."""
    from rich.console import Console
    from rich.table import Table

    if not results:
        return
    table = Table("part", "data", "metric", title="summary", title_justify="left")
    table.add_column("value", justify="right")
    table.add_column("95% interval", justify="right")
    for part, measured in results:
        if measured.result is None:
            table.add_row(part, measured.dataset, "failed", "", "", style="red")
            continue
        for name in SHOWN[part]:
            found = measured.result["metrics"].get(name)
            if found:
                interval = f"{found['low']:.4f} – {found['high']:.4f}"
                table.add_row(part, measured.dataset, name, f"{found['value']:.4f}", interval)
    Console(width=100).print(table)
