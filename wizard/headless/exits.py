"""The exit codes of every command, as ``--help`` tells them."""

from __future__ import annotations

COMPLETE = 0
FAILED = 1
USAGE = 2
WAITING = 3
DESTINATION = 4
HELD = 5
FAULT = 70
INTERRUPTED = 130

EPILOG = """\b
Exit codes:
  0    everything that was chosen is done (an install that left datasets out says "partial")
  1    something failed; the summary says what, grouped by cause, and what to do
  2    a mistake in the command, a recipe or a site file
  3    nothing failed, but a person is needed: a licence, a link, a login, a file
  4    the destination cannot take it: full, read-only, or not a folder
  5    another runner holds the destination
  70   a fault of segwizard itself; the message names the report
  130  interrupted; what was finished stays, run the command again to go on
       (the wizard on screen: 129 when its terminal was closed, 143 when it was terminated)
"""
