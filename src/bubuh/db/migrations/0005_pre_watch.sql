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
