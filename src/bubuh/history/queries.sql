-- name: list_entries(shard, account_id, before_at, before_id, stamp_states, order_states, refund_states, most)
-- Stamps, orders and refunds in one list, newest first, from below (before_at, before_id); of each those in the states
-- named, NULL: in any. Each of the three is read along its own index, no further than the page needs. Each row tells what the account has free (NULL: it never had a stamp);
-- where the list is empty, one row without a kind does.
SELECT e.kind, e.id, e.state, e.at, e.ended_at, e.title, e.number, e.reason, e.stamps, e.amount_idr,
       e.order_id, q.free
  FROM (SELECT (SELECT s.free FROM quota_shown AS s
                 WHERE s.shard = :shard AND s.account_id = :account_id) AS free) AS q
  LEFT JOIN (
        (SELECT 'stamp' AS kind, s.id, s.state, s.accepted_at AS at, s.ended_at, s.document_type AS title,
                s.document_no AS number, s.reason, 1::bigint AS stamps, NULL::bigint AS amount_idr,
                NULL::uuid AS order_id
           FROM stamps AS s
          WHERE s.shard = :shard AND s.account_id = :account_id
            AND (:stamp_states::text[] IS NULL OR s.state = ANY(:stamp_states))
            AND (s.accepted_at, s.id) < (:before_at::timestamptz, :before_id::uuid)
          ORDER BY s.accepted_at DESC, s.id DESC
          LIMIT :most)
        UNION ALL
        (SELECT 'order', o.id, o.state, o.placed_at, NULL, NULL, NULL, NULL, o.stamps, o.amount_idr, NULL
           FROM orders AS o
          WHERE o.shard = :shard AND o.account_id = :account_id
            AND (:order_states::text[] IS NULL OR o.state = ANY(:order_states))
            AND (o.placed_at, o.id) < (:before_at::timestamptz, :before_id::uuid)
          ORDER BY o.placed_at DESC, o.id DESC
          LIMIT :most)
        UNION ALL
        (SELECT 'refund', f.id, f.state, f.asked_at, f.ended_at, NULL, NULL, NULL, f.stamps, f.amount_idr,
                f.order_id
           FROM refunds AS f
          WHERE f.shard = :shard AND f.account_id = :account_id
            AND (:refund_states::text[] IS NULL OR f.state = ANY(:refund_states))
            AND (f.asked_at, f.id) < (:before_at::timestamptz, :before_id::uuid)
          ORDER BY f.asked_at DESC, f.id DESC
          LIMIT :most)) AS e ON TRUE
 ORDER BY e.at DESC, e.id DESC
 LIMIT :most;

-- name: list_order_events(shard, account_id, order_id, most)
-- All that happened to an order, oldest first: its states, its money, what of that went back.
SELECT h.at, h.what, h.state, h.amount_idr, h.paid_at
  FROM (SELECT v.at, 'state' AS what, v.state, NULL::bigint AS amount_idr, NULL::timestamptz AS paid_at, 2 AS rank
          FROM order_events AS v
         WHERE v.shard = :shard AND v.account_id = :account_id AND v.order_id = :order_id
        UNION ALL
        SELECT p.recorded_at, 'payment', NULL, p.amount_idr, p.paid_at, 1
          FROM order_payments AS p
         WHERE p.shard = :shard AND p.account_id = :account_id AND p.order_id = :order_id
        UNION ALL
        SELECT r.recorded_at, 'reversal', NULL, r.amount_idr, r.reversed_at, 3
          FROM order_reversals AS r
         WHERE r.shard = :shard AND r.account_id = :account_id AND r.order_id = :order_id
        UNION ALL
        SELECT w.at, 'refund', w.state, f.amount_idr, NULL, 4
          FROM refunds AS f
          JOIN refund_events AS w ON w.shard = :shard AND w.account_id = f.account_id AND w.refund_id = f.id
         WHERE f.shard = :shard AND f.account_id = :account_id AND f.order_id = :order_id
        UNION ALL
        SELECT f.overdue_at, 'refund', 'overdue', f.amount_idr, NULL, 4
          FROM refunds AS f
         WHERE f.shard = :shard AND f.account_id = :account_id AND f.order_id = :order_id
           AND f.overdue_at IS NOT NULL) AS h
 ORDER BY h.at, h.rank,
          array_position(ARRAY['placed', 'expired', 'cancelled', 'paid', 'filled', 'waiting', 'asked', 'unknown', 'overdue',
                               'pending', 'done', 'failed', 'declined'], h.state)
 LIMIT :most;

-- name: list_lines(shard, account_id, before_no, most)
-- An account's movements, newest first, each with what was free and held after it: what is there now, less what came
-- later. So the newest line ends at the balance, and the oldest began at nothing.
WITH page AS (
    SELECT t.no, t.ref, t.kind, t.debit, t.credit, t.stamps, t.counter_account_id, t.recorded_at,
           t.stamps * ((t.credit = 'free')::integer - (t.debit = 'free')::integer) AS to_free,
           t.stamps * ((t.credit = 'held')::integer - (t.debit = 'held')::integer) AS to_held
      FROM quota_transfers AS t
     WHERE t.shard = :shard AND t.account_id = :account_id AND t.no < :before_no
     ORDER BY t.no DESC
     LIMIT :most
)
SELECT p.no, p.ref, p.kind, p.debit, p.credit, p.stamps, p.counter_account_id, p.recorded_at, p.to_free, h.purpose,
       (b.free - n.to_free - sum(p.to_free) OVER w + p.to_free)::bigint AS free_after,
       (b.held - n.to_held - sum(p.to_held) OVER w + p.to_held)::bigint AS held_after
  FROM page AS p
  JOIN quota_balances AS b ON b.shard = :shard AND b.account_id = :account_id
  LEFT JOIN quota_holds AS h ON h.shard = :shard AND h.account_id = :account_id AND h.id = p.ref
 CROSS JOIN (SELECT coalesce(sum(t.stamps * ((t.credit = 'free')::integer - (t.debit = 'free')::integer)), 0) AS to_free,
                    coalesce(sum(t.stamps * ((t.credit = 'held')::integer - (t.debit = 'held')::integer)), 0) AS to_held
               FROM quota_transfers AS t
              WHERE t.shard = :shard AND t.account_id = :account_id AND t.no >= :before_no) AS n
WINDOW w AS (ORDER BY p.no DESC)
 ORDER BY p.no DESC;

-- name: is_under_way(shard, account_id, errand)
-- Whether an errand (buy, stamp) of the account is under way: an order that waits for its money or its stamps, a stamp that
-- is accepted and not ended.
SELECT CASE :errand::text
       WHEN 'buy' THEN EXISTS (SELECT FROM orders AS o
                                WHERE o.shard = :shard AND o.account_id = :account_id AND o.state IN ('placed', 'paid'))
       WHEN 'stamp' THEN EXISTS (SELECT FROM stamps AS s
                                  WHERE s.shard = :shard AND s.account_id = :account_id
                                    AND s.state IN ('accepted', 'processing'))
        END AS found;

-- name: has_open_matter(shard, account_id)
-- An order placed or paid and not filled, a stamp not ended, a refund under way: each looked for along the history's index.
SELECT EXISTS (SELECT FROM orders AS o
                WHERE o.shard = :shard AND o.account_id = :account_id AND o.state IN ('placed', 'paid'))
    OR EXISTS (SELECT FROM stamps AS s
                WHERE s.shard = :shard AND s.account_id = :account_id AND s.state IN ('accepted', 'processing'))
    OR EXISTS (SELECT FROM refunds AS f
                WHERE f.shard = :shard AND f.account_id = :account_id
                  AND f.state IN ('waiting', 'asked', 'unknown', 'pending')) AS found;
