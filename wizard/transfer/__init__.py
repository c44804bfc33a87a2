"""Getting files: http with resume and mirrors, logins, links, inbox import, hashing.

The public face of a download, used by the fetch steps of the engine::

    from wizard.transfer.download import Downloader
    from wizard.transfer.limits import Limits
    from wizard.transfer.progress import TransferProgress
    from wizard.transfer.request import FetchRequest, Proof, Refusal, Session

    downloader = Downloader(Limits(per_host=4, rate=0))        # one for the whole run
    request = FetchRequest(name="train2017.zip", urls=(url, mirror), size=..., md5=...)
    proof = downloader.fetch(request, target, TransferProgress(), token)   # blocks
    downloader.set_rate(5_000_000)                             # bytes a second, while running
    downloader.discard(target)                                 # forget the bytes of a part
    downloader.close()

``fetch`` returns a ``Proof`` once the file stands whole and proven under ``target``; cancelling
the token raises ``Cancelled`` within half a second and keeps the bytes, so pausing an archive is
cancelling its token and resuming is calling ``fetch`` again. Everything else that can happen is a
``TransferError`` of ``wizard.transfer.errors``, told apart by class: ``LinkExpired`` (bytes kept,
ask for a fresh link), ``DiskFull`` (treat as a pause), ``LoginRefused``, ``ApprovalMissing`` ...

A ``Session`` supplies the httpx client that holds cookies or auth headers. It is used for the
session's own origins only: redirects are followed hop by hop, and a hop to any other origin goes
through a client that knows no secret. Whoever makes a session closes it.

From the outside in: ``download`` (one call a file), ``fetching`` (addresses, tries, proof),
``source`` (one address; the rules of resuming), ``crew`` and ``pieces`` (several connections),
``opening`` (redirects and logins), ``body`` (bytes to the disk), ``part`` and ``lease`` (the
growing file), ``hashing`` and ``proving``, ``refusals`` and ``pages`` (what went wrong).
"""
