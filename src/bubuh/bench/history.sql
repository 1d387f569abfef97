-- Thirty rows for the history of each person: stamps that came back, like one that was affixed, and orders nobody paid.
INSERT INTO quota_balances (shard, account_id)
SELECT a.id % 64, a.id FROM accounts AS a WHERE a.kind = 'person'
ON CONFLICT DO NOTHING;

INSERT INTO stamps (shard, account_id, id, request_sha256, document_id, state, page, x_pt, y_pt, side_pt, document_type,
                    document_no, document_date, accepted_at, queue_at, ended_at, reason)
SELECT a.id % 64, a.id, encode(set_byte(uuid_send(gen_random_uuid()), 0, (a.id % 64)::integer), 'hex')::uuid, s.request_sha256,
       s.document_id, 'returned', s.page, s.x_pt, s.y_pt, s.side_pt, s.document_type, n || '/SL/2026', s.document_date,
       now() - make_interval(mins => n), now(), now(), 'cancelled_by_owner'
  FROM (SELECT * FROM stamps WHERE state = 'affixed' LIMIT 1) AS s, accounts AS a, generate_series(1, 15) AS n
 WHERE a.kind = 'person';

INSERT INTO orders (shard, account_id, id, request_sha256, stamps, method, amount_idr, state, actor, placed_at, expires_at)
SELECT a.id % 64, a.id, encode(set_byte(uuid_send(gen_random_uuid()), 0, (a.id % 64)::integer), 'hex')::uuid, s.request_sha256,
       n, 'va', n * 10000, 'expired', 'bench', now() - make_interval(mins => n), now()
  FROM (SELECT * FROM stamps WHERE state = 'affixed' LIMIT 1) AS s, accounts AS a, generate_series(1, 15) AS n
 WHERE a.kind = 'person';
