"""What the pipelines of transformers 4.57.6 answer: written to torch_original.json.

python tests/tiny_originals.py FOLDER                     # in an environment with transformers 5
python tests/golden/make_torch_original.py FOLDER         # in one with transformers 4.57.6
"""

import json
import sys
from pathlib import Path

import transformers

sys.path.insert(0, str(Path(__file__).parent.parent))
from tiny_originals import ASKED, TASKS, TEXT

assert transformers.__version__ == "4.57.6"
answers = []
for folder in sorted(Path(sys.argv[1]).iterdir()):
    for task in TASKS:
        for asked in ASKED:
            pipeline = transformers.pipeline(task, model=str(folder), device="cpu")
            (text,) = pipeline(TEXT, **asked)[0].values()
            answers.append({"checkpoint": folder.name, "task": task, "asked": asked, "answer": text})
target = Path(__file__).parent / "torch_original.json"
lines = ",\n".join(json.dumps(answer) for answer in answers)
target.write_text(f"[\n{lines}\n]\n")
