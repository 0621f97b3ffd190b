"""Driving recorder (行驶记录仪), GB/T 19056-2012: frames, collected data, stored records, settings."""

from protocols.gbt19056 import collect, records, settings  # file their layouts
from protocols.gbt19056.frame import ExaminedFrame, RecorderFrame, decode, encode, examine, examine_all

__all__ = ["ExaminedFrame", "RecorderFrame", "collect", "decode", "encode", "examine", "examine_all", "records", "settings"]
