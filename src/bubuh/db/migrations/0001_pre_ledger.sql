-- Why: the ground everything stands on: who acts, whose quota moves, what was done, what others must hear.
-- Shape: every hot table is led by `shard` (= account_id % 64, never generated), so that one code base runs
-- on one PostgreSQL and on many (ADR-0002). Money moves only inside the functions below; the application's
-- role may call them and may not write their tables.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

GRANT USAGE ON SCHEMA public TO bubuh_app, bubuh_signer;

-- The guard of tables that only grow. Triggers that call it are named <table>_ro.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

-- ---------------------------------------------------------------- reference tables

-- Facts frozen at the first start: issuer, public address, environment.
CREATE TABLE service_facts (
    name text PRIMARY KEY,
    value text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER service_facts_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON service_facts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON service_facts TO bubuh_app;
GRANT SELECT ON service_facts TO bubuh_signer;

CREATE TABLE users (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    roles text [] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_roles_known CHECK (roles <@ ARRAY['operator', 'approver', 'auditor'])
);
GRANT SELECT, INSERT ON users TO bubuh_app;

CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT accounts_id_positive CHECK (id > 0),
    CONSTRAINT accounts_kind_known CHECK (kind IN ('person', 'organisation', 'channel', 'authority'))
);
GRANT SELECT, INSERT ON accounts TO bubuh_app;

CREATE TABLE memberships (
    user_id uuid NOT NULL REFERENCES users (id),
    account_id bigint NOT NULL REFERENCES accounts (id),
    role text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, account_id),
    CONSTRAINT memberships_role_known CHECK (role IN ('owner', 'member'))
);
CREATE INDEX memberships_account ON memberships (account_id, created_at, user_id);
GRANT SELECT, INSERT ON memberships TO bubuh_app;
GRANT UPDATE (role) ON memberships TO bubuh_app;

-- A key belongs to an account and names the user who made it and acts through it.
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    secret_sha256 bytea NOT NULL UNIQUE,
    ending text NOT NULL,
    account_id bigint NOT NULL REFERENCES accounts (id),
    user_id uuid NOT NULL REFERENCES users (id),
    scopes text [] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CONSTRAINT api_keys_secret_is_sha256 CHECK (length(secret_sha256) = 32)
);
CREATE INDEX api_keys_account ON api_keys (account_id);
GRANT SELECT, INSERT ON api_keys TO bubuh_app;
GRANT UPDATE (revoked_at) ON api_keys TO bubuh_app;

-- ---------------------------------------------------------------- audit: what operators and owners did

-- One chain a shard: an entry's hash covers the one before it. Rare acts only, never a stamp's own path.
CREATE TABLE audit_entries (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    no bigint NOT NULL,
    act text NOT NULL,
    actor text NOT NULL,
    facts text NOT NULL,
    recorded_at timestamptz NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (shard, no),
    CONSTRAINT audit_entries_shard CHECK (shard = account_id % 64)
);
CREATE TRIGGER audit_entries_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON audit_entries TO bubuh_app;

-- The newest hash of each shard's chain; locking it orders the writers. It has no account: shard is its key.
CREATE TABLE audit_heads (
    shard smallint PRIMARY KEY,
    no bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_heads_shard CHECK (shard BETWEEN 0 AND 63)
);
GRANT SELECT ON audit_heads TO bubuh_app;

INSERT INTO audit_heads (shard, no, hash)
SELECT s, 0, sha256(convert_to('bubuh audit chain ' || s, 'UTF8')) FROM generate_series(0, 63) AS s;

-- The bytes an entry's hash covers. Unit separators cannot occur in the fields (facts are JSON text).
CREATE FUNCTION audit_hash(
    _previous bytea, _shard smallint, _no bigint, _account_id bigint, _act text, _actor text, _facts text,
    _at timestamptz
) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(_previous || convert_to(concat_ws(chr(31),
        _shard, _no, _account_id, _act, _actor, _facts, (extract(epoch FROM _at) * 1000000)::bigint), 'UTF8'))
$$;

CREATE FUNCTION audit_append(
    _shard smallint, _account_id bigint, _act text, _actor text, _facts text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _head record;
    _hash bytea;
    _at timestamptz := clock_timestamp();
BEGIN
    SELECT h.no, h.hash INTO STRICT _head FROM audit_heads AS h WHERE h.shard = _shard FOR NO KEY UPDATE;
    _hash := audit_hash(_head.hash, _shard, _head.no + 1, _account_id, _act, _actor, _facts, _at);
    INSERT INTO audit_entries (shard, account_id, no, act, actor, facts, recorded_at, previous_hash, hash)
    VALUES (_shard, _account_id, _head.no + 1, _act, _actor, _facts, _at, _head.hash, _hash);
    UPDATE audit_heads SET no = _head.no + 1, hash = _hash WHERE shard = _shard;
    RETURN _head.no + 1;
END
$$;
GRANT EXECUTE ON FUNCTION audit_append(smallint, bigint, text, text, text) TO bubuh_app;
GRANT EXECUTE ON FUNCTION audit_hash(bytea, smallint, bigint, bigint, text, text, text, timestamptz) TO bubuh_app;

-- ---------------------------------------------------------------- outbox: what others must hear

-- A fact is told once a (topic, subject). Written in the transaction that made it true.
CREATE TABLE outbox_facts (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    topic text NOT NULL,
    subject uuid NOT NULL,
    facts jsonb NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT now(),
    told_at timestamptz,
    PRIMARY KEY (shard, account_id, topic, subject),
    CONSTRAINT outbox_facts_shard CHECK (shard = account_id % 64)
);
CREATE INDEX outbox_facts_untold ON outbox_facts (shard, not_before) WHERE told_at IS NULL;
GRANT SELECT, INSERT ON outbox_facts TO bubuh_app;
GRANT UPDATE (facts, attempts, not_before, told_at) ON outbox_facts TO bubuh_app;

-- Facts are put off and closed a row at a time, each found by its whole key: a join with a batch may read all that its
-- shard has untold, which in a surge is a hundred thousand facts for a hundred. So may one row's key where the words of
-- the partial index stand beside it (`told_at IS NULL`), as long as nobody has counted the table.

-- Count an attempt of each fact; none is to be taken again before its wait is over.
CREATE FUNCTION outbox_put_off_n(
    _shard smallint, _account_ids bigint [], _topics text [], _subjects uuid [], _waits_s double precision []
) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    _r record;
BEGIN
    FOR _r IN
        SELECT x.account_id, x.topic, x.subject, x.wait_s
          FROM unnest(_account_ids, _topics, _subjects, _waits_s) AS x (account_id, topic, subject, wait_s)
         ORDER BY x.account_id, x.topic, x.subject
    LOOP
        UPDATE outbox_facts AS f
           SET attempts = f.attempts + 1, not_before = now() + make_interval(secs => _r.wait_s)
         WHERE f.shard = _shard AND f.account_id = _r.account_id AND f.topic = _r.topic AND f.subject = _r.subject;
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION outbox_put_off_n(smallint, bigint [], text [], uuid [], double precision []) TO bubuh_app;

-- Close facts; how many were untold until now. What stood sealed in one was for its hearers alone, and goes with the
-- telling; the row stays, so that nothing is published twice.
CREATE FUNCTION outbox_mark_told_n(_shard smallint, _account_ids bigint [], _topics text [], _subjects uuid [])
RETURNS integer
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    _told integer := 0;
    _r record;
BEGIN
    FOR _r IN
        SELECT x.account_id, x.topic, x.subject
          FROM unnest(_account_ids, _topics, _subjects) AS x (account_id, topic, subject)
         ORDER BY x.account_id, x.topic, x.subject
    LOOP
        UPDATE outbox_facts AS f SET told_at = now(), facts = f.facts - 'sealed'
         WHERE f.shard = _shard AND f.account_id = _r.account_id AND f.topic = _r.topic AND f.subject = _r.subject
           AND num_nulls(f.told_at) = 1;
        _told := _told + FOUND::integer;
    END LOOP;
    RETURN _told;
END
$$;
GRANT EXECUTE ON FUNCTION outbox_mark_told_n(smallint, bigint [], text [], uuid []) TO bubuh_app;

-- ---------------------------------------------------------------- quota: balances, holds, transfers

-- One row a holder, equal at every commit to the fold of its transfers, which `moves` counts. Sinks (minted,
-- sold, used, paid_back, transferred, shared) have no row: they are folds.
-- A child account has no stamps of its own: its row counts what it holds and used out of its parent's (0007), and the
-- limit that the parent set is kept right here, by a constraint.
CREATE TABLE quota_balances (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    free bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0,
    used bigint NOT NULL DEFAULT 0,
    in_transit bigint NOT NULL DEFAULT 0,
    moves bigint NOT NULL DEFAULT 0,
    frozen_at timestamptz,
    parent_id bigint,
    share_limit bigint,
    share_closed_at timestamptz,
    PRIMARY KEY (shard, account_id),
    CONSTRAINT quota_balances_shard CHECK (shard = account_id % 64),
    CONSTRAINT quota_balances_parent_shard CHECK (shard = parent_id % 64 AND parent_id <> account_id),
    CONSTRAINT quota_balances_child_owns_nothing CHECK (parent_id IS NULL OR (free = 0 AND in_transit = 0)),
    CONSTRAINT quota_balances_child_has_limit CHECK (
        (parent_id IS NULL) = (share_limit IS NULL) AND (parent_id IS NOT NULL OR share_closed_at IS NULL)
    ),
    CONSTRAINT quota_share_limit_kept CHECK (held + used <= share_limit),
    CONSTRAINT quota_free_not_negative CHECK (free >= 0),
    CONSTRAINT quota_held_not_negative CHECK (held >= 0),
    CONSTRAINT quota_used_not_negative CHECK (used >= 0),
    CONSTRAINT quota_in_transit_not_negative CHECK (in_transit >= 0)
) WITH (fillfactor = 60);
-- Is anyone of these a child? Asked in each batch, and mostly of nobody.
CREATE INDEX quota_balances_children ON quota_balances (shard, account_id) WHERE parent_id IS NOT NULL;
GRANT SELECT ON quota_balances TO bubuh_app;

-- `ref` is the id of what moved the stamps (stamp, order, allotment, move): one transfer of a kind for each.
-- `no` counts an account's transfers from 1. It is given out under the lock of its balance, so within an account
-- the numbers rise in the order of the commits and none is left out, whatever was rolled back.
CREATE TABLE quota_transfers (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    no bigint NOT NULL,
    ref uuid NOT NULL,
    kind text NOT NULL,
    debit text NOT NULL,
    credit text NOT NULL,
    stamps bigint NOT NULL,
    counter_account_id bigint,
    actor text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id, ref, kind),
    CONSTRAINT quota_transfers_shard CHECK (shard = account_id % 64),
    CONSTRAINT quota_transfers_numbered UNIQUE (shard, account_id, no),
    CONSTRAINT quota_transfers_no_positive CHECK (no > 0),
    CONSTRAINT quota_transfers_positive CHECK (stamps > 0),
    -- one comparison: a constraint is read anew by every statement that writes, and a long one costs more than the row
    CONSTRAINT quota_transfers_arrow CHECK (
        kind || ': ' || debit || ' > ' || credit IN (
            'allot: minted > free', 'allot: sold > free',
            'hold: free > held', 'hold: shared > held',
            'capture: held > used', 'capture: held > paid_back', 'capture: held > shared',
            'release: held > free', 'release: held > shared',
            'transfer_out: free > in_transit', 'transfer_in: transferred > free', 'transfer_ack: in_transit > transferred'
        )
    ),
    -- the other side: of a move, or (parent and child) of what a child holds out of its parent's stamps
    CONSTRAINT quota_transfers_counter CHECK (
        counter_account_id IS NOT NULL OR (kind NOT LIKE 'transfer_%' AND 'shared' NOT IN (debit, credit))
    ),
    CONSTRAINT quota_transfers_counter_of_two CHECK (kind <> 'allot' OR counter_account_id IS NULL)
);
CREATE TRIGGER quota_transfers_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON quota_transfers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON quota_transfers TO bubuh_app;

-- A hold ends by state, never by a clock: captured and released are both final.
CREATE TABLE quota_holds (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    purpose text NOT NULL,
    stamps bigint NOT NULL,
    state text NOT NULL DEFAULT 'held',
    held_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (shard, account_id, id),
    CONSTRAINT quota_holds_shard CHECK (shard = account_id % 64),
    CONSTRAINT quota_holds_positive CHECK (stamps > 0),
    CONSTRAINT quota_holds_purpose_known CHECK (purpose IN ('stamp', 'refund', 'share')),
    CONSTRAINT quota_holds_state_known CHECK (state IN ('held', 'captured', 'released')),
    CONSTRAINT quota_holds_ended CHECK ((state = 'held') = (ended_at IS NULL))
) WITH (fillfactor = 75);
CREATE INDEX quota_holds_live ON quota_holds (shard, account_id) WHERE state = 'held';
GRANT SELECT ON quota_holds TO bubuh_app;

-- Give stamps to many accounts of one shard, out of sink minted (the authority) or sold (a paid order).
-- One row per request, in its order: done, already_done or conflict (the ref gave another number before).
CREATE FUNCTION quota_allot_n(
    _shard smallint, _refs uuid [], _account_ids bigint [], _stamps bigint [], _sources text [], _actors text []
) RETURNS TABLE (ref uuid, outcome text, free bigint, held bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _account bigint;
    _outcomes text [] := array_fill(NULL::text, ARRAY[cardinality(_refs)]);
    _r record;
BEGIN
    FOR _account IN SELECT DISTINCT x FROM unnest(_account_ids) AS x ORDER BY x LOOP
        INSERT INTO quota_balances (shard, account_id) VALUES (_shard, _account) ON CONFLICT DO NOTHING;
    END LOOP;
    PERFORM 1 FROM quota_balances AS b
      WHERE b.shard = _shard AND b.account_id = ANY(_account_ids)
      ORDER BY b.account_id FOR NO KEY UPDATE;
    -- A second statement, a fresh snapshot: what committed while we waited for the lock is seen. LATERAL and LIMIT,
    -- here and below, have each looked up by its key: a join walks the whole shard while the statistics are young.
    FOR _r IN
        SELECT x.no, x.stamps, t.stamps AS before, row_number() OVER (PARTITION BY x.account_id, x.ref ORDER BY x.no) AS turn
          FROM unnest(_refs, _account_ids, _stamps) WITH ORDINALITY AS x (ref, account_id, stamps, no)
          LEFT JOIN LATERAL (SELECT i.stamps FROM quota_transfers AS i
                              WHERE i.shard = _shard AND i.account_id = x.account_id AND i.ref = x.ref AND i.kind = 'allot'
                              LIMIT 1) AS t ON true
    LOOP
        ASSERT _r.turn = 1, 'a batch names each ref once';
        _outcomes[_r.no] := CASE WHEN _r.before IS NULL THEN 'done' WHEN _r.before = _r.stamps THEN 'already_done' ELSE 'conflict' END;
    END LOOP;
    UPDATE quota_balances AS b SET free = b.free + x.stamps, moves = b.moves + x.moves
      FROM (SELECT u.account_id, sum(u.stamps) AS stamps, count(*) AS moves
              FROM unnest(_account_ids, _stamps, _outcomes) AS u (account_id, stamps, outcome)
             WHERE u.outcome = 'done' GROUP BY u.account_id) AS x
     WHERE b.shard = _shard AND b.account_id = x.account_id;
    INSERT INTO quota_transfers (shard, account_id, no, ref, kind, debit, credit, stamps, actor)
    SELECT b.shard, b.account_id,
           b.moves + 1 - row_number() OVER (PARTITION BY b.shard, b.account_id ORDER BY x.turn DESC),
           x.ref, 'allot', x.source, 'free', x.stamps, x.actor
      FROM quota_balances AS b
      JOIN unnest(_refs, _account_ids, _stamps, _sources, _actors, _outcomes) WITH ORDINALITY
        AS x (ref, account_id, stamps, source, actor, outcome, turn) ON x.account_id = b.account_id
     WHERE b.shard = _shard AND x.outcome = 'done';
    RETURN QUERY
    SELECT x.ref, x.outcome, b.free, b.held
      FROM unnest(_refs, _account_ids, _outcomes) WITH ORDINALITY AS x (ref, account_id, outcome, no)
      JOIN quota_balances AS b ON b.shard = _shard AND b.account_id = x.account_id
     ORDER BY x.no;
END
$$;
GRANT EXECUTE ON FUNCTION quota_allot_n(smallint, uuid [], bigint [], bigint [], text [], text []) TO bubuh_app;

-- Set stamps aside for many requests of one shard. One row per request, in its order: done, already_done,
-- exhausted, frozen or conflict (the id held another number before), and what the account has since. "Not enough"
-- is an answer, never an exception; a request is served when what is left of the account's free stamps covers it.
-- Here and in quota_end_n: a batch is decided over arrays of what was read under the locks, then written table by
-- table. Plans are made once a session, and the planner is left no choice that depends on statistics: balances are
-- found by their keys, and so is each hold.
CREATE FUNCTION quota_hold_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _stamps bigint [], _purpose text, _actors text []
) RETURNS TABLE (id uuid, outcome text, free bigint, held bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_nestloop = off AS $$
DECLARE
    _accounts bigint [];
    _frees bigint [];
    _helds bigint [];
    _moves bigint [];
    _frozen boolean [];
    _nos bigint [] := array_fill(NULL::bigint, ARRAY[cardinality(_ids)]); -- of the transfers of those that are done
    _outcomes text [];
    _places integer [];
    _r record;
BEGIN
    -- A child's stamps are its parent's: a batch with children among it takes the longer way (0007).
    IF EXISTS (SELECT FROM quota_balances AS b
                WHERE b.shard = _shard AND b.account_id = ANY(_account_ids) AND b.parent_id IS NOT NULL) THEN
        RETURN QUERY SELECT s.id, s.outcome, s.free, s.held FROM quota_hold_shared_n(_shard, _ids, _account_ids, _stamps, _purpose, _actors) AS s;
        RETURN;
    END IF;
    SELECT array_agg(l.account_id), array_agg(l.free), array_agg(l.held), array_agg(l.moves), array_agg(l.frozen_at IS NOT NULL)
      INTO _accounts, _frees, _helds, _moves, _frozen
      FROM (SELECT b.account_id, b.free, b.held, b.moves, b.frozen_at FROM quota_balances AS b
             WHERE b.shard = _shard AND b.account_id = ANY(_account_ids)
             ORDER BY b.account_id FOR NO KEY UPDATE) AS l;
    -- A second statement, a fresh snapshot: what committed while we waited for the lock is seen.
    FOR _r IN
        SELECT x.no, x.stamps, h.stamps AS before, h.purpose, array_position(_accounts, x.account_id) AS place
          FROM unnest(_ids, _account_ids, _stamps) WITH ORDINALITY AS x (id, account_id, stamps, no)
          LEFT JOIN LATERAL (SELECT i.stamps, i.purpose FROM quota_holds AS i
                              WHERE i.shard = _shard AND i.account_id = x.account_id AND i.id = x.id LIMIT 1) AS h ON true
    LOOP
        _places[_r.no] := _r.place;
        IF _r.before IS NOT NULL THEN
            _outcomes[_r.no] := CASE WHEN (_r.before, _r.purpose) = (_r.stamps, _purpose) THEN 'already_done' ELSE 'conflict' END;
        ELSIF _frozen[_r.place] THEN
            _outcomes[_r.no] := 'frozen';
        ELSIF _frees[_r.place] >= _r.stamps THEN
            _outcomes[_r.no] := 'done';
            _frees[_r.place] := _frees[_r.place] - _r.stamps;
            _helds[_r.place] := _helds[_r.place] + _r.stamps;
            _moves[_r.place] := _moves[_r.place] + 1;
            _nos[_r.no] := _moves[_r.place];
        ELSE
            _outcomes[_r.no] := 'exhausted';
        END IF;
    END LOOP;
    UPDATE quota_balances AS b SET free = x.free, held = x.held, moves = x.moves
      FROM unnest(_accounts, _frees, _helds, _moves) AS x (account_id, free, held, moves)
     WHERE b.shard = _shard AND b.account_id = ANY(_accounts) AND b.account_id = x.account_id AND b.moves < x.moves;
    INSERT INTO quota_holds (shard, account_id, id, purpose, stamps)
    SELECT b.shard, b.account_id, x.id, _purpose, x.stamps
      FROM quota_balances AS b
      JOIN unnest(_ids, _account_ids, _stamps, _nos) AS x (id, account_id, stamps, no) ON x.account_id = b.account_id
     WHERE b.shard = _shard AND b.account_id = ANY(_accounts) AND x.no > 0;
    INSERT INTO quota_transfers (shard, account_id, no, ref, kind, debit, credit, stamps, actor)
    SELECT b.shard, b.account_id, x.no, x.id, 'hold', 'free', 'held', x.stamps, x.actor
      FROM quota_balances AS b
      JOIN unnest(_ids, _account_ids, _stamps, _actors, _nos) AS x (id, account_id, stamps, actor, no)
        ON x.account_id = b.account_id
     WHERE b.shard = _shard AND b.account_id = ANY(_accounts) AND x.no > 0;
    RETURN QUERY
    SELECT x.id, x.outcome, coalesce(_frees[x.place], 0), coalesce(_helds[x.place], 0)
      FROM unnest(_ids, _outcomes, _places) AS x (id, outcome, place);
END
$$;
GRANT EXECUTE ON FUNCTION quota_hold_n(smallint, uuid [], bigint [], bigint [], text, text []) TO bubuh_app;

-- Write how holds ended, where quota_end_n has read them: under their balances' locks nobody else moves them. They are
-- looked for nowhere else, for a planner that knows nothing of the table yet would walk all holds of the shard.
CREATE FUNCTION quota_mark_n(_shard smallint, _places tid [], _state text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_indexscan = off SET enable_bitmapscan = off AS $$
BEGIN
    UPDATE quota_holds AS h SET state = _state, ended_at = now() WHERE h.shard = _shard AND h.ctid = ANY(_places);
END
$$;

-- End many holds of one shard: 'capture' into a sink (used, paid_back), 'release' back to free. Not called
-- from outside: quota_capture_n and quota_release_n are its two doors.
-- One row per request: done, already_done, conflict (the hold ended the other way) or unknown (no such hold), and what
-- the account has since.
CREATE FUNCTION quota_end_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _kind text, _credit text, _actors text []
) RETURNS TABLE (id uuid, outcome text, free bigint, held bigint)
LANGUAGE plpgsql SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_nestloop = off AS $$
DECLARE
    _state text := CASE _kind WHEN 'capture' THEN 'captured' WHEN 'release' THEN 'released' END;
    _accounts bigint [];
    _frees bigint [];
    _helds bigint [];
    _useds bigint [];
    _moves bigint [];
    _holds tid [];
    _stamps bigint [] := array_fill(NULL::bigint, ARRAY[cardinality(_ids)]);
    _nos bigint [] := array_fill(NULL::bigint, ARRAY[cardinality(_ids)]); -- of the transfers of those that are done
    _outcomes text [];
    _places integer [];
    _r record;
BEGIN
    ASSERT _state IS NOT NULL, 'a hold ends by capture or by release';
    -- A child's stamps are its parent's: a batch with children among it takes the longer way (0007).
    IF EXISTS (SELECT FROM quota_balances AS b
                WHERE b.shard = _shard AND b.account_id = ANY(_account_ids) AND b.parent_id IS NOT NULL) THEN
        RETURN QUERY SELECT s.id, s.outcome, s.free, s.held FROM quota_end_shared_n(_shard, _ids, _account_ids, _kind, _credit, _actors) AS s;
        RETURN;
    END IF;
    SELECT array_agg(l.account_id), array_agg(l.free), array_agg(l.held), array_agg(l.used), array_agg(l.moves)
      INTO _accounts, _frees, _helds, _useds, _moves
      FROM (SELECT b.account_id, b.free, b.held, b.used, b.moves FROM quota_balances AS b
             WHERE b.shard = _shard AND b.account_id = ANY(_account_ids)
             ORDER BY b.account_id FOR NO KEY UPDATE) AS l;
    -- Every change of a hold is made under its balance's lock, so this reads what holds until we commit.
    FOR _r IN
        SELECT x.no, h.ctid AS hold, h.stamps, h.state, array_position(_accounts, x.account_id) AS place
          FROM unnest(_ids, _account_ids) WITH ORDINALITY AS x (id, account_id, no)
          LEFT JOIN LATERAL (SELECT i.ctid, i.stamps, i.state FROM quota_holds AS i
                              WHERE i.shard = _shard AND i.account_id = x.account_id AND i.id = x.id
                                AND i.purpose <> 'share' LIMIT 1) AS h ON true -- what a child holds, the child ends
    LOOP
        _places[_r.no] := _r.place;
        IF _r.state = 'held' THEN
            _outcomes[_r.no] := 'done';
            _helds[_r.place] := _helds[_r.place] - _r.stamps;
            IF _credit = 'free' THEN
                _frees[_r.place] := _frees[_r.place] + _r.stamps;
            ELSIF _credit = 'used' THEN
                _useds[_r.place] := _useds[_r.place] + _r.stamps;
            END IF;
            _moves[_r.place] := _moves[_r.place] + 1;
            _nos[_r.no] := _moves[_r.place];
            _stamps[_r.no] := _r.stamps;
            _holds := _holds || _r.hold;
        ELSE
            _outcomes[_r.no] := CASE WHEN _r.state IS NULL THEN 'unknown' WHEN _r.state = _state THEN 'already_done' ELSE 'conflict' END;
        END IF;
    END LOOP;
    PERFORM quota_mark_n(_shard, _holds, _state);
    UPDATE quota_balances AS b SET free = x.free, held = x.held, used = x.used, moves = x.moves
      FROM unnest(_accounts, _frees, _helds, _useds, _moves) AS x (account_id, free, held, used, moves)
     WHERE b.shard = _shard AND b.account_id = ANY(_accounts) AND b.account_id = x.account_id AND b.moves < x.moves;
    INSERT INTO quota_transfers (shard, account_id, no, ref, kind, debit, credit, stamps, actor)
    SELECT b.shard, b.account_id, x.no, x.id, _kind, 'held', _credit, x.stamps, x.actor
      FROM quota_balances AS b
      JOIN unnest(_ids, _account_ids, _stamps, _actors, _nos) AS x (id, account_id, stamps, actor, no)
        ON x.account_id = b.account_id
     WHERE b.shard = _shard AND b.account_id = ANY(_accounts) AND x.no > 0;
    RETURN QUERY
    SELECT x.id, x.outcome, coalesce(_frees[x.place], 0), coalesce(_helds[x.place], 0)
      FROM unnest(_ids, _outcomes, _places) AS x (id, outcome, place);
END
$$;

-- Use what was held: for stamps affixed (used) or money paid back (paid_back).
CREATE FUNCTION quota_capture_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _credit text, _actors text []
) RETURNS TABLE (id uuid, outcome text, free bigint, held bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.id, e.outcome, e.free, e.held FROM quota_end_n(_shard, _ids, _account_ids, 'capture', _credit, _actors) AS e
$$;
GRANT EXECUTE ON FUNCTION quota_capture_n(smallint, uuid [], bigint [], text, text []) TO bubuh_app;

-- Give back what was held.
CREATE FUNCTION quota_release_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _actors text []
) RETURNS TABLE (id uuid, outcome text, free bigint, held bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.id, e.outcome, e.free, e.held FROM quota_end_n(_shard, _ids, _account_ids, 'release', 'free', _actors) AS e
$$;
GRANT EXECUTE ON FUNCTION quota_release_n(smallint, uuid [], bigint [], text []) TO bubuh_app;

-- One leg of many moves between accounts: 'out' at the giver (free to in_transit), 'in' at the receiver
-- (transferred to free), 'ack' at the giver (in_transit to transferred). Each leg is local to one shard; the
-- outbox carries a move from leg to leg. One row per request: done, already_done, exhausted, frozen, conflict,
-- or unknown (an ack without its out).
CREATE FUNCTION quota_transfer_n(
    _shard smallint, _leg text, _refs uuid [], _account_ids bigint [], _counter_account_ids bigint [],
    _stamps bigint [], _actors text []
) RETURNS TABLE (ref uuid, outcome text, free bigint, held bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _kind text := 'transfer_' || _leg;
    _debit text := CASE _leg WHEN 'out' THEN 'free' WHEN 'in' THEN 'transferred' WHEN 'ack' THEN 'in_transit' END;
    _credit text := CASE _leg WHEN 'out' THEN 'in_transit' WHEN 'in' THEN 'free' WHEN 'ack' THEN 'transferred' END;
    _outcomes text [] := array_fill(NULL::text, ARRAY[cardinality(_refs)]);
    _account bigint;
    _left bigint;
    _r record;
BEGIN
    ASSERT _debit IS NOT NULL, 'a move has the legs out, in and ack';
    FOR _account IN SELECT DISTINCT x FROM unnest(_account_ids) AS x ORDER BY x LOOP
        INSERT INTO quota_balances (shard, account_id) VALUES (_shard, _account) ON CONFLICT DO NOTHING;
    END LOOP;
    PERFORM 1 FROM quota_balances AS b
      WHERE b.shard = _shard AND b.account_id = ANY(_account_ids)
      ORDER BY b.account_id FOR NO KEY UPDATE;
    _account := NULL;
    FOR _r IN
        SELECT x.no, x.account_id, x.counter_account_id, x.stamps, b.free, b.frozen_at,
               t.stamps AS before, t.counter_account_id AS before_counter,
               o.stamps AS sent, o.counter_account_id AS sent_to,
               row_number() OVER (PARTITION BY x.account_id, x.ref ORDER BY x.no) AS turn
          FROM unnest(_refs, _account_ids, _counter_account_ids, _stamps) WITH ORDINALITY
            AS x (ref, account_id, counter_account_id, stamps, no)
          JOIN quota_balances AS b ON b.shard = _shard AND b.account_id = x.account_id
          LEFT JOIN LATERAL (SELECT i.stamps, i.counter_account_id FROM quota_transfers AS i
                              WHERE i.shard = _shard AND i.account_id = x.account_id AND i.ref = x.ref AND i.kind = _kind
                              LIMIT 1) AS t ON true
          LEFT JOIN LATERAL (SELECT i.stamps, i.counter_account_id FROM quota_transfers AS i
                              WHERE i.shard = _shard AND i.account_id = x.account_id AND i.ref = x.ref
                                AND i.kind = 'transfer_out' LIMIT 1) AS o ON true
         ORDER BY x.account_id, x.no
    LOOP
        ASSERT _r.turn = 1, 'a batch names each ref once';
        IF _account IS DISTINCT FROM _r.account_id THEN
            _account := _r.account_id;
            _left := _r.free;
        END IF;
        IF _r.before IS NOT NULL THEN
            _outcomes[_r.no] := CASE WHEN (_r.before, _r.before_counter) = (_r.stamps, _r.counter_account_id)
                THEN 'already_done' ELSE 'conflict' END;
        ELSIF _leg = 'ack' AND _r.sent IS NULL THEN
            _outcomes[_r.no] := 'unknown';
        ELSIF _leg = 'ack' AND (_r.sent, _r.sent_to) IS DISTINCT FROM (_r.stamps, _r.counter_account_id) THEN
            _outcomes[_r.no] := 'conflict';
        ELSIF _leg = 'out' AND _r.frozen_at IS NOT NULL THEN
            _outcomes[_r.no] := 'frozen';
        ELSIF _leg = 'out' AND _left < _r.stamps THEN
            _outcomes[_r.no] := 'exhausted';
        ELSE
            _outcomes[_r.no] := 'done';
            _left := _left - CASE WHEN _leg = 'out' THEN _r.stamps ELSE 0 END;
        END IF;
    END LOOP;
    UPDATE quota_balances AS b
       SET free = b.free + CASE _leg WHEN 'out' THEN -x.stamps WHEN 'in' THEN x.stamps ELSE 0 END,
           in_transit = b.in_transit + CASE _leg WHEN 'out' THEN x.stamps WHEN 'ack' THEN -x.stamps ELSE 0 END,
           moves = b.moves + x.moves
      FROM (SELECT u.account_id, sum(u.stamps) AS stamps, count(*) AS moves
              FROM unnest(_account_ids, _stamps, _outcomes) AS u (account_id, stamps, outcome)
             WHERE u.outcome = 'done' GROUP BY u.account_id) AS x
     WHERE b.shard = _shard AND b.account_id = x.account_id;
    INSERT INTO quota_transfers (shard, account_id, no, ref, kind, debit, credit, stamps, counter_account_id, actor)
    SELECT b.shard, b.account_id,
           b.moves + 1 - row_number() OVER (PARTITION BY b.shard, b.account_id ORDER BY x.turn DESC),
           x.ref, _kind, _debit, _credit, x.stamps, x.counter_account_id, x.actor
      FROM quota_balances AS b
      JOIN unnest(_refs, _account_ids, _counter_account_ids, _stamps, _actors, _outcomes) WITH ORDINALITY
        AS x (ref, account_id, counter_account_id, stamps, actor, outcome, turn) ON x.account_id = b.account_id
     WHERE b.shard = _shard AND x.outcome = 'done';
    RETURN QUERY
    SELECT x.ref, x.outcome, b.free, b.held
      FROM unnest(_refs, _account_ids, _outcomes) WITH ORDINALITY AS x (ref, account_id, outcome, no)
      JOIN quota_balances AS b ON b.shard = _shard AND b.account_id = x.account_id
     ORDER BY x.no;
END
$$;
GRANT EXECUTE ON FUNCTION
    quota_transfer_n(smallint, text, uuid [], bigint [], bigint [], bigint [], text []) TO bubuh_app;
