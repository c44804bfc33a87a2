"""Getting files: downloads with resume and mirrors, logins, pasted links, and the inbox.

The public face of a download, used by the fetch steps::

    from wizard.transfer.download import Downloader
    from wizard.progress import TransferProgress
    from wizard.transfer.request import DownloadProof, FetchRequest, LoginSession
    from wizard.transfer.retry_policy import RetryPolicy

    downloader = Downloader(RetryPolicy(per_host=4, rate=0))   # one for the whole run
    request = FetchRequest(name="train2017.zip", urls=(url, mirror), size=..., md5=...)
    proof = downloader.fetch(request, target, TransferProgress(), token)   # blocks
    downloader.set_rate(5_000_000)                             # bytes a second, while running
    downloader.discard(target)                                 # forget the bytes of a part
    downloader.close()

``fetch`` returns a ``DownloadProof`` once the file stands whole and proven under ``target``;
cancelling the token raises ``Cancelled`` within half a second and keeps the bytes, so pausing an
archive is cancelling its token and resuming is calling ``fetch`` again. Everything else that can
happen is a ``TransferError`` of ``wizard.transfer.errors``, told apart by class: ``LinkExpired``
(bytes kept, ask for a fresh link), ``DiskFull`` (treat as a pause), ``LoginRefused`` ...

A ``LoginSession`` supplies the httpx client that holds cookies or auth headers. It is used for
the session's own origins only: redirects are followed hop by hop, and a hop to any other origin
goes through a client that knows no secret. Whoever makes a session closes it.

From the outside in: ``download`` (one call a file), ``fetching`` (addresses, tries, proof),
``retry_policy``, ``http`` (one address: opening, body, refusals), ``parts`` (the
growing file: resume, segments, lock, hash), ``logins``, ``links`` (pasted, shared), ``inbox`` and
``archive_cache`` (files that are here already).
"""
