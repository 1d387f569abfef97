-- The invariants of docs/reference/invariants.md, one statement each, named by its code, over one shard.
-- A row is a breach: whose, on what, what should be, what is. Each statement is one snapshot, so it may run
-- while others work; none reads a clock except where a promise is about time. NULL for `account_ids` or `ids` asks
-- about all accounts, or all things of them (stamps, holds, orders: what moves stamps).
-- Why here: they hold quota against the tables of slices above (orders, stamps, seals, leaves), whose code
-- quota never imports. Reading their rows is the point: a witness asks others, not itself.

-- name: conservation(shard, account_ids, by_folds)
-- A balance row is the fold of its account's transfers, figure by figure; `by_folds` believes those made before.
SELECT coalesce(b.account_id, f.account_id) AS account_id,
       'balance' AS subject,
       format('free %s, held %s, used %s, in transit %s', coalesce(f.free, 0), coalesce(f.held, 0),
              coalesce(f.used, 0), coalesce(f.in_transit, 0)) AS expected,
       coalesce(format('free %s, held %s, used %s, in transit %s', b.free, b.held, b.used, b.in_transit),
                'no row') AS found
  FROM (SELECT q.account_id, q.free, q.held, q.used, q.in_transit
          FROM quota_balances AS q
         WHERE q.shard = :shard AND in_scope(q.account_id, :account_ids::bigint[])) AS b
  FULL JOIN (
        SELECT g.account_id, sum(g.free) AS free, sum(g.held) AS held, sum(g.used) AS used,
               sum(g.in_transit) AS in_transit
          FROM (SELECT t.account_id,
                       t.stamps * ((t.credit = 'free')::int - (t.debit = 'free')::int) AS free,
                       t.stamps * ((t.credit = 'held')::int - (t.debit = 'held')::int) AS held,
                       t.stamps * ((t.credit = 'used')::int - (t.debit = 'used')::int) AS used,
                       t.stamps * ((t.credit = 'in_transit')::int - (t.debit = 'in_transit')::int) AS in_transit
                  FROM quota_transfers AS t
                  LEFT JOIN quota_folds AS n ON n.shard = :shard AND n.account_id = t.account_id AND :by_folds::boolean
                 WHERE t.shard = :shard AND in_scope(t.account_id, :account_ids)
                   AND t.no > coalesce(n.moves, 0)
                 UNION ALL
                SELECT k.account_id, k.free, k.held, k.used, k.in_transit
                  FROM quota_folds AS k
                 WHERE k.shard = :shard AND in_scope(k.account_id, :account_ids) AND :by_folds) AS g
         GROUP BY g.account_id) AS f USING (account_id)
 WHERE (b.free, b.held, b.used, b.in_transit)
       IS DISTINCT FROM (coalesce(f.free, 0), coalesce(f.held, 0), coalesce(f.used, 0), coalesce(f.in_transit, 0));

-- name: list_legs(shard, kind, account_ids, ids, after_account_id, after_ref, at_most)
-- One kind of leg of the transfers that touch a shard's accounts, in the order of their key.
SELECT t.account_id, t.ref, t.counter_account_id, t.stamps
  FROM quota_transfers AS t
 WHERE t.shard = :shard AND t.kind = :kind AND in_scope(t.account_id, :account_ids::bigint[])
   AND in_scope(t.ref, :ids::uuid[]) AND (t.account_id, t.ref) > (:after_account_id, :after_ref)
 ORDER BY t.account_id, t.ref
 LIMIT :at_most;

-- name: legs_unmatched(shard, kind, account_ids, refs, counter_account_ids, stamps)
-- Part of conservation: those of the wanted legs that no transfer of this shard is.
SELECT x.counter_account_id AS account_id,
       'transfer ' || x.ref AS subject,
       format('%s of %s at %s', :kind::text, x.stamps, x.account_id) AS expected,
       coalesce(format('%s of %s', t.kind, t.stamps), 'none') AS found
  FROM unnest(:account_ids::bigint[], :refs::uuid[], :counter_account_ids::bigint[], :stamps::bigint[])
    AS x (account_id, ref, counter_account_id, stamps)
  LEFT JOIN quota_transfers AS t
    ON t.shard = :shard AND t.account_id = x.account_id AND t.ref = x.ref AND t.kind = :kind
 WHERE (t.counter_account_id, t.stamps) IS DISTINCT FROM (x.counter_account_id, x.stamps);

-- name: in_transit_has_fact(shard, account_ids, ids)
-- What is on its way to another account is brought by its fact in the outbox, which is closed after the ack. (Conservation
-- says that it is counted; this, that somebody will bring it.)
SELECT o.account_id, 'transfer ' || o.ref AS subject, format('its ack, or a fact that brings %s', o.stamps) AS expected,
       CASE WHEN f.subject IS NULL THEN 'neither' WHEN f.told_at IS NOT NULL THEN 'a fact that was told, and no ack'
            ELSE format('a fact of %s', f.facts ->> 'stamps') END AS found
  FROM quota_transfers AS o
  LEFT JOIN quota_transfers AS k
    ON k.shard = :shard AND k.account_id = o.account_id AND k.ref = o.ref AND k.kind = 'transfer_ack'
  LEFT JOIN outbox_facts AS f
    ON f.shard = :shard AND f.account_id = o.account_id AND f.topic = 'quota.transferred' AND f.subject = o.ref
 WHERE o.shard = :shard AND o.kind = 'transfer_out' AND k.ref IS NULL
   AND in_scope(o.account_id, :account_ids::bigint[]) AND in_scope(o.ref, :ids::uuid[])
   AND (f.told_at IS NOT NULL OR f.facts ->> 'stamps' IS DISTINCT FROM o.stamps::text);

-- name: held_equals_holds(shard, account_ids)
SELECT coalesce(b.account_id, h.account_id) AS account_id,
       'balance' AS subject,
       format('held %s', coalesce(h.stamps, 0)) AS expected,
       coalesce(format('held %s', b.held), 'no row') AS found
  FROM (SELECT q.account_id, q.held
          FROM quota_balances AS q
         WHERE q.shard = :shard AND in_scope(q.account_id, :account_ids::bigint[])) AS b
  FULL JOIN (
        SELECT l.account_id, sum(l.stamps) AS stamps
          FROM quota_holds AS l
         WHERE l.shard = :shard AND l.state = 'held' AND in_scope(l.account_id, :account_ids)
         GROUP BY l.account_id) AS h USING (account_id)
 WHERE b.held IS DISTINCT FROM coalesce(h.stamps, 0);

-- name: hold_has_purpose(shard, account_ids, ids)
-- A stamp and its hold live and end together, and so do a refund of stamps and its hold.
SELECT coalesce(h.account_id, s.account_id) AS account_id,
       'hold ' || coalesce(h.id, s.id) AS subject,
       coalesce('a stamp ' || CASE h.state WHEN 'held' THEN 'accepted or processing' WHEN 'captured' THEN 'affixed'
                                           WHEN 'released' THEN 'returned' END, 'no stamp') AS expected,
       coalesce('a stamp ' || s.state, 'no stamp') AS found
  FROM (SELECT l.account_id, l.id, l.state
          FROM quota_holds AS l
         WHERE l.shard = :shard AND l.purpose = 'stamp' AND in_scope(l.account_id, :account_ids::bigint[])
           AND in_scope(l.id, :ids::uuid[])) AS h
  FULL JOIN (
        SELECT p.account_id, p.id, p.state,
               CASE p.state WHEN 'affixed' THEN 'captured' WHEN 'returned' THEN 'released' ELSE 'held' END AS hold_state
          FROM stamps AS p
         WHERE p.shard = :shard AND in_scope(p.account_id, :account_ids) AND in_scope(p.id, :ids)) AS s
    ON s.account_id = h.account_id AND s.id = h.id
 WHERE h.state IS DISTINCT FROM s.hold_state
 UNION ALL
SELECT coalesce(f.account_id, h.account_id), 'refund ' || coalesce(f.id, h.id),
       CASE WHEN f.id IS NULL THEN 'no hold' ELSE format('a hold of %s %s', f.stamps, f.hold_state) END,
       CASE WHEN h.id IS NULL THEN 'no hold' ELSE format('a hold of %s %s', h.stamps, h.state) END
  FROM (SELECT r.account_id, r.id, r.stamps,
               CASE WHEN r.state = 'done' THEN 'captured' WHEN r.state IN ('failed', 'declined') THEN 'released'
                    ELSE 'held' END AS hold_state
          FROM refunds AS r
         WHERE r.shard = :shard AND r.stamps > 0 AND in_scope(r.account_id, :account_ids)
           AND in_scope(r.id, :ids)) AS f
  FULL JOIN (
        SELECT l.account_id, l.id, l.stamps, l.state
          FROM quota_holds AS l
         WHERE l.shard = :shard AND l.purpose = 'refund' AND in_scope(l.account_id, :account_ids)
           AND in_scope(l.id, :ids)) AS h
    ON h.account_id = f.account_id AND h.id = f.id
 WHERE (h.state, h.stamps) IS DISTINCT FROM (f.hold_state, f.stamps);

-- name: used_equals_seals(shard, account_ids, ids)
-- What is used one by one: the capture, the affixed stamp, its seal and its leaf, over one digest. (Together with
-- conservation, `used` is their number.) Sealed stamps still at work wait for their capture; no returned one has a seal.
SELECT coalesce(c.account_id, s.account_id) AS account_id,
       'stamp ' || coalesce(c.ref, s.id) AS subject,
       CASE WHEN s.state = 'returned' THEN 'no seal, not used' ELSE 'used, affixed, sealed, in the log' END AS expected,
       concat_ws(', ', CASE WHEN c.ref IS NULL THEN 'not used' ELSE 'used' END, coalesce(s.state, 'no stamp'),
                 CASE WHEN s.seal THEN 'sealed' WHEN s.other_seal THEN 'sealed over something else' ELSE 'no seal' END,
                 CASE WHEN s.leaf THEN 'in the log' WHEN s.other_leaf THEN 'in the log as something else'
                      ELSE 'not in the log' END) AS found
  FROM (SELECT t.account_id, t.ref, t.stamps
          FROM quota_transfers AS t
         WHERE t.shard = :shard AND t.kind = 'capture' AND t.credit = 'used'
           AND in_scope(t.account_id, :account_ids::bigint[]) AND in_scope(t.ref, :ids::uuid[])) AS c
  FULL JOIN (
        SELECT p.account_id, p.id, p.state, l.digest = p.digest AS seal, l.digest IS NOT NULL AS other_seal,
               g.digest = p.digest AND g.serial_no = p.serial_no AS leaf, g.serial IS NOT NULL AS other_leaf
          FROM stamps AS p
          LEFT JOIN seals AS l ON l.shard = :shard AND l.account_id = p.account_id AND l.stamp_id = p.id
          LEFT JOIN log_leaves AS g ON g.shard = :shard AND g.account_id = p.account_id AND g.serial = p.serial
           AND g.kind = 'issue'
         WHERE p.shard = :shard AND (p.state = 'affixed' OR (p.state <> 'processing' AND l.digest IS NOT NULL))
           AND in_scope(p.account_id, :account_ids) AND in_scope(p.id, :ids)) AS s
    ON s.account_id = c.account_id AND s.id = c.ref
 WHERE (c.stamps = 1 AND s.state = 'affixed' AND s.seal AND s.leaf) IS NOT TRUE;

-- name: share_is_its_parents(shard, account_ids, ids)
-- What a child holds, uses and gives back stands on its parent's side too, one for one; and on no child's balance is
-- more than its limit. (With conservation, a child's count is the fold of its holds and captures.)
SELECT c.account_id,
       format('%s of hold %s', t.kind, t.ref) AS subject,
       format('%s at %s', t.stamps, c.parent_id) AS expected,
       coalesce(p.stamps || ' for ' || p.counter_account_id, 'none') AS found
  FROM quota_balances AS c
  JOIN quota_transfers AS t ON t.shard = :shard AND t.account_id = c.account_id AND in_scope(t.ref, :ids::uuid[])
  LEFT JOIN quota_transfers AS p
    ON p.shard = :shard AND p.account_id = c.parent_id AND p.ref = t.ref AND p.kind = t.kind
 WHERE c.shard = :shard AND c.parent_id IS NOT NULL AND in_scope(c.account_id, :account_ids::bigint[])
   AND (t.counter_account_id, t.stamps, c.account_id) IS DISTINCT FROM (c.parent_id, p.stamps, p.counter_account_id)
 UNION ALL
SELECT p.account_id, format('%s of hold %s', p.kind, p.ref), format('%s at %s', p.stamps, p.counter_account_id),
       coalesce(t.stamps || ' of ' || t.counter_account_id, 'none')
  FROM quota_transfers AS p
  LEFT JOIN quota_transfers AS t
    ON t.shard = :shard AND t.account_id = p.counter_account_id AND t.ref = p.ref AND t.kind = p.kind
 WHERE p.shard = :shard AND p.kind IN ('hold', 'capture', 'release') AND p.counter_account_id IS NOT NULL
   AND in_scope(p.account_id, :account_ids) AND in_scope(p.ref, :ids)
   AND (t.stamps, t.counter_account_id) IS DISTINCT FROM (p.stamps, p.account_id)
 UNION ALL
SELECT c.account_id, 'share', 'a parent that is no child, and at most its limit',
       format('held %s and used %s of %s under %s', c.held, c.used, c.share_limit, c.parent_id)
  FROM quota_balances AS c
  LEFT JOIN quota_balances AS p ON p.shard = :shard AND p.account_id = c.parent_id AND p.parent_id IS NULL
 WHERE c.shard = :shard AND c.parent_id IS NOT NULL AND in_scope(c.account_id, :account_ids)
   AND (p.account_id IS NULL OR c.held + c.used > c.share_limit);

-- name: payment_allotted_once(shard, account_ids, ids)
-- An order is paid and filled in one transaction, so `paid` alone is a breach too. (One allotment: its key.)
SELECT coalesce(o.account_id, a.account_id) AS account_id,
       'order ' || coalesce(o.id, a.ref) AS subject,
       coalesce(format('an allotment of %s', o.stamps), 'no allotment') AS expected,
       coalesce(format('an allotment of %s', a.stamps), 'no allotment') AS found
  FROM (SELECT r.account_id, r.id, r.stamps
          FROM orders AS r
         WHERE r.shard = :shard AND r.state IN ('paid', 'filled')
           AND in_scope(r.account_id, :account_ids::bigint[]) AND in_scope(r.id, :ids::uuid[])) AS o
  FULL JOIN (
        SELECT t.account_id, t.ref, t.stamps
          FROM quota_transfers AS t
         WHERE t.shard = :shard AND t.kind = 'allot' AND t.debit = 'sold'
           AND in_scope(t.account_id, :account_ids) AND in_scope(t.ref, :ids)) AS a
    ON a.account_id = o.account_id AND a.ref = o.id
 WHERE o.stamps IS DISTINCT FROM a.stamps;

-- name: payment_explained(shard, account_ids, ids)
-- Every rupiah that came for an order is explained once: it bought its stamps, it goes or went back, or it lies on the
-- unmatched list. What a bank took back was taken from the buyer's stamps or lies there too; a surplus that the gateway
-- will not carry lies there.
SELECT o.account_id, 'order ' || o.id AS subject,
       format('paid %s, returned %s, kept %s', coalesce(p.paid_idr, 0), coalesce(f.back_idr, 0) + coalesce(u.disposed_idr, 0),
              CASE WHEN o.state IN ('paid', 'filled') THEN o.amount_idr ELSE coalesce(u.open_idr, 0) END) AS expected,
       format('paid %s, returned %s, kept %s', o.amount_paid_idr, o.amount_returned_idr,
              o.amount_paid_idr - o.amount_returned_idr) AS found
  FROM orders AS o
  LEFT JOIN (
        SELECT y.account_id, y.order_id, sum(y.amount_idr) AS paid_idr
          FROM order_payments AS y
         WHERE y.shard = :shard AND in_scope(y.account_id, :account_ids::bigint[])
           AND in_scope(y.order_id, :ids::uuid[])
         GROUP BY y.account_id, y.order_id) AS p ON p.account_id = o.account_id AND p.order_id = o.id
  LEFT JOIN (
        SELECT r.account_id, r.order_id, sum(r.amount_idr) AS back_idr
          FROM refunds AS r
         WHERE r.shard = :shard AND (r.kind = 'surplus' OR (r.kind = 'reversal' AND r.stamps = 0))
           AND in_scope(r.account_id, :account_ids) AND in_scope(r.order_id, :ids)
         GROUP BY r.account_id, r.order_id) AS f ON f.account_id = o.account_id AND f.order_id = o.id
  LEFT JOIN (
        SELECT l.account_id, l.order_id, sum(l.amount) FILTER (WHERE l.state = 'open') AS open_idr,
               sum(l.amount) FILTER (WHERE l.resolution <> 'matched') AS disposed_idr
          FROM payment_unmatched AS l
         WHERE l.shard = :shard AND l.kind = 'underpaid' AND l.order_id IS NOT NULL
           AND in_scope(l.account_id, :account_ids) AND in_scope(l.order_id, :ids)
         GROUP BY l.account_id, l.order_id) AS u ON u.account_id = o.account_id AND u.order_id = o.id
 WHERE o.shard = :shard AND in_scope(o.account_id, :account_ids) AND in_scope(o.id, :ids)
   AND (o.amount_paid_idr, o.amount_returned_idr, o.amount_paid_idr - o.amount_returned_idr)
       IS DISTINCT FROM (coalesce(p.paid_idr, 0), coalesce(f.back_idr, 0) + coalesce(u.disposed_idr, 0),
                         CASE WHEN o.state IN ('paid', 'filled') THEN o.amount_idr ELSE coalesce(u.open_idr, 0) END)
 UNION ALL
SELECT v.account_id, format('reversal %s of order %s', v.reversal_no, v.order_id), format('%s explained', v.amount_idr),
       format('%s explained', coalesce(r.amount_idr, 0) + coalesce(l.amount, 0))
  FROM order_reversals AS v
  LEFT JOIN refunds AS r
    ON r.shard = :shard AND r.account_id = v.account_id
   AND r.id = payments_line_id(:shard, 'reversal', v.gateway, concat_ws(' ', v.order_id, v.reversal_no))
  LEFT JOIN payment_unmatched AS l
    ON l.shard = :shard AND l.account_id = v.account_id AND l.kind = 'reversal' AND l.gateway = v.gateway
   AND l.subject = v.reversal_no
 WHERE v.shard = :shard AND in_scope(v.account_id, :account_ids) AND in_scope(v.order_id, :ids)
   AND v.amount_idr <> coalesce(r.amount_idr, 0) + coalesce(l.amount, 0)
 UNION ALL
SELECT r.account_id, 'refund ' || r.id, 'on the unmatched list', 'not there'
  FROM refunds AS r
 WHERE r.shard = :shard AND r.kind = 'surplus' AND r.state = 'failed'
   AND in_scope(r.account_id, :account_ids) AND in_scope(r.order_id, :ids)
   AND NOT EXISTS (SELECT FROM payment_unmatched AS l
                    WHERE l.shard = :shard AND l.account_id = r.account_id AND l.kind = 'refund_failed'
                      AND l.gateway = r.gateway AND l.subject = r.id::text);

-- name: processing_has_lease(shard)
SELECT s.account_id,
       'stamp ' || s.id AS subject,
       'a lease, or one that ended less than 60 s ago' AS expected,
       coalesce('a lease until ' || s.lease_until, 'no lease') AS found
  FROM stamps AS s
 WHERE s.shard = :shard AND s.state = 'processing'
   AND coalesce(s.lease_until, '-infinity') < now() - interval '60 seconds';

-- name: serial_unique_block_known(shard, account_ids, ids)
-- Each number is on one stamp, from a block of this shard; once its stamp has ended it stands in the log with
-- the right kind, and so on the seal. Nothing is in the log or sealed that no stamp bears.
SELECT s.account_id, 'serial ' || s.serial AS subject, 'one stamp' AS expected,
       format('%s stamps', count(*)) AS found
  FROM stamps AS s
  JOIN stamps AS o ON o.shard = :shard AND o.serial = s.serial
 WHERE s.shard = :shard AND in_scope(s.account_id, :account_ids::bigint[]) AND in_scope(s.id, :ids::uuid[])
 GROUP BY s.account_id, s.id, s.serial
HAVING count(*) > 1
 UNION ALL
SELECT s.account_id, 'serial ' || s.serial, format('a block of shard %s', s.shard),
       coalesce(format('block %s of shard %s', k.block, k.shard), 'no block')
  FROM stamps AS s
  LEFT JOIN serial_blocks AS k ON k.block = s.serial / 1000
 WHERE s.shard = :shard AND s.serial IS NOT NULL AND k.shard IS DISTINCT FROM s.shard
   AND in_scope(s.account_id, :account_ids) AND in_scope(s.id, :ids)
 UNION ALL
SELECT s.account_id, 'serial ' || s.serial, coalesce('leaf ' || s.leaf, 'no leaf'),
       coalesce(CASE WHEN (g.account_id, g.serial_no) = (s.account_id, s.serial_no) THEN 'leaf ' || g.kind
                     ELSE 'leaf ' || g.kind || ' of something else' END, 'no leaf')
  FROM (SELECT p.account_id, p.serial, p.serial_no,
               CASE p.state WHEN 'affixed' THEN 'issue' WHEN 'returned' THEN 'void' END AS leaf
          FROM stamps AS p
         WHERE p.shard = :shard AND p.serial IS NOT NULL
           AND in_scope(p.account_id, :account_ids) AND in_scope(p.id, :ids)) AS s
  LEFT JOIN log_leaves AS g ON g.shard = :shard AND g.serial = s.serial
 WHERE (g.kind, g.account_id, g.serial_no)
       IS DISTINCT FROM (s.leaf, CASE WHEN s.leaf IS NOT NULL THEN s.account_id END,
                         CASE WHEN s.leaf IS NOT NULL THEN s.serial_no END)
 UNION ALL
SELECT g.account_id, 'serial ' || g.serial, 'a stamp', 'leaf ' || g.kind
  FROM log_leaves AS g
 WHERE g.shard = :shard AND :account_ids IS NULL -- by account there is no way to them
   AND NOT EXISTS (SELECT FROM stamps AS p WHERE p.shard = :shard AND p.serial = g.serial)
 UNION ALL
SELECT l.account_id, 'serial ' || l.serial, 'its stamp ' || l.stamp_id, coalesce('serial ' || s.serial, 'no stamp')
  FROM seals AS l
  LEFT JOIN stamps AS s ON s.shard = :shard AND s.account_id = l.account_id AND s.id = l.stamp_id
 WHERE l.shard = :shard AND s.serial IS DISTINCT FROM l.serial
   AND in_scope(l.account_id, :account_ids) AND in_scope(l.stamp_id, :ids);

-- name: affixed_has_object(shard, account_ids, ids)
-- Each affixed stamp has its revision, and each revision its affixed stamp, at its place in the chain.
SELECT coalesce(s.account_id, r.account_id) AS account_id,
       'stamp ' || coalesce(s.id, r.stamp_id) AS subject,
       coalesce(format('revision %s of document %s', s.no, s.document_id), 'no revision') AS expected,
       coalesce(format('revision %s of document %s', r.no, r.document_id), 'no revision') AS found
  FROM (SELECT p.account_id, p.id, p.document_id, p.base_revision + 1 AS no
          FROM stamps AS p
         WHERE p.shard = :shard AND p.state = 'affixed'
           AND in_scope(p.account_id, :account_ids::bigint[]) AND in_scope(p.id, :ids::uuid[])) AS s
  FULL JOIN (
        SELECT d.account_id, d.stamp_id, d.document_id, d.no
          FROM document_revisions AS d
         WHERE d.shard = :shard AND in_scope(d.account_id, :account_ids) AND in_scope(d.stamp_id, :ids)) AS r ON r.account_id = s.account_id AND r.stamp_id = s.id
 WHERE (s.document_id, s.no) IS DISTINCT FROM (r.document_id, r.no);

-- name: list_revisions(shard, after_account_id, after_document_id, after_no, at_most)
-- Part of affixed_has_object: the revisions whose bytes must be there, in the order of their key. Not those of
-- documents that were destroyed.
SELECT r.account_id, r.document_id, r.no
  FROM document_revisions AS r
  JOIN documents AS d ON d.shard = :shard AND d.account_id = r.account_id AND d.id = r.document_id
 WHERE r.shard = :shard AND d.state <> 'destroyed'
   AND (r.account_id, r.document_id, r.no) > (:after_account_id, :after_document_id, :after_no)
 ORDER BY r.account_id, r.document_id, r.no
 LIMIT :at_most;

-- name: states_forward(shard, account_ids, ids)
-- Events are those of one path through the table of moves, and end at the state; a hold's are its transfers.
-- By what there is, not by when: a clock may step back.
SELECT s.account_id, 'stamp ' || s.id AS subject, 'a path to ' || s.state AS expected,
       coalesce(array_to_string(e.states, ', '), 'nothing') AS found
  FROM stamps AS s
  LEFT JOIN (
        SELECT v.account_id, v.stamp_id, array_agg(v.state ORDER BY v.state) AS states
          FROM stamp_events AS v
         WHERE v.shard = :shard AND in_scope(v.account_id, :account_ids::bigint[]) AND in_scope(v.stamp_id, :ids::uuid[])
         GROUP BY v.account_id, v.stamp_id) AS e ON e.account_id = s.account_id AND e.stamp_id = s.id
 WHERE s.shard = :shard AND in_scope(s.account_id, :account_ids) AND in_scope(s.id, :ids)
   AND NOT coalesce(CASE s.state
        WHEN 'accepted' THEN e.states = ARRAY['accepted']
        WHEN 'processing' THEN e.states = ARRAY['accepted', 'processing']
        WHEN 'affixed' THEN e.states = ARRAY['accepted', 'affixed', 'processing']
        WHEN 'returned' THEN e.states IN (ARRAY['accepted', 'returned'], ARRAY['accepted', 'processing', 'returned'])
        END, false)
 UNION ALL
SELECT o.account_id, 'order ' || o.id, 'a path to ' || o.state, coalesce(array_to_string(e.states, ', '), 'nothing')
  FROM orders AS o
  LEFT JOIN (
        SELECT v.account_id, v.order_id, array_agg(v.state ORDER BY v.state) AS states
          FROM order_events AS v
         WHERE v.shard = :shard AND in_scope(v.account_id, :account_ids) AND in_scope(v.order_id, :ids)
         GROUP BY v.account_id, v.order_id) AS e ON e.account_id = o.account_id AND e.order_id = o.id
 WHERE o.shard = :shard AND in_scope(o.account_id, :account_ids) AND in_scope(o.id, :ids)
   AND NOT coalesce(CASE o.state
        WHEN 'placed' THEN e.states = ARRAY['placed']
        WHEN 'expired' THEN e.states = ARRAY['expired', 'placed']
        WHEN 'cancelled' THEN e.states = ARRAY['cancelled', 'placed']
        WHEN 'paid' THEN e.states IN (ARRAY['paid', 'placed'], ARRAY['expired', 'paid', 'placed'],
                                      ARRAY['cancelled', 'paid', 'placed'])
        WHEN 'filled' THEN e.states IN (ARRAY['filled', 'paid', 'placed'], ARRAY['expired', 'filled', 'paid', 'placed'],
                                        ARRAY['cancelled', 'filled', 'paid', 'placed'])
        END, false)
 UNION ALL
SELECT f.account_id, 'refund ' || f.id, 'a path to ' || f.state, coalesce(array_to_string(e.states, ', '), 'nothing')
  FROM refunds AS f
  LEFT JOIN (
        SELECT v.account_id, v.refund_id, array_agg(v.state ORDER BY v.state) AS states
          FROM refund_events AS v
         WHERE v.shard = :shard AND in_scope(v.account_id, :account_ids) AND in_scope(v.refund_id, :ids)
         GROUP BY v.account_id, v.refund_id) AS e ON e.account_id = f.account_id AND e.refund_id = f.id
 WHERE f.shard = :shard AND in_scope(f.account_id, :account_ids) AND in_scope(f.id, :ids)
   AND NOT coalesce(CASE
        WHEN f.kind = 'reversal' THEN f.state = 'done' AND e.states = ARRAY['done']
        WHEN f.state = 'waiting' THEN e.states = ARRAY['waiting']
        WHEN f.state = 'declined' THEN e.states = ARRAY['declined', 'waiting']
        ELSE e.states <@ ARRAY['waiting', 'asked', 'unknown', 'pending', f.state] AND 'asked' = ANY(e.states)
             AND f.state = ANY(e.states)
             AND (f.state = 'asked' OR 'unknown' = ANY(e.states) OR (f.state = f.end_told AND f.overdue_at IS NOT NULL))
             AND (f.state NOT IN ('asked', 'unknown') OR NOT 'pending' = ANY(e.states))
        END, false)
 UNION ALL
SELECT coalesce(h.account_id, m.account_id), 'hold ' || coalesce(h.id, m.ref),
       coalesce(format('a path to %s of %s', h.state, h.stamps), 'nothing'),
       coalesce(array_to_string(m.steps, ', '), 'nothing')
  FROM (SELECT l.account_id, l.id, l.state, l.stamps,
               CASE l.state
                   WHEN 'held' THEN ARRAY[format('hold %s', l.stamps)]
                   WHEN 'captured' THEN ARRAY[format('capture %s', l.stamps), format('hold %s', l.stamps)]
                   WHEN 'released' THEN ARRAY[format('hold %s', l.stamps), format('release %s', l.stamps)]
               END AS steps
          FROM quota_holds AS l
         WHERE l.shard = :shard AND in_scope(l.account_id, :account_ids) AND in_scope(l.id, :ids)) AS h
  FULL JOIN (
        SELECT t.account_id, t.ref, array_agg(format('%s %s', t.kind, t.stamps) ORDER BY t.kind) AS steps
          FROM quota_transfers AS t
         WHERE t.shard = :shard AND t.kind IN ('hold', 'capture', 'release')
           AND in_scope(t.account_id, :account_ids) AND in_scope(t.ref, :ids)
         GROUP BY t.account_id, t.ref) AS m ON m.account_id = h.account_id AND m.ref = h.id
 WHERE h.steps IS DISTINCT FROM m.steps;

-- name: outbox_fresh(shard)
SELECT f.account_id,
       format('%s %s', f.topic, f.subject) AS subject,
       'told within a minute' AS expected,
       format('untold since %s, %s attempts', f.published_at, f.attempts) AS found
  FROM outbox_facts AS f
 WHERE f.shard = :shard AND f.told_at IS NULL AND f.published_at < now() - interval '60 seconds';

-- name: waits_end(shard, accept_wait_s)
-- What was promised to end by a clock has ended, an hour later at most: stamps that wait `accepted`, and levels,
-- whose own wait (BUBUH_LEVEL_WAIT) is at most an hour.
SELECT s.account_id,
       'stamp ' || s.id AS subject,
       'worked on or returned within its wait' AS expected,
       'accepted since ' || s.accepted_at AS found
  FROM stamps AS s
 WHERE s.shard = :shard AND s.state = 'accepted'
   AND s.accepted_at < now() - make_interval(secs => :accept_wait_s + 3600)
 UNION ALL
SELECT v.account_id, 'level of stamp ' || v.stamp_id, 'settled within two hours', 'pending since ' || v.since
  FROM stamp_levels AS v
 WHERE v.shard = :shard AND v.state = 'pending' AND v.since < now() - interval '2 hours';
