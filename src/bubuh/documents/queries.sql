-- name: open_document(shard, account_id, id, sha256, size_bytes, name_sealed, key_sealed, object_key, content_unseen)
-- The first request under an id makes the row and with it the document's key. No row: there is one already.
INSERT INTO documents (shard, account_id, id, state, sha256, size_bytes, name_sealed, key_sealed, object_key,
                       content_unseen)
VALUES (:shard, :account_id, :id, 'receiving', :sha256, :size_bytes, :name_sealed, :key_sealed, :object_key,
        :content_unseen)
ON CONFLICT (shard, account_id, id) DO NOTHING
RETURNING id, account_id, state, sha256, size_bytes, pages, boxes, reason, flags, received_at, name_sealed,
          key_sealed, object_key, base_object_key, base_sha256, base_size_bytes, normalised_for, content_unseen;

-- name: find_document(shard, account_id, id)
SELECT d.id, d.account_id, d.state, d.sha256, d.size_bytes, d.pages, d.boxes, d.reason, d.flags, d.received_at,
       d.name_sealed, d.key_sealed, d.object_key, d.base_object_key, d.base_sha256, d.base_size_bytes,
       d.normalised_for, d.content_unseen
  FROM documents AS d
 WHERE d.shard = :shard AND d.account_id = :account_id AND d.id = :id;

-- name: make_ready(shard, account_id, id, pages, boxes, flags, base_object_key, base_sha256, base_size_bytes, normalised_for)
-- Its objects are stored: the original and, where it was normalised, the base. No row: another request was quicker.
UPDATE documents
   SET state = 'ready', pages = :pages, boxes = :boxes, flags = :flags::text[],
       base_object_key = :base_object_key, base_sha256 = :base_sha256,
       base_size_bytes = :base_size_bytes, normalised_for = :normalised_for
 WHERE shard = :shard AND account_id = :account_id AND id = :id AND state = 'receiving'
RETURNING id, account_id, state, sha256, size_bytes, pages, boxes, reason, flags, received_at, name_sealed,
          key_sealed, object_key, base_object_key, base_sha256, base_size_bytes, normalised_for, content_unseen;

-- name: refuse_document(shard, account_id, id, reason)
-- Nothing is kept but the hash and the reason. No row: another request was quicker.
UPDATE documents
   SET state = 'refused', reason = :reason, name_sealed = NULL, key_sealed = NULL, object_key = NULL
 WHERE shard = :shard AND account_id = :account_id AND id = :id AND state = 'receiving'
RETURNING id, account_id, state, sha256, size_bytes, pages, boxes, reason, flags, received_at, name_sealed,
          key_sealed, object_key, base_object_key, base_sha256, base_size_bytes, normalised_for, content_unseen;

-- name: find_revisions(shard, account_id, id, upto)
-- A document with what was appended to it, in its order, up to and with revision `upto`, and what was added to that:
-- one row an increment, one without an increment when there is none. No row: no such document.
SELECT d.id, d.account_id, d.state, d.sha256, d.size_bytes, d.pages, d.boxes, d.reason, d.flags, d.received_at,
       d.name_sealed, d.key_sealed, d.object_key, d.base_object_key, d.base_sha256, d.base_size_bytes,
       d.normalised_for, d.content_unseen,
       r.no AS revision_no, r.object_key AS revision_object_key, r.increment_bytes,
       coalesce(v.sha256, r.sha256) AS revision_sha256, coalesce(v.size_bytes, r.size_bytes) AS revision_size_bytes,
       v.gap_at, v.token, v.dss_object_key
  FROM documents AS d
  LEFT JOIN document_revisions AS r
    ON r.shard = :shard AND r.account_id = d.account_id AND r.document_id = d.id AND r.no <= :upto
  LEFT JOIN stamp_levels AS v ON v.shard = :shard AND v.account_id = r.account_id AND v.stamp_id = r.stamp_id
 WHERE d.shard = :shard AND d.account_id = :account_id AND d.id = :id
 ORDER BY r.no;

-- name: open_upload(shard, account_id, id, size_bytes, name_sealed, key_sealed, lasts_s)
-- No row: there is one under this id already.
INSERT INTO uploads (shard, account_id, id, size_bytes, name_sealed, key_sealed, expires_at)
VALUES (:shard, :account_id, :id, :size_bytes, :name_sealed, :key_sealed, now() + make_interval(secs => :lasts_s))
ON CONFLICT (shard, account_id, id) DO NOTHING
RETURNING id, account_id, size_bytes, received_bytes, parts, name_sealed, key_sealed, expires_at;

-- name: find_upload(shard, account_id, id)
-- No row: there is none, or it has expired.
SELECT u.id, u.account_id, u.size_bytes, u.received_bytes, u.parts, u.name_sealed, u.key_sealed, u.expires_at
  FROM uploads AS u
 WHERE u.shard = :shard AND u.account_id = :account_id AND u.id = :id AND u.expires_at > now();

-- name: list_uploads(shard, account_id)
-- Of one account, the oldest first.
SELECT u.id, u.account_id, u.size_bytes, u.received_bytes, u.parts, u.name_sealed, u.key_sealed, u.expires_at
  FROM uploads AS u
 WHERE u.shard = :shard AND u.account_id = :account_id
 ORDER BY u.begun_at, u.id;

-- name: list_expired_uploads(shard, most)
SELECT u.id, u.account_id, u.size_bytes, u.received_bytes, u.parts, u.name_sealed, u.key_sealed, u.expires_at
  FROM uploads AS u
 WHERE u.shard = :shard AND u.expires_at <= now()
 ORDER BY u.expires_at
 LIMIT :most;

-- name: add_part(shard, account_id, id, received_bytes, part, part_bytes)
-- The object of that number is kept. No row: meanwhile another part came, or the upload is gone.
UPDATE uploads
   SET received_bytes = received_bytes + :part_bytes, parts = parts || :part::bigint
 WHERE shard = :shard AND account_id = :account_id AND id = :id AND received_bytes = :received_bytes
   AND received_bytes + :part_bytes <= size_bytes AND expires_at > now()
RETURNING id, account_id, size_bytes, received_bytes, parts, name_sealed, key_sealed, expires_at;

-- name: drop_upload(shard, account_id, id)
DELETE FROM uploads WHERE shard = :shard AND account_id = :account_id AND id = :id RETURNING id;

-- name: destroy_all(shard, account_id)!
-- Every document of the account: without its key nobody reads its bytes, wherever they lie, nor its name.
UPDATE documents
   SET state = 'destroyed', name_sealed = NULL, key_sealed = NULL
 WHERE shard = :shard AND account_id = :account_id AND state IN ('receiving', 'ready');

-- name: lock_due(shard, kept_s, at_most)
-- Documents that came and were last stamped longer ago than `kept_s`, and that nobody keeps: the oldest first, locked, so
-- that no stamp of theirs is leased meanwhile. Without those that somebody has locked. One that is still being received
-- after so long will not be: its request died.
SELECT d.account_id, d.id
  FROM documents AS d
 WHERE d.shard = :shard AND d.state IN ('receiving', 'ready') AND d.kept_at IS NULL
   AND d.received_at < now() - make_interval(secs => :kept_s)
   AND NOT EXISTS (SELECT FROM document_revisions AS r
                    WHERE r.shard = :shard AND r.account_id = d.account_id AND r.document_id = d.id
                      AND r.made_at >= now() - make_interval(secs => :kept_s))
 ORDER BY d.received_at
 LIMIT :at_most
   FOR NO KEY UPDATE OF d SKIP LOCKED;

-- name: destroy_due(shard, account_ids, ids)
-- Those of them of which no stamp waits or is in work. A row for each.
UPDATE documents AS d
   SET state = 'destroyed', name_sealed = NULL, key_sealed = NULL
  FROM unnest(:account_ids::bigint[], :ids::uuid[]) AS x (account_id, id)
 WHERE d.shard = :shard AND d.account_id = x.account_id AND d.id = x.id AND d.state IN ('receiving', 'ready')
   AND d.kept_at IS NULL
   AND NOT EXISTS (SELECT FROM stamps AS s
                    WHERE s.shard = :shard AND s.account_id = d.account_id AND s.document_id = d.id
                      AND s.state = 'processing')
   AND NOT EXISTS (SELECT FROM stamps AS s
                    WHERE s.shard = :shard AND s.account_id = d.account_id AND s.document_id = d.id
                      AND s.state = 'accepted')
RETURNING d.account_id, d.id;

-- name: list_leftovers(shard, at_most)
-- Documents that are destroyed, and whose objects may still be there.
SELECT d.account_id, d.id, d.object_key, d.base_object_key
  FROM documents AS d
 WHERE d.shard = :shard AND d.state = 'destroyed' AND d.object_key IS NOT NULL
 LIMIT :at_most;

-- name: list_added_objects(shard, account_ids, ids)
-- Where the increments of these documents lie, and what was added to them.
SELECT r.object_key, v.dss_object_key
  FROM unnest(:account_ids::bigint[], :ids::uuid[]) AS x (account_id, id)
  JOIN document_revisions AS r ON r.shard = :shard AND r.account_id = x.account_id AND r.document_id = x.id
  LEFT JOIN stamp_levels AS v ON v.shard = :shard AND v.account_id = r.account_id AND v.stamp_id = r.stamp_id;

-- name: forget_leftovers(shard, account_ids, ids)!
-- Their objects are gone.
UPDATE documents AS d
   SET object_key = NULL, base_object_key = NULL, base_sha256 = NULL, base_size_bytes = NULL, normalised_for = NULL
  FROM unnest(:account_ids::bigint[], :ids::uuid[]) AS x (account_id, id)
 WHERE d.shard = :shard AND d.account_id = x.account_id AND d.id = x.id AND d.state = 'destroyed';

-- name: set_kept(shard, account_id, id, is_kept)
-- No row: the account has no such document with bytes.
UPDATE documents
   SET kept_at = CASE WHEN :is_kept THEN coalesce(kept_at, now()) END
 WHERE shard = :shard AND account_id = :account_id AND id = :id AND state = 'ready'
RETURNING id;

-- name: find_stay(shard, account_id, id, kept_s)
-- How long the document's bytes stay. No row: the account has no such document.
SELECT d.state = 'ready' AS is_here, d.kept_at IS NOT NULL AS is_kept,
       greatest(d.received_at, (SELECT max(r.made_at) FROM document_revisions AS r
                                 WHERE r.shard = :shard AND r.account_id = d.account_id AND r.document_id = d.id))
       + make_interval(secs => :kept_s) AS ends_at
  FROM documents AS d
 WHERE d.shard = :shard AND d.account_id = :account_id AND d.id = :id;

-- name: list_documents(shard, account_id, after_id, most)
-- Of one account, by their ids, from after `after_id` (NULL: the first).
SELECT d.id, d.account_id, d.state, d.sha256, d.size_bytes, d.pages, d.boxes, d.reason, d.flags, d.received_at,
       d.name_sealed, d.key_sealed, d.object_key, d.base_object_key, d.base_sha256, d.base_size_bytes,
       d.normalised_for, d.content_unseen
  FROM documents AS d
 WHERE d.shard = :shard AND d.account_id = :account_id AND (:after_id::uuid IS NULL OR d.id > :after_id)
 ORDER BY d.id
 LIMIT :most;

-- name: drop_uploads(shard, account_id)!
-- Every upload that has not become a document.
DELETE FROM uploads WHERE shard = :shard AND account_id = :account_id;
