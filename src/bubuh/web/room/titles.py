"""Titles of lanes, as their readers get them."""

from __future__ import annotations

from bubuh.waitingroom.lanes import LaneRule
from bubuh.web.words import Voice


def title_of(rule: LaneRule, say: Voice) -> str:
    """Those that a room comes with are said in both languages; an operator's own are as they wrote them."""
    ours = {
        "Sudah punya kuota": say("Sudah punya kuota"),
        "Umum": say("Umum"),
        "Loket dan bantuan": say("Loket dan bantuan"),
    }
    return ours.get(rule.title, rule.title)
