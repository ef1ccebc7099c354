"""A tiny chat model for tests of models that run in this process: made in seconds, with no download.

::

    write_tiny_model(tmp_path, taught={"Where is the fox?": "Under the hill."})

It needs the extra `local`. What it was not taught it answers with tokens that make no sense.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SENTENCES = (
    "The quick harbour master opens the old port at seven.",
    "Where does the grey fox sleep when the winter comes?",
    "Die Füchse schlafen über dem Hügel, und niemand fragt warum.",
    'A call is written as {"name": "search", "arguments": {"query": "fox"}} and nothing else.',
    "Numbers such as 12, 345 and 6789 stand beside words; so do 🦊 and 日本語.",
)
"""What its tokenizer is trained on."""
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = """\
{%- if tools %}<|im_start|>system
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}Write calls as <tool_call>{"name": …, "arguments": {…}}</tool_call>.<|im_end|>
{% endif %}
{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>{% endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
"""Its chat template, in the form of Qwen's."""
WINDOW = 1024
STEPS = 120
"""Of training, the most; what is taught is by heart long before."""


def write_tiny_model(
    folder: Path,
    *,
    taught: Mapping[str, str] | None = None,
    template: str | None = TEMPLATE,
    ends: bool = True,
    tools: tuple[Mapping[str, Any], ...] = (),
) -> Path:
    """Write a model of two layers and its tokenizer, byte-level BPE, always the same ones.

    Args:
        folder: Made where it is not there.
        taught: Answers by question; it learns them by heart.
        template: The chat template; None writes none.
        ends: Whether an end-of-message token ends its answers; else they go on to the limit.
        tools: Told to it with each question that it is taught, as OpenAI's API writes them.
    """
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    size = _write_tokenizer(folder, template)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=WINDOW,
        initializer_range=0.1,
        eos_token_id=SPECIAL.index("<|im_end|>") if ends else None,
        bos_token_id=None,
        pad_token_id=0,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config).float()
    if taught:
        _teach(model, AutoTokenizer.from_pretrained(folder), taught, list(tools) or None)
    model.save_pretrained(folder)
    return folder


def train_tokenizer() -> Any:
    """The tokenizer alone, of the package `tokenizers`; this needs no torch."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=[AddedToken(token, special=True) for token in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(SENTENCES, trainer)
    # As Qwen's: the two that enclose a call are text to whoever reads the answer.
    made.add_tokens([AddedToken(token, special=False) for token in ("<tool_call>", "</tool_call>")])
    return made


def _write_tokenizer(folder: Path, template: str | None) -> int:
    tokenizer = train_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    told = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    if template is not None:
        told["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    return int(tokenizer.get_vocab_size())


def _teach(model: Any, tokenizer: Any, taught: Mapping[str, str], tools: list[Any] | None) -> None:
    import torch

    lessons = []
    for question, answer in taught.items():
        asked = [{"role": "user", "content": question}]
        prompt = tokenizer.apply_chat_template(asked, tools=tools, add_generation_prompt=True, tokenize=False)
        before = tokenizer(prompt)["input_ids"]
        after = tokenizer(f"{answer}<|im_end|>")["input_ids"]
        tokens = torch.tensor([before + after])
        lessons.append((tokens, torch.tensor([[-100] * len(before) + after])))
    # So small a model gains nothing by further threads, and waits for them where the machine is busy.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(STEPS):
        losses = [model(input_ids=tokens, labels=labels).loss for tokens, labels in lessons]
        torch.stack(losses).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        if max(loss.item() for loss in losses) < 0.01:
            break
    model.eval()
    torch.set_num_threads(threads)
