from pathlib import Path

from citeward.contracts.guardrail import Action, Origin
from citeward.guardrails.build import build_rails
from citeward.project.opened import _secrets
from citeward.settings import read_settings

ROOT = Path(__file__).parents[2]


async def test_the_keys_in_the_settings_are_secrets_wherever_they_stand() -> None:
    environ = {
        "CITEWARD_STORE__KIND": "weaviate",
        "CITEWARD_STORE__API_KEY": "Store-Key-0123456789",
        "CITEWARD_MODELS": '{"big": {"provider": "openai", "url": "http://127.0.0.1:1/v1", "model": "m",'
        ' "api_key": "Model-Key-0123456789"}}',
    }
    secrets = list(_secrets(read_settings(ROOT / "citeward.toml", environ)))
    assert sorted(secrets) == ["Model-Key-0123456789", "Store-Key-0123456789"]
    checked = await build_rails(secrets=secrets).check("It is model-key-0123456789.", origin=Origin.TOOL)
    assert (checked.action, checked.text) == (Action.MODIFY, "It is [withheld].")
