-- name: find_block(block)
-- Which shard numbers of this block belong to. No row: the block was never taken.
SELECT b.shard FROM serial_blocks AS b WHERE b.block = :block;

-- name: find_affixed(shard, serial)
-- No row: the number was not used, its stamp is still in work, or it is void; to the asker the same.
SELECT s.serial_no, s.ended_at AS affixed_at, s.digest, d.content_unseen
  FROM stamps AS s
  JOIN documents AS d ON d.shard = :shard AND d.account_id = s.account_id AND d.id = s.document_id
 WHERE s.shard = :shard AND s.serial = :serial AND s.state = 'affixed';

-- name: is_in_work(shard, serial)
-- No row: the number was not used, its stamp is affixed, or it is void.
SELECT TRUE FROM stamps AS s WHERE s.shard = :shard AND s.serial = :serial AND s.state = 'processing';
