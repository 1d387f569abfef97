-- Why: an organisation lets its branches use its quota without giving it away. A child account is a limit on its
-- parent's balance, not a balance of its own: what it holds is held of the parent's stamps, in one transaction and one
-- shard (a child's id is congruent to its parent's), and what it used stays counted against its limit.
-- Each movement stands on both sides under one ref: the parent's `free` to `held` and `held` to sink `shared`, the child's
-- `shared` to `held` and `held` to `used`. So each side's row is the fold of its own transfers, `used` over all accounts
-- is the number of affixed stamps still, and a child's stamps, holds and history are rows of its own account.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

-- What was asked for when a child was opened. The limit as it is now stands in the child's balance row.
CREATE TABLE quota_shares (
    shard smallint NOT NULL,
    account_id bigint NOT NULL, -- the child
    parent_id bigint NOT NULL,
    name text NOT NULL,
    first_limit bigint NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id),
    CONSTRAINT quota_shares_shard CHECK (shard = account_id % 64),
    CONSTRAINT quota_shares_parent_shard CHECK (shard = parent_id % 64)
);
CREATE INDEX quota_shares_of_parent ON quota_shares (shard, parent_id, account_id);
CREATE TRIGGER quota_shares_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON quota_shares
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON quota_shares TO bubuh_app;

-- What an account has, for whoever looks: of a child, what its parent has free, within the child's limit.
CREATE VIEW quota_shown AS
SELECT b.shard, b.account_id,
       CASE WHEN b.parent_id IS NULL THEN b.free
            WHEN b.share_closed_at IS NOT NULL THEN 0
            ELSE least(p.free, b.share_limit - b.held - b.used) END AS free,
       b.held, b.used, b.in_transit, b.frozen_at IS NOT NULL OR p.frozen_at IS NOT NULL AS frozen,
       b.parent_id, b.share_limit, b.share_closed_at IS NOT NULL AS share_closed
  FROM quota_balances AS b
  LEFT JOIN quota_balances AS p ON p.shard = b.shard AND p.account_id = b.parent_id;
GRANT SELECT ON quota_shown TO bubuh_app;

-- Open a share. One row: done, already_done, conflict (the child stands for another asking) or child (who is a child
-- itself shares nothing on).
CREATE FUNCTION quota_share_open(_shard smallint, _parent_id bigint, _child_id bigint, _name text, _limit bigint)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _parent record;
    _before record;
BEGIN
    INSERT INTO quota_balances (shard, account_id) VALUES (_shard, _parent_id) ON CONFLICT DO NOTHING;
    SELECT b.parent_id INTO STRICT _parent FROM quota_balances AS b
     WHERE b.shard = _shard AND b.account_id = _parent_id FOR NO KEY UPDATE;
    IF _parent.parent_id IS NOT NULL THEN
        RETURN 'child';
    END IF;
    SELECT s.parent_id, s.name, s.first_limit INTO _before FROM quota_shares AS s
     WHERE s.shard = _shard AND s.account_id = _child_id;
    IF FOUND THEN
        RETURN CASE WHEN (_before.parent_id, _before.name, _before.first_limit) = (_parent_id, _name, _limit)
            THEN 'already_done' ELSE 'conflict' END;
    END IF;
    INSERT INTO quota_balances (shard, account_id, parent_id, share_limit) VALUES (_shard, _child_id, _parent_id, _limit);
    INSERT INTO quota_shares (shard, account_id, parent_id, name, first_limit)
    VALUES (_shard, _child_id, _parent_id, _name, _limit);
    RETURN 'done';
END
$$;
GRANT EXECUTE ON FUNCTION quota_share_open(smallint, bigint, bigint, text, bigint) TO bubuh_app;

-- Change a share: its limit, and whether it is closed; NULL leaves either as it is. What is held or used already stays
-- counted, so a limit below that is refused. One row: done, already_done, low, or unknown (the parent has no such child).
CREATE FUNCTION quota_share_change(
    _shard smallint, _parent_id bigint, _child_id bigint, _limit bigint, _is_closed boolean
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _before record;
BEGIN
    SELECT b.held + b.used AS counted, b.share_limit, b.share_closed_at IS NOT NULL AS is_closed INTO _before
      FROM quota_balances AS b
     WHERE b.shard = _shard AND b.account_id = _child_id AND b.parent_id = _parent_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF _limit < _before.counted THEN
        RETURN 'low';
    ELSIF _before.share_limit = coalesce(_limit, _before.share_limit)
      AND _before.is_closed = coalesce(_is_closed, _before.is_closed) THEN
        RETURN 'already_done';
    END IF;
    UPDATE quota_balances AS b
       SET share_limit = coalesce(_limit, b.share_limit),
           share_closed_at = CASE WHEN coalesce(_is_closed, _before.is_closed) THEN coalesce(b.share_closed_at, now()) END
     WHERE b.shard = _shard AND b.account_id = _child_id;
    RETURN 'done';
END
$$;
GRANT EXECUTE ON FUNCTION quota_share_change(smallint, bigint, bigint, bigint, boolean) TO bubuh_app;

-- Who the parents of those accounts are, in their order; NULL for an account that is no child. Locks the rows of all,
-- parents too, in the order of accounts: a parent's lock orders everything its children do. Not called from outside.
CREATE FUNCTION quota_lock_parents(_shard smallint, _account_ids bigint []) RETURNS bigint []
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    _parents bigint [];
BEGIN
    -- Whose child an account is never changes, so this may be read before the locks.
    SELECT array_agg(b.parent_id ORDER BY x.no) INTO _parents
      FROM unnest(_account_ids) WITH ORDINALITY AS x (account_id, no)
      LEFT JOIN quota_balances AS b ON b.shard = _shard AND b.account_id = x.account_id;
    PERFORM 1 FROM quota_balances AS b
      WHERE b.shard = _shard AND b.account_id = ANY(_account_ids || _parents)
      ORDER BY b.account_id FOR NO KEY UPDATE;
    RETURN _parents;
END
$$;

-- What of those accounts has left: `free` of a child is the least of its limit's rest and its parent's free stamps.
-- Not called from outside.
CREATE FUNCTION quota_left_n(_shard smallint, _account_ids bigint []) RETURNS TABLE (no bigint, free bigint, held bigint)
LANGUAGE sql SET search_path = public, pg_temp AS $$
    SELECT x.no,
           CASE WHEN c.parent_id IS NULL THEN coalesce(c.free, 0)
                WHEN c.share_closed_at IS NOT NULL THEN 0
                ELSE least(p.free, c.share_limit - c.held - c.used) END,
           coalesce(c.held, 0)
      FROM unnest(_account_ids) WITH ORDINALITY AS x (account_id, no)
      LEFT JOIN quota_balances AS c ON c.shard = _shard AND c.account_id = x.account_id
      LEFT JOIN quota_balances AS p ON p.shard = _shard AND p.account_id = c.parent_id
$$;

-- quota_hold_n for a batch with children in it; not called from outside. Those of accounts that are no children come
-- first, then child by child: served where the child's limit and the parent's free stamps both cover it.
CREATE FUNCTION quota_hold_shared_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _stamps bigint [], _purpose text, _actors text []
) RETURNS TABLE (id uuid, outcome text, free bigint, held bigint)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    _count integer := cardinality(_ids);
    _outcomes text [] := array_fill(NULL::text, ARRAY[_count]);
    _parents bigint [] := quota_lock_parents(_shard, _account_ids);
    _parent bigint;
    _child bigint;
    _free bigint;
    _room bigint;
    _r record;
BEGIN
    FOR _r IN
        SELECT y.nos[h.no] AS no, h.outcome
          FROM (SELECT array_agg(x.no) AS nos, array_agg(x.id) AS ids, array_agg(x.account_id) AS account_ids,
                       array_agg(x.stamps) AS stamps, array_agg(x.actor) AS actors
                  FROM unnest(_ids, _account_ids, _stamps, _actors, _parents) WITH ORDINALITY
                    AS x (id, account_id, stamps, actor, parent_id, no)
                 WHERE x.parent_id IS NULL) AS y,
               quota_hold_n(_shard, y.ids, y.account_ids, y.stamps, _purpose, y.actors)
                 WITH ORDINALITY AS h (id, outcome, free, held, no)
         WHERE y.ids IS NOT NULL
    LOOP
        _outcomes[_r.no] := _r.outcome;
    END LOOP;
    FOR _r IN
        SELECT x.no, x.parent_id, x.account_id, x.stamps, h.stamps AS before, h.purpose, o.stamps AS other, p.free,
               c.frozen_at IS NOT NULL OR p.frozen_at IS NOT NULL AS is_frozen,
               CASE WHEN c.share_closed_at IS NULL THEN c.share_limit - c.held - c.used ELSE 0 END AS room,
               row_number() OVER (PARTITION BY x.parent_id, x.id ORDER BY x.no) AS turn
          FROM unnest(_ids, _account_ids, _stamps, _parents) WITH ORDINALITY AS x (id, account_id, stamps, parent_id, no)
          JOIN quota_balances AS c ON c.shard = _shard AND c.account_id = x.account_id
          JOIN quota_balances AS p ON p.shard = _shard AND p.account_id = x.parent_id
          LEFT JOIN LATERAL (SELECT i.stamps, i.purpose FROM quota_holds AS i
                              WHERE i.shard = _shard AND i.account_id = x.account_id AND i.id = x.id LIMIT 1) AS h ON true
          LEFT JOIN LATERAL (SELECT i.stamps FROM quota_holds AS i
                              WHERE i.shard = _shard AND i.account_id = x.parent_id AND i.id = x.id LIMIT 1) AS o ON true
         ORDER BY x.parent_id, x.account_id, x.no
    LOOP
        ASSERT _r.turn = 1, 'a batch names each id once';
        IF _parent IS DISTINCT FROM _r.parent_id THEN
            _parent := _r.parent_id;
            _free := _r.free;
        END IF;
        IF _child IS DISTINCT FROM _r.account_id THEN
            _child := _r.account_id;
            _room := _r.room;
        END IF;
        IF _r.before IS NOT NULL THEN
            _outcomes[_r.no] := CASE WHEN (_r.before, _r.purpose) = (_r.stamps, _purpose) THEN 'already_done' ELSE 'conflict' END;
        ELSIF _r.other IS NOT NULL THEN
            _outcomes[_r.no] := 'conflict';
        ELSIF _r.is_frozen THEN
            _outcomes[_r.no] := 'frozen';
        ELSIF least(_room, _free) >= _r.stamps THEN
            _outcomes[_r.no] := 'done';
            _room := _room - _r.stamps;
            _free := _free - _r.stamps;
        ELSE
            _outcomes[_r.no] := 'exhausted';
        END IF;
    END LOOP;
    -- Below, a request stands twice: its first half is the child's side, its second the parent's.
    UPDATE quota_balances AS b SET free = b.free - x.free, held = b.held + x.held, moves = b.moves + x.moves
      FROM (SELECT u.account_id, sum(CASE WHEN u.no > _count THEN u.stamps ELSE 0 END) AS free, sum(u.stamps) AS held,
                   count(*) AS moves
              FROM unnest(_account_ids || _parents, _stamps || _stamps, _outcomes || _outcomes, _parents || _parents)
                WITH ORDINALITY AS u (account_id, stamps, outcome, parent_id, no)
             WHERE u.outcome = 'done' AND u.parent_id IS NOT NULL GROUP BY u.account_id) AS x
     WHERE b.shard = _shard AND b.account_id = x.account_id;
    INSERT INTO quota_holds (shard, account_id, id, purpose, stamps)
    SELECT b.shard, b.account_id, x.id, CASE WHEN x.no > _count THEN 'share' ELSE _purpose END, x.stamps
      FROM quota_balances AS b
      JOIN unnest(_ids || _ids, _account_ids || _parents, _stamps || _stamps, _outcomes || _outcomes, _parents || _parents)
        WITH ORDINALITY AS x (id, account_id, stamps, outcome, parent_id, no) ON x.account_id = b.account_id
     WHERE b.shard = _shard AND x.outcome = 'done' AND x.parent_id IS NOT NULL;
    INSERT INTO quota_transfers (shard, account_id, no, ref, kind, debit, credit, stamps, counter_account_id, actor)
    SELECT b.shard, b.account_id,
           b.moves + 1 - row_number() OVER (PARTITION BY b.shard, b.account_id ORDER BY x.no DESC),
           x.id, 'hold', CASE WHEN x.no > _count THEN 'free' ELSE 'shared' END, 'held', x.stamps, x.counter_id, x.actor
      FROM quota_balances AS b
      JOIN unnest(_ids || _ids, _account_ids || _parents, _parents || _account_ids, _stamps || _stamps, _actors || _actors,
                  _outcomes || _outcomes, _parents || _parents) WITH ORDINALITY
        AS x (id, account_id, counter_id, stamps, actor, outcome, parent_id, no) ON x.account_id = b.account_id
     WHERE b.shard = _shard AND x.outcome = 'done' AND x.parent_id IS NOT NULL;
    RETURN QUERY
    SELECT x.id, x.outcome, l.free, l.held
      FROM unnest(_ids, _outcomes) WITH ORDINALITY AS x (id, outcome, no)
      JOIN quota_left_n(_shard, _account_ids) AS l ON l.no = x.no
     ORDER BY x.no;
END
$$;

-- quota_end_n for a batch with children in it; not called from outside. A child ends only what it holds itself.
CREATE FUNCTION quota_end_shared_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _kind text, _credit text, _actors text []
) RETURNS TABLE (id uuid, outcome text, free bigint, held bigint)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    _state text := CASE _kind WHEN 'capture' THEN 'captured' ELSE 'released' END;
    _count integer := cardinality(_ids);
    _outcomes text [] := array_fill(NULL::text, ARRAY[_count]);
    _stamps bigint [] := array_fill(NULL::bigint, ARRAY[_count]);
    _parents bigint [] := quota_lock_parents(_shard, _account_ids);
    _r record;
BEGIN
    FOR _r IN
        SELECT y.nos[e.no] AS no, e.outcome
          FROM (SELECT array_agg(x.no) AS nos, array_agg(x.id) AS ids, array_agg(x.account_id) AS account_ids,
                       array_agg(x.actor) AS actors
                  FROM unnest(_ids, _account_ids, _actors, _parents) WITH ORDINALITY
                    AS x (id, account_id, actor, parent_id, no)
                 WHERE x.parent_id IS NULL) AS y,
               quota_end_n(_shard, y.ids, y.account_ids, _kind, _credit, y.actors)
                 WITH ORDINALITY AS e (id, outcome, free, held, no)
         WHERE y.ids IS NOT NULL
    LOOP
        _outcomes[_r.no] := _r.outcome;
    END LOOP;
    FOR _r IN
        SELECT x.no, h.stamps, h.state, row_number() OVER (PARTITION BY x.account_id, x.id ORDER BY x.no) AS turn
          FROM unnest(_ids, _account_ids, _parents) WITH ORDINALITY AS x (id, account_id, parent_id, no)
          LEFT JOIN LATERAL (SELECT i.stamps, i.state FROM quota_holds AS i
                              WHERE i.shard = _shard AND i.account_id = x.account_id AND i.id = x.id LIMIT 1) AS h ON true
         WHERE x.parent_id IS NOT NULL
    LOOP
        ASSERT _r.turn = 1, 'a batch names each id once';
        _stamps[_r.no] := _r.stamps;
        _outcomes[_r.no] := CASE
            WHEN _r.state IS NULL THEN 'unknown'
            WHEN _r.state = 'held' THEN 'done'
            WHEN _r.state = _state THEN 'already_done'
            ELSE 'conflict' END;
    END LOOP;
    -- Below, a request stands twice: its first half is the child's side, its second the parent's. What the child gives
    -- back is free at the parent, what it uses has left the parent.
    UPDATE quota_holds AS h SET state = _state, ended_at = now()
      FROM unnest(_ids || _ids, _account_ids || _parents, _outcomes || _outcomes, _parents || _parents)
        AS x (id, account_id, outcome, parent_id)
     WHERE h.shard = _shard AND h.account_id = x.account_id AND h.id = x.id
       AND x.outcome = 'done' AND x.parent_id IS NOT NULL;
    UPDATE quota_balances AS b
       SET held = b.held - x.held, free = b.free + x.free, used = b.used + x.used, moves = b.moves + x.moves
      FROM (SELECT u.account_id, sum(u.stamps) AS held, count(*) AS moves,
                   sum(CASE WHEN u.no > _count AND _kind = 'release' THEN u.stamps ELSE 0 END) AS free,
                   sum(CASE WHEN u.no <= _count AND _credit = 'used' THEN u.stamps ELSE 0 END) AS used
              FROM unnest(_account_ids || _parents, _stamps || _stamps, _outcomes || _outcomes, _parents || _parents)
                WITH ORDINALITY AS u (account_id, stamps, outcome, parent_id, no)
             WHERE u.outcome = 'done' AND u.parent_id IS NOT NULL GROUP BY u.account_id) AS x
     WHERE b.shard = _shard AND b.account_id = x.account_id;
    INSERT INTO quota_transfers (shard, account_id, no, ref, kind, debit, credit, stamps, counter_account_id, actor)
    SELECT b.shard, b.account_id,
           b.moves + 1 - row_number() OVER (PARTITION BY b.shard, b.account_id ORDER BY x.no DESC),
           x.id, _kind, 'held',
           CASE WHEN (x.no > _count) = (_kind = 'capture') THEN 'shared' ELSE _credit END,
           x.stamps, x.counter_id, x.actor
      FROM quota_balances AS b
      JOIN unnest(_ids || _ids, _account_ids || _parents, _parents || _account_ids, _stamps || _stamps, _actors || _actors,
                  _outcomes || _outcomes, _parents || _parents) WITH ORDINALITY
        AS x (id, account_id, counter_id, stamps, actor, outcome, parent_id, no) ON x.account_id = b.account_id
     WHERE b.shard = _shard AND x.outcome = 'done' AND x.parent_id IS NOT NULL;
    RETURN QUERY
    SELECT x.id, x.outcome, l.free, l.held
      FROM unnest(_ids, _outcomes) WITH ORDINALITY AS x (id, outcome, no)
      JOIN quota_left_n(_shard, _account_ids) AS l ON l.no = x.no
     ORDER BY x.no;
END
$$;
