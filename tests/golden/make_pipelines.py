"""What the pipelines of transformers 4.57.6 gave: `python tests/golden/make_pipelines.py`, in an environment with

    pip install torch==2.13.0 transformers==4.57.6

Puts every call of tests/pipeline_cases.py to them and writes tests/golden/pipelines.json: the result, or the error.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))


def plain(value: Any) -> Any:
    """As JSON: numbers rounded to 6 places."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def ask(load: Any, folder: Path, case: Any) -> dict[str, Any]:
    """One call, put to transformers."""
    try:
        pipe = load(case.task, model=str(folder), device="cpu", **case.construct)
        inputs = (one for one in case.inputs) if case.generator else case.inputs
        found = pipe(inputs, **case.call)
        return {"result": plain(list(found) if case.generator else found)}
    except Exception as error:  # whatever it raises is what is recorded
        return {"error": type(error).__name__, "says": " ".join(str(error).split())[:100]}


def main() -> None:
    import pipeline_cases
    import transformers

    transformers.logging.set_verbosity_error()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        built = {name: pipeline_cases.build(Path(folder), name) for name in pipeline_cases.CHECKPOINTS}
        for case in pipeline_cases.cases():
            rows.append({"case": case.name, **ask(transformers.pipeline, built[case.checkpoint], case)})
    whole = {"transformers": transformers.__version__, "rows": rows}
    (HERE / "pipelines.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    print(len(rows), "calls,", sum("error" in row for row in rows), "errors")


if __name__ == "__main__":
    main()
