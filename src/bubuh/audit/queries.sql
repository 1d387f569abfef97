-- name: append(shard, account_id, act, actor, facts)$
SELECT audit_append(:shard, :account_id, :act, :actor, :facts);

-- name: find_head(shard)^
-- How long a chain should be. `last_no` is the last entry there is, seen at the same moment.
SELECT h.shard, h.no, h.hash,
       coalesce((SELECT max(e.no) FROM audit_entries AS e WHERE e.shard = :shard), 0) AS last_no
  FROM audit_heads AS h
 WHERE h.shard = :shard;

-- name: list_entries(shard, after_no, last_no, at_most)
-- A chain's entries in their order, after one of them, up to another.
SELECT e.shard, e.no, e.account_id, e.act, e.actor, e.facts, e.recorded_at, e.previous_hash, e.hash
  FROM audit_entries AS e
 WHERE e.shard = :shard AND e.no > :after_no AND e.no <= :last_no
 ORDER BY e.no
 LIMIT :at_most;
