-- name: ask(shard, id, account_id, order_id, request_sha256, stamps, refundable_idr, limit_idr, reason, actor)
-- done, already_done, conflict, unknown, not_filled, stale, too_much, exhausted or frozen.
SELECT outcome, refundable_idr, most_idr
  FROM refunds_ask(:shard, :id, :account_id, :order_id, :request_sha256, :stamps, :refundable_idr, :limit_idr, :reason,
                   :actor);

-- name: decide(shard, id, agrees, actor)
-- done, same_person, conflict or unknown.
SELECT outcome, account_id FROM refunds_decide(:shard, :id, :agrees, :actor);

-- name: tell_end(shard, id, ending, why, limit_idr, actor)
-- done, told (a second person is waited for), same_person, conflict or unknown.
SELECT outcome, account_id FROM refunds_tell_end(:shard, :id, :ending, :why, :limit_idr, :actor);

-- name: find_due(shard, resting)
-- The shard, if it has refunds that are due, but at resting gateways.
SELECT f.shard
  FROM refunds AS f
 WHERE f.shard = :shard AND f.next_try_at <= now() AND f.gateway <> ALL(:resting::text[])
 LIMIT 1;

-- name: take_due_n(shard, resting, at_most)
-- Refunds that are due, but at resting gateways; their next try is put off.
SELECT account_id, id, order_id, gateway, payment_no, amount_idr, reason, before, reference, method
  FROM refunds_take_due_n(:shard, :resting::text[], :at_most);

-- name: list_overdue(shard, after_s, at_most)
-- How many refunds went on the unmatched list.
SELECT refunds_list_overdue(:shard, :after_s, :at_most);

-- name: record_word(shard, account_id, id, word, why)
-- done, already_done, conflict or unknown.
SELECT refunds_record(:shard, :account_id, :id, :word, :why);

-- name: note_fault(shard, account_id, id, fault)!
-- Why the gateway could not be asked, for whoever wonders; the next answer clears it.
UPDATE refunds AS f SET fault = :fault WHERE f.shard = :shard AND f.account_id = :account_id AND f.id = :id;

-- name: find(shard, account_id, id)
-- No row: the account has no such refund.
SELECT f.id, f.account_id, f.order_id, f.kind, f.state, f.stamps, f.amount_idr, f.reason, f.asked_at, f.ended_at,
       f.overdue_at IS NOT NULL AND f.ended_at IS NULL AS is_overdue,
       CASE WHEN f.ended_at IS NULL THEN f.end_told END AS end_told
  FROM refunds AS f
 WHERE f.shard = :shard AND f.account_id = :account_id AND f.id = :id;

-- name: of_order(shard, account_id, order_id)
-- An order's refunds, the oldest first.
SELECT f.id, f.account_id, f.order_id, f.kind, f.state, f.stamps, f.amount_idr, f.reason, f.asked_at, f.ended_at,
       f.overdue_at IS NOT NULL AND f.ended_at IS NULL AS is_overdue,
       CASE WHEN f.ended_at IS NULL THEN f.end_told END AS end_told
  FROM refunds AS f
 WHERE f.shard = :shard AND f.account_id = :account_id AND f.order_id = :order_id
 ORDER BY f.asked_at, f.id;

-- name: waiting(shard, at_most)
-- Refunds that wait for a second person, to begin or to end, the oldest first.
SELECT f.id, f.account_id, f.order_id, f.kind, f.state, f.stamps, f.amount_idr, f.reason, f.asked_at, f.ended_at,
       f.overdue_at IS NOT NULL AND f.ended_at IS NULL AS is_overdue,
       CASE WHEN f.ended_at IS NULL THEN f.end_told END AS end_told
  FROM refunds AS f
 WHERE f.shard = :shard AND (f.state = 'waiting' OR (f.end_told IS NOT NULL AND f.ended_at IS NULL))
 ORDER BY f.asked_at
 LIMIT :at_most;

-- name: refundable(shard, account_id, order_id)
-- What of a filled order may still go back.
SELECT coalesce(sum(l.left_idr), 0)::bigint
  FROM orders AS o
 CROSS JOIN refunds_left(:shard, :account_id, :order_id) AS l
 WHERE o.shard = :shard AND o.account_id = :account_id AND o.id = :order_id AND o.state = 'filled';

-- name: account_of_order(shard, order_id)
-- Whose an order is, for clerks. No row: nobody's.
SELECT o.account_id FROM orders AS o WHERE o.shard = :shard AND o.id = :order_id LIMIT 1;
