"""Which tables are sharded and which are whole: the lists for the shape checks and for distribution."""

from __future__ import annotations

from typing import Final

#: led by `shard` in every key; a statement names one shard of them
HOT_TABLES: Final = frozenset(
    {
        "audit_entries",
        "audit_heads",
        "complaint_events",
        "complaints",
        "document_revisions",
        "documents",
        "log_leaves",
        "order_events",
        "order_payments",
        "order_reversals",
        "orders",
        "outbox_facts",
        "payment_attempt_events",
        "payment_attempts",
        "payment_unmatched",
        "quota_balances",
        "quota_breaches",
        "quota_folds",
        "quota_holds",
        "quota_link_heads",
        "quota_linked",
        "quota_links",
        "quota_shares",
        "quota_transfers",
        "quota_watch",
        "refund_events",
        "refunds",
        "seals",
        "stamp_events",
        "stamp_levels",
        "stamps",
        "turn_reminders",
        "uploads",
        "webhook_deliveries",
        "webhook_events",
        "webhook_feeds",
        "webhook_secrets",
        "webhooks",
    }
)

#: over hot tables; a statement names one shard of them as well
HOT_VIEWS: Final = frozenset({"quota_shown"})

#: one place or a copy everywhere: rarely written, or keyed by what has no account
REFERENCE_TABLES: Final = frozenset(
    {
        "accounts",
        "api_keys",
        "challenges",
        "contacts",
        "credentials",
        "deadline_entitled",
        "deadline_entries",
        "deadlines",
        "invitations",
        "lane_accounts",
        "lane_turns",
        "memberships",
        "named_lanes",
        "outage_updates",
        "outages",
        "payment_bank_calls",
        "payment_notice_work",
        "payment_notices",
        "quota_signed_heads",
        "schema_migrations",
        "serial_blocks",
        "service_facts",
        "sessions",
        "shown_partners",
        "statements",
        "users",
    }
)

#: hot, but a row belongs to a shard and to no account
SHARD_ONLY: Final = frozenset({"audit_heads", "quota_link_heads", "quota_links", "quota_watch"})
