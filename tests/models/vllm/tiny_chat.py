"""Writes a tiny random chat model and a LoRA adapter for it; run by the Python that has vLLM: `tiny_chat.py FOLDER`.

It speaks printable ASCII, a token a character, so that whatever it says is text. Nothing it says makes sense.
"""

import json
import string
import sys
from pathlib import Path

TEMPLATE = """\
{%- if tools %}<|im_start|>system
# Tools
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}<|im_end|>
{% endif %}
{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>{% endfor %}
{%- if not (loop.last and continue_final_message) %}<|im_end|>
{% endif %}{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>"]
HIDDEN, LAYERS, HEADS, RANK = 64, 2, 2, 8
WINDOW = 8192


def tokenizer(folder: Path) -> int:
    """Writes the tokenizer; returns how many tokens it has."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    letters = [*sorted(set(string.printable) - set(string.whitespace)), "Ġ", "Ċ"]
    vocabulary = {token: index for index, token in enumerate([*SPECIAL, *letters])}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    # As Qwen's: the two that enclose a call are text to whoever reads the answer.
    made.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL[:3]])
    made.add_tokens([AddedToken(token, special=False) for token in SPECIAL[3:]])
    made.save(str(folder / "tokenizer.json"))
    told = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "model_max_length": WINDOW,
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    return len(vocabulary)


def model(folder: Path, tokens: int) -> None:
    """Writes weights drawn at random, always the same."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokens,
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=WINDOW,
        initializer_range=0.2,
        eos_token_id=SPECIAL.index("<|im_end|>"),
        bos_token_id=None,
        pad_token_id=0,
        tie_word_embeddings=False,
    )
    LlamaForCausalLM(config).float().save_pretrained(folder)


def adapter(folder: Path) -> None:
    """Writes a LoRA adapter of the queries and values, strong enough to change what is said."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(exist_ok=True)
    torch.manual_seed(1)
    weights = {}
    for layer in range(LAYERS):
        for part in ("q_proj", "v_proj"):
            at = f"base_model.model.model.layers.{layer}.self_attn.{part}"
            weights[f"{at}.lora_A.weight"] = torch.randn(RANK, HIDDEN)
            weights[f"{at}.lora_B.weight"] = torch.randn(HIDDEN, RANK)
    save_file(weights, str(folder / "adapter_model.safetensors"))
    told = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "tiny-chat",
        "r": RANK,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": ["q_proj", "v_proj"],
    }
    (folder / "adapter_config.json").write_text(json.dumps(told))


if __name__ == "__main__":
    where = Path(sys.argv[1])
    where.mkdir(parents=True, exist_ok=True)
    model(where, tokenizer(where))
    adapter(where / "adapter")
