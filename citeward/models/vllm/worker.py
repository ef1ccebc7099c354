"""Answers a file of requests by `vllm.LLM`; run by a Python that has vLLM, which need not have Citeward.

`worker.py ASKED TOLD` reads and writes JSON. Nothing but the standard library is imported before the requests are
read, and nothing of Citeward at all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def answer(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """One answer for each of `jobs`, in their order."""
    from vllm import LLM, SamplingParams  # type: ignore[import-not-found, unused-ignore]
    from vllm.sampling_params import (  # type: ignore[import-not-found, unused-ignore]
        StructuredOutputsParams,
    )

    llm = LLM(model=asked["model"], **asked["engine"])
    # The model's own defaults, as a server has them; without a limit the answer may fill the window.
    given = {"max_tokens": None, **llm.llm_engine.model_config.get_diff_sampling_param()}
    sampling = []
    for job in asked["jobs"]:
        params = {**given, **job["sampling"]}
        if job["schema"] is not None:
            params["structured_outputs"] = StructuredOutputsParams(json=job["schema"])
        sampling.append(SamplingParams(**params))
    outputs = llm.chat([job["messages"] for job in asked["jobs"]], sampling, use_tqdm=False)
    return [
        {
            "text": output.outputs[0].text,
            "finish_reason": output.outputs[0].finish_reason,
            "input_tokens": len(output.prompt_token_ids or ()),
            "output_tokens": len(output.outputs[0].token_ids),
            "cached_tokens": output.num_cached_tokens or 0,
        }
        for output in outputs
    ]


def main(asked: str, told: str) -> None:
    """Read, answer, write."""
    answers = answer(json.loads(Path(asked).read_text(encoding="utf-8")))
    # Whole or not at all: a half-written file must not be taken for the answers.
    Path(f"{told}.part").write_text(json.dumps(answers), encoding="utf-8")
    Path(f"{told}.part").replace(told)


# vLLM starts further processes, which import this file again.
if __name__ == "__main__":
    main(*sys.argv[1:])
