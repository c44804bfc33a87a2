"""The images of a dataset as a batch of independent checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wizard.labels.lazy import Lazy
from wizard.verify.context import Context, load_context
from wizard.verify.image_check import ImageCheck
from wizard.verify.image_proofs import ImageProofs
from wizard.verify.subject import Subject
from wizard.work import Item, Report


@dataclass(frozen=True, slots=True)
class ImageItem(Item):
    """One image of one split; its key is the image's path."""

    split: str = ""


class ImageWork:
    """Checks every image of a subject with all its labels; nothing is written.

    Labels that ``proofs`` know are not read again.
    """

    unit = "images"

    def __init__(self, subject: Subject, proofs: ImageProofs | None = None) -> None:
        self.subject = subject
        self.proofs = proofs
        self._context: Lazy[Context] = Lazy()

    @property
    def context(self) -> Context:
        """The tables, read once per process."""
        return self._context.get(self._load)

    def _load(self) -> Context:
        if self.proofs:
            self.proofs.begin()
        return load_context(self.subject)

    def items(self) -> Sequence[ImageItem]:
        """List every image of every list once, in list order."""
        seen: dict[tuple[str, str], None] = {}
        for (_, split), pairs in self.context.lists.items():
            for pair in pairs:
                seen[split, pair.image] = None
        return [ImageItem(image, split=split) for split, image in seen]

    def process(self, item: ImageItem) -> Report:
        """Check one image."""
        check = ImageCheck(self.subject, self.context, (item.key, item.split), self.proofs)
        return Report(check.run(), check.proofs)
