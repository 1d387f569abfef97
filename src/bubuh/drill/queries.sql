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
