"""Engines of extras that are not installed: one line that says what to install."""

import sys
from pathlib import Path

import pytest

from slmigrate.engines.remote import Remote
from slmigrate.engines.torch_original import TorchOriginal
from slmigrate.errors import ExtraMissing


def test_an_original_without_torch_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ExtraMissing, match=r"needs the extra 'torch'. Run: pip install 'slmigrate\[torch\]'"):
        TorchOriginal(tmp_path)


def test_a_hosted_model_without_the_sdk_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ExtraMissing, match=r"'openai:gpt-x' needs the extra 'hosted'"):
        Remote("gpt-x")
