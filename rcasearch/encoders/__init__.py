"""Texts -> unit vectors and token vectors.

A model is exported once (`conversion`, by torch) and from then on served by OpenVINO (`exported`); what cannot be exported is
run by sentence-transformers (`sentence`). `load_encoder` decides.
"""

from rcasearch.encoders.base import Encoder, Encoding, Floats, Tokens
from rcasearch.encoders.choice import load_ahead, load_encoder, portable
from rcasearch.encoders.cores import cores
from rcasearch.encoders.sentence import SentenceEncoder

__all__ = ["Encoder", "Encoding", "Floats", "SentenceEncoder", "Tokens", "cores", "load_ahead", "load_encoder", "portable"]
