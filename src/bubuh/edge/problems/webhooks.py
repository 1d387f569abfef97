"""What is said of webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words
from bubuh.webhooks import refusals as webhooks

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    webhooks.WebhookUnknown: NOT_FOUND,
    webhooks.WebhookUrlRefused: Problem(
        status=422,
        title=Words("Alamat webhook tidak dapat dipakai", "The webhook's address cannot be used"),
        detail=Words(
            "Pakai alamat https di internet terbuka, tanpa nama pengguna dan tanpa tanda pagar.",
            "Use an https address on the open net, without a user name and without a fragment.",
        ),
    ),
    webhooks.TooManyWebhooks: Problem(
        status=409,
        title=Words("Webhook sudah sebanyak yang boleh", "As many webhooks as one may have"),
        detail=Words(
            "Akun ini memiliki {most} webhook. Hapus satu, lalu ulangi.",
            "This account has {most} webhooks. Remove one, and repeat.",
        ),
        facts=("most",),
    ),
}
