-- name: find_wanted(shard, account_id, id, fence)
-- What the stamp's row says is to be signed, with the signature that already stands, if any.
SELECT s.digest, s.key_id, l.signature
  FROM stamps AS s
  LEFT JOIN seals AS l
    ON l.shard = :shard AND l.account_id = s.account_id AND l.stamp_id = s.id AND l.digest = s.digest
 WHERE s.shard = :shard AND s.account_id = :account_id AND s.id = :id
   AND s.state = 'processing' AND s.fence = :fence AND s.digest IS NOT NULL;

-- name: keep(shard, id, account_id, fence, digest, signature, key_id)
-- The signature that stands for this stamp and digest: this one, or the first one. No row in work: NULL.
SELECT stamping_seal(:shard, :id, :account_id, :fence, :digest, :signature, :key_id);
