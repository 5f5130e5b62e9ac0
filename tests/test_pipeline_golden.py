"""`slmigrate.pipeline` against what transformers 4.57.6 gave for the same calls on the same checkpoints.

Where 4.57.6 crashed or ignored the caller, the test says what ours does instead; docs/pipeline.md has the list.
"""

import json
import warnings
from pathlib import Path
from typing import Any

import pipeline_cases
import pytest
from pipeline_cases import Case

from slmigrate.engines import Engine
from slmigrate.engines.encoder import Encoder
from slmigrate.engines.seq2seq import Seq2Seq
from slmigrate.errors import InputError, InputTooLong, ParameterRefused, SlmigrateError
from slmigrate.models.convert import convert_seq2seq
from slmigrate.models.encoders import convert_encoder
from slmigrate.models.pipeline import pipeline

ROWS = {
    row["case"]: row for row in json.loads((Path(__file__).parent / "golden" / "pipelines.json").read_text())["rows"]
}
CASES = pipeline_cases.cases()


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Engine]:
    folder = tmp_path_factory.mktemp("golden")
    loaded: dict[str, Engine] = {}
    for name, settings in pipeline_cases.CHECKPOINTS.items():
        source, target = pipeline_cases.build(folder, name), folder / "converted" / name
        if "labels" in settings:
            loaded[name] = Encoder(convert_encoder(source, target, precision="float32"), threads=1)
        else:
            loaded[name] = Seq2Seq(convert_seq2seq(source, target, precision="float32"), threads=1)
    return loaded


def ours(engines: dict[str, Engine], case: Case) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipe = pipeline(case.task, engines[case.checkpoint], **case.construct)
        inputs = (one for one in case.inputs) if case.generator else case.inputs
        found = pipe(inputs, **case.call)
        return list(found) if case.generator else found


def same(found: Any, wanted: Any) -> bool:
    """Equal in shape and texts, numbers within 1e-4."""
    if isinstance(wanted, (float, int)) and isinstance(found, (float, int)):
        return abs(found - wanted) < 1e-4
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict) and found.keys() == wanted.keys() and all(same(found[k], wanted[k]) for k in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(same, found, wanted))
    return bool(found == wanted)


def _unlike(case: Case) -> bool:
    """Calls whose answer differs on purpose; each has a test of its own below."""
    ignored = case.checkpoint == "bart" and "max_length" in case.call
    return ignored or case.inputs == [[pipeline_cases.TEXTS[0], pipeline_cases.TEXTS[1]]]


def test_the_golden_file_has_every_case() -> None:
    assert list(ROWS) == [case.name for case in CASES]


@pytest.mark.parametrize("case", [case for case in CASES if not _unlike(case)], ids=lambda case: case.name)
def test_a_call_gives_what_transformers_4_57_gave(engines: dict[str, Engine], case: Case) -> None:
    row = ROWS[case.name]
    if "error" in row:
        with pytest.raises(SlmigrateError) as caught:
            ours(engines, case)
        assert isinstance(caught.value, (InputError, ParameterRefused, InputTooLong))
        return
    found = ours(engines, case)
    assert same(found, row["result"]), f"{found!r:.500} is not {row['result']!r:.500}"


def test_a_caller_s_max_length_that_4_57_ignored_is_honoured(engines: dict[str, Engine]) -> None:
    cases = [case for case in CASES if case.checkpoint == "bart" and "max_length" in case.call]
    theirs = [ROWS[case.name] for case in cases]
    # 20 words in spite of max_length=9, and 256 new tokens beyond the positions
    assert [row.get("error") or len(row["result"][0]["summary_text"].split()) for row in theirs] == [
        20,
        "IndexError",
        0,
    ]
    assert all(len(ours(engines, case)[0]["summary_text"].split()) <= 8 for case in cases)
