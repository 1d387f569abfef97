"""Where hostile bytes are opened: one short-lived process a document, which can do nothing but compute.

`Sandbox` is the door. An owner starts one zygote (`zygote`), which has loaded the PDF libraries and given
up its user, its files and nearly all system calls; for each call the zygote forks a child (`child`) with
less still. What a child answers is believed only by type and bounds (`answers`), and any death is a refusal
(`fates`).
"""

from __future__ import annotations

from bubuh.sandbox.refusals import SandboxDied, SandboxUnavailable
from bubuh.sandbox.sandbox import Sandbox, SyncSandbox

__all__ = ["Sandbox", "SandboxDied", "SandboxUnavailable", "SyncSandbox"]
