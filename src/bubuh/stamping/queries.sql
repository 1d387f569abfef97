-- name: accept_n(shard, ids, account_ids, actors, request_sha256s, document_ids, pages, xs, ys, sides, types, nos, dates)
-- S1 for many requests of one shard. One row per request, in its order: done, already_done, conflict,
-- exhausted or frozen; free is what the account has left.
SELECT id, outcome, free
  FROM stamping_accept_n(:shard, :ids::uuid[], :account_ids::bigint[], :actors::text[], :request_sha256s::bytea[],
                         :document_ids::uuid[], :pages::int[], :xs::float8[], :ys::float8[], :sides::float8[],
                         :types::text[], :nos::text[], :dates::date[]);

-- name: find_stamp(shard, account_id, id)
-- With its timeline.
SELECT s.id, s.account_id, s.document_id, s.state, s.page, s.x_pt, s.y_pt, s.side_pt, s.document_type,
       s.document_no, s.document_date, s.accepted_at, s.ended_at, s.serial_no, s.tier, s.reason, d.content_unseen,
       e.states, e.ats, COALESCE(w.level, 'B-B') AS level
  FROM stamps AS s
  JOIN documents AS d ON d.shard = :shard AND d.account_id = s.account_id AND d.id = s.document_id
  LEFT JOIN stamp_levels AS w ON w.shard = :shard AND w.account_id = s.account_id AND w.stamp_id = s.id
  CROSS JOIN LATERAL (
      SELECT array_agg(v.state ORDER BY v.at, v.state) AS states, array_agg(v.at ORDER BY v.at, v.state) AS ats
        FROM stamp_events AS v
       WHERE v.shard = :shard AND v.account_id = s.account_id AND v.stamp_id = s.id) AS e
 WHERE s.shard = :shard AND s.account_id = :account_id AND s.id = :id;

-- name: list_stamps(shard, account_id, before_at, before_id, most)
-- Newest first, from below (before_at, before_id).
SELECT s.id, s.account_id, s.document_id, s.state, s.page, s.x_pt, s.y_pt, s.side_pt, s.document_type,
       s.document_no, s.document_date, s.accepted_at, s.ended_at, s.serial_no, s.tier, s.reason, d.content_unseen,
       e.states, e.ats, COALESCE(w.level, 'B-B') AS level
  FROM stamps AS s
  JOIN documents AS d ON d.shard = :shard AND d.account_id = s.account_id AND d.id = s.document_id
  LEFT JOIN stamp_levels AS w ON w.shard = :shard AND w.account_id = s.account_id AND w.stamp_id = s.id
  CROSS JOIN LATERAL (
      SELECT array_agg(v.state ORDER BY v.at, v.state) AS states, array_agg(v.at ORDER BY v.at, v.state) AS ats
        FROM stamp_events AS v
       WHERE v.shard = :shard AND v.account_id = s.account_id AND v.stamp_id = s.id) AS e
 WHERE s.shard = :shard AND s.account_id = :account_id
   AND (s.accepted_at, s.id) < (:before_at::timestamptz, :before_id::uuid)
 ORDER BY s.accepted_at DESC, s.id DESC
 LIMIT :most;

-- name: count_before(shard, account_id, id, most)$
-- How many stand before it in its shard's line, at most `most`; NULL: it waits no longer. It is found by its key, the
-- others along the queue's index, no further than that, however much waits in the shard.
SELECT CASE WHEN s.state = 'accepted' THEN (
           SELECT count(*)
             FROM (SELECT q.id FROM stamps AS q
                    WHERE q.shard = :shard AND q.state = 'accepted' AND (q.queue_at, q.id) < (s.queue_at, s.id)
                    ORDER BY q.queue_at, q.id LIMIT :most) AS b) END AS before
  FROM stamps AS s
 WHERE s.shard = :shard AND s.account_id = :account_id AND s.id = :id;

-- name: lease_n(shard, worker, most, suspects, lease_s, unrenewed, untils)
SELECT id, account_id, fence, deaths
  FROM stamping_lease_n(:shard, :worker, :most, :suspects, :lease_s, :unrenewed::uuid[], :untils::timestamptz[]);

-- name: find_waiting(shard)
-- The shard, if a stamp of it may be waiting for a worker; a lease tells whether it is.
SELECT w.shard
  FROM (SELECT s.shard FROM stamps AS s WHERE s.shard = :shard AND s.state = 'accepted' LIMIT 1) AS w
 UNION
SELECT o.shard
  FROM (SELECT s.shard FROM stamps AS s
         WHERE s.shard = :shard AND s.state = 'processing' AND s.lease_until < now() LIMIT 1) AS o;

-- name: list_own(shard, worker)
-- What the worker has leased, whether it was told so or not.
SELECT s.id, s.account_id, s.fence, s.deaths
  FROM stamps AS s
 WHERE s.shard = :shard AND s.state = 'processing' AND s.lease_owner = :worker;

-- name: list_overdue(shard, worker, most)
-- Leases of other workers that are over by this server's clock, which may have jumped.
SELECT s.id, s.lease_until
  FROM stamps AS s
 WHERE s.shard = :shard AND s.state = 'processing' AND s.lease_owner <> :worker AND s.lease_until < now()
 ORDER BY s.lease_until
 LIMIT :most;

-- name: renew_n(shard, ids, account_ids, fences, lease_s)
SELECT id FROM stamping_renew_n(:shard, :ids::uuid[], :account_ids::bigint[], :fences::int[], :lease_s);

-- name: yield_n(shard, ids, account_ids, fences, wait_s)
SELECT id FROM stamping_yield_n(:shard, :ids::uuid[], :account_ids::bigint[], :fences::int[], :wait_s);

-- name: bury(shard, worker)
SELECT stamping_bury(:shard, :worker);

-- name: find_job_n(shard, ids, account_ids, fences)
-- All that a worker needs to go on with each of its leases, in their order; no document: the fence is lost. The base is the newest revision, with what was added to it: when nothing was appended yet the original, or
-- what it was normalised to. While a stamp is in work, none is added.
SELECT s.document_id, s.page, s.x_pt, s.y_pt, s.side_pt, s.deaths, s.serial, s.serial_no, s.base_revision,
       s.base_sha256, s.signed_at, s.file_id, s.key_id, s.level, s.time_stamp_room, s.plan_sealed, s.tier,
       l.serial IS NOT NULL AS sealed, coalesce(r.no, 0) AS newest_no,
       coalesce(v.sha256, r.sha256, d.base_sha256, d.sha256) AS newest_sha256, d.content_unseen
  FROM unnest(:ids::uuid[], :account_ids::bigint[], :fences::int[]) WITH ORDINALITY AS x (id, account_id, fence, no)
  LEFT JOIN stamps AS s
    ON s.shard = :shard AND s.account_id = x.account_id AND s.id = x.id AND s.fence = x.fence AND s.lease_until IS NOT NULL
  LEFT JOIN documents AS d ON d.shard = :shard AND d.account_id = s.account_id AND d.id = s.document_id
  LEFT JOIN seals AS l ON l.shard = :shard AND l.account_id = s.account_id AND l.stamp_id = s.id
  LEFT JOIN LATERAL (
      SELECT n.no, n.sha256, n.stamp_id FROM document_revisions AS n
       WHERE n.shard = :shard AND n.account_id = s.account_id AND n.document_id = s.document_id
       ORDER BY n.no DESC LIMIT 1) AS r ON TRUE
  LEFT JOIN stamp_levels AS v ON v.shard = :shard AND v.account_id = s.account_id AND v.stamp_id = r.stamp_id
 ORDER BY x.no;

-- name: take_block(block, shard, taken_by)
-- A block number is drawn at random by the caller; one that is taken gives no row, and another is drawn.
INSERT INTO serial_blocks (block, shard, taken_by) VALUES (:block, :shard, :taken_by)
ON CONFLICT DO NOTHING RETURNING block;

-- name: intend_n(shard, ids, account_ids, fences, serials, serial_nos, base_revisions, base_sha256s, signed_ats, file_ids, key_ids, levels, time_stamp_rooms)
SELECT stands
  FROM stamping_intend_n(:shard, :ids::uuid[], :account_ids::bigint[], :fences::int[], :serials::bigint[],
                         :serial_nos::text[], :base_revisions::int[], :base_sha256s::bytea[],
                         :signed_ats::timestamptz[], :file_ids::bytea[], :key_ids::text[], :levels::text[],
                         :time_stamp_rooms::int[]);

-- name: write_plan_n(shard, ids, account_ids, fences, digests, plans_sealed, tiers)
SELECT stands
  FROM stamping_write_plan_n(:shard, :ids::uuid[], :account_ids::bigint[], :fences::int[], :digests::bytea[],
                             :plans_sealed::bytea[], :tiers::text[]);

-- name: affix_n(shard, ids, account_ids, fences, object_keys, increment_bytes, sha256s, sizes, gaps)
SELECT id, outcome
  FROM stamping_affix_n(:shard, :ids::uuid[], :account_ids::bigint[], :fences::int[], :object_keys::text[],
                        :increment_bytes::int[], :sha256s::bytea[], :sizes::bigint[],
                        :gaps::int[]);

-- name: return_n(shard, ids, account_ids, fences, reasons, actors)
SELECT id, outcome
  FROM stamping_return_n(:shard, :ids::uuid[], :account_ids::bigint[], :fences::int[], :reasons::text[],
                         :actors::text[]);

-- name: read_clock()$
SELECT now();

-- name: list_waited_too_long(shard, wait_s, most)
-- By the database's clock alone; at most `most` a pass, so that a clock that jumps cannot empty the queue.
SELECT s.id, s.account_id
  FROM stamps AS s
 WHERE s.shard = :shard AND s.state = 'accepted'
   AND s.accepted_at < now() - make_interval(secs => :wait_s)
 ORDER BY s.accepted_at
 LIMIT :most;

-- name: find_made(shard, account_id, id)
-- What a stamp made of its document; `no` is NULL until it has made a revision. No row: no such stamp.
SELECT s.document_id, s.state, d.content_unseen, r.no, coalesce(v.state, 'settled') AS level_state
  FROM stamps AS s
  JOIN documents AS d ON d.shard = :shard AND d.account_id = s.account_id AND d.id = s.document_id
  LEFT JOIN document_revisions AS r
    ON r.shard = :shard AND r.account_id = s.account_id AND r.stamp_id = s.id
  LEFT JOIN stamp_levels AS v ON v.shard = :shard AND v.account_id = s.account_id AND v.stamp_id = s.id
 WHERE s.shard = :shard AND s.account_id = :account_id AND s.id = :id;

-- name: count_seals(shard)
-- How many stamps each key sealed.
SELECT l.key_id, count(*) AS seals FROM seals AS l WHERE l.shard = :shard GROUP BY l.key_id;

-- name: count_in_work(shard, key_id)
-- Stamps whose intent names the key and that have not ended.
SELECT count(*) FROM stamps AS s WHERE s.shard = :shard AND s.state = 'processing' AND s.key_id = :key_id;

-- name: level_lease_n(shard, most, lease_s)
SELECT stamp_id, account_id FROM stamping_level_lease_n(:shard, :most, :lease_s);

-- name: find_pending_level(shard, account_id, stamp_id, wait_s)
-- What is still to be added, and to what; no row: it is settled. By the database's clock alone it is late.
SELECT v.document_id, v.no, v.gap_at, v.wanted, v.token, v.reason, l.signature, l.key_id, r.increment_bytes,
       v.since < now() - make_interval(secs => :wait_s) AS is_late
  FROM stamp_levels AS v
  JOIN seals AS l ON l.shard = :shard AND l.account_id = v.account_id AND l.stamp_id = v.stamp_id
  JOIN document_revisions AS r ON r.shard = :shard AND r.account_id = v.account_id AND r.stamp_id = v.stamp_id
 WHERE v.shard = :shard AND v.account_id = :account_id AND v.stamp_id = :stamp_id AND v.state = 'pending';

-- name: level_wait(shard, id, account_id, reason, wait_s)
SELECT stamping_level_wait(:shard, :id, :account_id, :reason, :wait_s);

-- name: level_stamp(shard, id, account_id, token, sha256, size_bytes)
SELECT stamping_level_stamp(:shard, :id, :account_id, :token, :sha256, :size_bytes);

-- name: level_append(shard, id, account_id, object_key, bytes, sha256, size_bytes)
SELECT stamping_level_append(:shard, :id, :account_id, :object_key, :bytes, :sha256, :size_bytes);

-- name: level_give_up(shard, id, account_id, reason)
SELECT stamping_level_give_up(:shard, :id, :account_id, :reason);

-- name: list_blocks(shard, after_block, at_most)
SELECT k.block, k.taken_by
  FROM serial_blocks AS k
 WHERE k.shard = :shard AND k.block > :after_block
 ORDER BY k.block
 LIMIT :at_most;

-- name: list_fates(shard, blocks)
-- What became of each number of some blocks that left its block; a number without a row is unused. `fate` is NULL where
-- stamp, seal and leaf do not explain it together.
SELECT coalesce(s.serial, l.serial, g.serial) / 1000 AS block, coalesce(s.serial, l.serial, g.serial) AS serial,
       coalesce(s.serial_no, g.serial_no) AS serial_no,
       CASE WHEN s.state = 'affixed' AND l.stamp_id = s.id AND l.digest = s.digest AND g.kind = 'issue'
                 AND g.digest = s.digest AND g.serial_no = s.serial_no THEN 'used'
            WHEN s.state = 'returned' AND l.serial IS NULL AND g.kind = 'void' AND g.serial_no = s.serial_no THEN 'void'
            WHEN s.state = 'processing' AND (l.serial IS NULL OR l.stamp_id = s.id) AND g.serial IS NULL THEN 'in_work'
       END AS fate,
       g.reason,
       concat_ws(', ', coalesce('stamp ' || s.state, 'no stamp'), CASE WHEN l.serial IS NULL THEN 'no seal' ELSE 'seal' END,
                 coalesce('leaf ' || g.kind, 'no leaf')) AS found
  FROM (SELECT p.serial, p.serial_no, p.id, p.state, p.digest
          FROM unnest(:blocks::bigint[]) AS x (block)
          JOIN stamps AS p ON p.shard = :shard AND p.serial BETWEEN x.block * 1000 AND x.block * 1000 + 999) AS s
  FULL JOIN (
        SELECT q.serial, q.stamp_id, q.digest
          FROM unnest(:blocks::bigint[]) AS y (block)
          JOIN seals AS q ON q.shard = :shard AND q.serial BETWEEN y.block * 1000 AND y.block * 1000 + 999) AS l
    ON l.serial = s.serial
  FULL JOIN (
        SELECT f.serial, f.serial_no, f.kind, f.reason, f.digest
          FROM unnest(:blocks::bigint[]) AS z (block)
          JOIN log_leaves AS f ON f.shard = :shard AND f.serial BETWEEN z.block * 1000 AND z.block * 1000 + 999) AS g
    ON g.serial = coalesce(s.serial, l.serial);

-- name: list_stray_serials(shard)
-- Numbers on stamps, seals or leaves of this shard that no block of this shard holds.
SELECT n.serial, n.serial_no, n.found
  FROM (SELECT p.serial, p.serial_no, 'stamp ' || p.state AS found
          FROM stamps AS p
         WHERE p.shard = :shard AND p.serial IS NOT NULL
         UNION ALL
        SELECT l.serial, NULL, 'seal'
          FROM seals AS l
         WHERE l.shard = :shard
         UNION ALL
        SELECT g.serial, g.serial_no, 'leaf ' || g.kind
          FROM log_leaves AS g
         WHERE g.shard = :shard) AS n
 WHERE NOT EXISTS (SELECT FROM serial_blocks AS k WHERE k.shard = :shard AND k.block = n.serial / 1000)
 ORDER BY n.serial, n.found;

-- name: list_named_objects(shard, object_keys)
-- Those of the keys that a row of the shard names. What was added to a document that has no objects any more is named by
-- nobody.
SELECT d.object_key FROM documents AS d WHERE d.shard = :shard AND d.object_key = ANY(:object_keys::text[])
 UNION ALL
SELECT d.base_object_key FROM documents AS d WHERE d.shard = :shard AND d.base_object_key = ANY(:object_keys)
 UNION ALL
SELECT r.object_key
  FROM document_revisions AS r
  JOIN documents AS d ON d.shard = :shard AND d.account_id = r.account_id AND d.id = r.document_id
 WHERE r.shard = :shard AND r.object_key = ANY(:object_keys) AND d.object_key IS NOT NULL
 UNION ALL
SELECT v.dss_object_key
  FROM stamp_levels AS v
  JOIN documents AS d ON d.shard = :shard AND d.account_id = v.account_id AND d.id = v.document_id
 WHERE v.shard = :shard AND v.dss_object_key = ANY(:object_keys) AND d.object_key IS NOT NULL;

-- name: list_to_be_named(shard)
-- Whose objects may lie there before their row names them: bases of documents being received (`no` NULL), increments of
-- stamps in work, and what is added to them.
SELECT d.account_id, d.id AS document_id, NULL::integer AS no
  FROM documents AS d WHERE d.shard = :shard AND d.state = 'receiving'
 UNION ALL
SELECT s.account_id, s.document_id, s.base_revision + 1
  FROM stamps AS s WHERE s.shard = :shard AND s.state = 'processing' AND s.base_revision IS NOT NULL
 UNION ALL
SELECT v.account_id, v.document_id, v.no
  FROM stamp_levels AS v WHERE v.shard = :shard AND v.state = 'pending';
