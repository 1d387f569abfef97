-- Why: nobody, not even who owns this database, changes, removes or adds a transfer unseen. A job off the hot path
-- binds the transfers of each shard into a chain of hashes, and the signer signs where the chains end (ADR-0014).
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

-- A link binds some accounts' next transfers: of account_ids[i] those numbered firsts[i] to lasts[i]. `leaves` are
-- their hashes, 32 bytes each, in the order of account and number, so that one that was altered can be named.
CREATE TABLE quota_links (
    shard smallint NOT NULL,
    no bigint NOT NULL,
    account_ids bigint [] NOT NULL,
    firsts bigint [] NOT NULL,
    lasts bigint [] NOT NULL,
    leaves bytea NOT NULL,
    linked_at timestamptz NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (shard, no),
    CONSTRAINT quota_links_shard CHECK (shard BETWEEN 0 AND 63)
);
CREATE TRIGGER quota_links_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON quota_links
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON quota_links TO bubuh_app, bubuh_signer;

-- The end of each shard's chain; locking it orders those who link.
CREATE TABLE quota_link_heads (
    shard smallint PRIMARY KEY,
    no bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT quota_link_heads_shard CHECK (shard BETWEEN 0 AND 63)
);
GRANT SELECT ON quota_link_heads TO bubuh_app, bubuh_signer;

INSERT INTO quota_link_heads (shard, no, hash)
SELECT s, 0, sha256(convert_to('bubuh transfer chain ' || s, 'UTF8')) FROM generate_series(0, 63) AS s;

-- How many of an account's transfers are linked.
CREATE TABLE quota_linked (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    moves bigint NOT NULL,
    PRIMARY KEY (shard, account_id),
    CONSTRAINT quota_linked_shard CHECK (shard = account_id % 64)
) WITH (fillfactor = 70);
GRANT SELECT ON quota_linked TO bubuh_app;

-- The bytes that a transfer's hash covers: see docs/reference/transfer-chain.md. The actor, the one free text, is last.
CREATE FUNCTION quota_leaf(
    _shard smallint, _account_id bigint, _no bigint, _ref uuid, _kind text, _debit text, _credit text, _stamps bigint,
    _counter_account_id bigint, _at timestamptz, _actor text
) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to(concat_ws(chr(31),
        'transfer', _shard, _account_id, _no, _ref, _kind, _debit, _credit, _stamps, coalesce(_counter_account_id, 0),
        (extract(epoch FROM _at) * 1000000)::bigint, _actor), 'UTF8'))
$$;

-- The bytes that a link's hash covers.
CREATE FUNCTION quota_link_hash(
    _previous bytea, _shard smallint, _no bigint, _at timestamptz,
    _account_ids bigint [], _firsts bigint [], _lasts bigint [], _leaves bytea
) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(_previous || sha256(_leaves) || convert_to(concat_ws(chr(31),
        'link', _shard, _no, (extract(epoch FROM _at) * 1000000)::bigint,
        array_to_string(_account_ids, ','), array_to_string(_firsts, ','), array_to_string(_lasts, ',')), 'UTF8'))
$$;

-- Link up to `_limit` transfers of each of the next accounts after `_after` that have unlinked ones, as many accounts
-- as bring `_limit` together. `seen` is the last account looked at, NULL when none was left; `linked` counts transfers.
-- An account's numbers have no gap, so what is seen here is everything up to its balance's count at that moment,
-- whatever is under way. Where a number is missing, what follows it is never linked. No row: another links just now.
CREATE FUNCTION quota_link(_shard smallint, _after bigint, _limit bigint) RETURNS TABLE (seen bigint, linked bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _head record;
    _accounts bigint [];
    _dones bigint [];
    _uptos bigint [];
    _firsts bigint [];
    _lasts bigint [];
    _bound bigint [];
    _leaves bytea;
    _hash bytea;
    _at timestamptz := clock_timestamp();
BEGIN
    SELECT h.no, h.hash INTO _head FROM quota_link_heads AS h WHERE h.shard = _shard FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT array_agg(c.account_id ORDER BY c.account_id), array_agg(c.done ORDER BY c.account_id),
           array_agg(c.upto ORDER BY c.account_id)
      INTO _accounts, _dones, _uptos
      FROM (SELECT w.account_id, w.done, w.upto, sum(w.upto - w.done) OVER (ORDER BY w.account_id) AS together
              FROM (SELECT b.account_id, coalesce(l.moves, 0) AS done,
                           least(b.moves, coalesce(l.moves, 0) + _limit) AS upto
                      FROM quota_balances AS b
                      LEFT JOIN quota_linked AS l ON l.shard = _shard AND l.account_id = b.account_id
                     WHERE b.shard = _shard AND b.account_id > _after AND b.moves > coalesce(l.moves, 0)
                     ORDER BY b.account_id LIMIT _limit) AS w) AS c
     WHERE c.together - (c.upto - c.done) < _limit;
    IF _accounts IS NULL THEN
        RETURN QUERY SELECT NULL::bigint, 0::bigint;
        RETURN;
    END IF;
    -- Of each account what follows without a gap.
    SELECT array_agg(a.account_id ORDER BY a.account_id), array_agg(a.first ORDER BY a.account_id),
           array_agg(a.last ORDER BY a.account_id), string_agg(a.leaves, ''::bytea ORDER BY a.account_id)
      INTO _bound, _firsts, _lasts, _leaves
      FROM (SELECT f.account_id, min(f.no) AS first, max(f.no) AS last, string_agg(f.leaf, ''::bytea ORDER BY f.no) AS leaves
              FROM (SELECT t.account_id, t.no,
                           x.done + row_number() OVER (PARTITION BY t.shard, t.account_id ORDER BY t.no) AS due,
                           quota_leaf(t.shard, t.account_id, t.no, t.ref, t.kind, t.debit, t.credit, t.stamps,
                                      t.counter_account_id, t.recorded_at, t.actor) AS leaf
                      FROM unnest(_accounts, _dones, _uptos) AS x (account_id, done, upto)
                      JOIN quota_transfers AS t
                        ON t.shard = _shard AND t.account_id = x.account_id AND t.no > x.done AND t.no <= x.upto) AS f
             WHERE f.no = f.due
             GROUP BY f.account_id) AS a;
    IF _bound IS NOT NULL THEN
        _hash := quota_link_hash(_head.hash, _shard, _head.no + 1, _at, _bound, _firsts, _lasts, _leaves);
        INSERT INTO quota_links (shard, no, account_ids, firsts, lasts, leaves, linked_at, previous_hash, hash)
        VALUES (_shard, _head.no + 1, _bound, _firsts, _lasts, _leaves, _at, _head.hash, _hash);
        INSERT INTO quota_linked (shard, account_id, moves)
        SELECT b.shard, b.account_id, x.last
          FROM quota_balances AS b
          JOIN unnest(_bound, _lasts) AS x (account_id, last) ON x.account_id = b.account_id
         WHERE b.shard = _shard
            ON CONFLICT (shard, account_id) DO UPDATE SET moves = excluded.moves;
        UPDATE quota_link_heads SET no = _head.no + 1, hash = _hash WHERE shard = _shard;
    END IF;
    RETURN QUERY SELECT _accounts[cardinality(_accounts)], coalesce(length(_leaves) / 32, 0)::bigint;
END
$$;
GRANT EXECUTE ON FUNCTION quota_link(smallint, bigint, bigint) TO bubuh_app;

-- Where all chains ended at a time, signed with the signer's statement key: nos[i] links of shard i - 1, and one digest
-- over their last hashes. Rows stand on each other by previous_hash. Not hot: one row a minute for all shards.
CREATE TABLE quota_signed_heads (
    no bigint PRIMARY KEY,
    signed_at timestamptz NOT NULL,
    nos bigint [] NOT NULL,
    digest bytea NOT NULL,
    previous_hash bytea NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT quota_signed_heads_every_shard CHECK (cardinality(nos) = 64)
);
CREATE TRIGGER quota_signed_heads_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON quota_signed_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON quota_signed_heads TO bubuh_app, bubuh_signer;

-- Keep a signed head; false where another signer was there first. The signer alone may.
CREATE FUNCTION quota_keep_head(
    _no bigint, _signed_at timestamptz, _nos bigint [], _digest bytea, _previous_hash bytea, _key_id text, _signature bytea
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO quota_signed_heads (no, signed_at, nos, digest, previous_hash, key_id, signature)
    VALUES (_no, _signed_at, _nos, _digest, _previous_hash, _key_id, _signature)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION
    quota_keep_head(bigint, timestamptz, bigint [], bytea, bytea, text, bytea) TO bubuh_signer;
