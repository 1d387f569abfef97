-- name: place(shard, order_id, account_id, request_sha256, stamps, method, amount_idr, actor, valid_s)
-- done, already_done or conflict.
SELECT orders_place(:shard, :order_id, :account_id, :request_sha256, :stamps, :method, :amount_idr, :actor, :valid_s);

-- name: find(shard, account_id, order_id)
-- No row: the account has no such order.
SELECT o.id, o.account_id, o.state, o.stamps, o.method, o.amount_idr, o.amount_paid_idr, o.placed_at, o.expires_at
  FROM orders AS o
 WHERE o.shard = :shard AND o.account_id = :account_id AND o.id = :order_id;

-- name: settle_n(shard, order_ids, account_ids, gateways, payment_nos, amounts_idr, paid_ats)
-- One row per payment, in its order: done, already_done, underpaid, surplus, conflict or unknown.
SELECT id, outcome
  FROM orders_settle_n(:shard, :order_ids::uuid[], :account_ids::bigint[], :gateways::text[], :payment_nos::text[],
                       :amounts_idr::bigint[], :paid_ats::timestamptz[]);

-- name: expire_n(shard, at_most)
-- The orders that expired by this call.
SELECT id, account_id FROM orders_expire_n(:shard, :at_most);
