-- name: open_feed(shard, account_id)!
-- And lock it: the account's webhooks, and what they are to hear, change one after the other.
INSERT INTO webhook_feeds AS f (shard, account_id)
VALUES (:shard, :account_id)
ON CONFLICT (shard, account_id) DO UPDATE SET last_no = f.last_no;

-- name: lock_feeds(shard, account_ids)
-- Those of the accounts that have a webhook.
SELECT f.account_id, f.last_no
  FROM webhook_feeds AS f
 WHERE f.shard = :shard AND f.account_id = ANY(:account_ids::bigint[])
   AND EXISTS (SELECT FROM webhooks AS w WHERE w.shard = :shard AND w.account_id = f.account_id)
 ORDER BY f.account_id
   FOR NO KEY UPDATE OF f;

-- name: write_event(shard, account_id, no, id, type, subject, data, happened_at)!
INSERT INTO webhook_events (shard, account_id, no, id, type, subject, data, happened_at)
VALUES (:shard, :account_id, :no, :id, :type, :subject, :data, :happened_at);

-- name: write_deliveries(shard, account_ids, nos)!
-- For each of these events and each webhook of its account that is on.
INSERT INTO webhook_deliveries (shard, account_id, webhook_id, no)
SELECT w.shard, w.account_id, w.id, x.no
  FROM unnest(:account_ids::bigint[], :nos::bigint[]) AS x (account_id, no)
  JOIN webhooks AS w ON w.shard = :shard AND w.account_id = x.account_id AND w.state = 'on';

-- name: move_feeds(shard, account_ids, nos)!
UPDATE webhook_feeds AS f
   SET last_no = x.no
  FROM unnest(:account_ids::bigint[], :nos::bigint[]) AS x (account_id, no)
 WHERE f.shard = :shard AND f.account_id = x.account_id;

-- name: find_last_no(shard, account_id)
-- No row: the account never had a webhook.
SELECT f.last_no FROM webhook_feeds AS f WHERE f.shard = :shard AND f.account_id = :account_id;

-- name: list_events(shard, account_id, after_no, at_most)
-- The oldest first.
SELECT e.account_id, e.no, e.id, e.type, e.subject, e.data, e.happened_at
  FROM webhook_events AS e
 WHERE e.shard = :shard AND e.account_id = :account_id AND e.no > :after_no
 ORDER BY e.no
 LIMIT :at_most;

-- name: add_webhook(shard, account_id, id, url)!
INSERT INTO webhooks (shard, account_id, id, url) VALUES (:shard, :account_id, :id, :url);

-- name: list_webhooks(shard, account_id, most_counted)
-- The oldest first.
SELECT w.account_id, w.id, w.url, w.state, w.made_at, w.off_at, w.heard_at, w.failed_at, w.failure, w.given_up,
       (SELECT count(*)
          FROM (SELECT FROM webhook_deliveries AS d
                 WHERE d.shard = :shard AND d.account_id = w.account_id AND d.webhook_id = w.id
                 LIMIT :most_counted) AS counted) AS waiting
  FROM webhooks AS w
 WHERE w.shard = :shard AND w.account_id = :account_id
 ORDER BY w.made_at, w.id;

-- name: drop_deliveries(shard, account_id, webhook_id)!
DELETE FROM webhook_deliveries WHERE shard = :shard AND account_id = :account_id AND webhook_id = :webhook_id;

-- name: drop_secrets(shard, account_id, webhook_id)!
DELETE FROM webhook_secrets WHERE shard = :shard AND account_id = :account_id AND webhook_id = :webhook_id;

-- name: drop_webhook(shard, account_id, id)!
DELETE FROM webhooks WHERE shard = :shard AND account_id = :account_id AND id = :id;

-- name: forget_events(shard, account_id)!
DELETE FROM webhook_events WHERE shard = :shard AND account_id = :account_id;

-- name: end_secrets(shard, account_id, webhook_id, overlap_s)!
-- The newest is good for a while yet, any other no longer.
UPDATE webhook_secrets AS s
   SET ends_at = CASE WHEN s.ends_at IS NULL THEN now() + make_interval(secs => :overlap_s)
                      ELSE least(s.ends_at, now()) END
 WHERE s.shard = :shard AND s.account_id = :account_id AND s.webhook_id = :webhook_id;

-- name: add_secret(shard, account_id, webhook_id, id, secret_sealed)!
INSERT INTO webhook_secrets (shard, account_id, webhook_id, id, secret_sealed)
VALUES (:shard, :account_id, :webhook_id, :id, :secret_sealed);

-- name: has_secret(shard, account_id, webhook_id, id)
SELECT EXISTS (SELECT FROM webhook_secrets AS s
                WHERE s.shard = :shard AND s.account_id = :account_id AND s.webhook_id = :webhook_id AND s.id = :id);

-- name: list_secrets(shard, account_id, webhook_id)
-- Those that are good now, the newest first.
SELECT s.secret_sealed
  FROM webhook_secrets AS s
 WHERE s.shard = :shard AND s.account_id = :account_id AND s.webhook_id = :webhook_id
   AND (s.ends_at IS NULL OR s.ends_at > now())
 ORDER BY s.made_at DESC, s.id;

-- name: find_due(shard, rest_s)
-- The webhooks of a shard that something is due for; one that failed is left alone for `rest_s`.
SELECT w.account_id, w.id, w.url, coalesce(w.failed_at >= coalesce(w.heard_at, '-infinity'), FALSE) AS is_failing
  FROM webhooks AS w
 WHERE w.shard = :shard AND w.state = 'on'
   AND (w.failed_at IS NULL OR w.heard_at > w.failed_at OR w.failed_at <= now() - make_interval(secs => :rest_s))
   AND EXISTS (SELECT FROM webhook_deliveries AS d
                WHERE d.shard = :shard AND d.account_id = w.account_id AND d.webhook_id = w.id AND d.due_at <= now());

-- name: lock_due(shard, account_id, webhook_id, at_most)
-- The oldest first, without those another is taking just now.
SELECT d.attempts, e.account_id, e.no, e.id, e.type, e.subject, e.data, e.happened_at
  FROM webhook_deliveries AS d
  JOIN webhook_events AS e ON e.shard = :shard AND e.account_id = d.account_id AND e.no = d.no
 WHERE d.shard = :shard AND d.account_id = :account_id AND d.webhook_id = :webhook_id AND d.due_at <= now()
 ORDER BY d.due_at, d.no
 LIMIT :at_most
   FOR NO KEY UPDATE OF d SKIP LOCKED;

-- name: count_attempt(shard, account_id, webhook_id, nos, wait_s)!
-- Not to be taken again before its time, should its taker die.
UPDATE webhook_deliveries AS d
   SET attempts = d.attempts + 1, due_at = now() + make_interval(secs => :wait_s)
 WHERE d.shard = :shard AND d.account_id = :account_id AND d.webhook_id = :webhook_id
   AND d.no = ANY(:nos::bigint[]);

-- name: put_off(shard, account_id, webhook_id, no, wait_s)!
UPDATE webhook_deliveries AS d
   SET due_at = now() + make_interval(secs => :wait_s)
 WHERE d.shard = :shard AND d.account_id = :account_id AND d.webhook_id = :webhook_id AND d.no = :no;

-- name: drop_delivery(shard, account_id, webhook_id, no)
-- No row: it was dropped before.
DELETE FROM webhook_deliveries AS d
 WHERE d.shard = :shard AND d.account_id = :account_id AND d.webhook_id = :webhook_id AND d.no = :no
RETURNING d.no;

-- name: list_put_off(shard, account_id, webhook_id, away_s, lease_s, at_most)
-- What waits for a webhook that heard nothing for `away_s`; without what somebody has in hand.
SELECT d.no
  FROM webhooks AS w
  JOIN webhook_deliveries AS d ON d.shard = :shard AND d.account_id = w.account_id AND d.webhook_id = w.id
 WHERE w.shard = :shard AND w.account_id = :account_id AND w.id = :webhook_id
   AND coalesce(w.heard_at, w.made_at) < now() - make_interval(secs => :away_s)
   AND d.due_at > now() + make_interval(secs => :lease_s)
 ORDER BY d.due_at, d.no
 LIMIT :at_most;

-- name: bring_forward(shard, account_id, webhook_id, nos)!
-- It hears again: nothing waits for a time that was chosen for a dead server.
UPDATE webhook_deliveries AS d
   SET due_at = now()
 WHERE d.shard = :shard AND d.account_id = :account_id AND d.webhook_id = :webhook_id AND d.no = ANY(:nos::bigint[]);

-- name: note_heard(shard, account_id, id)!
-- To a second, so that not every message writes the row.
UPDATE webhooks AS w
   SET heard_at = now()
 WHERE w.shard = :shard AND w.account_id = :account_id AND w.id = :id
   AND (w.heard_at IS NULL OR w.heard_at < now() - interval '1 second' OR w.failed_at >= w.heard_at);

-- name: note_failed(shard, account_id, id, failure, given_up)!
UPDATE webhooks AS w
   SET failed_at = now(), failure = :failure, given_up = w.given_up + :given_up
 WHERE w.shard = :shard AND w.account_id = :account_id AND w.id = :id;

-- name: switch_off(shard, account_id, id, failure)!
UPDATE webhooks AS w
   SET state = 'off', off_at = now(), failed_at = now(), failure = :failure
 WHERE w.shard = :shard AND w.account_id = :account_id AND w.id = :id AND w.state = 'on';

-- name: sweep_events(shard, kept_days)!
DELETE FROM webhook_events WHERE shard = :shard AND noted_at < now() - make_interval(days => :kept_days);

-- name: sweep_secrets(shard)!
-- Their rows stay for three days after their end: a repeated Idempotency-Key finds what it made.
DELETE FROM webhook_secrets WHERE shard = :shard AND ends_at < now() - interval '3 days';

-- name: sweep_deliveries(shard, kept_days)!
-- What a webhook that fails all the time was never even tried for, before its event goes.
WITH gone AS (
    DELETE FROM webhook_deliveries AS d
     WHERE d.shard = :shard AND d.made_at < now() - make_interval(days => :kept_days)
    RETURNING d.account_id, d.webhook_id
)
UPDATE webhooks AS w
   SET given_up = w.given_up + x.events
  FROM (SELECT g.account_id, g.webhook_id, count(*) AS events FROM gone AS g GROUP BY g.account_id, g.webhook_id) AS x
 WHERE w.shard = :shard AND w.account_id = x.account_id AND w.id = x.webhook_id;
