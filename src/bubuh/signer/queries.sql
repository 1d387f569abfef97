-- name: find_wanted_n(shard, ids, account_ids, fences)
-- What the rows of wanted stamps say is to be signed, by their place `no` in the request, with the signatures that
-- already stand. A stamp that is not in work under its fence, or that has no digest yet, has no row or is not in work.
SELECT x.no, s.state = 'processing' AS is_in_work, s.digest, s.key_id, l.signature
  FROM unnest(:ids::uuid[], :account_ids::bigint[], :fences::int[]) WITH ORDINALITY AS x (id, account_id, fence, no)
  JOIN stamps AS s ON s.shard = :shard AND s.account_id = x.account_id AND s.id = x.id
  LEFT JOIN seals AS l
    ON l.shard = :shard AND l.account_id = s.account_id AND l.stamp_id = s.id AND l.digest = s.digest
 WHERE s.fence = x.fence AND s.digest IS NOT NULL;

-- name: keep_n(shard, ids, account_ids, fences, digests, signatures, key_ids)
-- The signatures that stand for these stamps and digests: these, or the first ones. No row in work: NULL.
SELECT signature
  FROM stamping_seal_n(:shard, :ids::uuid[], :account_ids::bigint[], :fences::int[], :digests::bytea[],
                       :signatures::bytea[], :key_ids::text[]);
