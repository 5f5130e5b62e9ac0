"""Agent 3: sort a task list and write a sentence on each task.

Run it in this folder: python finaly.py
"""

import json

from transformers import pipeline


def summarize_tasks(employee_name, tasks_file, output_file, model_name="facebook/bart-large-cnn"):
    """Write the four lists of `tasks_file` to `output_file`."""
    with open(tasks_file, encoding="utf-8") as file:
        tasks = json.load(file)

    summarizer = pipeline("summarization", model=model_name)

    completed, not_completed, missed_deadlines, on_time = [], [], [], []
    for task in tasks:
        if isinstance(task, str):
            task = {"description": task, "status": "not completed"}
        description = task.get("description", "")
        status = task.get("status", "").lower()
        deadline = task.get("deadline", "")
        done = task.get("completed_date", "")

        text = f"Task: {description} Status: {status} Deadline: {deadline} Completed: {done}"
        sentence = summarizer(text, max_length=60, min_length=10, do_sample=False)[0]["summary_text"]

        if status == "completed":
            completed.append(sentence)
            if done and deadline:
                (on_time if done <= deadline else missed_deadlines).append(sentence)
        else:
            not_completed.append(sentence)

    report = {
        "Work completed": completed,
        "Work not completed": not_completed,
        "Missed deadlines": missed_deadlines,
        "Tasks completed on time": on_time,
    }
    with open(output_file, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2, ensure_ascii=False)
    print(f"Report on {employee_name} written to {output_file}")


if __name__ == "__main__":
    summarize_tasks(employee_name="the whole team", tasks_file="tasks.json", output_file="task_summary.json")
