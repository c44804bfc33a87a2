"""Several steps, each with its meter."""

from __future__ import annotations

from textual.containers import Vertical

from wizard.tui.widgets.meter import StepMeter
from wizard.views import StepView


class StepList(Vertical):
    """Meters of the steps given; rows come and go."""

    DEFAULT_CSS = """
    StepList { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._meters: dict[str, StepMeter] = {}

    def show(self, steps: tuple[StepView, ...]) -> None:
        """Update, add and remove by address."""
        wanted = {step.address: step for step in steps}
        for address in [address for address in self._meters if address not in wanted]:
            self._meters.pop(address).remove()
        fresh: list[StepMeter] = []
        for address, step in wanted.items():
            if address in self._meters:
                self._meters[address].show(step)
            else:
                self._meters[address] = meter = StepMeter(step)
                fresh.append(meter)
        if fresh:
            self.mount_all(fresh)
