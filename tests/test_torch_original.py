"""Originals as the team runs them today: what transformers 4.57.6 answers, on transformers 5."""

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_originals

from slmigrate.engines import Generation, Request
from slmigrate.errors import EngineFailed, FileMissing, InputTooLong, ParameterRefused

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("default")]

pytest.importorskip("transformers", reason="needs the extra [torch]; `make test-all` installs it")

from slmigrate.engines.torch_original import TorchOriginal  # noqa: E402

GOLDEN = json.loads((Path(__file__).parent / "golden" / "torch_original.json").read_text())
CHECKPOINTS = sorted({answer["checkpoint"] for answer in GOLDEN})


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("originals")
    tiny_originals.build_all(folder)
    return folder


def ask(
    text: str = tiny_originals.TEXT, *, task: str = "summarization", truncate: bool = False, **asked: Any
) -> Request:
    return Request(task=task, text=text, overlong="truncate" if truncate else "refuse", generation=Generation(**asked))


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_the_answers_are_those_of_the_pipelines_of_4_57(originals: Path, checkpoint: str) -> None:
    """With lengths of the checkpoint, without, and with a prefix and lengths per task; made by 4.57.6 itself."""
    with TorchOriginal(originals / checkpoint, threads=1) as engine:
        for wanted in GOLDEN:
            if wanted["checkpoint"] == checkpoint:
                reply = engine.answer(ask(task=wanted["task"], **wanted["asked"]))
                assert reply.text == wanted["answer"], wanted


def test_the_golden_answers_depend_on_every_setting() -> None:
    """A golden file of equal answers would prove nothing."""
    answers = {(one["checkpoint"], one["task"], json.dumps(one["asked"])): one["answer"] for one in GOLDEN}
    for family in ("bart", "t5"):
        kinds = {answers[f"{family}-{kind}", "summarization", "{}"] for kind in ("plain", "own", "task")}
        assert len(kinds) == 3


def test_tokens_are_counted_on_both_sides(originals: Path) -> None:
    with TorchOriginal(originals / "t5-task", threads=1) as engine:
        reply = engine.answer(ask(max_new_tokens=5))
    assert reply.input_tokens == 2 + 6 + 2  # the prefix, the text, [CLS] and [SEP]
    assert reply.output_tokens is not None
    assert 1 <= reply.output_tokens <= 5
    assert reply.dropped_tokens == 0


def test_nothing_is_cut_unless_asked(originals: Path) -> None:
    """4.57 passed long inputs on whole, beyond the tokenizer's limit of 40; what was cut is counted."""
    with TorchOriginal(originals / "bart-plain", threads=1) as engine:
        whole = engine.answer(ask("dog " * 60, max_new_tokens=4))
        cut = engine.answer(ask("dog " * 60, truncate=True, max_new_tokens=4))
    assert (whole.input_tokens, whole.dropped_tokens) == (62, 0)
    assert (cut.input_tokens, cut.dropped_tokens) == (62, 22)


def test_what_the_positions_cannot_hold_is_refused_where_4_57_crashed(originals: Path) -> None:
    with TorchOriginal(originals / "bart-plain", threads=1) as engine, pytest.raises(InputTooLong, match="402 tokens"):
        engine.answer(ask("dog " * 400))


def test_sampling_with_a_seed_repeats_itself(originals: Path) -> None:
    with TorchOriginal(originals / "bart-plain", threads=1) as engine:
        first, again = (engine.answer(ask(temperature=2.0, seed=4, num_beams=1, max_new_tokens=9)) for _ in range(2))
        greedy = engine.answer(ask(temperature=0, num_beams=1, max_new_tokens=9))
    assert first == again
    assert first != greedy


@pytest.mark.parametrize(
    ("request_", "match"),
    [
        (ask(stop=("x",)), "'stop'"),
        (ask(task="fill-mask"), "cannot do 'fill-mask'"),
        (Request(task="summarization"), "text"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(originals: Path, request_: Request, match: str) -> None:
    with TorchOriginal(originals / "bart-plain", threads=1) as engine, pytest.raises(ParameterRefused, match=match):
        engine.answer(request_)


def test_a_missing_or_broken_checkpoint_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"config\.json"):
        TorchOriginal(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bart"}')
    with pytest.raises(EngineFailed, match="failed while loading") as caught:
        TorchOriginal(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_closed_original_says_so(originals: Path) -> None:
    engine = TorchOriginal(originals / "t5-plain", threads=1)
    engine.close()
    engine.close()
    with pytest.raises(EngineFailed, match="it was closed"):
        engine.answer(ask())
