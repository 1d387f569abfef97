"""What a hand at the database might do, and which invariants must then say so: these and no others."""

from __future__ import annotations

from dataclasses import dataclass

from bubuh.quota.invariants import Invariant

I = Invariant  # noqa: E741 - said thirty times below


@dataclass(frozen=True)
class Breach:
    """One statement by the owner with the guards off. A name in braces is an id of the story."""

    what: str
    statement: str
    named: set[Invariant]


BREACHES = [
    Breach(
        "a balance no transfer explains",
        "UPDATE quota_balances SET free = free + 1 WHERE account_id = {account_id}",
        {I.CONSERVATION},
    ),
    Breach(
        "stamps on their way that are gone",
        "UPDATE quota_balances SET in_transit = 0 WHERE account_id = {account_id}",
        {I.CONSERVATION},
    ),
    Breach(
        "stamps on their way that nobody brings",
        "DELETE FROM outbox_facts WHERE topic = 'quota.transferred'",
        {I.IN_TRANSIT_HAS_FACT},
    ),
    Breach(
        "stamps on their way that were told of and not brought",
        "UPDATE outbox_facts SET told_at = now() WHERE topic = 'quota.transferred'",
        {I.IN_TRANSIT_HAS_FACT},
    ),
    Breach(
        "a fact that brings another number",
        "UPDATE outbox_facts SET facts = facts || '{{\"stamps\": 9}}' WHERE topic = 'quota.transferred'",
        {I.IN_TRANSIT_HAS_FACT},
    ),
    Breach(
        "a balance that is gone",
        "DELETE FROM quota_balances WHERE account_id = {account_id}",
        {I.CONSERVATION, I.HELD_EQUALS_HOLDS},
    ),
    Breach(
        "a hold that is gone",
        "DELETE FROM quota_holds WHERE purpose = 'refund' AND state = 'held'",
        {I.HELD_EQUALS_HOLDS, I.HOLD_HAS_PURPOSE, I.STATES_FORWARD},
    ),
    Breach(
        "a hold of another number",
        "UPDATE quota_holds SET stamps = 2 WHERE purpose = 'refund' AND state = 'held'",
        {I.HELD_EQUALS_HOLDS, I.HOLD_HAS_PURPOSE, I.STATES_FORWARD},
    ),
    Breach(
        "a hold that changed its end",
        "UPDATE quota_holds SET state = 'released' WHERE purpose = 'refund' AND state = 'captured'",
        {I.HOLD_HAS_PURPOSE, I.STATES_FORWARD},
    ),
    Breach(
        "a hold whose refund is gone",
        "DELETE FROM refunds WHERE state = 'done'",
        {I.HOLD_HAS_PURPOSE},
    ),
    Breach(
        "what a child holds, and its parent does not know",
        "DELETE FROM quota_transfers WHERE account_id = {parent_id} AND kind = 'hold'",
        {I.CONSERVATION, I.STATES_FORWARD, I.SHARE_IS_ITS_PARENTS},
    ),
    Breach(
        "what a parent holds for a child that does not",
        "UPDATE quota_transfers SET counter_account_id = {account_id} "
        "WHERE account_id = {parent_id} AND kind = 'capture'",
        {I.SHARE_IS_ITS_PARENTS},
    ),
    Breach("a stamp that is gone", "DELETE FROM stamps WHERE id = {accepted}", {I.HOLD_HAS_PURPOSE}),
    Breach("a seal that is gone", "DELETE FROM seals WHERE stamp_id = {affixed}", {I.USED_EQUALS_SEALS}),
    Breach(
        "a seal over something else",
        "UPDATE seals SET digest = sha256('x') WHERE stamp_id = {affixed}",
        {I.USED_EQUALS_SEALS},
    ),
    Breach(
        "a leaf over something else",
        "UPDATE log_leaves SET digest = sha256('x') WHERE kind = 'issue'",
        {I.USED_EQUALS_SEALS},
    ),
    Breach(
        "an affixed stamp's leaf that is gone",
        "DELETE FROM log_leaves WHERE kind = 'issue'",
        {I.USED_EQUALS_SEALS, I.SERIAL_UNIQUE_BLOCK_KNOWN},
    ),
    Breach(
        "a returned stamp's leaf that is gone",
        "DELETE FROM log_leaves WHERE kind = 'void'",
        {I.SERIAL_UNIQUE_BLOCK_KNOWN},
    ),
    Breach(
        "a paid order not filled", "UPDATE orders SET state = 'paid' WHERE id = {filled}", {I.STATES_FORWARD}
    ),
    Breach(
        "an order credited with another number",
        "UPDATE orders SET stamps = 4 WHERE id = {filled}",
        {I.PAYMENT_ALLOTTED_ONCE},
    ),
    Breach(
        "an order filled and not credited",
        "UPDATE orders SET state = 'filled', amount_paid_idr = amount_idr WHERE id = {placed}",
        {I.PAYMENT_ALLOTTED_ONCE, I.PAYMENT_EXPLAINED, I.STATES_FORWARD},
    ),
    Breach(
        "money that came and is gone",
        "DELETE FROM order_payments WHERE order_id = {filled}",
        {I.PAYMENT_EXPLAINED},
    ),
    Breach(
        "money that bought nothing",
        "UPDATE orders SET amount_paid_idr = 40000 WHERE id = {filled}",
        {I.PAYMENT_EXPLAINED},
    ),
    Breach(
        "a worker that died unnoticed",
        "UPDATE stamps SET lease_until = now() - interval '61 seconds' WHERE id = {processing}",
        {I.PROCESSING_HAS_LEASE},
    ),
    Breach(
        "work without a lease",
        "UPDATE stamps SET lease_until = NULL WHERE id = {processing}",
        {I.PROCESSING_HAS_LEASE},
    ),
    Breach(
        "a seal with a number its stamp does not bear",
        "UPDATE seals SET serial = 77999 WHERE stamp_id = {processing}",
        {I.SERIAL_UNIQUE_BLOCK_KNOWN},
    ),
    Breach(
        "a leaf with a number no stamp bears",
        "UPDATE log_leaves SET serial_no = 'S1' WHERE kind = 'void'",
        {I.SERIAL_UNIQUE_BLOCK_KNOWN},
    ),
    Breach("a revision that is gone", "DELETE FROM document_revisions", {I.AFFIXED_HAS_OBJECT}),
    Breach("a gap in a document", "UPDATE document_revisions SET no = 2", {I.AFFIXED_HAS_OBJECT}),
    Breach(
        "a revision of an unfinished stamp",
        "UPDATE document_revisions SET stamp_id = {processing}",
        {I.AFFIXED_HAS_OBJECT},
    ),
    Breach(
        "a stamp that skipped a state",
        "DELETE FROM stamp_events WHERE stamp_id = {affixed} AND state = 'processing'",
        {I.STATES_FORWARD},
    ),
    Breach(
        "a stamp with two ends",
        """INSERT INTO stamp_events (shard, account_id, stamp_id, state)
           SELECT shard, account_id, stamp_id, 'returned' FROM stamp_events
            WHERE stamp_id = {affixed} AND state = 'affixed'""",
        {I.STATES_FORWARD},
    ),
    Breach(
        "an order without a past", "DELETE FROM order_events WHERE order_id = {placed}", {I.STATES_FORWARD}
    ),
    Breach(
        "an act rewritten",
        "UPDATE audit_entries SET actor = 'x' WHERE account_id = {account_id} AND act = 'quota.allot'",
        {I.AUDIT_CHAIN_WHOLE},
    ),
    Breach(
        "a fact nobody was told",
        "UPDATE outbox_facts SET published_at = now() - interval '61 s' WHERE topic = 'stamp.affixed'",
        {I.OUTBOX_FRESH},
    ),
    Breach(
        "a stamp that waits beyond its time",
        "UPDATE stamps SET accepted_at = now() - interval '25 hours 1 second' WHERE id = {accepted}",
        {I.WAITS_END},
    ),
]
