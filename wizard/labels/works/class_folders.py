"""Images sorted into a folder a class by ImageNet's devkit (fact sheet partdistillation 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wizard.errors import LabelError
from wizard.files import link_or_copy
from wizard.foreign import read_foreign_text
from wizard.labels.specs.assemblies import ClassFolders
from wizard.labels.works.derived import SourceItem
from wizard.labels.works.folder_work import FolderWork
from wizard.labels.works.mat import read_struct_table
from wizard.work import Report


@dataclass(frozen=True, slots=True)
class ClassFolderWork(FolderWork):
    """Give every image a second name in the folder of its class."""

    root: Path
    spec: ClassFolders
    unit: str = field(default="images", init=False)

    def items(self) -> Sequence[SourceItem]:
        """List the images; raises ``LabelError`` when the ground truth does not fit them."""
        images = sorted(self.root.glob(self.spec.images))
        if not images:
            return []
        classes = self._classes(len(images))
        return [self._item(path, wnid) for path, wnid in zip(images, classes, strict=True)]

    def process(self, item: SourceItem) -> Report:
        """Link one image into its folder."""
        link_or_copy(item.source, item.outputs[0])
        return Report()

    def _item(self, path: Path, wnid: str) -> SourceItem:
        target = self.root / self.spec.into / wnid / f"{path.stem}_{wnid}{path.suffix}"
        return SourceItem(path.name, (target,), path)

    def _classes(self, images: int) -> list[str]:
        truth = self.root / self.spec.truth
        try:
            numbers = [int(line) for line in read_foreign_text(truth).split()]
        except (OSError, ValueError) as error:
            raise _fault(truth, f"no ground truth can be read ({error})") from error
        if len(numbers) != images:
            raise _fault(truth, f"{len(numbers):,} lines for {images:,} images")
        synsets = read_synsets(self.root / self.spec.synsets)
        unknown = set(numbers) - set(synsets)
        if unknown:
            raise _fault(truth, f"class {min(unknown)} is not in {self.spec.synsets}")
        return [synsets[number] for number in numbers]


def read_synsets(path: Path) -> Mapping[int, str]:
    """Return the WordNet id of each class number, of leaves only; raises ``LabelError``.

    Rows are number, WordNet id, words, gloss, count of children, and so on; torchvision keeps
    those without children.
    """
    found = {}
    for row in read_struct_table(path, "synsets"):
        if int(row["num_children"]) == 0:
            found[int(row["ILSVRC2012_ID"])] = str(row["WNID"])
    return found


def _fault(path: Path, reason: str) -> LabelError:
    hint = "fetch ILSVRC2012_img_val.tar and ILSVRC2012_devkit_t12.tar.gz again"
    return LabelError(reason, cause="ground-truth", where=str(path), hint=hint)
