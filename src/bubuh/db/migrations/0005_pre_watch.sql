-- Why: an account whose books do not agree is frozen until somebody has looked: nothing is held or sent from it,
-- while what is sealed is captured and what is held is given back. The application's role cannot write a balance,
-- so freezing is a function too.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

-- Returns whether it was not frozen before. An account that never had a stamp gets its row here.
CREATE FUNCTION quota_freeze(_shard smallint, _account_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO quota_balances (shard, account_id) VALUES (_shard, _account_id) ON CONFLICT DO NOTHING;
    UPDATE quota_balances AS b SET frozen_at = now()
     WHERE b.shard = _shard AND b.account_id = _account_id AND b.frozen_at IS NULL;
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION quota_freeze(smallint, bigint) TO bubuh_app;

-- Returns whether it was frozen before.
CREATE FUNCTION quota_thaw(_shard smallint, _account_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE quota_balances AS b SET frozen_at = NULL
     WHERE b.shard = _shard AND b.account_id = _account_id AND b.frozen_at IS NOT NULL;
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION quota_thaw(smallint, bigint) TO bubuh_app;

-- ---------------------------------------------------------------- the watch over the books

-- The books are held to their invariants every few seconds, in what moved since the last time. These say what moved,
-- in the order of its writing: one more entry for each transfer, always at the end of its shard's part.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX quota_transfers_recorded ON quota_transfers (shard, recorded_at);

-- Whether a row is asked about: NULL asks about all. The planner sees through them.
CREATE FUNCTION in_scope(_id bigint, _wanted bigint []) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT _wanted IS NULL OR _id = ANY(_wanted)
$$;
GRANT EXECUTE ON FUNCTION in_scope(bigint, bigint []) TO bubuh_app;

CREATE FUNCTION in_scope(_id uuid, _wanted uuid []) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT _wanted IS NULL OR _id = ANY(_wanted)
$$;
GRANT EXECUTE ON FUNCTION in_scope(uuid, uuid []) TO bubuh_app;

-- How far each shard was watched. It has no account: shard is its key.
CREATE TABLE quota_watch (
    shard smallint PRIMARY KEY,
    begun_at timestamptz NOT NULL DEFAULT now(),
    taken_at timestamptz NOT NULL DEFAULT 'epoch', -- one worker at a time
    passed_at timestamptz, -- when a pass last came to its end
    read_to timestamptz NOT NULL DEFAULT 'epoch', -- transfers recorded until then were asked about
    patrolled_at timestamptz NOT NULL DEFAULT 'epoch',
    patrol_after bigint NOT NULL DEFAULT 0, -- the account that the walk past all of them has reached
    audit_no bigint NOT NULL DEFAULT 0, -- the audit's chain was found whole up to here
    audit_hash bytea,
    CONSTRAINT quota_watch_shard CHECK (shard BETWEEN 0 AND 63)
);
GRANT SELECT ON quota_watch TO bubuh_app;
GRANT UPDATE (taken_at, passed_at, read_to, patrolled_at, patrol_after, audit_no, audit_hash) ON quota_watch TO bubuh_app;
INSERT INTO quota_watch (shard) SELECT s FROM generate_series(0, 63) AS s;

-- What the first `moves` transfers of an account with many come to, so that holding its balance to them reads only
-- those after. The full reconciliation does not believe these rows.
CREATE TABLE quota_folds (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    moves bigint NOT NULL,
    free bigint NOT NULL,
    held bigint NOT NULL,
    used bigint NOT NULL,
    in_transit bigint NOT NULL,
    PRIMARY KEY (shard, account_id),
    CONSTRAINT quota_folds_shard CHECK (shard = account_id % 64)
);
GRANT SELECT ON quota_folds TO bubuh_app;

-- Fold the transfers of those accounts that have at least `_least` of them beyond their fold. What commits later has a
-- higher number, for numbers are given under the lock of the balance.
CREATE FUNCTION quota_fold(_shard smallint, _account_ids bigint [], _least integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _r record;
BEGIN
    FOR _r IN
        SELECT t.account_id, max(t.no) AS moves,
               coalesce(min(k.free), 0) + sum(t.stamps * ((t.credit = 'free')::int - (t.debit = 'free')::int)) AS free,
               coalesce(min(k.held), 0) + sum(t.stamps * ((t.credit = 'held')::int - (t.debit = 'held')::int)) AS held,
               coalesce(min(k.used), 0) + sum(t.stamps * ((t.credit = 'used')::int - (t.debit = 'used')::int)) AS used,
               coalesce(min(k.in_transit), 0)
               + sum(t.stamps * ((t.credit = 'in_transit')::int - (t.debit = 'in_transit')::int)) AS in_transit
          FROM quota_transfers AS t
          LEFT JOIN quota_folds AS k ON k.shard = _shard AND k.account_id = t.account_id
         WHERE t.shard = _shard AND t.account_id = ANY(_account_ids) AND t.no > coalesce(k.moves, 0)
         GROUP BY t.account_id
        HAVING count(*) >= _least
    LOOP
        INSERT INTO quota_folds (shard, account_id, moves, free, held, used, in_transit)
        VALUES (_shard, _r.account_id, _r.moves, _r.free, _r.held, _r.used, _r.in_transit)
        ON CONFLICT (shard, account_id) DO UPDATE
           SET moves = excluded.moves, free = excluded.free, held = excluded.held, used = excluded.used,
               in_transit = excluded.in_transit;
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION quota_fold(smallint, bigint [], integer) TO bubuh_app;

CREATE FUNCTION quota_unfold(_shard smallint, _account_ids bigint []) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM quota_folds AS k WHERE k.shard = _shard AND k.account_id = ANY(_account_ids)
$$;
GRANT EXECUTE ON FUNCTION quota_unfold(smallint, bigint []) TO bubuh_app;

-- Breaches of invariants: open until a later look finds them gone. A breach that no account can be named for lies
-- with its shard, by the shard's number in place of an account's.
CREATE TABLE quota_breaches (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    invariant text NOT NULL,
    subject text NOT NULL,
    expected text NOT NULL,
    found text NOT NULL,
    is_late boolean NOT NULL, -- something waits too long; the books agree
    found_by text NOT NULL, -- the watch, or the full reconciliation: who may find it gone
    found_at timestamptz NOT NULL DEFAULT now(),
    gone_at timestamptz,
    PRIMARY KEY (shard, account_id, invariant, subject),
    CONSTRAINT quota_breaches_shard CHECK (shard = account_id % 64)
);
CREATE INDEX quota_breaches_open ON quota_breaches (shard, account_id) WHERE gone_at IS NULL;
GRANT SELECT ON quota_breaches TO bubuh_app;
-- A breach is told of and closed; nobody who serves takes one away.
GRANT INSERT ON quota_breaches TO bubuh_app;
GRANT UPDATE (expected, found, found_by, found_at, gone_at) ON quota_breaches TO bubuh_app;
