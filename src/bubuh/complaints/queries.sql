-- name: open_complaint(shard, account_id, id, request_sha256, subject_kind, subject_id, words_sealed, findings, actor, within_s)
-- No row: there is one of this id.
INSERT INTO complaints (shard, account_id, id, request_sha256, subject_kind, subject_id, words_sealed, findings, state,
                        actor, answer_by)
VALUES (:shard, :account_id, :id, :request_sha256, :subject_kind, :subject_id, :words_sealed, :findings, 'open', :actor,
        now() + make_interval(secs => :within_s))
ON CONFLICT DO NOTHING
RETURNING id;

-- name: count_open(shard, account_id)
SELECT count(*) FROM complaints AS c WHERE c.shard = :shard AND c.account_id = :account_id AND c.state = 'open';

-- name: note(shard, account_id, complaint_id, state, move)!
-- That it entered a state, and by which move.
INSERT INTO complaint_events (shard, account_id, complaint_id, state, move)
VALUES (:shard, :account_id, :complaint_id, :state, :move);

-- name: find_complaint(shard, id)
-- No row: no complaint has this number.
SELECT c.id, c.account_id, c.subject_kind, c.subject_id, c.findings, c.state, c.actor, c.opened_at, c.answer_by,
       c.answered_at, c.words_sealed, c.answer_sealed, c.request_sha256
  FROM complaints AS c
 WHERE c.shard = :shard AND c.id = :id;

-- name: list_of_account(shard, account_id, before_at, before_id, at_most)
-- The newest first, from below (before_at, before_id).
SELECT c.id, c.account_id, c.subject_kind, c.subject_id, c.findings, c.state, c.actor, c.opened_at, c.answer_by,
       c.answered_at, c.words_sealed, c.answer_sealed, c.request_sha256
  FROM complaints AS c
 WHERE c.shard = :shard AND c.account_id = :account_id
   AND (c.opened_at, c.id) < (:before_at::timestamptz, :before_id::uuid)
 ORDER BY c.opened_at DESC, c.id DESC
 LIMIT :at_most;

-- name: list_open(shard, at_most)
-- What a desk has to answer, the most urgent first.
SELECT c.id, c.account_id, c.subject_kind, c.subject_id, c.findings, c.state, c.actor, c.opened_at, c.answer_by,
       c.answered_at, c.words_sealed, c.answer_sealed, c.request_sha256
  FROM complaints AS c
 WHERE c.shard = :shard AND c.state = 'open'
 ORDER BY c.answer_by, c.id
 LIMIT :at_most;

-- name: answer(shard, id, answer_sealed, answered_by)
-- No row: it is not open.
UPDATE complaints AS c
   SET state = 'answered', answer_sealed = :answer_sealed, answered_at = now(), answered_by = :answered_by
 WHERE c.shard = :shard AND c.id = :id AND c.state = 'open'
RETURNING c.account_id;

-- name: withdraw(shard, account_id)
-- Those of the account that wait for an answer: there is nobody left to give it to.
UPDATE complaints AS c
   SET state = 'withdrawn'
 WHERE c.shard = :shard AND c.account_id = :account_id AND c.state = 'open'
RETURNING c.id;

-- name: forget(shard, account_id)!
-- What the account's people wrote goes, and what they were answered; what was found stays, and names nobody.
UPDATE complaints AS c
   SET words_sealed = NULL, answer_sealed = NULL
 WHERE c.shard = :shard AND c.account_id = :account_id
   AND (c.words_sealed IS NOT NULL OR c.answer_sealed IS NOT NULL);

-- name: look_at_stamp(shard, account_id, stamp_id)
-- No row: the account has no such stamp.
SELECT s.state, s.accepted_at, s.ended_at, s.reason, h.state AS hold, d.state = 'destroyed' AS is_gone, d.content_unseen,
       EXISTS (SELECT FROM seals AS l
                WHERE l.shard = :shard AND l.account_id = s.account_id AND l.stamp_id = s.id) AS is_sealed
  FROM stamps AS s
  JOIN documents AS d ON d.shard = :shard AND d.account_id = s.account_id AND d.id = s.document_id
  LEFT JOIN quota_holds AS h ON h.shard = :shard AND h.account_id = s.account_id AND h.id = s.id
 WHERE s.shard = :shard AND s.account_id = :account_id AND s.id = :stamp_id;

-- name: look_at_refund(shard, account_id, refund_id)
-- No row: the account has no such refund.
SELECT f.state, f.amount_idr, f.stamps, f.asked_at, f.ended_at,
       f.overdue_at IS NOT NULL AND f.ended_at IS NULL AS is_overdue
  FROM refunds AS f
 WHERE f.shard = :shard AND f.account_id = :account_id AND f.id = :refund_id;
