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
SELECT s.free, s.held, s.used, s.in_transit, s.frozen, s.parent_id, s.share_limit, s.share_closed
  FROM quota_shown AS s
 WHERE s.shard = :shard AND s.account_id = :account_id;

-- name: is_child(shard, account_id)
SELECT EXISTS (SELECT FROM quota_balances AS b
                WHERE b.shard = :shard AND b.account_id = :account_id AND b.parent_id IS NOT NULL);

-- name: open_share(shard, parent_id, child_id, name, share_limit)
-- One row: done, already_done, conflict or child.
SELECT quota_share_open(:shard, :parent_id, :child_id, :name, :share_limit);

-- name: change_share(shard, parent_id, child_id, share_limit, is_closed)
-- One row: done, already_done, low or unknown.
SELECT quota_share_change(:shard, :parent_id, :child_id, :share_limit, :is_closed);

-- name: list_shares(shard, parent_id, after_account_id, child_id, at_most)
-- A parent's children by their ids, or the one of that id.
SELECT s.account_id, s.name, b.share_limit AS "limit", b.held, b.used,
       CASE WHEN b.share_closed_at IS NULL THEN b.share_limit - b.held - b.used ELSE 0 END AS "left",
       b.share_closed_at IS NOT NULL AS closed, s.opened_at
  FROM quota_shares AS s
  JOIN quota_balances AS b ON b.shard = :shard AND b.account_id = s.account_id
 WHERE s.shard = :shard AND s.parent_id = :parent_id AND s.account_id > :after_account_id
   AND (:child_id::bigint IS NULL OR s.account_id = :child_id)
 ORDER BY s.account_id
 LIMIT :at_most;

-- name: freeze(shard, account_id)
SELECT quota_freeze(:shard, :account_id);

-- name: thaw(shard, account_id)
SELECT quota_thaw(:shard, :account_id);

-- name: take_watch(shard, every_s, patrol_every_s)
-- No row: another worker took it less than `every_s` ago, or nothing moved and a minute is not over. One that is taken
-- and has nothing to ask costs one probe of an index. A clock that stepped back stops nobody.
UPDATE quota_watch AS w
   SET taken_at = now()
 WHERE w.shard = :shard AND NOT w.taken_at BETWEEN now() - make_interval(secs => :every_s) AND now()
   AND (NOT coalesce(w.passed_at BETWEEN now() - interval '60 seconds' AND now(), false)
        OR NOT w.patrolled_at BETWEEN now() - make_interval(secs => :patrol_every_s) AND now()
        OR EXISTS (SELECT FROM quota_transfers AS t
                    WHERE t.shard = :shard AND t.recorded_at > least(w.read_to, now() - interval '15 seconds'))
        OR EXISTS (SELECT FROM audit_heads AS h WHERE h.shard = :shard AND h.no > w.audit_no)
        OR EXISTS (SELECT FROM quota_breaches AS r WHERE r.shard = :shard AND r.gone_at IS NULL))
RETURNING w.read_to, w.patrol_after, w.audit_no, w.audit_hash,
          NOT w.patrolled_at BETWEEN now() - make_interval(secs => :patrol_every_s) AND now() AS is_patrol_due;

-- name: list_moved(shard, read_to, at_most)
-- What moved since, oldest first, with what may have been committed late: a transfer's time is when its transaction
-- began. `settled` is its time, or the time before which nothing more comes.
SELECT t.account_id, t.ref, least(t.recorded_at, now() - interval '15 seconds') AS settled
  FROM quota_transfers AS t
 WHERE t.shard = :shard AND t.recorded_at > least(:read_to::timestamptz, now() - interval '15 seconds')
 ORDER BY t.recorded_at
 LIMIT :at_most;

-- name: list_patrolled(shard, after_account_id, at_most)
-- The next accounts in the walk past all of them, moved or not.
SELECT b.account_id
  FROM quota_balances AS b
 WHERE b.shard = :shard AND b.account_id > :after_account_id
 ORDER BY b.account_id
 LIMIT :at_most;

-- name: list_folded(shard, account_ids)
SELECT k.account_id FROM quota_folds AS k WHERE k.shard = :shard AND k.account_id = ANY(:account_ids::bigint[]);

-- name: fold(shard, account_ids, least)
SELECT quota_fold(:shard, :account_ids, :least);

-- name: unfold(shard, account_ids)
SELECT quota_unfold(:shard, :account_ids);

-- name: end_pass(shard, read_to, patrol_after, audit_no, audit_hash, is_patrol_due)!
UPDATE quota_watch AS w
   SET passed_at = now(), read_to = :read_to, patrol_after = :patrol_after, audit_no = :audit_no,
       audit_hash = :audit_hash, patrolled_at = CASE WHEN :is_patrol_due::boolean THEN now() ELSE w.patrolled_at END
 WHERE w.shard = :shard;

-- name: list_open_breaches(shard, found_by, at_most)
-- Those that somebody found; NULL: whoever did.
SELECT r.account_id, r.invariant, r.subject, r.is_late
  FROM quota_breaches AS r
 WHERE r.shard = :shard AND r.gone_at IS NULL AND (:found_by::text IS NULL OR r.found_by = :found_by)
 ORDER BY r.account_id, r.invariant, r.subject
 LIMIT :at_most;

-- name: open_breach(shard, account_id, invariant, subject, expected, found, is_late, found_by)
-- No row: it is open already.
INSERT INTO quota_breaches AS r (shard, account_id, invariant, subject, expected, found, is_late, found_by)
VALUES (:shard, :account_id, :invariant, :subject, :expected, :found, :is_late, :found_by)
ON CONFLICT (shard, account_id, invariant, subject) DO UPDATE
   SET found_at = now(), gone_at = NULL, expected = excluded.expected, found = excluded.found,
       found_by = excluded.found_by
 WHERE r.gone_at IS NOT NULL
RETURNING r.subject;

-- name: close_breach(shard, account_id, invariant, subject)!
UPDATE quota_breaches AS r
   SET gone_at = now()
 WHERE r.shard = :shard AND r.account_id = :account_id AND r.invariant = :invariant AND r.subject = :subject
   AND r.gone_at IS NULL;

-- name: find_standing(shard)
-- Since when the books of a shard are watched, when they were last, and until when a difference stood (now, while one
-- is open). What only waits too long is no difference.
SELECT w.begun_at, w.passed_at, now() AS asked_at, r.until
  FROM quota_watch AS w
  LEFT JOIN (
        SELECT max(coalesce(q.gone_at, now())) AS until
          FROM quota_breaches AS q
         WHERE q.shard = :shard AND NOT q.is_late) AS r ON true
 WHERE w.shard = :shard;

-- name: list_movements(shard, account_id, before_no, at_most)
-- An account's movements, newest first; all of them, or those before a number.
SELECT t.no, t.ref, t.kind, t.debit, t.credit, t.stamps, t.counter_account_id, t.actor, t.recorded_at, h.purpose
  FROM quota_transfers AS t
  LEFT JOIN quota_holds AS h ON h.shard = :shard AND h.account_id = :account_id AND h.id = t.ref
 WHERE t.shard = :shard AND t.account_id = :account_id
   AND t.no < coalesce(:before_no::bigint, 9223372036854775807)
 ORDER BY t.no DESC
 LIMIT :at_most;

-- name: find_sent(shard, account_id, ref)
-- What an account sent to another; `arrived_at` when the giver was told.
SELECT o.ref, o.counter_account_id AS receiver, o.stamps, o.recorded_at AS sent_at, k.recorded_at AS arrived_at
  FROM quota_transfers AS o
  LEFT JOIN quota_transfers AS k
    ON k.shard = :shard AND k.account_id = o.account_id AND k.ref = o.ref AND k.kind = 'transfer_ack'
 WHERE o.shard = :shard AND o.account_id = :account_id AND o.ref = :ref AND o.kind = 'transfer_out';
