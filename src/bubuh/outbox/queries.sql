-- name: publish(shard, account_id, topic, subject, facts)
-- No row: it was published before.
INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
VALUES (:shard, :account_id, :topic, :subject, :facts)
ON CONFLICT DO NOTHING
RETURNING subject;

-- name: find_due(shard)
-- The shard, if it has untold facts that are due.
SELECT f.shard FROM outbox_facts AS f WHERE f.shard = :shard AND f.told_at IS NULL AND f.not_before <= now() LIMIT 1;

-- name: lock_untold(shard, at_most)
-- The untold facts of one shard that are due, oldest first, without those another is taking just now.
SELECT f.account_id, f.topic, f.subject, f.facts, f.published_at, f.attempts
  FROM outbox_facts AS f
 WHERE f.shard = :shard AND f.told_at IS NULL AND f.not_before <= now()
 ORDER BY f.not_before
 LIMIT :at_most
   FOR NO KEY UPDATE SKIP LOCKED;

-- name: lock_untold_of(shard, account_id, topics, at_most)
-- Waits for who is at them now; what they told meanwhile is not among the rows.
SELECT f.account_id, f.topic, f.subject, f.facts, f.published_at, f.attempts
  FROM outbox_facts AS f
 WHERE f.shard = :shard AND f.account_id = :account_id AND f.topic = ANY(:topics::text[]) AND f.told_at IS NULL
 ORDER BY f.published_at, f.topic, f.subject
 LIMIT :at_most
   FOR NO KEY UPDATE;

-- name: put_off(shard, account_ids, topics, subjects, waits_s)
-- Not to be taken again before its time, should its taker die or fail.
SELECT outbox_put_off_n(:shard, :account_ids::bigint[], :topics::text[], :subjects::uuid[],
                        :waits_s::double precision[]);

-- name: mark_told(shard, account_ids, topics, subjects)
-- How many were untold until now.
SELECT outbox_mark_told_n(:shard, :account_ids::bigint[], :topics::text[], :subjects::uuid[]);
