-- name: link(shard, after_account_id, most)^
-- Link the next unlinked transfers. No row: another links this shard just now.
SELECT l.seen, l.linked
  FROM quota_link(:shard, :after_account_id, :most) AS l;

-- name: find_head(shard)^
-- Where a chain ends, and the last link there is at the same moment.
SELECT h.no, h.hash, coalesce((SELECT max(l.no) FROM quota_links AS l WHERE l.shard = :shard), 0) AS last_no
  FROM quota_link_heads AS h
 WHERE h.shard = :shard;

-- name: list_links(shard, after_no, last_no, at_most)
SELECT l.shard, l.no, l.account_ids, l.firsts, l.lasts, l.leaves, l.linked_at, l.previous_hash, l.hash
  FROM quota_links AS l
 WHERE l.shard = :shard AND l.no > :after_no AND l.no <= :last_no
 ORDER BY l.no
 LIMIT :at_most;

-- name: list_transfers(shard, account_ids, firsts, lasts)
-- The transfers in some ranges of some accounts' numbers, in the order in which a link has their hashes.
SELECT t.shard, t.account_id, t.no, t.ref, t.kind, t.debit, t.credit, t.stamps, t.counter_account_id, t.recorded_at,
       t.actor
  FROM unnest(:account_ids::bigint[], :firsts::bigint[], :lasts::bigint[]) AS x (account_id, first, last)
  JOIN quota_transfers AS t
    ON t.shard = :shard AND t.account_id = x.account_id AND t.no BETWEEN x.first AND x.last
 ORDER BY t.account_id, t.no;

-- name: misnumbered(shard)
-- Accounts whose transfers are not numbered from 1 to what their balance counts, in one snapshot. `wrong` is the
-- first number that stands where another belongs, `due` the one that belongs there; NULL when all are in place.
SELECT coalesce(b.account_id, t.account_id) AS account_id, coalesce(b.moves, 0) AS moves, coalesce(t.top, 0) AS top,
       t.wrong, t.due
  FROM (SELECT q.account_id, q.moves
          FROM quota_balances AS q
         WHERE q.shard = :shard) AS b
  FULL JOIN (
        SELECT n.account_id, max(n.no) AS top,
               min(n.no) FILTER (WHERE n.no <> n.due) AS wrong, min(n.due) FILTER (WHERE n.no <> n.due) AS due
          FROM (SELECT m.account_id, m.no, row_number() OVER (PARTITION BY m.shard, m.account_id ORDER BY m.no) AS due
                  FROM quota_transfers AS m
                 WHERE m.shard = :shard) AS n
         GROUP BY n.account_id) AS t USING (account_id)
 WHERE coalesce(b.moves, 0) <> coalesce(t.top, 0) OR t.wrong IS NOT NULL
 ORDER BY 1;

-- name: count_unlinked(shard)$
-- How many transfers wait to be linked.
SELECT coalesce(sum(b.moves - coalesce(l.moves, 0)), 0)::bigint
  FROM quota_balances AS b
  LEFT JOIN quota_linked AS l ON l.shard = :shard AND l.account_id = b.account_id
 WHERE b.shard = :shard;

-- name: list_hashes(shard, nos)
-- The hashes of some links of a shard.
SELECT l.no, l.hash
  FROM quota_links AS l
 WHERE l.shard = :shard AND l.no = ANY(:nos::bigint[]);

-- name: newest_signed()^
-- No row: none was signed yet.
SELECT s.no, s.signed_at, s.nos, s.digest, s.previous_hash, s.key_id, s.signature
  FROM quota_signed_heads AS s
 ORDER BY s.no DESC
 LIMIT 1;

-- name: list_signed(after_no, at_most)
SELECT s.no, s.signed_at, s.nos, s.digest, s.previous_hash, s.key_id, s.signature
  FROM quota_signed_heads AS s
 WHERE s.no > :after_no
 ORDER BY s.no
 LIMIT :at_most;

-- name: keep_signed(no, signed_at, nos, digest, previous_hash, key_id, signature)$
-- False where another signer was there first.
SELECT quota_keep_head(:no, :signed_at, :nos, :digest, :previous_hash, :key_id, :signature);
