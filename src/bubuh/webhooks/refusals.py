"""How webhooks say no."""

from __future__ import annotations

from bubuh.core.errors import Refusal


class WebhookUnknown(Refusal):
    """The account has no such webhook."""

    code = "not_found"


class WebhookUrlRefused(Refusal):
    """The address cannot be a webhook's."""

    code = "webhook_url_refused"

    def __init__(self) -> None:
        super().__init__(pointer="/url")


class TooManyWebhooks(Refusal):
    """The account has as many webhooks as one may have."""

    code = "too_many_webhooks"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)
