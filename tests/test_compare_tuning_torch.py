"""`--tune-old` of an original in torch: fewer beams and int8, in processes of their own."""

import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("default")]

pytest.importorskip("transformers", reason="needs the extra [torch]; `make test-all` installs it")

import tiny_originals  # noqa: E402

from slmigrate.compare import compare_models  # noqa: E402
from slmigrate.engines.base import Generation  # noqa: E402


def test_an_original_is_tried_with_fewer_beams_and_in_int8(tmp_path: Path) -> None:
    folder = tiny_originals.build(tmp_path / "bart", "bart")
    cases = [{"id": str(number), "input": tiny_originals.TEXT, "references": ["the cat sat"]} for number in range(2)]
    comparison = compare_models(
        cases,
        old=f"torch:{folder}",
        new="extractive",
        folder=tmp_path / "out",
        tune_old=True,
        generation=Generation(max_new_tokens=6),
    )
    assert [each.name for each in comparison.old.tuned] == [
        "num_beams 2",
        "num_beams 1",
        "int8",
        "int8, num_beams 2",
        "int8, num_beams 1",
    ]
    assert comparison.notes == () or all("crashed" not in note for note in comparison.notes)
    assert all(each.cost.latency_seconds for each in comparison.old.tuned), "none failed"
    disk = comparison.old.cost.disk_bytes
    smaller = {each.name: each.cost.disk_bytes for each in comparison.old.tuned}
    assert disk is not None
    assert (smaller["int8"] or 0) < disk == smaller["num_beams 1"]
    lines = (tmp_path / "out" / "scores.jsonl").read_text().splitlines()
    assert len(json.loads(lines[0])["scores"]) == 7
