"""Encoder-decoders in transformers format, made into a folder that `engines.seq2seq` loads. No torch.

convert_seq2seq(Path("distilbart-cnn-12-6"), Path("distilbart-int8"))
"""

from slmigrate.models.convert.seq2seq import FAMILIES, Precision, convert_seq2seq

__all__ = ["FAMILIES", "Precision", "convert_seq2seq"]
