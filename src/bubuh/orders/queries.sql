-- name: place_n(shard, order_ids, account_ids, requests_sha256, stamps, methods, amounts_idr, actors, valid_s, gateways, reference_nos, are_only)
-- One row per request, in its order: done, already_done or conflict, and the order as it is; or child or one_order, and
-- no order.
SELECT outcome, id, account_id, state, stamps, method, amount_idr, amount_paid_idr, amount_returned_idr, placed_at,
       expires_at
  FROM orders_place_n(:shard, :order_ids::uuid[], :account_ids::bigint[], :requests_sha256::bytea[], :stamps::bigint[],
                      :methods::text[], :amounts_idr::bigint[], :actors::text[], :valid_s::double precision[],
                      :gateways::text[], :reference_nos::text[], :are_only::boolean[]);

-- name: find(shard, account_id, order_id)
-- No row: the account has no such order. With how to pay it by the newest attempt that tells, and whether nobody noted
-- for a minute that its buyer looks at it while it is not paid.
SELECT o.id, o.account_id, o.state, o.stamps, o.method, o.amount_idr, o.amount_paid_idr, o.amount_returned_idr,
       o.placed_at, o.expires_at, d.qris, d.va, d.pay_url,
       EXISTS (SELECT FROM payment_attempts AS a
                WHERE a.shard = :shard AND a.account_id = :account_id AND a.order_id = :order_id AND a.state <> 'paid'
                  AND (a.looked_at IS NULL OR a.looked_at < now() - interval '1 minute')) AS is_unseen
  FROM orders AS o
  LEFT JOIN LATERAL (SELECT a.qris, a.va, a.pay_url FROM payment_attempts AS a
                      WHERE a.shard = :shard AND a.account_id = :account_id AND a.order_id = :order_id
                        AND num_nonnulls(a.qris, a.va, a.pay_url) > 0
                      ORDER BY a.no DESC LIMIT 1) AS d ON true
 WHERE o.shard = :shard AND o.account_id = :account_id AND o.id = :order_id;

-- name: settle_n(shard, order_ids, account_ids, gateways, payment_nos, amounts_idr, paid_ats)
-- One row per payment, in its order: done, already_done, underpaid, surplus, conflict or unknown.
SELECT id, outcome
  FROM orders_settle_n(:shard, :order_ids::uuid[], :account_ids::bigint[], :gateways::text[], :payment_nos::text[],
                       :amounts_idr::bigint[], :paid_ats::timestamptz[]);

-- name: expire_n(shard, at_most)
-- The orders that expired by this call.
SELECT id, account_id FROM orders_expire_n(:shard, :at_most);

-- name: list_settled(shard, gateway, gateway_references)
-- What we know of these references of one gateway: one row per payment, or one without when nothing was paid.
-- No row: there is no such reference here.
SELECT a.reference, a.account_id, a.order_id, p.payment_no, p.amount_idr
  FROM payment_attempts AS a
  JOIN unnest(:gateway_references::text[]) AS x (reference) ON a.reference = x.reference
  LEFT JOIN order_payments AS p
    ON p.shard = :shard AND p.account_id = a.account_id AND p.order_id = a.order_id AND p.gateway = :gateway
 WHERE a.shard = :shard AND a.gateway = :gateway
 ORDER BY a.reference, p.payment_no;

-- name: list_paid_between(shard, gateway, since, until)
-- Every payment by one gateway in a span of time, both ends in it, with the reference it came by.
SELECT a.reference, p.account_id, p.order_id, p.payment_no, p.amount_idr
  FROM order_payments AS p
  JOIN payment_attempts AS a
    ON a.shard = :shard AND a.account_id = p.account_id AND a.order_id = p.order_id AND a.gateway = p.gateway
 WHERE p.shard = :shard AND p.gateway = :gateway AND p.paid_at BETWEEN :since AND :until;

-- name: list_returned(shard, gateway, gateway_references, refund_ids)
-- Money of one gateway that went back or is on its way, by the reference of its payment or by the refund's id: refunds
-- that were sent, and what banks took back. A reversal's own refund of stamps is not money that we sent.
SELECT a.reference, f.gateway, f.account_id, f.order_id, f.id AS refund_id, NULL AS reversal_no, f.amount_idr
  FROM payment_attempts AS a
  JOIN unnest(:gateway_references::text[]) AS x (reference) ON a.reference = x.reference
  JOIN refunds AS f
    ON f.shard = :shard AND f.account_id = a.account_id AND f.order_id = a.order_id AND f.gateway = a.gateway
 WHERE a.shard = :shard AND a.gateway = :gateway AND f.kind <> 'reversal' AND f.state IN ('unknown', 'pending', 'done')
 UNION ALL
SELECT a.reference, r.gateway, r.account_id, r.order_id, NULL, r.reversal_no, r.amount_idr
  FROM payment_attempts AS a
  JOIN unnest(:gateway_references) AS x (reference) ON a.reference = x.reference
  JOIN order_reversals AS r
    ON r.shard = :shard AND r.account_id = a.account_id AND r.order_id = a.order_id AND r.gateway = a.gateway
 WHERE a.shard = :shard AND a.gateway = :gateway
 UNION ALL
SELECT NULL, f.gateway, f.account_id, f.order_id, f.id, NULL, f.amount_idr
  FROM refunds AS f
 WHERE f.shard = :shard AND f.gateway = :gateway AND f.id = ANY(:refund_ids::uuid[])
   AND f.kind <> 'reversal' AND f.state IN ('unknown', 'pending', 'done');

-- name: list_returned_between(shard, gateway, since, until)
-- Money of one gateway that went back in a span of time, both ends in it.
SELECT NULL AS reference, f.gateway, f.account_id, f.order_id, f.id AS refund_id, NULL AS reversal_no, f.amount_idr
  FROM refunds AS f
 WHERE f.shard = :shard AND f.gateway = :gateway AND f.kind <> 'reversal' AND f.state = 'done'
   AND f.ended_at BETWEEN :since AND :until
 UNION ALL
SELECT NULL, r.gateway, r.account_id, r.order_id, NULL, r.reversal_no, r.amount_idr
  FROM order_reversals AS r
 WHERE r.shard = :shard AND r.gateway = :gateway AND r.reversed_at BETWEEN :since AND :until;

-- name: find_returned(shard, refund_id)
-- No row: no such refund, or none that went to its gateway.
SELECT NULL AS reference, f.gateway, f.account_id, f.order_id, f.id AS refund_id, NULL AS reversal_no, f.amount_idr
  FROM refunds AS f
 WHERE f.shard = :shard AND f.id = :refund_id AND f.kind <> 'reversal' AND f.state IN ('unknown', 'pending', 'done');

-- name: reverse(shard, account_id, order_id, gateway, reversal_no, payment_no, amount_idr, reversed_at)
-- done, already_done, conflict or unknown.
SELECT orders_reverse(:shard, :account_id, :order_id, :gateway, :reversal_no, :payment_no, :amount_idr, :reversed_at);

-- name: return_n(shard, grace_s, at_most)
-- How many payments go back.
SELECT orders_return_n(:shard, :grace_s, :at_most);

-- name: read_clock()
SELECT clock_timestamp();
