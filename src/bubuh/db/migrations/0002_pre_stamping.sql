-- Why: documents as chains of revisions, and the affixing saga: every step leaves the row that says how to go on.
-- The fence stands on the stamp's row and is checked here, under that row's lock, before any quota function
-- is called (ADR-0004). Lock order: documents, stamps by id, balances by account.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

-- ---------------------------------------------------------------- documents

-- A stranger's bytes, kept sealed under a key of their own; destroying `key_sealed` destroys the document.
CREATE TABLE documents (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL,
    sha256 bytea NOT NULL,
    size_bytes bigint NOT NULL,
    pages integer,
    boxes jsonb,
    name_sealed bytea,
    key_sealed bytea,
    object_key text,
    reason text,
    flags text[] NOT NULL DEFAULT '{}',
    -- a damaged original is written anew: that is what is stamped then. The original stays as it came
    base_object_key text,
    base_sha256 bytea,
    base_size_bytes bigint,
    normalised_for text,
    -- it stayed at home: what is kept is its midstate, and hash, size, pages and boxes are of that
    content_unseen boolean NOT NULL DEFAULT FALSE,
    received_at timestamptz NOT NULL DEFAULT now(),
    kept_at timestamptz, -- its owner wants its bytes kept past their time
    PRIMARY KEY (shard, account_id, id),
    CONSTRAINT documents_shard CHECK (shard = account_id % 64),
    CONSTRAINT documents_state_known CHECK (state IN ('receiving', 'ready', 'refused', 'destroyed')),
    CONSTRAINT documents_ready_whole CHECK (
        state <> 'ready' OR (pages > 0 AND boxes IS NOT NULL AND key_sealed IS NOT NULL AND object_key IS NOT NULL)
    ),
    CONSTRAINT documents_refused_why CHECK ((state = 'refused') = (reason IS NOT NULL)),
    CONSTRAINT documents_sha256 CHECK (length(sha256) = 32),
    CONSTRAINT documents_base_whole CHECK (
        num_nulls(base_object_key, base_sha256, base_size_bytes, normalised_for) IN (0, 4)
    ),
    CONSTRAINT documents_base_sha256 CHECK (length(base_sha256) = 32),
    -- where its objects lay is known until they are taken away: without the key they are noise
    CONSTRAINT documents_destroyed_whole CHECK (state <> 'destroyed' OR num_nonnulls(name_sealed, key_sealed) = 0),
    CONSTRAINT documents_unseen_not_normalised CHECK (NOT content_unseen OR base_object_key IS NULL)
) WITH (fillfactor = 85);
-- Does any row name this object? Asked by the sweep over the object store, here and in the two tables below.
CREATE INDEX documents_objects ON documents (shard, object_key) WHERE object_key IS NOT NULL;
CREATE INDEX documents_base_objects ON documents (shard, base_object_key) WHERE base_object_key IS NOT NULL;
CREATE INDEX documents_unkept ON documents (shard, received_at)
    WHERE state IN ('receiving', 'ready') AND kept_at IS NULL;
CREATE INDEX documents_leftovers ON documents (shard) WHERE state = 'destroyed' AND object_key IS NOT NULL;
GRANT SELECT, INSERT ON documents TO bubuh_app;
GRANT UPDATE (
    state, kept_at, pages, boxes, name_sealed, key_sealed, object_key, reason, flags,
    base_object_key, base_sha256, base_size_bytes, normalised_for
) ON documents TO bubuh_app;

-- ---------------------------------------------------------------- serial numbers

-- A block of 1,000 numbers belongs to one shard, for ever; its number is drawn by the worker that takes it.
CREATE TABLE serial_blocks (
    block bigint PRIMARY KEY,
    shard smallint NOT NULL,
    taken_by text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (block, shard),
    CONSTRAINT serial_blocks_shard CHECK (shard BETWEEN 0 AND 63),
    CONSTRAINT serial_blocks_range CHECK (block BETWEEN 0 AND 281474976710655)
);
CREATE TRIGGER serial_blocks_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON serial_blocks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON serial_blocks TO bubuh_app;

-- ---------------------------------------------------------------- stamps

CREATE TABLE stamps (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    request_sha256 bytea NOT NULL,
    document_id uuid NOT NULL,
    state text NOT NULL,
    -- what was asked for
    page integer NOT NULL,
    x_pt double precision NOT NULL,
    y_pt double precision NOT NULL,
    side_pt double precision NOT NULL,
    document_type text NOT NULL,
    document_no text NOT NULL,
    document_date date NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    -- its place in the queue: an account's n-th stamp under way stands there as if it had come n seconds later, so
    -- that one account's thousands hold up nobody who wants one
    queue_at timestamptz NOT NULL,
    -- who is at work; `fence` rises with each lease and shuts late workers out
    fence integer NOT NULL DEFAULT 0,
    lease_owner text,
    lease_until timestamptz,
    deaths integer NOT NULL DEFAULT 0,
    -- the intent: with it, plan is a pure function
    serial bigint,
    block bigint,
    serial_no text,
    base_revision integer,
    base_sha256 bytea,
    signed_at timestamptz,
    file_id bytea,
    key_id text,
    level text, -- of the signature, as the policy was then: what is beyond B-B comes later (ADR-0012)
    time_stamp_room integer, -- bytes reserved in the seal for it
    -- what is to be signed, and the increment it is over, sealed under the document's key: whoever goes on after a
    -- seal takes these bytes, whatever the engine has learned meanwhile. Gone once the stamp has ended
    digest bytea,
    plan_sealed bytea,
    tier text, -- which of the engine's tiers planned it
    -- how it ended
    ended_at timestamptz,
    reason text,
    PRIMARY KEY (shard, account_id, id),
    CONSTRAINT stamps_shard CHECK (shard = account_id % 64),
    CONSTRAINT stamps_state_known CHECK (state IN ('accepted', 'processing', 'affixed', 'returned')),
    CONSTRAINT stamps_block CHECK (block = serial / 1000),
    CONSTRAINT stamps_serial UNIQUE (shard, serial),
    CONSTRAINT stamps_block_known FOREIGN KEY (block, shard) REFERENCES serial_blocks (block, shard),
    CONSTRAINT stamps_intent_whole CHECK (
        num_nulls(serial, block, serial_no, base_revision, base_sha256, signed_at, file_id, key_id, level, time_stamp_room)
        IN (0, 10)
    ),
    CONSTRAINT stamps_level_known CHECK (level IN ('B-B', 'B-T', 'B-LT')),
    CONSTRAINT stamps_room_of_level CHECK ((level = 'B-B') = (time_stamp_room = 0)),
    CONSTRAINT stamps_digest_of_intent CHECK (digest IS NULL OR (serial IS NOT NULL AND length(digest) = 32)),
    CONSTRAINT stamps_plan_with_digest CHECK (
        (plan_sealed IS NOT NULL) = (digest IS NOT NULL AND state = 'processing')
    ),
    CONSTRAINT stamps_tier_known CHECK (tier IN ('t1', 't2', 't3')),
    CONSTRAINT stamps_tier_of_plan CHECK ((tier IS NULL) = (digest IS NULL)),
    CONSTRAINT stamps_affixed_whole CHECK (state <> 'affixed' OR digest IS NOT NULL),
    CONSTRAINT stamps_returned_why CHECK ((state = 'returned') = (reason IS NOT NULL)),
    CONSTRAINT stamps_ended CHECK ((state IN ('affixed', 'returned')) = (ended_at IS NOT NULL)),
    CONSTRAINT stamps_leased CHECK (state = 'processing' OR (lease_owner IS NULL AND lease_until IS NULL))
) WITH (fillfactor = 70);
-- One stamp a document is in work at a time; others wait `accepted`.
CREATE UNIQUE INDEX stamps_one_in_work ON stamps (shard, account_id, document_id) WHERE state = 'processing';
CREATE INDEX stamps_waiting ON stamps (shard, accepted_at) WHERE state = 'accepted';
CREATE INDEX stamps_queue ON stamps (shard, queue_at, id) WHERE state = 'accepted';
CREATE INDEX stamps_history ON stamps (shard, account_id, accepted_at DESC, id DESC);
ALTER TABLE stamps ALTER COLUMN plan_sealed SET STORAGE EXTERNAL; -- what is sealed grows no smaller
GRANT SELECT ON stamps TO bubuh_app;
GRANT SELECT (
    shard, account_id, id, state, fence, serial, serial_no, key_id, digest
) ON stamps TO bubuh_signer;

-- A stamp enters each state once: the timeline its owner sees.
CREATE TABLE stamp_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    stamp_id uuid NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id, stamp_id, state),
    CONSTRAINT stamp_events_shard CHECK (shard = account_id % 64)
);
CREATE TRIGGER stamp_events_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON stamp_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON stamp_events TO bubuh_app;

-- What the seal key signed: written before the signature is answered, never changed.
CREATE TABLE seals (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    serial bigint NOT NULL,
    stamp_id uuid NOT NULL,
    digest bytea NOT NULL,
    signature bytea NOT NULL,
    key_id text NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, serial),
    CONSTRAINT seals_shard CHECK (shard = account_id % 64),
    CONSTRAINT seals_one_a_stamp UNIQUE (shard, account_id, stamp_id),
    CONSTRAINT seals_digest CHECK (length(digest) = 32)
);
CREATE TRIGGER seals_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON seals TO bubuh_app, bubuh_signer;

-- Revision 0 is the original in `documents`; revision n is an increment on n-1.
CREATE TABLE document_revisions (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    document_id uuid NOT NULL,
    no integer NOT NULL,
    stamp_id uuid NOT NULL,
    object_key text NOT NULL,
    increment_bytes integer NOT NULL,
    sha256 bytea NOT NULL,
    size_bytes bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id, document_id, no),
    CONSTRAINT document_revisions_shard CHECK (shard = account_id % 64),
    CONSTRAINT document_revisions_no CHECK (no > 0),
    CONSTRAINT document_revisions_one_a_stamp UNIQUE (shard, account_id, stamp_id),
    CONSTRAINT document_revisions_sha256 CHECK (length(sha256) = 32)
);
CREATE INDEX document_revisions_objects ON document_revisions (shard, object_key);
CREATE TRIGGER document_revisions_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON document_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON document_revisions TO bubuh_app;

-- What is still to be added to a revision before anyone gets it, or plans upon it: a time-stamp into the seal, and
-- the DSS after it. Made with the revision; `settled` is final, reached or given up (ADR-0012). The bytes of a
-- revision are its increment, with `token` in the gap at `gap_at`, and what lies under `dss_object_key` after it.
CREATE TABLE stamp_levels (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    stamp_id uuid NOT NULL,
    document_id uuid NOT NULL,
    no integer NOT NULL,
    gap_at integer NOT NULL,
    wanted text NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    since timestamptz NOT NULL DEFAULT now(),
    -- one worker at a time asks the authority
    lease_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    -- what came
    token bytea,
    dss_object_key text,
    dss_bytes integer,
    sha256 bytea, -- of the whole document with what came
    size_bytes bigint,
    -- how it ended
    level text,
    reason text, -- why less than wanted; while pending, why the last attempt failed
    settled_at timestamptz,
    PRIMARY KEY (shard, account_id, stamp_id),
    CONSTRAINT stamp_levels_shard CHECK (shard = account_id % 64),
    CONSTRAINT stamp_levels_one_a_revision UNIQUE (shard, account_id, document_id, no),
    CONSTRAINT stamp_levels_wanted CHECK (wanted IN ('B-T', 'B-LT')),
    CONSTRAINT stamp_levels_state_known CHECK (state IN ('pending', 'settled')),
    CONSTRAINT stamp_levels_settled_whole CHECK ((state = 'settled') = (level IS NOT NULL) AND (state = 'settled') = (settled_at IS NOT NULL)),
    CONSTRAINT stamp_levels_level_of_what_came CHECK (
        level = CASE WHEN token IS NULL THEN 'B-B' WHEN dss_object_key IS NULL THEN 'B-T' ELSE 'B-LT' END
    ),
    CONSTRAINT stamp_levels_why_less CHECK (level IS NULL OR level = wanted OR reason IS NOT NULL),
    CONSTRAINT stamp_levels_token_whole CHECK (num_nulls(token, sha256, size_bytes) IN (0, 3)),
    CONSTRAINT stamp_levels_dss_whole CHECK (num_nulls(dss_object_key, dss_bytes) IN (0, 2)),
    CONSTRAINT stamp_levels_dss_after_token CHECK (dss_object_key IS NULL OR token IS NOT NULL)
);
CREATE INDEX stamp_levels_pending ON stamp_levels (shard, account_id, document_id) WHERE state = 'pending';
CREATE INDEX stamp_levels_objects ON stamp_levels (shard, dss_object_key) WHERE dss_object_key IS NOT NULL;
GRANT SELECT ON stamp_levels TO bubuh_app;

-- Leaves of the public log, not yet sequenced: one for each serial number that left its block.
CREATE TABLE log_leaves (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    serial bigint NOT NULL,
    serial_no text NOT NULL,
    kind text NOT NULL,
    digest bytea,
    document_sha256 bytea,
    signature_sha256 bytea,
    key_id text,
    reason text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, serial),
    CONSTRAINT log_leaves_shard CHECK (shard = account_id % 64),
    CONSTRAINT log_leaves_kind CHECK (
        (kind = 'issue' AND num_nulls(digest, document_sha256, signature_sha256, key_id) = 0 AND reason IS NULL)
        OR (kind = 'void' AND num_nonnulls(digest, document_sha256, signature_sha256, key_id) = 0 AND reason IS NOT NULL)
    )
);
CREATE TRIGGER log_leaves_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON log_leaves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON log_leaves TO bubuh_app;

-- ---------------------------------------------------------------- the saga's steps

-- S1: hold one stamp for each request and accept it. One row per request, in its order: done, already_done,
-- conflict (the id stands for another body), exhausted or frozen.
CREATE FUNCTION stamping_accept_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _actors text [], _request_sha256s bytea [],
    _document_ids uuid [], _pages integer [], _xs double precision [], _ys double precision [],
    _sides double precision [], _types text [], _nos text [], _dates date []
) RETURNS TABLE (id uuid, outcome text, free bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _outcomes text [] := array_fill(NULL::text, ARRAY[cardinality(_ids)]);
    _free bigint [] := array_fill(NULL::bigint, ARRAY[cardinality(_ids)]);
    _r record;
BEGIN
    FOR _r IN
        SELECT x.no, h.outcome, h.free
          FROM quota_hold_n(_shard, _ids, _account_ids, array_fill(1::bigint, ARRAY[cardinality(_ids)]), 'stamp', _actors)
            WITH ORDINALITY AS h (id, outcome, free, held, no)
          JOIN unnest(_ids) WITH ORDINALITY AS x (id, no) ON x.no = h.no
    LOOP
        _outcomes[_r.no] := _r.outcome;
        _free[_r.no] := _r.free;
    END LOOP;
    -- A hold and its stamp are born together, so what was held before has its row here: same body or not?
    FOR _r IN
        SELECT x.no, s.request_sha256 = x.request_sha256 AS same
          FROM unnest(_ids, _account_ids, _request_sha256s, _outcomes) WITH ORDINALITY
            AS x (id, account_id, request_sha256, outcome, no)
          LEFT JOIN stamps AS s ON s.shard = _shard AND s.account_id = x.account_id AND s.id = x.id
         WHERE x.outcome = 'already_done'
    LOOP
        _outcomes[_r.no] := CASE WHEN _r.same THEN 'already_done' ELSE 'conflict' END;
    END LOOP;
    -- Of what the account now has under way, the last one here is the last in the queue.
    INSERT INTO stamps (shard, account_id, id, request_sha256, document_id, state, page, x_pt, y_pt, side_pt,
                        document_type, document_no, document_date, queue_at)
    SELECT b.shard, b.account_id, x.id, x.request_sha256, x.document_id, 'accepted', x.page, x.x_pt, x.y_pt, x.side_pt,
           x.document_type, x.document_no, x.document_date,
           now() + make_interval(secs => b.held + 1 - row_number() OVER (PARTITION BY b.account_id ORDER BY x.no DESC))
      FROM quota_balances AS b
      JOIN unnest(_ids, _account_ids, _request_sha256s, _document_ids, _pages, _xs, _ys, _sides, _types, _nos, _dates, _outcomes)
        WITH ORDINALITY AS x (id, account_id, request_sha256, document_id, page, x_pt, y_pt, side_pt,
              document_type, document_no, document_date, outcome, no) ON x.account_id = b.account_id
     WHERE b.shard = _shard AND x.outcome = 'done';
    INSERT INTO stamp_events (shard, account_id, stamp_id, state)
    SELECT b.shard, b.account_id, x.id, 'accepted'
      FROM quota_balances AS b
      JOIN unnest(_ids, _account_ids, _outcomes) AS x (id, account_id, outcome) ON x.account_id = b.account_id
     WHERE b.shard = _shard AND x.outcome = 'done';
    RETURN QUERY
    SELECT x.id, x.outcome, x.free FROM unnest(_ids, _outcomes, _free) WITH ORDINALITY AS x (id, outcome, free, no) ORDER BY x.no;
END
$$;
GRANT EXECUTE ON FUNCTION stamping_accept_n(
    smallint, uuid [], bigint [], text [], bytea [], uuid [], integer [], double precision [], double precision [],
    double precision [], text [], text [], date []
) TO bubuh_app;

-- S2: lease up to `_limit` stamps of one shard: those whose worker is gone, then waiting ones in the queue's order
-- whose document has none in work. Each lease raises the fence; one taken from another worker that never gave it back
-- counts a death. (A worker that takes its own again, after a pause that outlived the lease, did not die.)
-- That a lease of another's is over is not enough, for this server's clock may have jumped: only those in `_unrenewed`
-- are taken, whose holder did not renew them (they end at `_untils` still) for as long as the caller's own clock told.
-- At most `_suspects` of them are of those over which a worker died: worked on one at a time, a document that kills
-- is not helped by the others around it, nor are they blamed for it.
-- What must be cheap is found by an index that has just that; by its key where `state` would have the planner walk
-- all that waits in the shard. A stamp has a lease exactly while it is `processing`.
CREATE FUNCTION stamping_lease_n(
    _shard smallint, _worker text, _limit integer, _suspects integer, _lease_s double precision,
    _unrenewed uuid [], _untils timestamptz []
) RETURNS TABLE (id uuid, account_id bigint, fence integer, deaths integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
-- The queue is read in its index's order, and each document is looked up by its key, whatever the statistics say: while
-- they are young, a sort would read all that waits in the shard, and NOT EXISTS all that is in work.
SET enable_sort = off AS $$
DECLARE
    _ids uuid [];
    _accounts bigint [];
    _documents uuid [];
BEGIN
    -- A document in work, or whose last stamp still waits for its time-stamp, is passed over, however many stamps
    -- wait for it, so that it holds up no other.
    SELECT array_agg(c.id), array_agg(c.account_id), array_agg(c.document_id) INTO _ids, _accounts, _documents
      FROM (SELECT p.id, p.account_id, p.document_id
              FROM (SELECT DISTINCT ON (o.account_id, o.document_id) o.id, o.account_id, o.document_id, o.queue_at
                      FROM (SELECT d.id, d.account_id, d.document_id, d.queue_at
                              FROM (SELECT s.id, s.account_id, s.document_id, '-infinity'::timestamptz AS queue_at,
                                           s.deaths > 0 OR coalesce(s.lease_owner, _worker) <> _worker AS is_suspect,
                                           row_number() OVER (
                                               PARTITION BY s.deaths > 0 OR coalesce(s.lease_owner, _worker) <> _worker
                                               ORDER BY s.lease_until, s.id
                                           ) AS no
                                      FROM stamps AS s
                                     WHERE s.shard = _shard AND s.state = 'processing' AND s.lease_until < now()
                                       AND (
                                           coalesce(s.lease_owner, _worker) = _worker
                                           OR (s.id, s.lease_until) IN (SELECT u.id, u.until
                                                 FROM unnest(_unrenewed, _untils) AS u (id, until)))) AS d
                             WHERE d.no <= CASE WHEN d.is_suspect THEN _suspects ELSE _limit END
                            UNION ALL
                            (SELECT s.id, s.account_id, s.document_id, s.queue_at
                               FROM stamps AS s
                              WHERE s.shard = _shard AND s.state = 'accepted'
                                AND (
                                    SELECT w.id FROM stamps AS w
                                     WHERE w.shard = _shard AND w.account_id = s.account_id
                                       AND w.document_id = s.document_id AND w.state = 'processing' LIMIT 1) IS NULL
                                AND (
                                    SELECT v.stamp_id FROM stamp_levels AS v
                                     WHERE v.shard = _shard AND v.account_id = s.account_id
                                       AND v.document_id = s.document_id AND v.state = 'pending' LIMIT 1) IS NULL
                              ORDER BY s.queue_at, s.id LIMIT _limit * 4)) AS o
                     ORDER BY o.account_id, o.document_id, o.queue_at, o.id) AS p
             ORDER BY p.queue_at, p.id LIMIT _limit) AS c;
    IF _ids IS NULL THEN
        RETURN;
    END IF;
    -- Lock their documents: two workers never race for one.
    SELECT array_agg(l.id) INTO _documents
      FROM (SELECT d.id
              FROM documents AS d JOIN unnest(_documents, _accounts) AS x (id, account_id)
                ON d.account_id = x.account_id AND d.id = x.id
             WHERE d.shard = _shard ORDER BY d.id FOR NO KEY UPDATE OF d SKIP LOCKED) AS l;
    -- Lock them, and look once more with a fresh snapshot: another worker may have come first, or its owner
    -- may have cancelled.
    SELECT array_agg(l.id), array_agg(l.account_id) INTO _ids, _accounts
      FROM (SELECT s.id, s.account_id
              FROM stamps AS s JOIN unnest(_ids, _accounts) AS x (id, account_id)
                ON s.account_id = x.account_id AND s.id = x.id
             WHERE s.shard = _shard AND s.document_id = ANY(_documents)
               AND s.ended_at IS NULL AND (s.lease_until IS NULL OR s.lease_until < now())
               AND (
                   SELECT w.id FROM stamps AS w
                    WHERE w.shard = _shard AND w.account_id = s.account_id AND w.document_id = s.document_id
                      AND w.state = 'processing' AND w.id <> s.id LIMIT 1) IS NULL
               AND (
                   SELECT v.stamp_id FROM stamp_levels AS v
                    WHERE v.shard = _shard AND v.account_id = s.account_id AND v.document_id = s.document_id
                      AND v.state = 'pending' LIMIT 1) IS NULL
             ORDER BY s.id FOR NO KEY UPDATE OF s SKIP LOCKED) AS l;
    RETURN QUERY
    UPDATE stamps AS s
       SET state = 'processing', fence = s.fence + 1, lease_owner = _worker,
           lease_until = now() + make_interval(secs => _lease_s),
           deaths = s.deaths + CASE WHEN s.lease_owner <> _worker THEN 1 ELSE 0 END
      FROM unnest(_ids, _accounts) AS x (id, account_id)
     WHERE s.shard = _shard AND s.account_id = x.account_id AND s.id = x.id
    RETURNING s.id, s.account_id, s.fence, s.deaths;
    INSERT INTO stamp_events (shard, account_id, stamp_id, state)
    SELECT s.shard, s.account_id, s.id, 'processing'
      FROM stamps AS s JOIN unnest(_ids, _accounts) AS x (id, account_id) ON s.account_id = x.account_id AND s.id = x.id
     WHERE s.shard = _shard
    ON CONFLICT DO NOTHING;
END
$$;
GRANT EXECUTE ON FUNCTION
    stamping_lease_n(smallint, text, integer, integer, double precision, uuid [], timestamptz []) TO bubuh_app;

-- The rows of many stamps of one shard that have a lease under that fence, locked in the order of their ids. Not called
-- from outside. `no` is a request's place; who has lost its lease has no row.
CREATE FUNCTION stamping_lock_n(_shard smallint, _ids uuid [], _account_ids bigint [], _fences integer [])
RETURNS TABLE (no bigint, serial bigint, file_id bytea, digest bytea)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM stamps AS s JOIN unnest(_ids, _account_ids) AS x (id, account_id)
        ON s.account_id = x.account_id AND s.id = x.id
      WHERE s.shard = _shard ORDER BY s.id FOR NO KEY UPDATE OF s;
    RETURN QUERY
    SELECT x.no, s.serial, s.file_id, s.digest
      FROM unnest(_ids, _account_ids, _fences) WITH ORDINALITY AS x (id, account_id, fence, no)
      JOIN stamps AS s ON s.shard = _shard AND s.account_id = x.account_id AND s.id = x.id
     WHERE s.fence = x.fence AND s.lease_until IS NOT NULL;
END
$$;

-- Prolong leases that still hold. One row for each that does; a job without a row is lost to its worker.
CREATE FUNCTION stamping_renew_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _fences integer [], _lease_s double precision
) RETURNS TABLE (id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _held bigint [];
BEGIN
    SELECT array_agg(l.no) INTO _held FROM stamping_lock_n(_shard, _ids, _account_ids, _fences) AS l;
    RETURN QUERY
    UPDATE stamps AS s SET lease_until = now() + make_interval(secs => _lease_s)
      FROM unnest(_ids, _account_ids) WITH ORDINALITY AS x (id, account_id, no)
     WHERE s.shard = _shard AND s.account_id = x.account_id AND s.id = x.id AND x.no = ANY(_held)
    RETURNING s.id;
END
$$;
GRANT EXECUTE ON FUNCTION stamping_renew_n(smallint, uuid [], bigint [], integer [], double precision) TO bubuh_app;

-- Give leases back, to be taken again after `_wait_s` (a clean stop is no death).
CREATE FUNCTION stamping_yield_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _fences integer [], _wait_s double precision
) RETURNS TABLE (id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _held bigint [];
BEGIN
    SELECT array_agg(l.no) INTO _held FROM stamping_lock_n(_shard, _ids, _account_ids, _fences) AS l;
    RETURN QUERY
    UPDATE stamps AS s SET lease_until = now() + make_interval(secs => _wait_s), lease_owner = NULL
      FROM unnest(_ids, _account_ids) WITH ORDINALITY AS x (id, account_id, no)
     WHERE s.shard = _shard AND s.account_id = x.account_id AND s.id = x.id AND x.no = ANY(_held)
    RETURNING s.id;
END
$$;
GRANT EXECUTE ON FUNCTION
    stamping_yield_n(smallint, uuid [], bigint [], integer [], double precision) TO bubuh_app;

-- A worker that starts anew ends the leases of its dead predecessor of the same name: no waiting for the clock.
CREATE FUNCTION stamping_bury(_shard smallint, _worker text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH buried AS (
        UPDATE stamps AS s
           SET lease_until = now() - interval '1 microsecond', lease_owner = NULL, deaths = s.deaths + 1
         WHERE s.shard = _shard AND s.state = 'processing' AND s.lease_owner = _worker
        RETURNING s.id
    )
    SELECT count(*) FROM buried
$$;
GRANT EXECUTE ON FUNCTION stamping_bury(smallint, text) TO bubuh_app;

-- S2: write intents, each once. One row per request, in its order: whether the fence holds and this very intent stands.
CREATE FUNCTION stamping_intend_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _fences integer [], _serials bigint [], _serial_nos text [],
    _base_revisions integer [], _base_sha256s bytea [], _signed_ats timestamptz [], _file_ids bytea [],
    _key_ids text [], _levels text [], _time_stamp_rooms integer []
) RETURNS TABLE (id uuid, stands boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _new boolean [] := array_fill(FALSE, ARRAY[cardinality(_ids)]);
    _stands boolean [] := array_fill(FALSE, ARRAY[cardinality(_ids)]);
    _r record;
BEGIN
    FOR _r IN SELECT l.no, l.serial, l.file_id FROM stamping_lock_n(_shard, _ids, _account_ids, _fences) AS l LOOP
        _new[_r.no] := _r.serial IS NULL;
        _stands[_r.no] := _new[_r.no] OR (_r.serial = _serials[_r.no] AND _r.file_id = _file_ids[_r.no]);
    END LOOP;
    UPDATE stamps AS s
       SET serial = x.serial, block = x.serial / 1000, serial_no = x.serial_no, base_revision = x.base_revision,
           base_sha256 = x.base_sha256, signed_at = x.signed_at, file_id = x.file_id, key_id = x.key_id,
           level = x.level, time_stamp_room = x.time_stamp_room
      FROM unnest(_ids, _account_ids, _serials, _serial_nos, _base_revisions, _base_sha256s, _signed_ats, _file_ids,
                  _key_ids, _levels, _time_stamp_rooms, _new)
        AS x (id, account_id, serial, serial_no, base_revision, base_sha256, signed_at, file_id,
              key_id, level, time_stamp_room, is_new)
     WHERE s.shard = _shard AND s.account_id = x.account_id AND s.id = x.id AND x.is_new;
    RETURN QUERY
    SELECT x.id, x.stands FROM unnest(_ids, _stands) WITH ORDINALITY AS x (id, stands, no) ORDER BY x.no;
END
$$;
GRANT EXECUTE ON FUNCTION stamping_intend_n(
    smallint, uuid [], bigint [], integer [], bigint [], text [], integer [], bytea [], timestamptz [], bytea [],
    text [], text [], integer []
) TO bubuh_app;

-- S3: write plans and the digests that are to be signed, each once. One row per request, in its order: whether the
-- fence holds and no other digest stands.
CREATE FUNCTION stamping_write_plan_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _fences integer [], _digests bytea [],
    _plans_sealed bytea [], _tiers text []
) RETURNS TABLE (id uuid, stands boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _new boolean [] := array_fill(FALSE, ARRAY[cardinality(_ids)]);
    _stands boolean [] := array_fill(FALSE, ARRAY[cardinality(_ids)]);
    _r record;
BEGIN
    FOR _r IN SELECT l.no, l.serial, l.digest FROM stamping_lock_n(_shard, _ids, _account_ids, _fences) AS l LOOP
        _new[_r.no] := _r.serial IS NOT NULL AND _r.digest IS NULL;
        _stands[_r.no] := _new[_r.no] OR coalesce(_r.digest = _digests[_r.no], FALSE);
    END LOOP;
    UPDATE stamps AS s SET digest = x.digest, plan_sealed = x.plan_sealed, tier = x.tier
      FROM unnest(_ids, _account_ids, _digests, _plans_sealed, _tiers, _new)
        AS x (id, account_id, digest, plan_sealed, tier, is_new)
     WHERE s.shard = _shard AND s.account_id = x.account_id AND s.id = x.id AND x.is_new;
    RETURN QUERY
    SELECT x.id, x.stands FROM unnest(_ids, _stands) WITH ORDINALITY AS x (id, stands, no) ORDER BY x.no;
END
$$;
GRANT EXECUTE ON FUNCTION
    stamping_write_plan_n(smallint, uuid [], bigint [], integer [], bytea [], bytea [], text []) TO bubuh_app;

-- S4, the signer's only write: keep signatures, each over exactly what its stamp's row holds. Under the stamps' locks,
-- so that none is returned while it is being sealed. One row per request, in its order: the signature that stands,
-- the first one. NULL: the stamp is not in work, the fence is lost, or another digest stands.
CREATE FUNCTION stamping_seal_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _fences integer [], _digests bytea [],
    _signatures bytea [], _key_ids text []
) RETURNS TABLE (id uuid, signature bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _held bigint [];
BEGIN
    SELECT array_agg(l.no) INTO _held
      FROM stamping_lock_n(_shard, _ids, _account_ids, _fences) AS l WHERE l.digest = _digests[l.no];
    INSERT INTO seals (shard, account_id, serial, stamp_id, digest, signature, key_id)
    SELECT s.shard, s.account_id, s.serial, s.id, s.digest, x.signature, x.key_id
      FROM stamps AS s
      JOIN unnest(_ids, _account_ids, _signatures, _key_ids) WITH ORDINALITY AS x (id, account_id, signature, key_id, no)
        ON s.account_id = x.account_id AND s.id = x.id
     WHERE s.shard = _shard AND s.key_id = x.key_id AND x.no = ANY(_held)
    ON CONFLICT DO NOTHING;
    RETURN QUERY
    SELECT x.id, l.signature
      FROM unnest(_ids, _account_ids, _digests) WITH ORDINALITY AS x (id, account_id, digest, no)
      LEFT JOIN seals AS l
        ON l.shard = _shard AND l.account_id = x.account_id AND l.stamp_id = x.id AND l.digest = x.digest AND x.no = ANY(_held)
     ORDER BY x.no;
END
$$;
GRANT EXECUTE ON FUNCTION
    stamping_seal_n(smallint, uuid [], bigint [], integer [], bytea [], bytea [], text []) TO bubuh_signer;

-- S6: capture the holds, record the revisions, append the log leaves and tell the outbox, where the fence still
-- holds. One row per request, in its order: done, already_done, expired (the fence is lost) or unsealed.
CREATE FUNCTION stamping_affix_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _fences integer [], _object_keys text [],
    _increment_bytes integer [], _sha256s bytea [], _sizes bigint [], _gaps integer []
) RETURNS TABLE (id uuid, outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _outcomes text [] := array_fill('expired'::text, ARRAY[cardinality(_ids)]);
    _ready_ids uuid [];
    _ready_accounts bigint [];
    _r record;
BEGIN
    PERFORM 1 FROM stamps AS s JOIN unnest(_ids, _account_ids) AS x (id, account_id)
        ON s.account_id = x.account_id AND s.id = x.id
      WHERE s.shard = _shard ORDER BY s.id FOR NO KEY UPDATE OF s;
    FOR _r IN
        SELECT x.no, s.state, s.fence = x.fence AS fenced, l.serial IS NOT NULL AS sealed
          FROM unnest(_ids, _account_ids, _fences) WITH ORDINALITY AS x (id, account_id, fence, no)
          JOIN stamps AS s ON s.shard = _shard AND s.account_id = x.account_id AND s.id = x.id
          LEFT JOIN seals AS l ON l.shard = _shard AND l.account_id = s.account_id AND l.stamp_id = s.id AND l.digest = s.digest
    LOOP
        _outcomes[_r.no] := CASE
            WHEN _r.state = 'affixed' THEN 'already_done'
            WHEN _r.state <> 'processing' OR NOT _r.fenced THEN 'expired'
            WHEN NOT _r.sealed THEN 'unsealed'
            ELSE 'done' END;
    END LOOP;
    SELECT array_agg(x.id ORDER BY x.no), array_agg(x.account_id ORDER BY x.no) INTO _ready_ids, _ready_accounts
      FROM unnest(_ids, _account_ids, _outcomes) WITH ORDINALITY AS x (id, account_id, outcome, no)
     WHERE x.outcome = 'done';
    IF _ready_ids IS NOT NULL THEN
        FOR _r IN
            SELECT c.id, c.outcome
              FROM quota_capture_n(_shard, _ready_ids, _ready_accounts, 'used',
                                   array_fill('worker'::text, ARRAY[cardinality(_ready_ids)])) AS c
        LOOP
            ASSERT _r.outcome = 'done', 'a stamp in work has a live hold';
        END LOOP;
        UPDATE stamps AS s
           SET state = 'affixed', ended_at = now(), plan_sealed = NULL, lease_owner = NULL, lease_until = NULL
          FROM unnest(_ready_ids, _ready_accounts) AS x (id, account_id)
         WHERE s.shard = _shard AND s.account_id = x.account_id AND s.id = x.id;
        INSERT INTO document_revisions (shard, account_id, document_id, no, stamp_id, object_key, increment_bytes, sha256, size_bytes)
        SELECT s.shard, s.account_id, s.document_id, s.base_revision + 1, s.id, x.object_key, x.increment_bytes, x.sha256, x.size_bytes
          FROM stamps AS s
          JOIN unnest(_ids, _account_ids, _object_keys, _increment_bytes, _sha256s, _sizes, _outcomes)
            AS x (id, account_id, object_key, increment_bytes, sha256, size_bytes, outcome)
            ON s.account_id = x.account_id AND s.id = x.id
         WHERE s.shard = _shard AND x.outcome = 'done';
        INSERT INTO stamp_levels (shard, account_id, stamp_id, document_id, no, gap_at, wanted)
        SELECT s.shard, s.account_id, s.id, s.document_id, s.base_revision + 1, x.gap_at, s.level
          FROM stamps AS s JOIN unnest(_ids, _account_ids, _gaps, _outcomes) AS x (id, account_id, gap_at, outcome)
            ON s.account_id = x.account_id AND s.id = x.id
         WHERE s.shard = _shard AND x.outcome = 'done' AND s.level <> 'B-B';
        INSERT INTO log_leaves (shard, account_id, serial, serial_no, kind, digest, document_sha256, signature_sha256, key_id)
        SELECT s.shard, s.account_id, s.serial, s.serial_no, 'issue', s.digest, x.sha256, sha256(l.signature), l.key_id
          FROM stamps AS s
          JOIN unnest(_ids, _account_ids, _sha256s, _outcomes) AS x (id, account_id, sha256, outcome)
            ON s.account_id = x.account_id AND s.id = x.id
          JOIN seals AS l ON l.shard = s.shard AND l.serial = s.serial
         WHERE s.shard = _shard AND x.outcome = 'done';
        INSERT INTO stamp_events (shard, account_id, stamp_id, state)
        SELECT s.shard, s.account_id, s.id, 'affixed'
          FROM stamps AS s JOIN unnest(_ready_ids, _ready_accounts) AS x (id, account_id)
            ON s.account_id = x.account_id AND s.id = x.id
         WHERE s.shard = _shard;
        INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
        SELECT s.shard, s.account_id, 'stamp.affixed', s.id, jsonb_build_object('serial_no', s.serial_no)
          FROM stamps AS s JOIN unnest(_ready_ids, _ready_accounts) AS x (id, account_id)
            ON s.account_id = x.account_id AND s.id = x.id
         WHERE s.shard = _shard;
    END IF;
    RETURN QUERY
    SELECT x.id, x.outcome FROM unnest(_ids, _outcomes) WITH ORDINALITY AS x (id, outcome, no) ORDER BY x.no;
END
$$;
GRANT EXECUTE ON FUNCTION stamping_affix_n(
    smallint, uuid [], bigint [], integer [], text [], integer [], bytea [], bigint [], integer []
) TO bubuh_app;

-- Give quotas back: the serial is void, the reason stands in the row. A NULL fence returns only what nobody works
-- on (`accepted`); with a fence only what that lease holds. A sealed stamp is never returned.
-- One row per request, in its order: done, already_done, sealed, or expired (not in the state the caller thought).
CREATE FUNCTION stamping_return_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _fences integer [], _reasons text [], _actors text []
) RETURNS TABLE (id uuid, outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _outcomes text [] := array_fill('expired'::text, ARRAY[cardinality(_ids)]);
    _ready_ids uuid [];
    _ready_accounts bigint [];
    _ready_actors text [];
    _r record;
BEGIN
    PERFORM 1 FROM stamps AS s JOIN unnest(_ids, _account_ids) AS x (id, account_id)
        ON s.account_id = x.account_id AND s.id = x.id
      WHERE s.shard = _shard ORDER BY s.id FOR NO KEY UPDATE OF s;
    FOR _r IN
        SELECT x.no, s.state, x.fence, s.fence AS now_fence, l.serial IS NOT NULL AS sealed
          FROM unnest(_ids, _account_ids, _fences) WITH ORDINALITY AS x (id, account_id, fence, no)
          JOIN stamps AS s ON s.shard = _shard AND s.account_id = x.account_id AND s.id = x.id
          LEFT JOIN seals AS l ON l.shard = _shard AND l.account_id = s.account_id AND l.stamp_id = s.id
    LOOP
        _outcomes[_r.no] := CASE
            WHEN _r.state = 'returned' THEN 'already_done'
            WHEN _r.sealed THEN 'sealed'
            WHEN _r.state = 'accepted' AND _r.fence IS NULL THEN 'done'
            WHEN _r.state = 'processing' AND _r.fence = _r.now_fence THEN 'done'
            ELSE 'expired' END;
    END LOOP;
    SELECT array_agg(x.id ORDER BY x.no), array_agg(x.account_id ORDER BY x.no), array_agg(x.actor ORDER BY x.no)
      INTO _ready_ids, _ready_accounts, _ready_actors
      FROM unnest(_ids, _account_ids, _actors, _outcomes) WITH ORDINALITY AS x (id, account_id, actor, outcome, no)
     WHERE x.outcome = 'done';
    IF _ready_ids IS NOT NULL THEN
        FOR _r IN SELECT c.id, c.outcome FROM quota_release_n(_shard, _ready_ids, _ready_accounts, _ready_actors) AS c LOOP
            ASSERT _r.outcome = 'done', 'a stamp that has not ended has a live hold';
        END LOOP;
        UPDATE stamps AS s
           SET state = 'returned', ended_at = now(), reason = x.reason, plan_sealed = NULL, lease_owner = NULL, lease_until = NULL
          FROM unnest(_ids, _account_ids, _reasons, _outcomes) AS x (id, account_id, reason, outcome)
         WHERE s.shard = _shard AND s.account_id = x.account_id AND s.id = x.id AND x.outcome = 'done';
        INSERT INTO log_leaves (shard, account_id, serial, serial_no, kind, reason)
        SELECT s.shard, s.account_id, s.serial, s.serial_no, 'void', s.reason
          FROM stamps AS s JOIN unnest(_ready_ids, _ready_accounts) AS x (id, account_id)
            ON s.account_id = x.account_id AND s.id = x.id
         WHERE s.shard = _shard AND s.serial IS NOT NULL;
        INSERT INTO stamp_events (shard, account_id, stamp_id, state)
        SELECT s.shard, s.account_id, s.id, 'returned'
          FROM stamps AS s JOIN unnest(_ready_ids, _ready_accounts) AS x (id, account_id)
            ON s.account_id = x.account_id AND s.id = x.id
         WHERE s.shard = _shard;
        INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
        SELECT s.shard, s.account_id, 'stamp.returned', s.id, jsonb_build_object('reason', s.reason)
          FROM stamps AS s JOIN unnest(_ready_ids, _ready_accounts) AS x (id, account_id)
            ON s.account_id = x.account_id AND s.id = x.id
         WHERE s.shard = _shard;
    END IF;
    RETURN QUERY
    SELECT x.id, x.outcome FROM unnest(_ids, _outcomes) WITH ORDINALITY AS x (id, outcome, no) ORDER BY x.no;
END
$$;
GRANT EXECUTE ON FUNCTION stamping_return_n(smallint, uuid [], bigint [], integer [], text [], text []) TO bubuh_app;
