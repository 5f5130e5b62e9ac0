"""The migration guide's module: switch models by task and key.

    from sml_config import get_model_name

    get_model_name("summarization", "distilbart")      # 'sshleifer/distilbart-cnn-12-6'
    get_model_name("text_generation", "tinyllama")     # 'TinyLlama/TinyLlama-1.1B-Chat-v1.0'
    get_model_name("classification", "distilbert")     # 'distilbert/distilbert-base-uncased'
    get_model_name("summarization")                    # what slmigrate.toml sets, else the embedded default

All keys of the guide work, and every key of `slmigrate models list`. An unknown name is refused, never replaced.
"""

from typing import Literal

from slmigrate.models.names import guide_models, model_name, model_specs

__all__ = ["get_model_name", "get_model_specs", "list_available_models"]


def get_model_name(task: str, key: str | None = None, *, lane: Literal["realtime", "batch"] | None = None) -> str:
    """The model for a task, as a name that `slmigrate.pipeline` takes (the id on the hub).

    Args:
        task: `summarization`, `text_generation`, `classification`, or the hub's name of a task.
        key: a catalogue key, one of its aliases or an id. None: what the slmigrate.toml of the current folder or one
            above it sets for the task, else the embedded default.
        lane: of slmigrate.toml, where it has a model of its own for the task.

    Raises:
        InputError: no such task.
        UnknownModel: no such key; names the closest one.
        ModelUnavailable: the key is known, but no such checkpoint exists, or it is made for another task.
        SettingsError: slmigrate.toml is broken, or pins other weights than those that are here.
    """
    return model_name(task, key, lane=lane)


def get_model_specs(name: str) -> dict[str, str]:
    """What is known of a model, in the guide's fields (size, parameters, speed, quality, use_case, memory_usage).

    Numbers say where they come from; what nobody published or measured says so. For a checkpoint that does not exist
    every field says that.

    Raises:
        UnknownModel: no such key or id; names the closest one.
    """
    return model_specs(name)


def list_available_models() -> None:
    """Print the models by task, with size and parameters."""
    for task, models in guide_models().items():
        print(f"\n{task}")
        for key, name in models.items():
            specs = model_specs(name)
            print(f"  {key:<34} {name:<58} {specs['parameters']:>8}  {specs['size']}")


if __name__ == "__main__":
    list_available_models()
