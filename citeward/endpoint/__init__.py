"""JSON over HTTP to a server that models stand behind: pooled, tried again where that may help, errors as ours."""

from citeward.endpoint.client import Endpoint, Json
from citeward.endpoint.loops import PerLoop

__all__ = ["Endpoint", "Json", "PerLoop"]
