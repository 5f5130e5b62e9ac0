"""`--tune-old`: what the old model would win by itself."""

import json
from pathlib import Path

import pytest
from tiny_seq2seq import build

from slmigrate.compare.asked import Asked
from slmigrate.compare.cases import read_cases
from slmigrate.compare.run import compare
from slmigrate.compare.tuning import variants
from slmigrate.engines.base import Generation
from slmigrate.errors import CompareError
from slmigrate.models.resolve import Located


def located(engine: str, **more: object) -> Located:
    return Located(spec="old", engine=engine, **more)  # type: ignore[arg-type]


def test_an_encoder_decoder_is_tried_with_fewer_beams() -> None:
    assert [each.name for each in variants(located("seq2seq"), Generation())] == ["num_beams 2", "num_beams 1"]
    assert [each.name for each in variants(located("seq2seq"), Generation(num_beams=2))] == ["num_beams 1"]


def test_an_original_in_torch_is_tried_in_int8_as_well() -> None:
    found = variants(located("torch_original", path=Path("/weights")), Generation())
    assert [(each.name, each.spec) for each in found] == [
        ("num_beams 2", "old"),
        ("num_beams 1", "old"),
        ("int8", "/weights"),
        ("int8, num_beams 2", "/weights"),
        ("int8, num_beams 1", "/weights"),
    ]
    assert [each.generation.num_beams for each in found] == [2, 1, None, 2, 1]


@pytest.mark.parametrize(
    ("engine", "generation", "said"),
    [
        pytest.param("recorded", Generation(), "does not run here", id="recorded answers"),
        pytest.param("remote", Generation(), "does not run here", id="a hosted model"),
        pytest.param("llamacpp", Generation(), "is no encoder-decoder", id="a decoder"),
        pytest.param("seq2seq", Generation(num_beams=1), "one beam already", id="nothing left"),
    ],
)
def test_where_nothing_can_be_tuned_that_is_said_in_a_line(engine: str, generation: Generation, said: str) -> None:
    with pytest.raises(CompareError, match=said):
        variants(located(engine), generation)


def test_the_old_model_is_run_with_fewer_beams_in_turn_with_the_others(tmp_path: Path) -> None:
    folder = build(tmp_path / "old", "bart")
    path = tmp_path / "cases.jsonl"
    lines = [
        {"id": str(number), "input": f"the cat sat on mat {number}", "references": ["the cat sat"]}
        for number in range(3)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    asked = Asked(
        cases=read_cases(path),
        cases_name="cases",
        old=str(folder),
        new=("extractive",),
        tune_old=True,
        generation=Generation(max_new_tokens=4),
    )
    comparison, runs = compare(asked, tmp_path / "out")
    assert [each.name for each in comparison.old.tuned] == ["num_beams 2", "num_beams 1"]
    for each in comparison.old.tuned:
        assert each.cost.latency_seconds is not None
        assert each.speedup is not None
    assert len(runs) == 4
    again, _ = compare(asked, tmp_path / "out")
    assert again.old.tuned == comparison.old.tuned, "nothing was asked again"
