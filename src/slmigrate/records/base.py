"""What every record has in common."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Frozen; unknown fields are refused, so that a typing error in a file is found where it is made.

    Equality is by value. Sequences are tuples, so that a record really cannot change.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null", protected_namespaces=())
