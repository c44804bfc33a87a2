"""What a step is called when its recipe does not say."""

from __future__ import annotations

from pathlib import PurePosixPath

from wizard.plan.model import Accept, Fetch, PlannedSpec
from wizard.recipes.steps import Extract


def title_of(spec: PlannedSpec) -> str:
    """Return the title of a step: the recipe's, or one made from what it does."""
    if spec.title:
        return spec.title
    match spec:
        case Accept():
            return f"Accept: {spec.terms.title}"
        case Fetch():
            return f"Fetch {spec.archive.name}"
        case Extract():
            return f"Unpack {PurePosixPath(spec.archive).name}"
        case _:
            return _PLAIN.get(type(spec).__name__, spec.id)


_PLAIN = {
    "Assign": "Set a value in the fetched files",
    "Mat": "Convert MATLAB files",
    "Polygons": "Draw polygons as labels",
    "Labels": "Write labels",
    "Instances": "Draw instances as labels",
    "RleLabels": "Paint run-lengths as labels",
    "PickledLabels": "Unpack pickled labels",
    "Edges": "Mark borders between classes",
    "BoundaryWeights": "Compute loss weights",
    "Verify": "Verify every path, label and segment",
    "Report": "Write the report",
    "ClearCredentials": "Clear stored credentials",
}
