-- What the history checker holds against the clients' journal: plain rows, one shard at a time.

-- name: list_stamps(shard)
SELECT s.account_id, s.id, s.state, s.serial_no, r.sha256
  FROM stamps AS s
  LEFT JOIN document_revisions AS r
    ON r.shard = :shard AND r.account_id = s.account_id AND r.stamp_id = s.id
 WHERE s.shard = :shard;

-- name: list_orders(shard)
SELECT o.account_id, o.id, o.state, o.stamps FROM orders AS o WHERE o.shard = :shard;

-- name: list_documents(shard)
SELECT d.account_id, d.id, d.state, d.sha256 FROM documents AS d WHERE d.shard = :shard;

-- name: list_transfers(shard)
SELECT t.account_id, t.ref, t.kind, t.debit, t.credit, t.stamps
  FROM quota_transfers AS t
 WHERE t.shard = :shard;

-- name: list_balances(shard)
SELECT b.account_id, b.free, b.held, b.used, b.in_transit FROM quota_balances AS b WHERE b.shard = :shard;

-- name: list_accounts()
SELECT a.id FROM accounts AS a;

-- name: list_paid(shard)
-- What is recorded as paid, and what was given for it: one row per payment.
SELECT p.account_id, p.order_id, p.gateway, p.payment_no, p.amount_idr, o.state, o.stamps
  FROM order_payments AS p
  JOIN orders AS o ON o.shard = :shard AND o.account_id = p.account_id AND o.id = p.order_id
 WHERE p.shard = :shard;

-- name: list_filled(shard)
-- When orders were filled, and the stamps that were given for them: one row per order and transfer.
SELECT e.order_id, e.at, t.stamps
  FROM order_events AS e
  LEFT JOIN quota_transfers AS t
    ON t.shard = :shard AND t.account_id = e.account_id AND t.ref = e.order_id AND t.kind = 'allot'
 WHERE e.shard = :shard AND e.state = 'filled';
