"""The Cityscapes site: packages by number, a list, md5 sums (fact sheet partdistillation 5)."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
import msgspec

from wizard.errors import TransferError
from wizard.recipes.model import Archive
from wizard.transfer.errors import ApprovalMissing, SessionExpired
from wizard.transfer.http.addresses import shown
from wizard.transfer.logins.form_login import FormLogin
from wizard.transfer.logins.session import exchange, fill
from wizard.transfer.request import Refusal


@dataclass(frozen=True, slots=True)
class Package:
    """A file a site offers to this account."""

    name: str
    id: str
    size: str = ""
    """In the site's words, for example ``241MB``."""


class _Listed(msgspec.Struct):
    name: str
    packageID: str | int  # noqa: N815 - the site's spelling
    size: str | int = ""


class CityscapesLogin(FormLogin):
    """The Cityscapes site: packages by number, with a list and md5 sums."""

    def packages(self) -> tuple[Package, ...]:
        """List what this account may download; raises ``TransferError``."""
        answer = self._read(self.site.list_url)
        try:
            entries = msgspec.json.decode(answer.content, type=list[_Listed])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise TransferError(
                "the list of packages cannot be read", where=shown(self.site.list_url)
            ) from None
        return tuple(Package(each.name, str(each.packageID), str(each.size)) for each in entries)

    def package_id(self, archive: Archive) -> str:
        """Return the site's number of an archive: the recipe's, or by name from the list."""
        if archive.access.package:
            return archive.access.package
        for package in self.packages():
            if package.name == archive.name:
                return package.id
        raise ApprovalMissing(
            f"{self.site.title} does not offer {archive.name} to your account",
            hint=f"ask for access at {self.site.register_url or self.site.login_url}",
        )

    def server_md5(self, archive: Archive) -> str:
        """Return the md5 sum the site states for an archive; empty when it states none."""
        if not self.site.md5_url:
            return ""
        address = fill(self.site.md5_url, archive, self.package_id(archive))
        words = self._read(address).text.split()
        return words[0].lower() if words and len(words[0]) == 32 else ""

    def _read(self, address: str) -> httpx.Response:
        """Fetch a small answer, logging in once more when the session has expired."""
        for _ in range(2):
            client = self.client()
            answer = exchange(client, "GET", address)
            if answer.status_code == 200 and "html" not in answer.headers.get("content-type", ""):
                return answer
            refusal = Refusal(answer.status_code, shown(address), answer.headers, answer.content)
            trouble = self.classify(refusal)
            if not isinstance(trouble, SessionExpired):
                break
            self.refresh(client)
        raise trouble or TransferError(
            f"the site answered {answer.status_code}", where=shown(address)
        )
