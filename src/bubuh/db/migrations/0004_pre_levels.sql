-- Why: what a signature's level beyond B-B needs is asked for after its stamp is affixed, and settled before anyone
-- gets the document or plans upon it (ADR-0012). Every step is one UPDATE that names `pending`: whoever comes first
-- decides, whoever comes later changes nothing. Kept: a token before the bytes that have it are told to anyone.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

-- Lease up to `_limit` pending ones of one shard, those that wait longest first; `_lease_s` later another may try.
CREATE FUNCTION stamping_level_lease_n(_shard smallint, _limit integer, _lease_s double precision)
RETURNS TABLE (stamp_id uuid, account_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    _ids uuid [];
    _accounts bigint [];
BEGIN
    SELECT array_agg(c.stamp_id), array_agg(c.account_id) INTO _ids, _accounts
      FROM (SELECT v.stamp_id, v.account_id
              FROM stamp_levels AS v
             WHERE v.shard = _shard AND v.state = 'pending' AND (v.lease_until IS NULL OR v.lease_until < now())
             ORDER BY v.since, v.stamp_id LIMIT _limit FOR NO KEY UPDATE SKIP LOCKED) AS c;
    RETURN QUERY
    UPDATE stamp_levels AS v
       SET lease_until = now() + make_interval(secs => _lease_s), attempts = v.attempts + 1
      FROM unnest(_ids, _accounts) AS x (id, account_id)
     WHERE v.shard = _shard AND v.account_id = x.account_id AND v.stamp_id = x.id
    RETURNING v.stamp_id, v.account_id;
END
$$;
GRANT EXECUTE ON FUNCTION stamping_level_lease_n(smallint, integer, double precision) TO bubuh_app;

-- An attempt failed: another may follow after `_wait_s`.
CREATE FUNCTION stamping_level_wait(
    _shard smallint, _id uuid, _account_id bigint, _reason text, _wait_s double precision
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE stamp_levels AS v SET reason = _reason, lease_until = now() + make_interval(secs => _wait_s)
     WHERE v.shard = _shard AND v.account_id = _account_id AND v.stamp_id = _id AND v.state = 'pending';
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION stamping_level_wait(smallint, uuid, bigint, text, double precision) TO bubuh_app;

-- Keep the first token; where no more is wanted, that settles it. Returns whether it is this one.
CREATE FUNCTION stamping_level_stamp(
    _shard smallint, _id uuid, _account_id bigint, _token bytea, _sha256 bytea, _size_bytes bigint
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE stamp_levels AS v
       SET token = _token, sha256 = _sha256, size_bytes = _size_bytes, reason = NULL,
           state = CASE v.wanted WHEN 'B-T' THEN 'settled' ELSE 'pending' END,
           level = CASE v.wanted WHEN 'B-T' THEN 'B-T' END,
           settled_at = CASE v.wanted WHEN 'B-T' THEN now() END
     WHERE v.shard = _shard AND v.account_id = _account_id AND v.stamp_id = _id AND v.state = 'pending' AND v.token IS NULL;
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION stamping_level_stamp(smallint, uuid, bigint, bytea, bytea, bigint) TO bubuh_app;

-- The DSS is stored: that settles it. Returns whether it did.
CREATE FUNCTION stamping_level_append(
    _shard smallint, _id uuid, _account_id bigint, _object_key text, _bytes integer, _sha256 bytea, _size_bytes bigint
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE stamp_levels AS v
       SET dss_object_key = _object_key, dss_bytes = _bytes, sha256 = _sha256, size_bytes = _size_bytes, reason = NULL,
           state = 'settled', level = 'B-LT', settled_at = now()
     WHERE v.shard = _shard AND v.account_id = _account_id AND v.stamp_id = _id
       AND v.state = 'pending' AND v.token IS NOT NULL AND v.wanted = 'B-LT';
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION stamping_level_append(smallint, uuid, bigint, text, integer, bytea, bigint) TO bubuh_app;

-- Give up what has not come. Returns whether it did; if not, it was settled before.
CREATE FUNCTION stamping_level_give_up(_shard smallint, _id uuid, _account_id bigint, _reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE stamp_levels AS v
       SET state = 'settled', level = CASE WHEN v.token IS NULL THEN 'B-B' ELSE 'B-T' END, settled_at = now(),
           reason = _reason
     WHERE v.shard = _shard AND v.account_id = _account_id AND v.stamp_id = _id AND v.state = 'pending';
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION stamping_level_give_up(smallint, uuid, bigint, text) TO bubuh_app;
