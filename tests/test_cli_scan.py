"""`slmigrate scan` as it is typed: what it prints, what it keeps, how it ends."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from slmigrate.records import ScanReport

SOURCES = {
    "Agent 1/summary.py": (
        "from transformers import pipeline\n\n"
        'summarizer = pipeline("summarization", model="facebook/bart-large-cnn")\n'
        'print(summarizer("text", max_length=130)[0]["summary_text"])\n'
    ),
    "Agent 1/post.py": (
        "from openai import AzureOpenAI\n\nclient = AzureOpenAI()\n\n\ndef ask():\n"
        '    return client.chat.completions.create(model="gpt-3.5-turbo", messages=[])\n'
    ),
    "old.py": "print 'python 2'\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "team"
    for name, text in SOURCES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slmigrate", "scan", *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_table_names_place_model_and_what_is_broken(project: Path) -> None:
    result = run(project)
    assert result.returncode == 0
    assert "Agent 1/summary.py:3" in result.stdout
    assert "facebook/bart-large-cnn" in result.stdout
    assert "BROKEN since transformers 5.0.0" in result.stdout
    assert "old.py: it is not Python 3" in result.stdout
    assert f"2 call sites in {project}: 2 broken today." in result.stdout
    assert result.stderr == ""


def test_json_is_one_document_and_the_same_is_kept(project: Path) -> None:
    result = run(project, "--format", "json")
    report = ScanReport.model_validate_json(result.stdout)
    assert [(site.path, site.line) for site in report.call_sites] == [("Agent 1/post.py", 7), ("Agent 1/summary.py", 3)]
    assert (project / ".slmigrate" / "scan.json").read_text() == result.stdout
    assert (project / ".slmigrate" / ".gitignore").is_file()
    assert result.stderr == ""


def test_the_same_tree_gives_the_same_bytes_also_after_it_was_kept(project: Path) -> None:
    assert run(project, "--format", "json").stdout == run(project, "--format", "json").stdout


def test_nothing_but_its_own_folder_is_written(project: Path) -> None:
    run(project)
    assert {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()} == {
        *SOURCES,
        ".slmigrate/scan.json",
        ".slmigrate/.gitignore",
    }
    assert all((project / name).read_text() == text for name, text in SOURCES.items())


def test_markdown_is_the_first_table_of_the_guide(project: Path) -> None:
    lines = run(project, "--format", "markdown").stdout.splitlines()
    assert lines[0] == "| File | Current Model | Purpose | Size | Parameters |"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:4]]
    assert rows[0][:3] == ["`Agent 1/post.py:7`", "`gpt-3.5-turbo` (azure-openai)", "text-generation"]
    assert "not published" in rows[0][3]
    assert rows[0][4] == "not published"
    assert rows[1][:3] == ["`Agent 1/summary.py:3`", "`facebook/bart-large-cnn`", "summarization"]
    assert rows[1][3].startswith("1.6")
    assert rows[1][4] == "406.3M"


def test_a_pipe_in_a_name_does_not_break_the_table(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('from transformers import pipeline\npipeline("summarization", model="a|b`c")\n')
    row = run(tmp_path, "--format", "markdown").stdout.splitlines()[2]
    assert "`a\\|b'c`" in row
    assert "unknown" in row


def test_sarif_holds_a_result_for_everything_that_is_broken(project: Path) -> None:
    log = json.loads(run(project, "--format", "sarif").stdout)
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    rules = [rule["id"] for rule in only["tool"]["driver"]["rules"]]
    found = {(item["ruleId"], item["level"]) for item in only["results"]}
    errors = {("transformers5-pipeline-removed", "error"), ("model-retired", "error")}
    assert found == {*errors, ("no-truncation", "warning")}
    for item in only["results"]:
        place = item["locations"][0]["physicalLocation"]
        assert rules[item["ruleIndex"]] == item["ruleId"]
        assert place["artifactLocation"]["uri"].startswith("Agent%201/")
        assert place["region"]["startLine"] <= place["region"]["endLine"]
    notices = only["invocations"][0]["toolExecutionNotifications"]
    assert [item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for item in notices] == ["old.py"]


def test_the_result_can_go_to_a_file(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "scan.md"
    result = run(project, "--format", "markdown", "-o", target)
    assert (result.returncode, result.stdout) == (0, "")
    assert target.read_text().startswith("| File |")


def test_fail_on_broken_is_a_gate(project: Path, tmp_path: Path) -> None:
    assert run(project, "--fail-on", "broken").returncode == 1
    fine = tmp_path / "fine"
    fine.mkdir()
    (fine / "a.py").write_text('from transformers import pipeline\npipeline("text-generation", model="gpt2")\n')
    assert run(fine, "--fail-on", "broken").returncode == 0
    assert run(tmp_path / "nothing", "--fail-on", "broken").returncode == 3
    assert run(fine, "--fail-on", "nonsense").returncode == 3


def test_an_announced_end_alone_does_not_fail(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        'from openai import OpenAI\nOpenAI().chat.completions.create(model="gpt-4o", messages=[])\n'
    )
    result = run(tmp_path, "--fail-on", "broken")
    assert ("model-retiring" in (tmp_path / ".slmigrate" / "scan.json").read_text()) == (result.returncode == 0)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["nothing"], 1, "slmigrate: No file or folder at 'nothing'. Check the path.\n", id="missing"),
        pytest.param(
            ["notes.txt"], 1, "not a Python file. Expected a folder, a .py or an .ipynb file.\n", id="not Python"
        ),
        pytest.param([".", "--format", "xml"], 2, "Invalid value for '--format'", id="unknown format"),
        pytest.param([], 2, "Missing argument 'PATH'", id="no path"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    (tmp_path / "notes.txt").write_text("x")
    result = run(*arguments)
    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_single_file_is_printed_and_not_kept(project: Path) -> None:
    result = run(project / "Agent 1" / "summary.py", "--format", "json")
    assert len(ScanReport.model_validate_json(result.stdout).call_sites) == 1
    assert "Not recorded" in result.stderr
    assert not (project / "Agent 1" / ".slmigrate").exists()


def test_a_folder_that_cannot_be_written_is_still_scanned(project: Path) -> None:
    # a file where the folder would be: refused for every user, root included
    (project / ".slmigrate").write_text("in the way")
    result = run(project)
    assert result.returncode == 0
    assert "2 call sites" in result.stdout
    assert result.stderr.startswith("Not recorded: ")
    assert result.stderr.count("\n") == 1
    assert (project / ".slmigrate").read_text() == "in the way"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_still_scanned(project: Path) -> None:
    project.chmod(0o555)
    try:
        result = run(project)
    finally:
        project.chmod(0o755)
    assert result.returncode == 0
    assert "Not recorded" in result.stderr


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result.returncode, result.stdout) == (0, f"No call to a model found in {tmp_path}.\n")


def test_more_skipped_files_than_fit_are_counted(tmp_path: Path) -> None:
    for number in range(25):
        (tmp_path / f"{number:02}.py").write_text("x =\n")
    result = run(tmp_path)
    assert "    19.py: " in result.stdout
    assert "    20.py: " not in result.stdout
    assert "and 5 more" in result.stdout


def test_the_example_has_exactly_three_call_sites_and_all_are_broken(example: Path) -> None:
    report = ScanReport.model_validate_json(run(example, "--format", "json").stdout)
    assert {
        (site.path, site.task, site.model, site.model_source, tuple(item.code for item in site.broken))
        for site in report.call_sites
    } == {
        (
            *("Agent 1/summary.py", "summarization", "facebook/bart-large-cnn", "literal"),
            ("transformers5-pipeline-removed",),
        ),
        (
            *("Agent 3/finaly.py", "summarization", "facebook/bart-large-cnn", "param_default"),
            ("transformers5-pipeline-removed", "no-truncation"),
        ),
        ("Agent 1/post_update.py", "text-generation", "gpt-3.5-turbo", "literal", ("model-retired",)),
    }
    assert len(report.call_sites) == 3
    assert report.skipped == ()


def test_a_baseline_leaves_only_what_is_new(project: Path, tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    run(project, "--format", "json", "-o", before)
    assert run(project, "--baseline", before, "--fail-on", "broken").returncode == 0
    source = project / "Agent 1" / "summary.py"
    source.write_text("# moved down\n\n" + source.read_text() + "\n\ndef more():\n    return pipeline('translation')\n")
    result = run(project, "--baseline", before, "--fail-on", "broken", "--format", "json")
    assert result.returncode == 1
    report = ScanReport.model_validate_json(result.stdout)
    assert [(site.line, site.task, site.function) for site in report.call_sites] == [(10, "translation", "more")]
    assert report.skipped == ()
    whole = ScanReport.model_validate_json((project / ".slmigrate" / "scan.json").read_text())
    assert len(whole.call_sites) == 3


def test_a_second_equal_call_is_new(project: Path, tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    run(project, "--format", "json", "-o", before)
    source = project / "Agent 1" / "post.py"
    call = '    return client.chat.completions.create(model="gpt-3.5-turbo", messages=[])\n'
    source.write_text(source.read_text() + call)
    report = ScanReport.model_validate_json(run(project, "--baseline", before, "--format", "json").stdout)
    assert [site.line for site in report.call_sites] == [8]


def test_a_second_equal_call_without_a_finding_is_new(tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir()
    call = 'client.chat.completions.create(model="mine", messages=[])\n'
    (root / "a.py").write_text("from openai import OpenAI\nclient = OpenAI()\n" + call)
    run(root, "--format", "json", "-o", tmp_path / "before.json")
    assert run(root, "--baseline", tmp_path / "before.json").stdout.startswith("No call to a model found")
    with (root / "a.py").open("a") as file:
        file.write(call)
    result = run(root, "--baseline", tmp_path / "before.json", "--format", "json")
    assert [site.line for site in ScanReport.model_validate_json(result.stdout).call_sites] == [4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(None, "slmigrate: No baseline at", id="missing"),
        pytest.param("{}", "not a report of scan. Expected what `scan --format json -o FILE` wrote.", id="foreign"),
        pytest.param("\0", "not a report of scan.", id="not JSON"),
    ],
)
def test_a_bad_baseline_is_one_clear_line(project: Path, tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "before.json").write_text(text)
    result = run(project, "--baseline", tmp_path / "before.json")
    assert (result.returncode, result.stdout) == (1, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (project / ".slmigrate").exists()


def test_fail_on_names_how_much_is_too_much(tmp_path: Path) -> None:
    warned = tmp_path / "warned"
    warned.mkdir()
    (warned / "a.py").write_text(
        "from transformers import pipeline\n"
        'classify = pipeline("text-classification", model="distilbert-base-uncased-finetuned-sst-2-english")\n'
        "classify(text)\n"
    )
    assert [run(warned, "--fail-on", name).returncode for name in ("broken", "retiring", "any")] == [0, 0, 1]
    ends = tmp_path / "ends"
    ends.mkdir()
    # a day that is years ahead: the test goes on telling the same until then
    (ends / "a.py").write_text("import anthropic\nanthropic.Anthropic().messages.create(model='claude-opus-4-6')\n")
    codes = {item.code for site in find(ends).call_sites for item in site.broken}
    expected = [0, 1, 1] if "model-retiring" in codes else [0, 0, 0]
    assert [run(ends, "--fail-on", name).returncode for name in ("broken", "retiring", "any")] == expected


def find(folder: Path) -> ScanReport:
    return ScanReport.model_validate_json(run(folder, "--format", "json").stdout)


def test_what_is_left_out_can_be_asked_for(tmp_path: Path) -> None:
    call = 'from transformers import pipeline\npipeline("summarization", model="m")\n'
    for name in ("own.py", "vendor/theirs.py", "scratch/mine.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(call)
    (tmp_path / ".gitignore").write_text("scratch/\n")
    assert [site.path for site in find(tmp_path).call_sites] == ["own.py"]
    options = ["--include-vendored", "--include-ignored", "--format", "json"]
    whole = ScanReport.model_validate_json(run(tmp_path, *options).stdout)
    assert [site.path for site in whole.call_sites] == ["own.py", "scratch/mine.py", "vendor/theirs.py"]


ROOT = Path(__file__).parents[1]


def test_the_hook_for_pre_commit_runs_a_command_that_exists(project: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("slmigrate-scan", "python", False)
    command = shlex.split(hook["entry"])
    assert command[:2] == ["slmigrate", "scan"]
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=project, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 1
    assert "2 broken today" in result.stdout


def test_the_action_writes_sarif_and_fails_as_asked(project: Path, tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (step,) = [step for step in action["runs"]["steps"] if step.get("name") == "Scan"]
    script = step["run"].replace("slmigrate scan", f"{shlex.quote(sys.executable)} -m slmigrate scan")
    target = tmp_path / "out.sarif"
    given = {"SCAN_PATH": str(project), "FAIL_ON": "broken", "BASELINE": "", "SARIF_FILE": str(target)}
    assert set(step["env"]) == set(given)
    run_step = ["bash", "-euo", "pipefail", "-c", script]
    for fail_on, code in (("broken", 1), ("", 0)):
        environment = {**os.environ, **given, "FAIL_ON": fail_on}
        result = subprocess.run(run_step, env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert result.returncode == code, result.stderr
        assert json.loads(target.read_text())["version"] == "2.1.0"
