"""What a recorder is told: words 82 to 84 and C2 to C4. Its answer is the word with an empty data block."""

from __future__ import annotations

from protocols.definition import DOWN, structure
from protocols.fields import of_kind
from protocols.gbt19056.collect import Clock, Mileage, Pulses, SignalNames, VehicleIdentity
from protocols.gbt19056.fillers import FilledTime
from protocols.gbt19056.layouts import block

block(0x82, DOWN)(VehicleIdentity)
block(0x84, DOWN)(SignalNames)
block(0xC2, DOWN)(Clock)
block(0xC3, DOWN)(Pulses)
block(0xC4, DOWN)(Mileage)


@block(0x83, DOWN)
@structure(en="installation date", zh="初次安装日期")
class InstallationDate:
    """When the recorder was put into the vehicle."""

    installed_ms: int | None = of_kind(FilledTime(), en="installed", zh="初次安装日期")
