"""Where hostile bytes are opened: in processes that can do nothing but compute.

`Sandbox` is the door. An owner starts one zygote (`zygote`), which has loaded the PDF libraries and given
up its user, its files and nearly all system calls; for each call the zygote forks a child (`child`) with
less still, or hands the document to an inspector (`inspector`), where many may share a process. What any of
them answers is believed only by type and bounds (`answers`), and any death is a refusal (`fates`).
"""

from __future__ import annotations

from bubuh.sandbox.refusals import SandboxDied, SandboxUnavailable
from bubuh.sandbox.sandbox import Sandbox, SyncSandbox

__all__ = ["Sandbox", "SandboxDied", "SandboxUnavailable", "SyncSandbox"]
