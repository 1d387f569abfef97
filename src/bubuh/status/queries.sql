-- name: oldest_waiting_s(shard)$
-- How long the oldest accepted stamp of the shard has waited, in seconds; 0 where none waits.
SELECT coalesce(greatest(0, extract(epoch FROM now() - min(s.accepted_at))), 0)::float8
  FROM stamps AS s
 WHERE s.shard = :shard AND s.state = 'accepted';

-- name: count_unmatched(shard)$
-- Payments of the shard that fit nothing.
SELECT count(*)
  FROM payment_unmatched AS u
 WHERE u.shard = :shard AND u.state = 'open';

-- name: find_stock(shard, account_id, low)
-- Whether a partner can affix stamps; the number stays in the database. No row where it never had any.
SELECT q.account_id, CASE WHEN q.frozen OR q.free <= 0 THEN 'none' WHEN q.free < :low THEN 'low' ELSE 'some' END AS stock
  FROM quota_shown AS q
 WHERE q.shard = :shard AND q.account_id = :account_id;
