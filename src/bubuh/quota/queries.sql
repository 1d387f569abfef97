-- name: allot_n(shard, refs, account_ids, stamps, sources, actors)
-- Give to many accounts of one shard. One row per request: done, already_done or conflict.
SELECT a.ref AS id, a.outcome, a.free, a.held
  FROM quota_allot_n(:shard, :refs::uuid[], :account_ids::bigint[], :stamps::bigint[], :sources::text[],
                     :actors::text[]) AS a;

-- name: hold_n(shard, ids, account_ids, stamps, purpose, actors)
-- Hold for many requests of one shard. One row per request: done, already_done, exhausted, frozen or
-- conflict. "Not enough" is an answer, never an exception.
SELECT h.id, h.outcome, h.free, h.held
  FROM quota_hold_n(:shard, :ids::uuid[], :account_ids::bigint[], :stamps::bigint[], :purpose,
                    :actors::text[]) AS h;

-- name: capture_n(shard, ids, account_ids, credit, actors)
-- Use what was held. One row per request: done, already_done, conflict (released) or unknown.
SELECT c.id, c.outcome, c.free, c.held
  FROM quota_capture_n(:shard, :ids::uuid[], :account_ids::bigint[], :credit, :actors::text[]) AS c;

-- name: release_n(shard, ids, account_ids, actors)
-- Give back what was held. One row per request: done, already_done, conflict (captured) or unknown.
SELECT r.id, r.outcome, r.free, r.held
  FROM quota_release_n(:shard, :ids::uuid[], :account_ids::bigint[], :actors::text[]) AS r;

-- name: transfer_n(shard, leg, refs, account_ids, counter_account_ids, stamps, actors)
-- One leg of many transfers. One row per request: done, already_done, exhausted, frozen, conflict or unknown.
SELECT t.ref AS id, t.outcome, t.free, t.held
  FROM quota_transfer_n(:shard, :leg, :refs::uuid[], :account_ids::bigint[], :counter_account_ids::bigint[],
                        :stamps::bigint[], :actors::text[]) AS t;

-- name: find_balance(shard, account_id)
-- No row: the account never had a stamp.
SELECT b.free, b.held, b.used, b.in_transit, b.frozen_at IS NOT NULL AS frozen
  FROM quota_balances AS b
 WHERE b.shard = :shard AND b.account_id = :account_id;

-- name: freeze(shard, account_id)
SELECT quota_freeze(:shard, :account_id);

-- name: thaw(shard, account_id)
SELECT quota_thaw(:shard, :account_id);

-- name: list_movements(shard, account_id, before_no, at_most)
-- An account's movements, newest first; all of them, or those before a number.
SELECT t.no, t.ref, t.kind, t.debit, t.credit, t.stamps, t.counter_account_id, t.actor, t.recorded_at
  FROM quota_transfers AS t
 WHERE t.shard = :shard AND t.account_id = :account_id
   AND t.no < coalesce(:before_no::bigint, 9223372036854775807)
 ORDER BY t.no DESC
 LIMIT :at_most;
