-- Made by `python -m bubuh.db.schema` from the migrations, which alone are applied. Do not edit.

CREATE FUNCTION public.audit_append(_shard smallint, _account_id bigint, _act text, _actor text, _facts text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.audit_append(_shard smallint, _account_id bigint, _act text, _actor text, _facts text) OWNER TO bubuh_owner;

CREATE FUNCTION public.audit_hash(_previous bytea, _shard smallint, _no bigint, _account_id bigint, _act text, _actor text, _facts text, _at timestamp with time zone) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT sha256(_previous || convert_to(concat_ws(chr(31),
        _shard, _no, _account_id, _act, _actor, _facts, (extract(epoch FROM _at) * 1000000)::bigint), 'UTF8'))
$$;

ALTER FUNCTION public.audit_hash(_previous bytea, _shard smallint, _no bigint, _account_id bigint, _act text, _actor text, _facts text, _at timestamp with time zone) OWNER TO bubuh_owner;

CREATE FUNCTION public.in_scope(_id bigint, _wanted bigint[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT _wanted IS NULL OR _id = ANY(_wanted)
$$;

ALTER FUNCTION public.in_scope(_id bigint, _wanted bigint[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.in_scope(_id uuid, _wanted uuid[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT _wanted IS NULL OR _id = ANY(_wanted)
$$;

ALTER FUNCTION public.in_scope(_id uuid, _wanted uuid[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.orders_expire_n(_shard smallint, _limit integer) RETURNS TABLE(id uuid, account_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _r record;
BEGIN
    FOR _r IN
        SELECT o.id, o.account_id, o.stamps FROM orders AS o
         WHERE o.shard = _shard AND o.state = 'placed' AND o.expires_at <= now()
         ORDER BY o.expires_at LIMIT _limit FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        UPDATE orders AS o SET state = 'expired'
         WHERE o.shard = _shard AND o.account_id = _r.account_id AND o.id = _r.id;
        INSERT INTO order_events (shard, account_id, order_id, state, move)
        VALUES (_shard, _r.account_id, _r.id, 'expired', 'expire');
        INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
        VALUES (_shard, _r.account_id, 'order.expired', _r.id, jsonb_build_object('stamps', _r.stamps));
        id := _r.id;
        account_id := _r.account_id;
        RETURN NEXT;
    END LOOP;
END
$$;

ALTER FUNCTION public.orders_expire_n(_shard smallint, _limit integer) OWNER TO bubuh_owner;

CREATE FUNCTION public.orders_place_money(_shard smallint, _id uuid, _account_id bigint, _gateway text, _payment_no text, _amount_idr bigint, _outcome text, _over_idr bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    CASE _outcome
    WHEN 'conflict' THEN
        PERFORM payments_list_unmatched_n(
            _shard, ARRAY[_account_id], ARRAY['amount_differs'], ARRAY[_gateway],
            ARRAY[concat_ws(' ', _payment_no, _amount_idr)], ARRAY[_id], ARRAY[NULL::text], ARRAY[_amount_idr],
            ARRAY['IDR'], ARRAY['a payment was told again with another amount'],
            ARRAY['ask the gateway which amount is right; the first one counts']);
    WHEN 'underpaid' THEN
        PERFORM payments_list_unmatched_n(
            _shard, ARRAY[_account_id], ARRAY['underpaid'], ARRAY[_gateway], ARRAY[_payment_no], ARRAY[_id],
            ARRAY[NULL::text], ARRAY[_amount_idr], ARRAY['IDR'], ARRAY['less came than the order costs'],
            ARRAY['wait: the rest fills the order, else this goes back once it has expired']);
        INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
        VALUES (_shard, _account_id, 'order.underpaid', _id,
                jsonb_build_object('paid_idr', _amount_idr, 'missing_idr', -_over_idr))
        ON CONFLICT DO NOTHING;
    WHEN 'done', 'surplus' THEN
        IF _over_idr > 0 THEN
            PERFORM refunds_open_surplus(_shard, _account_id, _id, _gateway, _payment_no, _over_idr);
            UPDATE orders AS o SET amount_returned_idr = o.amount_returned_idr + _over_idr
             WHERE o.shard = _shard AND o.account_id = _account_id AND o.id = _id;
        END IF;
        PERFORM payments_explain_order(_shard, _account_id, _id);
    ELSE -- it was recorded before
    END CASE;
END
$$;

ALTER FUNCTION public.orders_place_money(_shard smallint, _id uuid, _account_id bigint, _gateway text, _payment_no text, _amount_idr bigint, _outcome text, _over_idr bigint) OWNER TO bubuh_owner;

CREATE FUNCTION public.orders_place_n(_shard smallint, _ids uuid[], _account_ids bigint[], _requests_sha256 bytea[], _stamps bigint[], _methods text[], _amounts_idr bigint[], _actors text[], _valid_s double precision[], _gateways text[], _references text[], _are_only boolean[]) RETURNS TABLE(outcome text, id uuid, account_id bigint, state text, stamps bigint, method text, amount_idr bigint, amount_paid_idr bigint, amount_returned_idr bigint, placed_at timestamp with time zone, expires_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _children bigint [];
    _placed uuid [] := ARRAY[]::uuid [];
    _r record;
BEGIN
    SELECT coalesce(array_agg(b.account_id), ARRAY[]::bigint []) INTO _children
      FROM quota_balances AS b
     WHERE b.shard = _shard AND b.account_id = ANY(_account_ids) AND b.parent_id IS NOT NULL;
    FOR _r IN
        SELECT x.id, x.account_id, x.request_sha256, x.stamps, x.method, x.amount_idr, x.actor,
               now() + make_interval(secs => x.valid_s) AS expires_at, x.gateway, x.reference, x.is_only
          FROM unnest(_ids, _account_ids, _requests_sha256, _stamps, _methods, _amounts_idr, _actors, _valid_s, _gateways,
                      _references, _are_only)
            AS x (id, account_id, request_sha256, stamps, method, amount_idr, actor, valid_s, gateway, reference, is_only)
         WHERE x.account_id <> ALL(_children)
         ORDER BY x.account_id, x.id
    LOOP
        -- Said so that it is looked for among the account's orders, not among all open ones of the shard.
        CONTINUE WHEN _r.is_only AND EXISTS (
            SELECT FROM orders AS o
             WHERE o.shard = _shard AND o.account_id = _r.account_id
               AND o.state NOT IN ('paid', 'filled', 'expired', 'cancelled')
        );
        -- Of two only ones at once the second waits here for the first, and then does nothing.
        INSERT INTO orders (shard, account_id, id, request_sha256, stamps, method, amount_idr, state, actor, is_only,
                            expires_at)
        VALUES (_shard, _r.account_id, _r.id, _r.request_sha256, _r.stamps, _r.method, _r.amount_idr, 'placed',
                _r.actor, _r.is_only, _r.expires_at)
        ON CONFLICT DO NOTHING;
        CONTINUE WHEN NOT FOUND;
        _placed := _placed || _r.id;
        INSERT INTO order_events (shard, account_id, order_id, state, move)
        VALUES (_shard, _r.account_id, _r.id, 'placed', 'place');
        INSERT INTO payment_attempts (shard, account_id, order_id, no, gateway, reference, method, amount_idr,
                                      expires_at, looked_at, next_ask_at)
        VALUES (_shard, _r.account_id, _r.id, 1, _r.gateway, _r.reference, _r.method, _r.amount_idr, _r.expires_at,
                now(), now() + interval '10 seconds');
    END LOOP;
    -- A later statement, a fresh snapshot: another's row is committed, for we waited for it.
    RETURN QUERY
    SELECT CASE WHEN x.account_id = ANY(_children) THEN 'child'
                WHEN o.id IS NULL THEN 'one_order'
                WHEN o.request_sha256 <> x.request_sha256 THEN 'conflict'
                WHEN x.id = ANY(_placed) THEN 'done' ELSE 'already_done' END,
           o.id, o.account_id, o.state, o.stamps, o.method, o.amount_idr, o.amount_paid_idr, o.amount_returned_idr,
           o.placed_at, o.expires_at
      FROM unnest(_ids, _account_ids, _requests_sha256) WITH ORDINALITY AS x (id, account_id, request_sha256, no)
      LEFT JOIN LATERAL (SELECT * FROM orders AS i
                          WHERE i.shard = _shard AND i.account_id = x.account_id AND i.id = x.id LIMIT 1) AS o ON true
     ORDER BY x.no;
END
$$;

ALTER FUNCTION public.orders_place_n(_shard smallint, _ids uuid[], _account_ids bigint[], _requests_sha256 bytea[], _stamps bigint[], _methods text[], _amounts_idr bigint[], _actors text[], _valid_s double precision[], _gateways text[], _references text[], _are_only boolean[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.orders_return_money(_shard smallint, _account_id bigint, _id uuid) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _returned integer := 0;
    _r record;
BEGIN
    FOR _r IN
        SELECT u.gateway, u.subject, u.amount FROM payment_unmatched AS u
         WHERE u.shard = _shard AND u.account_id = _account_id AND u.order_id = _id AND u.kind = 'underpaid'
           AND u.resolved_at IS NULL
    LOOP
        PERFORM refunds_open_surplus(_shard, _account_id, _id, _r.gateway, _r.subject, _r.amount);
        UPDATE orders AS o SET amount_returned_idr = o.amount_returned_idr + _r.amount
         WHERE o.shard = _shard AND o.account_id = _account_id AND o.id = _id;
        _returned := _returned + 1;
    END LOOP;
    PERFORM payments_explain_order(_shard, _account_id, _id);
    RETURN _returned;
END
$$;

ALTER FUNCTION public.orders_return_money(_shard smallint, _account_id bigint, _id uuid) OWNER TO bubuh_owner;

CREATE FUNCTION public.orders_return_n(_shard smallint, _grace_s double precision, _limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _returned integer := 0;
    _r record;
BEGIN
    FOR _r IN
        SELECT o.account_id, o.id FROM orders AS o
          JOIN payment_unmatched AS u ON u.shard = _shard AND u.account_id = o.account_id AND u.order_id = o.id
         WHERE o.shard = _shard AND o.state IN ('expired', 'cancelled') AND u.state = 'open' AND u.kind = 'underpaid'
           AND greatest(o.expires_at, u.listed_at) < now() - make_interval(secs => _grace_s)
         ORDER BY o.id LIMIT _limit FOR NO KEY UPDATE OF o SKIP LOCKED
    LOOP
        _returned := _returned + orders_return_money(_shard, _r.account_id, _r.id);
    END LOOP;
    RETURN _returned;
END
$$;

ALTER FUNCTION public.orders_return_n(_shard smallint, _grace_s double precision, _limit integer) OWNER TO bubuh_owner;

CREATE FUNCTION public.orders_reverse(_shard smallint, _account_id bigint, _id uuid, _gateway text, _reversal_no text, _payment_no text, _amount_idr bigint, _reversed_at timestamp with time zone) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _order record;
    _before bigint;
    _paid_idr bigint;
    _back_idr bigint;
    _gone_idr bigint;
    _take_idr bigint;
    _stamps bigint := 0;
    _free bigint := 0;
    _covered_idr bigint := 0;
    _refund_id uuid := payments_line_id(_shard, 'reversal', _gateway, concat_ws(' ', _id, _reversal_no));
    _outcome text;
BEGIN
    SELECT o.state, o.amount_idr / o.stamps AS price_idr INTO _order FROM orders AS o
     WHERE o.shard = _shard AND o.account_id = _account_id AND o.id = _id FOR NO KEY UPDATE;
    SELECT p.amount_idr INTO _paid_idr FROM order_payments AS p
     WHERE p.shard = _shard AND p.account_id = _account_id AND p.order_id = _id AND p.gateway = _gateway
       AND p.payment_no = _payment_no;
    IF _order IS NULL OR _paid_idr IS NULL THEN
        RETURN 'unknown';
    END IF;
    SELECT r.amount_idr INTO _before FROM order_reversals AS r
     WHERE r.shard = _shard AND r.account_id = _account_id AND r.order_id = _id AND r.gateway = _gateway
       AND r.reversal_no = _reversal_no;
    IF _before IS NOT NULL THEN
        RETURN CASE WHEN _before = _amount_idr THEN 'already_done' ELSE 'conflict' END;
    END IF;
    SELECT coalesce(sum(r.amount_idr), 0) INTO _gone_idr FROM order_reversals AS r
     WHERE r.shard = _shard AND r.account_id = _account_id AND r.order_id = _id AND r.gateway = _gateway
       AND r.payment_no = _payment_no;
    SELECT coalesce(sum(f.amount_idr), 0) INTO _back_idr FROM refunds AS f
     WHERE f.shard = _shard AND f.account_id = _account_id AND f.order_id = _id AND f.gateway = _gateway
       AND f.payment_no = _payment_no AND f.kind <> 'reversal' AND f.state NOT IN ('failed', 'declined');
    INSERT INTO order_reversals (shard, account_id, order_id, gateway, reversal_no, payment_no, amount_idr, reversed_at)
    VALUES (_shard, _account_id, _id, _gateway, _reversal_no, _payment_no, _amount_idr, _reversed_at);
    _take_idr := least(_amount_idr, greatest(0, _paid_idr - _back_idr - _gone_idr));
    IF _order.state = 'filled' THEN
        _stamps := (_take_idr + _order.price_idr - 1) / _order.price_idr;
        SELECT b.free INTO _free FROM quota_balances AS b
         WHERE b.shard = _shard AND b.account_id = _account_id AND b.frozen_at IS NULL FOR NO KEY UPDATE;
        _free := least(coalesce(_free, 0), _stamps);
        _covered_idr := least(_take_idr, _free * _order.price_idr);
    ELSE
        _covered_idr := _take_idr;
        UPDATE orders AS o SET amount_returned_idr = o.amount_returned_idr + _take_idr
         WHERE o.shard = _shard AND o.account_id = _account_id AND o.id = _id;
        PERFORM payments_lessen_line(_shard, _account_id, 'underpaid', _gateway, _payment_no, _take_idr);
    END IF;
    IF _covered_idr > 0 THEN
        INSERT INTO refunds (shard, account_id, id, order_id, gateway, payment_no, kind, stamps, amount_idr, state, reason,
                             actor, ended_at)
        VALUES (_shard, _account_id, _refund_id, _id, _gateway, _payment_no, 'reversal', _free, _covered_idr, 'done',
                'taken back by the bank', 'gateway:' || _gateway, now());
        INSERT INTO refund_events (shard, account_id, refund_id, state, move)
        VALUES (_shard, _account_id, _refund_id, 'done', 'reverse');
    END IF;
    IF _free > 0 THEN
        SELECT h.outcome INTO STRICT _outcome FROM quota_hold_n(
            _shard, ARRAY[_refund_id], ARRAY[_account_id], ARRAY[_free], 'refund', ARRAY['gateway:' || _gateway]) AS h;
        ASSERT _outcome = 'done', 'what is free can be held';
        SELECT c.outcome INTO STRICT _outcome FROM quota_capture_n(
            _shard, ARRAY[_refund_id], ARRAY[_account_id], 'paid_back', ARRAY['gateway:' || _gateway]) AS c;
        ASSERT _outcome = 'done', 'what was just held can be captured';
    END IF;
    IF _covered_idr < _amount_idr THEN
        PERFORM payments_list_unmatched_n(
            _shard, ARRAY[_account_id], ARRAY['reversal'], ARRAY[_gateway], ARRAY[_reversal_no], ARRAY[_id],
            ARRAY[NULL::text], ARRAY[_amount_idr - _covered_idr], ARRAY['IDR'],
            ARRAY[CASE WHEN _free < _stamps THEN 'a bank took back money whose stamps are used'
                       ELSE 'a bank took back money that goes or went back already' END],
            ARRAY['ask the buyer to pay, or dispute it with the gateway; then thaw the account']);
    END IF;
    INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
    VALUES (_shard, _account_id, 'payment.reversed', _refund_id,
            jsonb_build_object('amount_idr', _amount_idr, 'stamps', _free, 'order', _id))
    ON CONFLICT DO NOTHING;
    IF _free < _stamps AND quota_freeze(_shard, _account_id) THEN
        INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
        VALUES (_shard, _account_id, 'account.frozen', _refund_id,
                jsonb_build_object('reason', 'a bank took back money whose stamps are used', 'actor', 'gateway:' || _gateway))
        ON CONFLICT DO NOTHING;
        PERFORM audit_append(_shard, _account_id, 'account.freeze', 'gateway:' || _gateway,
                             jsonb_build_object('reason', 'payment reversed after use', 'reversal', _reversal_no)::text);
    END IF;
    RETURN 'done';
END
$$;

ALTER FUNCTION public.orders_reverse(_shard smallint, _account_id bigint, _id uuid, _gateway text, _reversal_no text, _payment_no text, _amount_idr bigint, _reversed_at timestamp with time zone) OWNER TO bubuh_owner;

CREATE FUNCTION public.orders_settle_n(_shard smallint, _ids uuid[], _account_ids bigint[], _gateways text[], _payment_nos text[], _amounts_idr bigint[], _paid_ats timestamp with time zone[]) RETURNS TABLE(id uuid, outcome text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _outcomes text [] := array_fill('unknown'::text, ARRAY[cardinality(_ids)]);
    _ready_ids uuid [] := ARRAY[]::uuid [];
    _ready_accounts bigint [] := ARRAY[]::bigint [];
    _ready_stamps bigint [] := ARRAY[]::bigint [];
    _ready_actors text [] := ARRAY[]::text [];
    _order orders;
    _before bigint;
    _outcome text;
    _over_idr bigint;
    _r record;
BEGIN
    FOR _r IN
        SELECT x.no, x.id, x.account_id, x.gateway, x.payment_no, x.amount_idr, x.paid_at
          FROM unnest(_ids, _account_ids, _gateways, _payment_nos, _amounts_idr, _paid_ats) WITH ORDINALITY
            AS x (id, account_id, gateway, payment_no, amount_idr, paid_at, no)
         ORDER BY x.id
    LOOP
        SELECT * INTO _order FROM orders AS o
         WHERE o.shard = _shard AND o.account_id = _r.account_id AND o.id = _r.id FOR NO KEY UPDATE;
        CONTINUE WHEN NOT FOUND;
        -- A second statement, a fresh snapshot: what committed while we waited for the lock is seen.
        SELECT p.amount_idr INTO _before FROM order_payments AS p
         WHERE p.shard = _shard AND p.account_id = _r.account_id AND p.order_id = _r.id AND p.gateway = _r.gateway
           AND p.payment_no = _r.payment_no;
        _over_idr := _order.amount_paid_idr - _order.amount_returned_idr + _r.amount_idr - _order.amount_idr;
        _outcome := CASE
            WHEN _before <> _r.amount_idr THEN 'conflict'
            WHEN _before IS NOT NULL AND _order.state = 'filled' THEN 'already_done'
            WHEN _before IS NOT NULL THEN 'underpaid_before'
            WHEN _order.state = 'filled' THEN 'surplus'
            WHEN _over_idr >= 0 THEN 'done'
            ELSE 'underpaid' END;
        _outcomes[_r.no] := _outcome;
        IF _outcome IN ('done', 'underpaid', 'surplus') THEN
            INSERT INTO order_payments (shard, account_id, order_id, gateway, payment_no, amount_idr, paid_at)
            VALUES (_shard, _r.account_id, _r.id, _r.gateway, _r.payment_no, _r.amount_idr, _r.paid_at);
            -- `paid` and `filled` are entered together: nobody ever sees an order paid for and not yet credited.
            UPDATE orders AS o
               SET amount_paid_idr = o.amount_paid_idr + _r.amount_idr,
                   state = CASE WHEN _outcome = 'done' THEN 'filled' ELSE o.state END
             WHERE o.shard = _shard AND o.account_id = _r.account_id AND o.id = _r.id;
        END IF;
        PERFORM orders_place_money(_shard, _r.id, _r.account_id, _r.gateway, _r.payment_no, _r.amount_idr, _outcome,
                                   _over_idr);
        CONTINUE WHEN _outcome <> 'done';
        -- An order left in `paid` by a hand has that event already; `filled` is new, or we fail.
        INSERT INTO order_events (shard, account_id, order_id, state, move)
        VALUES (_shard, _r.account_id, _r.id, 'paid',
                CASE WHEN _order.state IN ('expired', 'cancelled') THEN 'pay_late' ELSE 'pay' END)
        ON CONFLICT DO NOTHING;
        INSERT INTO order_events (shard, account_id, order_id, state, move)
        VALUES (_shard, _r.account_id, _r.id, 'filled', 'fill');
        INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
        VALUES (_shard, _r.account_id, 'order.filled', _r.id, jsonb_build_object('stamps', _order.stamps));
        _ready_ids := _ready_ids || _r.id;
        _ready_accounts := _ready_accounts || _r.account_id;
        _ready_stamps := _ready_stamps || _order.stamps;
        _ready_actors := _ready_actors || ('gateway:' || _r.gateway);
    END LOOP;
    IF cardinality(_ready_ids) > 0 THEN
        FOR _r IN
            SELECT a.outcome
              FROM quota_allot_n(_shard, _ready_ids, _ready_accounts, _ready_stamps,
                                 array_fill('sold'::text, ARRAY[cardinality(_ready_ids)]), _ready_actors) AS a
        LOOP
            ASSERT _r.outcome = 'done', 'an order that is not filled has given no quota';
        END LOOP;
    END IF;
    RETURN QUERY
    SELECT x.id, CASE x.outcome WHEN 'underpaid_before' THEN 'underpaid' ELSE x.outcome END
      FROM unnest(_ids, _outcomes) WITH ORDINALITY AS x (id, outcome, no) ORDER BY x.no;
END
$$;

ALTER FUNCTION public.orders_settle_n(_shard smallint, _ids uuid[], _account_ids bigint[], _gateways text[], _payment_nos text[], _amounts_idr bigint[], _paid_ats timestamp with time zone[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.outbox_mark_told_n(_shard smallint, _account_ids bigint[], _topics text[], _subjects uuid[]) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.outbox_mark_told_n(_shard smallint, _account_ids bigint[], _topics text[], _subjects uuid[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.outbox_put_off_n(_shard smallint, _account_ids bigint[], _topics text[], _subjects uuid[], _waits_s double precision[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.outbox_put_off_n(_shard smallint, _account_ids bigint[], _topics text[], _subjects uuid[], _waits_s double precision[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_end_notices_n(_gateways text[], _event_ids text[], _states text[], _outcomes text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _r record;
BEGIN
    FOR _r IN
        SELECT x.gateway, x.event_id, x.state, x.outcome
          FROM unnest(_gateways, _event_ids, _states, _outcomes) AS x (gateway, event_id, state, outcome)
         ORDER BY x.gateway, x.event_id
    LOOP
        UPDATE payment_notice_work AS w
           SET state = _r.state, outcome = _r.outcome, ended_at = CASE WHEN _r.state = 'waiting' THEN NULL ELSE now() END
         WHERE w.gateway = _r.gateway AND w.event_id = _r.event_id AND w.ended_at IS NULL;
    END LOOP;
END
$$;

ALTER FUNCTION public.payments_end_notices_n(_gateways text[], _event_ids text[], _states text[], _outcomes text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_explain_order(_shard smallint, _account_id bigint, _order_id uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO 'public', 'pg_temp'
    AS $$
    UPDATE payment_unmatched AS u
       SET state = 'resolved', resolved_at = now(), resolution = 'matched', resolved_by = 'orders'
     WHERE u.shard = _shard AND u.account_id = _account_id AND u.order_id = _order_id AND u.kind = 'underpaid'
       AND u.resolved_at IS NULL
$$;

ALTER FUNCTION public.payments_explain_order(_shard smallint, _account_id bigint, _order_id uuid) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_keep_notices_n(_gateways text[], _event_ids text[], _addresses text[], _bodies bytea[], _headers text[], _refusals text[]) RETURNS TABLE(is_new boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _new_gateways text [];
    _new_events text [];
    _r record;
BEGIN
    FOR _r IN
        INSERT INTO payment_notices (gateway, event_id, address, body, headers)
        SELECT x.gateway, x.event_id, x.address, x.body, x.headers
          FROM unnest(_gateways, _event_ids, _addresses, _bodies, _headers)
            AS x (gateway, event_id, address, body, headers)
         ORDER BY x.gateway, x.event_id
        ON CONFLICT DO NOTHING
        RETURNING payment_notices.gateway, payment_notices.event_id
    LOOP
        _new_gateways := _new_gateways || _r.gateway;
        _new_events := _new_events || _r.event_id;
    END LOOP;
    INSERT INTO payment_notice_work (gateway, event_id, state, outcome, ended_at)
    SELECT x.gateway, x.event_id, CASE WHEN x.refusal IS NULL THEN 'waiting' ELSE 'refused' END, x.refusal,
           CASE WHEN x.refusal IS NULL THEN NULL ELSE now() END
      FROM unnest(_gateways, _event_ids, _refusals) AS x (gateway, event_id, refusal)
      JOIN unnest(_new_gateways, _new_events) AS n (gateway, event_id)
        ON n.gateway = x.gateway AND n.event_id = x.event_id;
    RETURN QUERY
    SELECT n.event_id IS NOT NULL
      FROM unnest(_gateways, _event_ids) WITH ORDINALITY AS x (gateway, event_id, no)
      LEFT JOIN unnest(_new_gateways, _new_events) AS n (gateway, event_id)
        ON n.gateway = x.gateway AND n.event_id = x.event_id
     ORDER BY x.no;
END
$$;

ALTER FUNCTION public.payments_keep_notices_n(_gateways text[], _event_ids text[], _addresses text[], _bodies bytea[], _headers text[], _refusals text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_lease_notices_n(_limit integer) RETURNS TABLE(gateway text, event_id text, address text, body bytea, headers text, received_at timestamp with time zone, tries integer, is_old boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _gateways text [];
    _event_ids text [];
BEGIN
    SELECT array_agg(c.gateway), array_agg(c.event_id) INTO _gateways, _event_ids
      FROM (SELECT w.gateway, w.event_id FROM payment_notice_work AS w
             WHERE w.state = 'waiting' AND w.not_before <= now()
             ORDER BY w.not_before LIMIT _limit FOR NO KEY UPDATE SKIP LOCKED) AS c;
    UPDATE payment_notice_work AS w
       SET tries = w.tries + 1,
           not_before = now() + make_interval(secs => least(300, 15 * power(2, least(w.tries, 5))))
      FROM unnest(_gateways, _event_ids) AS x (gateway, event_id)
     WHERE w.gateway = x.gateway AND w.event_id = x.event_id;
    RETURN QUERY
    SELECT n.gateway, n.event_id, n.address, n.body, n.headers, n.received_at, w.tries,
           n.received_at < now() - interval '1 day'
      FROM payment_notices AS n
      JOIN unnest(_gateways, _event_ids) AS x (gateway, event_id)
        ON n.gateway = x.gateway AND n.event_id = x.event_id
      JOIN payment_notice_work AS w ON w.gateway = n.gateway AND w.event_id = n.event_id
     ORDER BY n.received_at;
END
$$;

ALTER FUNCTION public.payments_lease_notices_n(_limit integer) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_lessen_line(_shard smallint, _account_id bigint, _kind text, _gateway text, _subject text, _by bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE payment_unmatched AS u
       SET state = 'resolved', resolved_at = now(), resolution = 'matched', resolved_by = 'orders'
     WHERE u.shard = _shard AND u.account_id = _account_id AND u.kind = _kind AND u.gateway = _gateway
       AND u.subject = _subject AND u.resolved_at IS NULL AND u.amount <= _by;
    UPDATE payment_unmatched AS u SET amount = u.amount - _by
     WHERE u.shard = _shard AND u.account_id = _account_id AND u.kind = _kind AND u.gateway = _gateway
       AND u.subject = _subject AND u.resolved_at IS NULL AND u.amount > _by;
END
$$;

ALTER FUNCTION public.payments_lessen_line(_shard smallint, _account_id bigint, _kind text, _gateway text, _subject text, _by bigint) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_line_id(_shard smallint, _kind text, _gateway text, _subject text) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT encode(set_byte(set_byte(set_byte(substr(h.hash, 1, 16), 0, _shard), 6, get_byte(h.hash, 6) & 15 | 128), 8,
                           get_byte(h.hash, 8) & 63 | 128), 'hex')::uuid
      FROM (SELECT sha256(convert_to(concat_ws(chr(31), 'bubuh unmatched', _kind, _gateway, _subject), 'UTF8')) AS hash) AS h
$$;

ALTER FUNCTION public.payments_line_id(_shard smallint, _kind text, _gateway text, _subject text) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_list_unmatched_n(_shard smallint, _account_ids bigint[], _kinds text[], _gateways text[], _subjects text[], _order_ids uuid[], _references text[], _amounts bigint[], _currencies text[], _whys text[], _suggestions text[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _new integer := 0;
    _r record;
BEGIN
    FOR _r IN
        SELECT x.account_id, x.kind, x.gateway, x.subject, x.order_id, x.reference, x.amount, x.currency, x.why, x.suggestion
          FROM unnest(_account_ids, _kinds, _gateways, _subjects, _order_ids, _references, _amounts, _currencies, _whys,
                      _suggestions)
            AS x (account_id, kind, gateway, subject, order_id, reference, amount, currency, why, suggestion)
         ORDER BY x.account_id, x.kind, x.gateway, x.subject
    LOOP
        INSERT INTO payment_unmatched (shard, account_id, id, kind, gateway, subject, order_id, reference, amount,
                                       currency, why, suggestion)
        VALUES (_shard, _r.account_id,
                payments_line_id(_shard, _r.kind, _r.gateway, concat_ws(' ', _r.account_id, _r.subject)), _r.kind,
                _r.gateway, _r.subject, _r.order_id, _r.reference, _r.amount, _r.currency, _r.why, _r.suggestion)
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            _new := _new + 1;
        ELSE
            UPDATE payment_unmatched AS u SET amount = _r.amount, suggestion = _r.suggestion
             WHERE u.shard = _shard AND u.account_id = _r.account_id AND u.kind = _r.kind AND u.gateway = _r.gateway
               AND u.subject = _r.subject AND u.resolved_at IS NULL AND u.amount IS DISTINCT FROM _r.amount;
        END IF;
    END LOOP;
    RETURN _new;
END
$$;

ALTER FUNCTION public.payments_list_unmatched_n(_shard smallint, _account_ids bigint[], _kinds text[], _gateways text[], _subjects text[], _order_ids uuid[], _references text[], _amounts bigint[], _currencies text[], _whys text[], _suggestions text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_match_line_n(_shard smallint, _account_ids bigint[], _kinds text[], _gateways text[], _subjects text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _r record;
BEGIN
    FOR _r IN
        SELECT x.account_id, x.kind, x.gateway, x.subject
          FROM unnest(_account_ids, _kinds, _gateways, _subjects) AS x (account_id, kind, gateway, subject)
         ORDER BY x.account_id, x.kind, x.gateway, x.subject
    LOOP
        UPDATE payment_unmatched AS u
           SET state = 'resolved', resolved_at = now(), resolution = 'matched', resolved_by = 'payments'
         WHERE u.shard = _shard AND u.account_id = _r.account_id AND u.kind = _r.kind AND u.gateway = _r.gateway
           AND u.subject = _r.subject AND u.resolved_at IS NULL;
    END LOOP;
END
$$;

ALTER FUNCTION public.payments_match_line_n(_shard smallint, _account_ids bigint[], _kinds text[], _gateways text[], _subjects text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_next_ask(_now timestamp with time zone, _state text, _asks integer, _looked_at timestamp with time zone, _expires_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE
        WHEN _state = 'paid' THEN NULL
        WHEN _looked_at > _now - interval '16 minutes' AND _state = 'unknown' THEN _now + interval '10 seconds'
        WHEN _looked_at > _now - interval '16 minutes' THEN _now + interval '40 seconds'
        WHEN _now < _expires_at - interval '1 minute' THEN least(
            _now + make_interval(secs => least(300, 40 * power(2, least(_asks, 3)))), _expires_at - interval '1 minute')
        WHEN _now < _expires_at + interval '1 minute' THEN _expires_at + interval '1 minute'
        WHEN _state <> 'closed' AND _now < _expires_at + interval '1 day'
            THEN _now + greatest(interval '5 minutes', _now - _expires_at)
    END
$$;

ALTER FUNCTION public.payments_next_ask(_now timestamp with time zone, _state text, _asks integer, _looked_at timestamp with time zone, _expires_at timestamp with time zone) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_note_bank_call(_gateway text, _day date, _external_no text, _request_sha256 bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _kept bytea;
BEGIN
    DELETE FROM payment_bank_calls AS c
     WHERE c.ctid = ANY(ARRAY(
        SELECT old.ctid FROM payment_bank_calls AS old
         WHERE old.gateway = _gateway AND old.day < _day - 2
         ORDER BY old.day LIMIT 2 FOR UPDATE SKIP LOCKED
     ));
    INSERT INTO payment_bank_calls (gateway, day, external_no, request_sha256)
    VALUES (_gateway, _day, _external_no, _request_sha256)
    ON CONFLICT DO NOTHING;
    -- A second statement, a fresh snapshot: another's row is committed, for we waited for it.
    SELECT c.request_sha256 INTO _kept FROM payment_bank_calls AS c
     WHERE c.gateway = _gateway AND c.day = _day AND c.external_no = _external_no;
    RETURN _kept = _request_sha256;
END
$$;

ALTER FUNCTION public.payments_note_bank_call(_gateway text, _day date, _external_no text, _request_sha256 bytea) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_record_n(_shard smallint, _account_ids bigint[], _order_ids uuid[], _nos integer[], _states text[], _qris text[], _vas text[], _pay_urls text[]) RETURNS TABLE(order_id uuid, state text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _rising CONSTANT text [] := ARRAY['unknown', 'open', 'closed', 'paid'];
    _before text;
    _rise integer;
    _r record;
BEGIN
    FOR _r IN
        SELECT x.account_id, x.order_id, x.no, x.state, x.qris, x.va, x.pay_url
          FROM unnest(_account_ids, _order_ids, _nos, _states, _qris, _vas, _pay_urls)
            AS x (account_id, order_id, no, state, qris, va, pay_url)
         ORDER BY x.order_id, x.no
    LOOP
        SELECT a.state INTO _before FROM payment_attempts AS a
         WHERE a.shard = _shard AND a.account_id = _r.account_id AND a.order_id = _r.order_id AND a.no = _r.no
           FOR NO KEY UPDATE;
        CONTINUE WHEN NOT FOUND;
        _rise := array_position(_rising, _r.state) - array_position(_rising, _before);
        CONTINUE WHEN _rise < 0;
        IF _rise > 0 THEN
            INSERT INTO payment_attempt_events (shard, account_id, order_id, no, state, move)
            VALUES (_shard, _r.account_id, _r.order_id, _r.no, _r.state,
                    CASE _r.state WHEN 'open' THEN 'open' WHEN 'closed' THEN 'close'
                                  WHEN 'paid' THEN CASE _before WHEN 'closed' THEN 'pay_late' ELSE 'pay' END END)
            ON CONFLICT DO NOTHING;
        END IF;
        UPDATE payment_attempts AS a
           SET state = _r.state, fault = NULL, qris = coalesce(_r.qris, a.qris), va = coalesce(_r.va, a.va),
               pay_url = coalesce(_r.pay_url, a.pay_url),
               next_ask_at = payments_next_ask(now(), _r.state, a.asks, a.looked_at, a.expires_at)
         WHERE a.shard = _shard AND a.account_id = _r.account_id AND a.order_id = _r.order_id AND a.no = _r.no;
    END LOOP;
    RETURN QUERY
    SELECT x.order_id, a.state
      FROM unnest(_account_ids, _order_ids, _nos) WITH ORDINALITY AS x (account_id, order_id, no, place)
      JOIN LATERAL (SELECT i.state FROM payment_attempts AS i
                     WHERE i.shard = _shard AND i.account_id = x.account_id AND i.order_id = x.order_id AND i.no = x.no
                     LIMIT 1) AS a ON true
     ORDER BY x.place;
END
$$;

ALTER FUNCTION public.payments_record_n(_shard smallint, _account_ids bigint[], _order_ids uuid[], _nos integer[], _states text[], _qris text[], _vas text[], _pay_urls text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_resolve_line(_shard smallint, _id uuid, _resolution text, _reason text, _actor text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _line record;
BEGIN
    SELECT u.account_id, u.order_id INTO _line FROM payment_unmatched AS u WHERE u.shard = _shard AND u.id = _id;
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;
    PERFORM 1 FROM orders AS o WHERE o.shard = _shard AND o.account_id = _line.account_id AND o.id = _line.order_id
        FOR NO KEY UPDATE;
    UPDATE payment_unmatched AS u
       SET state = 'resolved', resolved_at = now(), resolution = _resolution, reason = _reason, resolved_by = _actor
     WHERE u.shard = _shard AND u.id = _id AND u.resolved_at IS NULL
    RETURNING u.kind, u.amount, u.account_id, u.order_id INTO _line;
    IF NOT FOUND THEN
        RETURN 'already_done';
    END IF;
    IF _line.kind = 'underpaid' THEN
        UPDATE orders AS o SET amount_returned_idr = o.amount_returned_idr + _line.amount
         WHERE o.shard = _shard AND o.account_id = _line.account_id AND o.id = _line.order_id;
    END IF;
    RETURN 'done';
END
$$;

ALTER FUNCTION public.payments_resolve_line(_shard smallint, _id uuid, _resolution text, _reason text, _actor text) OWNER TO bubuh_owner;

CREATE FUNCTION public.payments_take_due_n(_shard smallint, _resting text[], _limit integer) RETURNS TABLE(account_id bigint, order_id uuid, no integer, gateway text, reference text, method text, amount_idr bigint, state text, expires_at timestamp with time zone, is_over boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _r record;
BEGIN
    FOR _r IN
        SELECT a.account_id, a.order_id, a.no FROM payment_attempts AS a
         WHERE a.shard = _shard AND a.next_ask_at <= now() AND a.gateway <> ALL(_resting)
         ORDER BY a.next_ask_at LIMIT _limit FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        RETURN QUERY
        UPDATE payment_attempts AS a
           SET asked_at = now(), asks = a.asks + 1,
               next_ask_at = payments_next_ask(now(), a.state, a.asks + 1, a.looked_at, a.expires_at)
         WHERE a.shard = _shard AND a.account_id = _r.account_id AND a.order_id = _r.order_id AND a.no = _r.no
        RETURNING a.account_id, a.order_id, a.no, a.gateway, a.reference, a.method, a.amount_idr, a.state, a.expires_at,
                  a.expires_at <= now();
    END LOOP;
END
$$;

ALTER FUNCTION public.payments_take_due_n(_shard smallint, _resting text[], _limit integer) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_allot_n(_shard smallint, _refs uuid[], _account_ids bigint[], _stamps bigint[], _sources text[], _actors text[]) RETURNS TABLE(ref uuid, outcome text, free bigint, held bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.quota_allot_n(_shard smallint, _refs uuid[], _account_ids bigint[], _stamps bigint[], _sources text[], _actors text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_capture_n(_shard smallint, _ids uuid[], _account_ids bigint[], _credit text, _actors text[]) RETURNS TABLE(id uuid, outcome text, free bigint, held bigint)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT e.id, e.outcome, e.free, e.held FROM quota_end_n(_shard, _ids, _account_ids, 'capture', _credit, _actors) AS e
$$;

ALTER FUNCTION public.quota_capture_n(_shard smallint, _ids uuid[], _account_ids bigint[], _credit text, _actors text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_end_n(_shard smallint, _ids uuid[], _account_ids bigint[], _kind text, _credit text, _actors text[]) RETURNS TABLE(id uuid, outcome text, free bigint, held bigint)
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_nestloop TO 'off'
    AS $$
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

ALTER FUNCTION public.quota_end_n(_shard smallint, _ids uuid[], _account_ids bigint[], _kind text, _credit text, _actors text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_end_shared_n(_shard smallint, _ids uuid[], _account_ids bigint[], _kind text, _credit text, _actors text[]) RETURNS TABLE(id uuid, outcome text, free bigint, held bigint)
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.quota_end_shared_n(_shard smallint, _ids uuid[], _account_ids bigint[], _kind text, _credit text, _actors text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_fold(_shard smallint, _account_ids bigint[], _least integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.quota_fold(_shard smallint, _account_ids bigint[], _least integer) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_freeze(_shard smallint, _account_id bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO quota_balances (shard, account_id) VALUES (_shard, _account_id) ON CONFLICT DO NOTHING;
    UPDATE quota_balances AS b SET frozen_at = now()
     WHERE b.shard = _shard AND b.account_id = _account_id AND b.frozen_at IS NULL;
    RETURN FOUND;
END
$$;

ALTER FUNCTION public.quota_freeze(_shard smallint, _account_id bigint) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_hold_n(_shard smallint, _ids uuid[], _account_ids bigint[], _stamps bigint[], _purpose text, _actors text[]) RETURNS TABLE(id uuid, outcome text, free bigint, held bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_nestloop TO 'off'
    AS $$
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

ALTER FUNCTION public.quota_hold_n(_shard smallint, _ids uuid[], _account_ids bigint[], _stamps bigint[], _purpose text, _actors text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_hold_shared_n(_shard smallint, _ids uuid[], _account_ids bigint[], _stamps bigint[], _purpose text, _actors text[]) RETURNS TABLE(id uuid, outcome text, free bigint, held bigint)
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.quota_hold_shared_n(_shard smallint, _ids uuid[], _account_ids bigint[], _stamps bigint[], _purpose text, _actors text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_keep_head(_no bigint, _signed_at timestamp with time zone, _nos bigint[], _digest bytea, _previous_hash bytea, _key_id text, _signature bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO quota_signed_heads (no, signed_at, nos, digest, previous_hash, key_id, signature)
    VALUES (_no, _signed_at, _nos, _digest, _previous_hash, _key_id, _signature)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;

ALTER FUNCTION public.quota_keep_head(_no bigint, _signed_at timestamp with time zone, _nos bigint[], _digest bytea, _previous_hash bytea, _key_id text, _signature bytea) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_leaf(_shard smallint, _account_id bigint, _no bigint, _ref uuid, _kind text, _debit text, _credit text, _stamps bigint, _counter_account_id bigint, _at timestamp with time zone, _actor text) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT sha256(convert_to(concat_ws(chr(31),
        'transfer', _shard, _account_id, _no, _ref, _kind, _debit, _credit, _stamps, coalesce(_counter_account_id, 0),
        (extract(epoch FROM _at) * 1000000)::bigint, _actor), 'UTF8'))
$$;

ALTER FUNCTION public.quota_leaf(_shard smallint, _account_id bigint, _no bigint, _ref uuid, _kind text, _debit text, _credit text, _stamps bigint, _counter_account_id bigint, _at timestamp with time zone, _actor text) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_left_n(_shard smallint, _account_ids bigint[]) RETURNS TABLE(no bigint, free bigint, held bigint)
    LANGUAGE sql
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT x.no,
           CASE WHEN c.parent_id IS NULL THEN coalesce(c.free, 0)
                WHEN c.share_closed_at IS NOT NULL THEN 0
                ELSE least(p.free, c.share_limit - c.held - c.used) END,
           coalesce(c.held, 0)
      FROM unnest(_account_ids) WITH ORDINALITY AS x (account_id, no)
      LEFT JOIN quota_balances AS c ON c.shard = _shard AND c.account_id = x.account_id
      LEFT JOIN quota_balances AS p ON p.shard = _shard AND p.account_id = c.parent_id
$$;

ALTER FUNCTION public.quota_left_n(_shard smallint, _account_ids bigint[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_link(_shard smallint, _after bigint, _limit bigint) RETURNS TABLE(seen bigint, linked bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.quota_link(_shard smallint, _after bigint, _limit bigint) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_link_hash(_previous bytea, _shard smallint, _no bigint, _at timestamp with time zone, _account_ids bigint[], _firsts bigint[], _lasts bigint[], _leaves bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT sha256(_previous || sha256(_leaves) || convert_to(concat_ws(chr(31),
        'link', _shard, _no, (extract(epoch FROM _at) * 1000000)::bigint,
        array_to_string(_account_ids, ','), array_to_string(_firsts, ','), array_to_string(_lasts, ',')), 'UTF8'))
$$;

ALTER FUNCTION public.quota_link_hash(_previous bytea, _shard smallint, _no bigint, _at timestamp with time zone, _account_ids bigint[], _firsts bigint[], _lasts bigint[], _leaves bytea) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_lock_parents(_shard smallint, _account_ids bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.quota_lock_parents(_shard smallint, _account_ids bigint[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_mark_n(_shard smallint, _places tid[], _state text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_indexscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
BEGIN
    UPDATE quota_holds AS h SET state = _state, ended_at = now() WHERE h.shard = _shard AND h.ctid = ANY(_places);
END
$$;

ALTER FUNCTION public.quota_mark_n(_shard smallint, _places tid[], _state text) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_release_n(_shard smallint, _ids uuid[], _account_ids bigint[], _actors text[]) RETURNS TABLE(id uuid, outcome text, free bigint, held bigint)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT e.id, e.outcome, e.free, e.held FROM quota_end_n(_shard, _ids, _account_ids, 'release', 'free', _actors) AS e
$$;

ALTER FUNCTION public.quota_release_n(_shard smallint, _ids uuid[], _account_ids bigint[], _actors text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_share_change(_shard smallint, _parent_id bigint, _child_id bigint, _limit bigint, _is_closed boolean) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.quota_share_change(_shard smallint, _parent_id bigint, _child_id bigint, _limit bigint, _is_closed boolean) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_share_open(_shard smallint, _parent_id bigint, _child_id bigint, _name text, _limit bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.quota_share_open(_shard smallint, _parent_id bigint, _child_id bigint, _name text, _limit bigint) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_thaw(_shard smallint, _account_id bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE quota_balances AS b SET frozen_at = NULL
     WHERE b.shard = _shard AND b.account_id = _account_id AND b.frozen_at IS NOT NULL;
    RETURN FOUND;
END
$$;

ALTER FUNCTION public.quota_thaw(_shard smallint, _account_id bigint) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_transfer_n(_shard smallint, _leg text, _refs uuid[], _account_ids bigint[], _counter_account_ids bigint[], _stamps bigint[], _actors text[]) RETURNS TABLE(ref uuid, outcome text, free bigint, held bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.quota_transfer_n(_shard smallint, _leg text, _refs uuid[], _account_ids bigint[], _counter_account_ids bigint[], _stamps bigint[], _actors text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.quota_unfold(_shard smallint, _account_ids bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    DELETE FROM quota_folds AS k WHERE k.shard = _shard AND k.account_id = ANY(_account_ids)
$$;

ALTER FUNCTION public.quota_unfold(_shard smallint, _account_ids bigint[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.refunds_ask(_shard smallint, _id uuid, _account_id bigint, _order_id uuid, _request_sha256 bytea, _stamps bigint, _refundable_idr bigint, _limit_idr bigint, _reason text, _actor text) RETURNS TABLE(outcome text, refundable_idr bigint, most_idr bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _order record;
    _before bytea;
    _amount_idr bigint;
    _state text;
    _payment record;
    _held text;
BEGIN
    SELECT o.state, o.amount_idr / o.stamps AS price_idr INTO _order FROM orders AS o
     WHERE o.shard = _shard AND o.account_id = _account_id AND o.id = _order_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'unknown', 0::bigint, 0::bigint;
        RETURN;
    END IF;
    SELECT coalesce(sum(l.left_idr), 0)::bigint, coalesce(max(l.left_idr), 0) INTO refundable_idr, most_idr
      FROM refunds_left(_shard, _account_id, _order_id) AS l;
    IF _order.state <> 'filled' THEN
        refundable_idr := 0;
        most_idr := 0;
    END IF;
    SELECT f.request_sha256 INTO _before FROM refunds AS f
     WHERE f.shard = _shard AND f.account_id = _account_id AND f.id = _id;
    _amount_idr := _stamps * _order.price_idr;
    outcome := CASE
        WHEN _before = _request_sha256 THEN 'already_done'
        WHEN FOUND THEN 'conflict'
        WHEN _order.state <> 'filled' THEN 'not_filled'
        WHEN _refundable_idr <> refundable_idr THEN 'stale'
        WHEN _amount_idr > most_idr THEN 'too_much' END;
    IF outcome IS NOT NULL THEN
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT h.outcome INTO STRICT _held
      FROM quota_hold_n(_shard, ARRAY[_id], ARRAY[_account_id], ARRAY[_stamps], 'refund', ARRAY[_actor]) AS h;
    IF _held <> 'done' THEN
        outcome := _held;
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT l.gateway, l.payment_no INTO STRICT _payment FROM refunds_left(_shard, _account_id, _order_id) AS l
     WHERE l.left_idr >= _amount_idr ORDER BY l.left_idr, l.payment_no LIMIT 1;
    _state := CASE WHEN _amount_idr > _limit_idr THEN 'waiting' ELSE 'asked' END;
    INSERT INTO refunds (shard, account_id, id, order_id, gateway, payment_no, kind, stamps, amount_idr, state, reason,
                         actor, request_sha256, next_try_at)
    VALUES (_shard, _account_id, _id, _order_id, _payment.gateway, _payment.payment_no, 'asked', _stamps, _amount_idr,
            _state, _reason, _actor, _request_sha256, CASE WHEN _state = 'asked' THEN now() END);
    INSERT INTO refund_events (shard, account_id, refund_id, state, move)
    VALUES (_shard, _account_id, _id, _state, CASE WHEN _state = 'asked' THEN 'ask' ELSE 'ask_above_limit' END);
    INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
    VALUES (_shard, _account_id, 'refund.opened', _id,
            jsonb_build_object('amount_idr', _amount_idr, 'stamps', _stamps, 'order', _order_id));
    outcome := 'done';
    refundable_idr := refundable_idr - _amount_idr;
    RETURN NEXT;
END
$$;

ALTER FUNCTION public.refunds_ask(_shard smallint, _id uuid, _account_id bigint, _order_id uuid, _request_sha256 bytea, _stamps bigint, _refundable_idr bigint, _limit_idr bigint, _reason text, _actor text) OWNER TO bubuh_owner;

CREATE FUNCTION public.refunds_close(_shard smallint, _account_id bigint, _id uuid, _end text, _why text, _move text, _actor text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _refund record;
    _ended text := 'done';
BEGIN
    UPDATE refunds AS f SET state = _end, fault = _why, ended_at = now(), next_try_at = NULL
     WHERE f.shard = _shard AND f.account_id = _account_id AND f.id = _id
    RETURNING f.stamps, f.amount_idr, f.order_id, f.gateway INTO STRICT _refund;
    INSERT INTO refund_events (shard, account_id, refund_id, state, move)
    VALUES (_shard, _account_id, _id, _end, _move);
    PERFORM payments_match_line_n(_shard, ARRAY[_account_id], ARRAY['refund_overdue'], ARRAY[_refund.gateway],
                                  ARRAY[_id::text]);
    INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
    VALUES (_shard, _account_id, 'refund.' || _end, _id,
            jsonb_build_object('amount_idr', _refund.amount_idr, 'stamps', _refund.stamps, 'order', _refund.order_id));
    IF _refund.stamps > 0 AND _end = 'done' THEN
        SELECT c.outcome INTO STRICT _ended
          FROM quota_capture_n(_shard, ARRAY[_id], ARRAY[_account_id], 'paid_back', ARRAY[_actor]) AS c;
    ELSIF _refund.stamps > 0 THEN
        SELECT r.outcome INTO STRICT _ended
          FROM quota_release_n(_shard, ARRAY[_id], ARRAY[_account_id], ARRAY[_actor]) AS r;
    ELSIF _end = 'failed' THEN
        PERFORM payments_list_unmatched_n(
            _shard, ARRAY[_account_id], ARRAY['refund_failed'], ARRAY[_refund.gateway], ARRAY[_id::text],
            ARRAY[_refund.order_id], ARRAY[NULL::text], ARRAY[_refund.amount_idr], ARRAY['IDR'],
            ARRAY['the gateway will not give back what was paid too much'],
            ARRAY['send the money to the buyer by hand']);
    END IF;
    ASSERT _ended = 'done', 'a refund at work holds its stamps';
END
$$;

ALTER FUNCTION public.refunds_close(_shard smallint, _account_id bigint, _id uuid, _end text, _why text, _move text, _actor text) OWNER TO bubuh_owner;

CREATE FUNCTION public.refunds_decide(_shard smallint, _id uuid, _agrees boolean, _actor text) RETURNS TABLE(outcome text, account_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _refund record;
    _released text;
BEGIN
    SELECT f.account_id, f.state, f.actor INTO _refund FROM refunds AS f
     WHERE f.shard = _shard AND f.id = _id FOR NO KEY UPDATE;
    account_id := _refund.account_id;
    outcome := CASE WHEN NOT FOUND THEN 'unknown' WHEN _refund.state <> 'waiting' THEN 'conflict'
                    WHEN _refund.actor = _actor THEN 'same_person' ELSE 'done' END;
    IF outcome <> 'done' THEN
        RETURN NEXT;
        RETURN;
    END IF;
    UPDATE refunds AS f
       SET approved_by = _actor, state = CASE WHEN _agrees THEN 'asked' ELSE 'declined' END,
           next_try_at = CASE WHEN _agrees THEN now() END, ended_at = CASE WHEN _agrees THEN NULL ELSE now() END
     WHERE f.shard = _shard AND f.account_id = _refund.account_id AND f.id = _id;
    INSERT INTO refund_events (shard, account_id, refund_id, state, move)
    VALUES (_shard, _refund.account_id, _id, CASE WHEN _agrees THEN 'asked' ELSE 'declined' END,
            CASE WHEN _agrees THEN 'approve' ELSE 'decline' END);
    IF NOT _agrees THEN
        SELECT r.outcome INTO STRICT _released
          FROM quota_release_n(_shard, ARRAY[_id], ARRAY[_refund.account_id], ARRAY[_actor]) AS r;
        ASSERT _released = 'done', 'a refund that waits holds its stamps';
        INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
        VALUES (_shard, _refund.account_id, 'refund.declined', _id, '{}');
    END IF;
    RETURN NEXT;
END
$$;

ALTER FUNCTION public.refunds_decide(_shard smallint, _id uuid, _agrees boolean, _actor text) OWNER TO bubuh_owner;

CREATE FUNCTION public.refunds_left(_shard smallint, _account_id bigint, _order_id uuid) RETURNS TABLE(gateway text, payment_no text, left_idr bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT p.gateway, p.payment_no,
           greatest(0, p.amount_idr
               - coalesce((SELECT sum(f.amount_idr) FROM refunds AS f
                            WHERE f.shard = _shard AND f.account_id = _account_id AND f.order_id = _order_id
                              AND f.gateway = p.gateway AND f.payment_no = p.payment_no AND f.kind <> 'reversal'
                              AND (f.kind = 'surplus' OR f.state NOT IN ('failed', 'declined'))), 0)
               - coalesce((SELECT sum(r.amount_idr) FROM order_reversals AS r
                            WHERE r.shard = _shard AND r.account_id = _account_id AND r.order_id = _order_id
                              AND r.gateway = p.gateway AND r.payment_no = p.payment_no), 0))::bigint
      FROM order_payments AS p
     WHERE p.shard = _shard AND p.account_id = _account_id AND p.order_id = _order_id
$$;

ALTER FUNCTION public.refunds_left(_shard smallint, _account_id bigint, _order_id uuid) OWNER TO bubuh_owner;

CREATE FUNCTION public.refunds_list_overdue(_shard smallint, _after_s double precision, _limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _before timestamptz := now() - make_interval(secs => _after_s);
    _listed integer := 0;
    _r record;
BEGIN
    FOR _r IN
        SELECT f.account_id, f.id, f.order_id, f.gateway, f.amount_idr, f.state, f.fault
          FROM refunds AS f
         WHERE f.shard = _shard AND f.next_try_at IS NOT NULL AND f.overdue_at IS NULL AND f.asked_at <= _before
           AND EXISTS (SELECT FROM refund_events AS e
                        WHERE e.shard = _shard AND e.account_id = f.account_id AND e.refund_id = f.id
                          AND e.state = 'asked' AND e.at <= _before)
         ORDER BY f.asked_at LIMIT _limit FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        UPDATE refunds AS f SET overdue_at = now()
         WHERE f.shard = _shard AND f.account_id = _r.account_id AND f.id = _r.id;
        PERFORM payments_list_unmatched_n(
            _shard, ARRAY[_r.account_id], ARRAY['refund_overdue'], ARRAY[_r.gateway], ARRAY[_r.id::text],
            ARRAY[_r.order_id], ARRAY[NULL::text], ARRAY[_r.amount_idr], ARRAY['IDR'],
            ARRAY['no end is known of this refund: ' || concat_ws(', ', _r.state, _r.fault)],
            ARRAY['ask its gateway''s people about it by its number, and end it as they say; it is asked for on and on']);
        _listed := _listed + 1;
    END LOOP;
    RETURN _listed;
END
$$;

ALTER FUNCTION public.refunds_list_overdue(_shard smallint, _after_s double precision, _limit integer) OWNER TO bubuh_owner;

CREATE FUNCTION public.refunds_open_surplus(_shard smallint, _account_id bigint, _order_id uuid, _gateway text, _payment_no text, _amount_idr bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _id uuid := payments_line_id(_shard, 'surplus', _gateway, concat_ws(' ', _order_id, _payment_no));
BEGIN
    INSERT INTO refunds (shard, account_id, id, order_id, gateway, payment_no, kind, stamps, amount_idr, state, reason,
                         actor, next_try_at)
    VALUES (_shard, _account_id, _id, _order_id, _gateway, _payment_no, 'surplus', 0, _amount_idr, 'asked',
            'paid more than was bought', 'orders', now());
    INSERT INTO refund_events (shard, account_id, refund_id, state, move)
    VALUES (_shard, _account_id, _id, 'asked', 'return_surplus');
    INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)
    VALUES (_shard, _account_id, 'refund.opened', _id,
            jsonb_build_object('amount_idr', _amount_idr, 'stamps', 0, 'order', _order_id));
END
$$;

ALTER FUNCTION public.refunds_open_surplus(_shard smallint, _account_id bigint, _order_id uuid, _gateway text, _payment_no text, _amount_idr bigint) OWNER TO bubuh_owner;

CREATE FUNCTION public.refunds_record(_shard smallint, _account_id bigint, _id uuid, _word text, _why text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _refund record;
BEGIN
    ASSERT _word IN ('pending', 'done', 'failed'), 'an unknown outcome is not recorded';
    SELECT f.state, f.amount_idr, f.order_id, f.gateway INTO _refund FROM refunds AS f
     WHERE f.shard = _shard AND f.account_id = _account_id AND f.id = _id FOR NO KEY UPDATE;
    IF NOT FOUND OR _refund.state IN ('waiting', 'asked', 'declined') THEN
        RETURN 'unknown';
    END IF;
    IF _refund.state = _word OR (_refund.state IN ('done', 'failed') AND _word = 'pending') THEN
        RETURN 'already_done';
    END IF;
    IF _refund.state IN ('done', 'failed') THEN
        PERFORM payments_list_unmatched_n(
            _shard, ARRAY[_account_id], ARRAY['refund_contradicted'], ARRAY[_refund.gateway], ARRAY[_id::text],
            ARRAY[_refund.order_id], ARRAY[NULL::text], ARRAY[_refund.amount_idr], ARRAY['IDR'],
            ARRAY['it ended as ' || _refund.state || ', and the gateway now says ' || _word],
            ARRAY['ask the gateway where the money is; then correct the quota by hand']);
        RETURN 'conflict';
    END IF;
    IF _word = 'pending' THEN
        UPDATE refunds AS f SET state = _word, fault = _why
         WHERE f.shard = _shard AND f.account_id = _account_id AND f.id = _id;
        INSERT INTO refund_events (shard, account_id, refund_id, state, move)
        VALUES (_shard, _account_id, _id, _word, 'accept');
    ELSE
        PERFORM refunds_close(_shard, _account_id, _id, _word, _why, CASE _word WHEN 'done' THEN 'pay_back' ELSE 'fail' END,
                              'gateway:' || _refund.gateway);
    END IF;
    RETURN 'done';
END
$$;

ALTER FUNCTION public.refunds_record(_shard smallint, _account_id bigint, _id uuid, _word text, _why text) OWNER TO bubuh_owner;

CREATE FUNCTION public.refunds_take_due_n(_shard smallint, _resting text[], _limit integer) RETURNS TABLE(account_id bigint, id uuid, order_id uuid, gateway text, payment_no text, amount_idr bigint, reason text, before text, reference text, method text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _r record;
BEGIN
    FOR _r IN
        SELECT f.account_id, f.id, f.order_id, f.gateway, f.payment_no, f.amount_idr, f.reason, f.state, f.tries
          FROM refunds AS f
         WHERE f.shard = _shard AND f.next_try_at <= now() AND f.gateway <> ALL(_resting)
         ORDER BY f.next_try_at LIMIT _limit FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        UPDATE refunds AS f
           SET state = CASE f.state WHEN 'asked' THEN 'unknown' ELSE f.state END, tries = f.tries + 1,
               next_try_at = now() + make_interval(secs => least(300, 5 * power(2, least(f.tries, 8))))
         WHERE f.shard = _shard AND f.account_id = _r.account_id AND f.id = _r.id;
        INSERT INTO refund_events (shard, account_id, refund_id, state, move)
        SELECT f.shard, f.account_id, f.id, 'unknown', 'send' FROM refunds AS f
         WHERE f.shard = _shard AND f.account_id = _r.account_id AND f.id = _r.id AND f.state = 'unknown'
        ON CONFLICT DO NOTHING;
        reference := NULL;
        method := NULL;
        SELECT a.reference, a.method INTO reference, method FROM payment_attempts AS a
         WHERE a.shard = _shard AND a.account_id = _r.account_id AND a.order_id = _r.order_id AND a.gateway = _r.gateway
         ORDER BY a.no LIMIT 1;
        account_id := _r.account_id;
        id := _r.id;
        order_id := _r.order_id;
        gateway := _r.gateway;
        payment_no := _r.payment_no;
        amount_idr := _r.amount_idr;
        reason := _r.reason;
        before := _r.state;
        RETURN NEXT;
    END LOOP;
END
$$;

ALTER FUNCTION public.refunds_take_due_n(_shard smallint, _resting text[], _limit integer) OWNER TO bubuh_owner;

CREATE FUNCTION public.refunds_tell_end(_shard smallint, _id uuid, _end text, _why text, _limit_idr bigint, _actor text) RETURNS TABLE(outcome text, account_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    _refund record;
    _agrees boolean;
BEGIN
    ASSERT _end IN ('done', 'failed'), 'a refund ends in one of two ways';
    SELECT f.account_id, f.amount_idr, f.overdue_at, f.ended_at, f.end_told, f.end_told_by INTO _refund FROM refunds AS f
     WHERE f.shard = _shard AND f.id = _id FOR NO KEY UPDATE;
    account_id := _refund.account_id;
    outcome := CASE WHEN NOT FOUND THEN 'unknown'
                    WHEN _refund.overdue_at IS NULL OR _refund.ended_at IS NOT NULL THEN 'conflict'
                    WHEN _refund.end_told = _end AND _refund.end_told_by = _actor THEN 'same_person' END;
    IF outcome IS NOT NULL THEN
        RETURN NEXT;
        RETURN;
    END IF;
    _agrees := coalesce(_refund.end_told = _end, false);
    IF NOT _agrees THEN
        UPDATE refunds AS f SET end_told = _end, end_told_by = _actor, end_told_why = _why
         WHERE f.shard = _shard AND f.account_id = _refund.account_id AND f.id = _id;
    END IF;
    outcome := CASE WHEN _agrees OR _refund.amount_idr <= _limit_idr THEN 'done' ELSE 'told' END;
    IF outcome = 'done' THEN
        PERFORM refunds_close(_shard, _refund.account_id, _id, _end, NULL,
                              CASE _end WHEN 'done' THEN 'confirm_by_hand' ELSE 'give_up' END, _actor);
        UPDATE refunds AS f SET end_agreed_by = CASE WHEN _agrees THEN _actor END
         WHERE f.shard = _shard AND f.account_id = _refund.account_id AND f.id = _id;
    END IF;
    RETURN NEXT;
END
$$;

ALTER FUNCTION public.refunds_tell_end(_shard smallint, _id uuid, _end text, _why text, _limit_idr bigint, _actor text) OWNER TO bubuh_owner;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

ALTER FUNCTION public.refuse_change() OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_accept_n(_shard smallint, _ids uuid[], _account_ids bigint[], _actors text[], _request_sha256s bytea[], _document_ids uuid[], _pages integer[], _xs double precision[], _ys double precision[], _sides double precision[], _types text[], _nos text[], _dates date[]) RETURNS TABLE(id uuid, outcome text, free bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.stamping_accept_n(_shard smallint, _ids uuid[], _account_ids bigint[], _actors text[], _request_sha256s bytea[], _document_ids uuid[], _pages integer[], _xs double precision[], _ys double precision[], _sides double precision[], _types text[], _nos text[], _dates date[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_affix_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _object_keys text[], _increment_bytes integer[], _sha256s bytea[], _sizes bigint[], _gaps integer[]) RETURNS TABLE(id uuid, outcome text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.stamping_affix_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _object_keys text[], _increment_bytes integer[], _sha256s bytea[], _sizes bigint[], _gaps integer[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_bury(_shard smallint, _worker text) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    WITH buried AS (
        UPDATE stamps AS s
           SET lease_until = now() - interval '1 microsecond', lease_owner = NULL, deaths = s.deaths + 1
         WHERE s.shard = _shard AND s.state = 'processing' AND s.lease_owner = _worker
        RETURNING s.id
    )
    SELECT count(*) FROM buried
$$;

ALTER FUNCTION public.stamping_bury(_shard smallint, _worker text) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_intend_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _serials bigint[], _serial_nos text[], _base_revisions integer[], _base_sha256s bytea[], _signed_ats timestamp with time zone[], _file_ids bytea[], _key_ids text[], _levels text[], _time_stamp_rooms integer[]) RETURNS TABLE(id uuid, stands boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.stamping_intend_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _serials bigint[], _serial_nos text[], _base_revisions integer[], _base_sha256s bytea[], _signed_ats timestamp with time zone[], _file_ids bytea[], _key_ids text[], _levels text[], _time_stamp_rooms integer[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_lease_n(_shard smallint, _worker text, _limit integer, _suspects integer, _lease_s double precision, _unrenewed uuid[], _untils timestamp with time zone[]) RETURNS TABLE(id uuid, account_id bigint, fence integer, deaths integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET enable_sort TO 'off'
    AS $$
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

ALTER FUNCTION public.stamping_lease_n(_shard smallint, _worker text, _limit integer, _suspects integer, _lease_s double precision, _unrenewed uuid[], _untils timestamp with time zone[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_level_append(_shard smallint, _id uuid, _account_id bigint, _object_key text, _bytes integer, _sha256 bytea, _size_bytes bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE stamp_levels AS v
       SET dss_object_key = _object_key, dss_bytes = _bytes, sha256 = _sha256, size_bytes = _size_bytes, reason = NULL,
           state = 'settled', level = 'B-LT', settled_at = now()
     WHERE v.shard = _shard AND v.account_id = _account_id AND v.stamp_id = _id
       AND v.state = 'pending' AND v.token IS NOT NULL AND v.wanted = 'B-LT';
    RETURN FOUND;
END
$$;

ALTER FUNCTION public.stamping_level_append(_shard smallint, _id uuid, _account_id bigint, _object_key text, _bytes integer, _sha256 bytea, _size_bytes bigint) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_level_give_up(_shard smallint, _id uuid, _account_id bigint, _reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE stamp_levels AS v
       SET state = 'settled', level = CASE WHEN v.token IS NULL THEN 'B-B' ELSE 'B-T' END, settled_at = now(),
           reason = _reason
     WHERE v.shard = _shard AND v.account_id = _account_id AND v.stamp_id = _id AND v.state = 'pending';
    RETURN FOUND;
END
$$;

ALTER FUNCTION public.stamping_level_give_up(_shard smallint, _id uuid, _account_id bigint, _reason text) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_level_lease_n(_shard smallint, _limit integer, _lease_s double precision) RETURNS TABLE(stamp_id uuid, account_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.stamping_level_lease_n(_shard smallint, _limit integer, _lease_s double precision) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_level_stamp(_shard smallint, _id uuid, _account_id bigint, _token bytea, _sha256 bytea, _size_bytes bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.stamping_level_stamp(_shard smallint, _id uuid, _account_id bigint, _token bytea, _sha256 bytea, _size_bytes bigint) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_level_wait(_shard smallint, _id uuid, _account_id bigint, _reason text, _wait_s double precision) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE stamp_levels AS v SET reason = _reason, lease_until = now() + make_interval(secs => _wait_s)
     WHERE v.shard = _shard AND v.account_id = _account_id AND v.stamp_id = _id AND v.state = 'pending';
    RETURN FOUND;
END
$$;

ALTER FUNCTION public.stamping_level_wait(_shard smallint, _id uuid, _account_id bigint, _reason text, _wait_s double precision) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_lock_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[]) RETURNS TABLE(no bigint, serial bigint, file_id bytea, digest bytea)
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.stamping_lock_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_renew_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _lease_s double precision) RETURNS TABLE(id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.stamping_renew_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _lease_s double precision) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_return_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _reasons text[], _actors text[]) RETURNS TABLE(id uuid, outcome text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.stamping_return_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _reasons text[], _actors text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_seal_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _digests bytea[], _signatures bytea[], _key_ids text[]) RETURNS TABLE(id uuid, signature bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.stamping_seal_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _digests bytea[], _signatures bytea[], _key_ids text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_write_plan_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _digests bytea[], _plans_sealed bytea[], _tiers text[]) RETURNS TABLE(id uuid, stands boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.stamping_write_plan_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _digests bytea[], _plans_sealed bytea[], _tiers text[]) OWNER TO bubuh_owner;

CREATE FUNCTION public.stamping_yield_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _wait_s double precision) RETURNS TABLE(id uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

ALTER FUNCTION public.stamping_yield_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _wait_s double precision) OWNER TO bubuh_owner;

CREATE FUNCTION public.statement_refuse(_kind text, _subject uuid, _no integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE statements AS s SET refused_at = now()
     WHERE s.kind = _kind AND s.subject = _subject AND s.no = _no AND s.signature IS NULL AND s.refused_at IS NULL;
    RETURN FOUND;
END
$$;

ALTER FUNCTION public.statement_refuse(_kind text, _subject uuid, _no integer) OWNER TO bubuh_owner;

CREATE FUNCTION public.statement_sign(_kind text, _subject uuid, _no integer, _key_id text, _signature bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE statements AS s SET key_id = _key_id, signature = _signature, signed_at = now()
     WHERE s.kind = _kind AND s.subject = _subject AND s.no = _no AND s.signature IS NULL AND s.refused_at IS NULL;
    RETURN FOUND;
END
$$;

ALTER FUNCTION public.statement_sign(_kind text, _subject uuid, _no integer, _key_id text, _signature bytea) OWNER TO bubuh_owner;

CREATE TABLE public.accounts (
    id bigint NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT accounts_id_positive CHECK ((id > 0)),
    CONSTRAINT accounts_kind_known CHECK ((kind = ANY (ARRAY['person'::text, 'organisation'::text, 'channel'::text, 'authority'::text])))
);

ALTER TABLE public.accounts OWNER TO bubuh_owner;

CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    secret_sha256 bytea NOT NULL,
    ending text NOT NULL,
    account_id bigint NOT NULL,
    user_id uuid NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT api_keys_secret_is_sha256 CHECK ((length(secret_sha256) = 32))
);

ALTER TABLE public.api_keys OWNER TO bubuh_owner;

CREATE TABLE public.audit_entries (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    no bigint NOT NULL,
    act text NOT NULL,
    actor text NOT NULL,
    facts text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_entries_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.audit_entries OWNER TO bubuh_owner;

CREATE TABLE public.audit_heads (
    shard smallint NOT NULL,
    no bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_heads_shard CHECK (((shard >= 0) AND (shard <= 63)))
);

ALTER TABLE public.audit_heads OWNER TO bubuh_owner;

CREATE TABLE public.challenges (
    id uuid NOT NULL,
    purpose text NOT NULL,
    browser_sha256 bytea NOT NULL,
    user_id uuid,
    address_index bytea,
    address_sealed bytea,
    code_mac bytea,
    tries_left smallint NOT NULL,
    proved_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT challenges_purpose_known CHECK ((purpose = ANY (ARRAY['register'::text, 'reset'::text, 'pin'::text, 'totp'::text]))),
    CONSTRAINT challenges_tries CHECK (((tries_left >= 0) AND (tries_left <= 5)))
);

ALTER TABLE public.challenges OWNER TO bubuh_owner;

CREATE TABLE public.complaint_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    complaint_id uuid NOT NULL,
    state text NOT NULL,
    move text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT complaint_events_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.complaint_events OWNER TO bubuh_owner;

CREATE TABLE public.complaints (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    request_sha256 bytea NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    words_sealed bytea,
    findings jsonb NOT NULL,
    state text NOT NULL,
    actor text NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    answer_by timestamp with time zone NOT NULL,
    answer_sealed bytea,
    answered_at timestamp with time zone,
    answered_by text,
    CONSTRAINT complaints_answer_of_words CHECK (((answer_sealed IS NULL) OR ((words_sealed IS NOT NULL) AND (state = 'answered'::text)))),
    CONSTRAINT complaints_answered_whole CHECK ((num_nonnulls(answered_at, answered_by) =
CASE state
    WHEN 'answered'::text THEN 2
    ELSE 0
END)),
    CONSTRAINT complaints_id_names_shard CHECK ((get_byte(uuid_send(id), 0) = shard)),
    CONSTRAINT complaints_request_sha256 CHECK ((length(request_sha256) = 32)),
    CONSTRAINT complaints_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT complaints_state_known CHECK ((state = ANY (ARRAY['open'::text, 'answered'::text, 'withdrawn'::text]))),
    CONSTRAINT complaints_subject_known CHECK ((subject_kind = ANY (ARRAY['stamp'::text, 'order'::text, 'refund'::text])))
);

ALTER TABLE public.complaints OWNER TO bubuh_owner;

CREATE TABLE public.contacts (
    address_index bytea NOT NULL,
    user_id uuid NOT NULL,
    address_sealed bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT contacts_index_is_sha256 CHECK ((length(address_index) = 32))
);

ALTER TABLE public.contacts OWNER TO bubuh_owner;

CREATE TABLE public.credentials (
    user_id uuid NOT NULL,
    password_hash text NOT NULL,
    pin_hash text,
    pin_tries smallint DEFAULT 0 NOT NULL,
    totp_sealed bytea,
    totp_step bigint DEFAULT 0 NOT NULL,
    nik_sealed bytea,
    nik_index bytea,
    CONSTRAINT credentials_nik_whole CHECK (((nik_sealed IS NULL) = (nik_index IS NULL))),
    CONSTRAINT credentials_pin_tries CHECK (((pin_tries >= 0) AND (pin_tries <= 5)))
);

ALTER TABLE public.credentials OWNER TO bubuh_owner;

CREATE TABLE public.deadline_entitled (
    deadline_id uuid NOT NULL,
    mark bytea NOT NULL,
    CONSTRAINT deadline_entitled_mark CHECK ((length(mark) = 32))
);

ALTER TABLE public.deadline_entitled OWNER TO bubuh_owner;

CREATE TABLE public.deadline_entries (
    deadline_id uuid NOT NULL,
    account_id bigint NOT NULL,
    mark bytea,
    holder_sealed bytea,
    entered_at timestamp with time zone DEFAULT now() NOT NULL,
    turn text,
    code text,
    number bigint,
    CONSTRAINT deadline_entries_holder CHECK (((mark IS NULL) = (holder_sealed IS NULL))),
    CONSTRAINT deadline_entries_turn_whole CHECK ((num_nonnulls(turn, code, number) = ANY (ARRAY[0, 3])))
);

ALTER TABLE public.deadline_entries OWNER TO bubuh_owner;

CREATE TABLE public.deadlines (
    id uuid NOT NULL,
    slug text NOT NULL,
    lane_id smallint NOT NULL,
    name text NOT NULL,
    agency text NOT NULL,
    at timestamp with time zone NOT NULL,
    eligibility text NOT NULL,
    salt text,
    expected integer NOT NULL,
    registered_by text NOT NULL,
    registered_at timestamp with time zone DEFAULT now() NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT deadlines_eligibility_known CHECK ((eligibility = ANY (ARRAY['list'::text, 'declared'::text]))),
    CONSTRAINT deadlines_expected CHECK ((expected >= 0)),
    CONSTRAINT deadlines_lane_known CHECK (((lane_id >= 10) AND (lane_id <= 53))),
    CONSTRAINT deadlines_list_salted CHECK (((eligibility = 'list'::text) = (salt IS NOT NULL)))
);

ALTER TABLE public.deadlines OWNER TO bubuh_owner;

CREATE TABLE public.document_revisions (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    document_id uuid NOT NULL,
    no integer NOT NULL,
    stamp_id uuid NOT NULL,
    object_key text NOT NULL,
    increment_bytes integer NOT NULL,
    sha256 bytea NOT NULL,
    size_bytes bigint NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT document_revisions_no CHECK ((no > 0)),
    CONSTRAINT document_revisions_sha256 CHECK ((length(sha256) = 32)),
    CONSTRAINT document_revisions_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.document_revisions OWNER TO bubuh_owner;

CREATE TABLE public.documents (
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
    flags text[] DEFAULT '{}'::text[] NOT NULL,
    base_object_key text,
    base_sha256 bytea,
    base_size_bytes bigint,
    normalised_for text,
    content_unseen boolean DEFAULT false NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    kept_at timestamp with time zone,
    CONSTRAINT documents_base_sha256 CHECK ((length(base_sha256) = 32)),
    CONSTRAINT documents_base_whole CHECK ((num_nulls(base_object_key, base_sha256, base_size_bytes, normalised_for) = ANY (ARRAY[0, 4]))),
    CONSTRAINT documents_destroyed_whole CHECK (((state <> 'destroyed'::text) OR (num_nonnulls(name_sealed, key_sealed) = 0))),
    CONSTRAINT documents_ready_whole CHECK (((state <> 'ready'::text) OR ((pages > 0) AND (boxes IS NOT NULL) AND (key_sealed IS NOT NULL) AND (object_key IS NOT NULL)))),
    CONSTRAINT documents_refused_why CHECK (((state = 'refused'::text) = (reason IS NOT NULL))),
    CONSTRAINT documents_sha256 CHECK ((length(sha256) = 32)),
    CONSTRAINT documents_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT documents_state_known CHECK ((state = ANY (ARRAY['receiving'::text, 'ready'::text, 'refused'::text, 'destroyed'::text]))),
    CONSTRAINT documents_unseen_not_normalised CHECK (((NOT content_unseen) OR (base_object_key IS NULL)))
)
WITH (fillfactor='85');

ALTER TABLE public.documents OWNER TO bubuh_owner;

CREATE TABLE public.invitations (
    id uuid NOT NULL,
    account_id bigint NOT NULL,
    no text NOT NULL,
    code_mac bytea NOT NULL,
    role text NOT NULL,
    address_sealed bytea,
    invited_by uuid NOT NULL,
    tries_left smallint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    accepted_by uuid,
    CONSTRAINT invitations_end_whole CHECK (((accepted_by IS NULL) OR (ended_at IS NOT NULL))),
    CONSTRAINT invitations_mac_is_sha256 CHECK ((length(code_mac) = 32)),
    CONSTRAINT invitations_role_known CHECK ((role = ANY (ARRAY['owner'::text, 'member'::text]))),
    CONSTRAINT invitations_tries CHECK (((tries_left >= 0) AND (tries_left <= 5)))
);

ALTER TABLE public.invitations OWNER TO bubuh_owner;

CREATE TABLE public.lane_accounts (
    lane_id smallint NOT NULL,
    account_id bigint NOT NULL,
    named_by text NOT NULL,
    named_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone
);

ALTER TABLE public.lane_accounts OWNER TO bubuh_owner;

CREATE TABLE public.lane_turns (
    lane_id smallint NOT NULL,
    account_id bigint NOT NULL,
    turn text NOT NULL,
    code text NOT NULL,
    number bigint NOT NULL,
    taken_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.lane_turns OWNER TO bubuh_owner;

CREATE TABLE public.log_leaves (
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
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT log_leaves_kind CHECK ((((kind = 'issue'::text) AND (num_nulls(digest, document_sha256, signature_sha256, key_id) = 0) AND (reason IS NULL)) OR ((kind = 'void'::text) AND (num_nonnulls(digest, document_sha256, signature_sha256, key_id) = 0) AND (reason IS NOT NULL)))),
    CONSTRAINT log_leaves_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.log_leaves OWNER TO bubuh_owner;

CREATE TABLE public.memberships (
    user_id uuid NOT NULL,
    account_id bigint NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT memberships_role_known CHECK ((role = ANY (ARRAY['owner'::text, 'member'::text])))
);

ALTER TABLE public.memberships OWNER TO bubuh_owner;

CREATE TABLE public.named_lanes (
    lane_id smallint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    floor double precision NOT NULL,
    ceiling double precision NOT NULL,
    weight double precision NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT named_lanes_kind_known CHECK ((kind = ANY (ARRAY['group'::text, 'partner'::text]))),
    CONSTRAINT named_lanes_lane_known CHECK ((((lane_id >= 5) AND (lane_id <= 9)) OR ((lane_id >= 54) AND (lane_id <= 63)))),
    CONSTRAINT named_lanes_shares CHECK ((((0)::double precision <= floor) AND (floor <= ceiling) AND (ceiling <= (1)::double precision) AND (weight > (0)::double precision)))
);

ALTER TABLE public.named_lanes OWNER TO bubuh_owner;

CREATE TABLE public.order_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    order_id uuid NOT NULL,
    state text NOT NULL,
    move text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT order_events_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.order_events OWNER TO bubuh_owner;

CREATE TABLE public.order_payments (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    order_id uuid NOT NULL,
    gateway text NOT NULL,
    payment_no text NOT NULL,
    amount_idr bigint NOT NULL,
    paid_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT order_payments_positive CHECK ((amount_idr > 0)),
    CONSTRAINT order_payments_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.order_payments OWNER TO bubuh_owner;

CREATE TABLE public.order_reversals (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    order_id uuid NOT NULL,
    gateway text NOT NULL,
    reversal_no text NOT NULL,
    payment_no text NOT NULL,
    amount_idr bigint NOT NULL,
    reversed_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT order_reversals_positive CHECK ((amount_idr > 0)),
    CONSTRAINT order_reversals_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.order_reversals OWNER TO bubuh_owner;

CREATE TABLE public.orders (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    request_sha256 bytea NOT NULL,
    stamps bigint NOT NULL,
    method text NOT NULL,
    amount_idr bigint NOT NULL,
    amount_paid_idr bigint DEFAULT 0 NOT NULL,
    amount_returned_idr bigint DEFAULT 0 NOT NULL,
    state text NOT NULL,
    actor text NOT NULL,
    is_only boolean DEFAULT false NOT NULL,
    placed_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT orders_amount_positive CHECK ((amount_idr > 0)),
    CONSTRAINT orders_id_names_shard CHECK ((get_byte(uuid_send(id), 0) = shard)),
    CONSTRAINT orders_method_known CHECK ((method = ANY (ARRAY['qris'::text, 'va'::text]))),
    CONSTRAINT orders_paid_not_negative CHECK ((amount_paid_idr >= 0)),
    CONSTRAINT orders_paid_whole CHECK (((state <> ALL (ARRAY['paid'::text, 'filled'::text])) OR ((amount_paid_idr - amount_returned_idr) >= amount_idr))),
    CONSTRAINT orders_request_sha256 CHECK ((length(request_sha256) = 32)),
    CONSTRAINT orders_returned_was_paid CHECK (((amount_returned_idr >= 0) AND (amount_returned_idr <= amount_paid_idr))),
    CONSTRAINT orders_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT orders_stamps_positive CHECK ((stamps > 0)),
    CONSTRAINT orders_state_known CHECK ((state = ANY (ARRAY['placed'::text, 'paid'::text, 'filled'::text, 'expired'::text, 'cancelled'::text])))
)
WITH (fillfactor='85');

ALTER TABLE public.orders OWNER TO bubuh_owner;

CREATE TABLE public.outage_updates (
    outage_id uuid NOT NULL,
    no integer NOT NULL,
    word_id uuid NOT NULL,
    text_id text NOT NULL,
    text_en text NOT NULL,
    next_update_at timestamp with time zone,
    actor text NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT outage_updates_numbered CHECK ((no > 0)),
    CONSTRAINT outage_updates_promise_ahead CHECK ((next_update_at > written_at))
);

ALTER TABLE public.outage_updates OWNER TO bubuh_owner;

CREATE TABLE public.outages (
    id uuid NOT NULL,
    functions text[] NOT NULL,
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT outages_end_after_beginning CHECK ((ended_at > began_at)),
    CONSTRAINT outages_functions_known CHECK (((cardinality(functions) > 0) AND (functions <@ ARRAY['buy'::text, 'pay'::text, 'stamp'::text, 'verify'::text, 'queue'::text])))
);

ALTER TABLE public.outages OWNER TO bubuh_owner;

CREATE TABLE public.outbox_facts (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    topic text NOT NULL,
    subject uuid NOT NULL,
    facts jsonb NOT NULL,
    published_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    not_before timestamp with time zone DEFAULT now() NOT NULL,
    told_at timestamp with time zone,
    CONSTRAINT outbox_facts_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.outbox_facts OWNER TO bubuh_owner;

CREATE TABLE public.payment_attempt_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    order_id uuid NOT NULL,
    no integer NOT NULL,
    state text NOT NULL,
    move text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT payment_attempt_events_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.payment_attempt_events OWNER TO bubuh_owner;

CREATE TABLE public.payment_attempts (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    order_id uuid NOT NULL,
    no integer NOT NULL,
    gateway text NOT NULL,
    reference text NOT NULL,
    method text NOT NULL,
    amount_idr bigint NOT NULL,
    state text DEFAULT 'unknown'::text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    qris text,
    va text,
    pay_url text,
    next_ask_at timestamp with time zone,
    asked_at timestamp with time zone,
    looked_at timestamp with time zone,
    asks integer DEFAULT 0 NOT NULL,
    fault text,
    CONSTRAINT payment_attempts_no CHECK ((no > 0)),
    CONSTRAINT payment_attempts_paid_rests CHECK (((state <> 'paid'::text) OR (next_ask_at IS NULL))),
    CONSTRAINT payment_attempts_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT payment_attempts_state_known CHECK ((state = ANY (ARRAY['unknown'::text, 'open'::text, 'closed'::text, 'paid'::text])))
)
WITH (fillfactor='70');

ALTER TABLE public.payment_attempts OWNER TO bubuh_owner;

CREATE TABLE public.payment_bank_calls (
    gateway text NOT NULL,
    day date NOT NULL,
    external_no text NOT NULL,
    request_sha256 bytea NOT NULL,
    CONSTRAINT payment_bank_calls_request_sha256 CHECK ((length(request_sha256) = 32))
);

ALTER TABLE public.payment_bank_calls OWNER TO bubuh_owner;

CREATE TABLE public.payment_notice_work (
    gateway text NOT NULL,
    event_id text NOT NULL,
    state text NOT NULL,
    outcome text,
    tries integer DEFAULT 0 NOT NULL,
    not_before timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT payment_notice_work_ended CHECK (((state = 'waiting'::text) = (ended_at IS NULL))),
    CONSTRAINT payment_notice_work_state_known CHECK ((state = ANY (ARRAY['waiting'::text, 'done'::text, 'refused'::text, 'unmatched'::text])))
)
WITH (fillfactor='75');

ALTER TABLE public.payment_notice_work OWNER TO bubuh_owner;

CREATE TABLE public.payment_notices (
    gateway text NOT NULL,
    event_id text NOT NULL,
    address text NOT NULL,
    body bytea NOT NULL,
    headers text NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT payment_notices_address_known CHECK ((address = ANY (ARRAY['notices'::text, 'payment'::text])))
);

ALTER TABLE public.payment_notices OWNER TO bubuh_owner;

CREATE TABLE public.payment_unmatched (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    gateway text NOT NULL,
    subject text NOT NULL,
    order_id uuid,
    reference text,
    amount bigint,
    currency text DEFAULT 'IDR'::text NOT NULL,
    why text NOT NULL,
    suggestion text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    listed_at timestamp with time zone DEFAULT now() NOT NULL,
    resolved_at timestamp with time zone,
    resolution text,
    reason text,
    resolved_by text,
    CONSTRAINT payment_unmatched_amount_positive CHECK ((amount > 0)),
    CONSTRAINT payment_unmatched_id_names_shard CHECK ((get_byte(uuid_send(id), 0) = shard)),
    CONSTRAINT payment_unmatched_resolved CHECK (((state = 'resolved'::text) = (num_nulls(resolved_at, resolution, resolved_by) = 0))),
    CONSTRAINT payment_unmatched_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT payment_unmatched_state_known CHECK ((state = ANY (ARRAY['open'::text, 'resolved'::text])))
);

ALTER TABLE public.payment_unmatched OWNER TO bubuh_owner;

CREATE TABLE public.quota_balances (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    free bigint DEFAULT 0 NOT NULL,
    held bigint DEFAULT 0 NOT NULL,
    used bigint DEFAULT 0 NOT NULL,
    in_transit bigint DEFAULT 0 NOT NULL,
    moves bigint DEFAULT 0 NOT NULL,
    frozen_at timestamp with time zone,
    parent_id bigint,
    share_limit bigint,
    share_closed_at timestamp with time zone,
    CONSTRAINT quota_balances_child_has_limit CHECK ((((parent_id IS NULL) = (share_limit IS NULL)) AND ((parent_id IS NOT NULL) OR (share_closed_at IS NULL)))),
    CONSTRAINT quota_balances_child_owns_nothing CHECK (((parent_id IS NULL) OR ((free = 0) AND (in_transit = 0)))),
    CONSTRAINT quota_balances_parent_shard CHECK (((shard = (parent_id % (64)::bigint)) AND (parent_id <> account_id))),
    CONSTRAINT quota_balances_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT quota_free_not_negative CHECK ((free >= 0)),
    CONSTRAINT quota_held_not_negative CHECK ((held >= 0)),
    CONSTRAINT quota_in_transit_not_negative CHECK ((in_transit >= 0)),
    CONSTRAINT quota_share_limit_kept CHECK (((held + used) <= share_limit)),
    CONSTRAINT quota_used_not_negative CHECK ((used >= 0))
)
WITH (fillfactor='60');

ALTER TABLE public.quota_balances OWNER TO bubuh_owner;

CREATE TABLE public.quota_breaches (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    invariant text NOT NULL,
    subject text NOT NULL,
    expected text NOT NULL,
    found text NOT NULL,
    is_late boolean NOT NULL,
    found_by text NOT NULL,
    found_at timestamp with time zone DEFAULT now() NOT NULL,
    gone_at timestamp with time zone,
    CONSTRAINT quota_breaches_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.quota_breaches OWNER TO bubuh_owner;

CREATE TABLE public.quota_folds (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    moves bigint NOT NULL,
    free bigint NOT NULL,
    held bigint NOT NULL,
    used bigint NOT NULL,
    in_transit bigint NOT NULL,
    CONSTRAINT quota_folds_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.quota_folds OWNER TO bubuh_owner;

CREATE TABLE public.quota_holds (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    purpose text NOT NULL,
    stamps bigint NOT NULL,
    state text DEFAULT 'held'::text NOT NULL,
    held_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT quota_holds_ended CHECK (((state = 'held'::text) = (ended_at IS NULL))),
    CONSTRAINT quota_holds_positive CHECK ((stamps > 0)),
    CONSTRAINT quota_holds_purpose_known CHECK ((purpose = ANY (ARRAY['stamp'::text, 'refund'::text, 'share'::text]))),
    CONSTRAINT quota_holds_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT quota_holds_state_known CHECK ((state = ANY (ARRAY['held'::text, 'captured'::text, 'released'::text])))
)
WITH (fillfactor='75');

ALTER TABLE public.quota_holds OWNER TO bubuh_owner;

CREATE TABLE public.quota_link_heads (
    shard smallint NOT NULL,
    no bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT quota_link_heads_shard CHECK (((shard >= 0) AND (shard <= 63)))
);

ALTER TABLE public.quota_link_heads OWNER TO bubuh_owner;

CREATE TABLE public.quota_linked (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    moves bigint NOT NULL,
    CONSTRAINT quota_linked_shard CHECK ((shard = (account_id % (64)::bigint)))
)
WITH (fillfactor='70');

ALTER TABLE public.quota_linked OWNER TO bubuh_owner;

CREATE TABLE public.quota_links (
    shard smallint NOT NULL,
    no bigint NOT NULL,
    account_ids bigint[] NOT NULL,
    firsts bigint[] NOT NULL,
    lasts bigint[] NOT NULL,
    leaves bytea NOT NULL,
    linked_at timestamp with time zone NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT quota_links_shard CHECK (((shard >= 0) AND (shard <= 63)))
);

ALTER TABLE public.quota_links OWNER TO bubuh_owner;

CREATE TABLE public.quota_shares (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    parent_id bigint NOT NULL,
    name text NOT NULL,
    first_limit bigint NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT quota_shares_parent_shard CHECK ((shard = (parent_id % (64)::bigint))),
    CONSTRAINT quota_shares_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.quota_shares OWNER TO bubuh_owner;

CREATE VIEW public.quota_shown AS
 SELECT b.shard,
    b.account_id,
        CASE
            WHEN (b.parent_id IS NULL) THEN b.free
            WHEN (b.share_closed_at IS NOT NULL) THEN (0)::bigint
            ELSE LEAST(p.free, ((b.share_limit - b.held) - b.used))
        END AS free,
    b.held,
    b.used,
    b.in_transit,
    ((b.frozen_at IS NOT NULL) OR (p.frozen_at IS NOT NULL)) AS frozen,
    b.parent_id,
    b.share_limit,
    (b.share_closed_at IS NOT NULL) AS share_closed
   FROM (public.quota_balances b
     LEFT JOIN public.quota_balances p ON (((p.shard = b.shard) AND (p.account_id = b.parent_id))));

ALTER VIEW public.quota_shown OWNER TO bubuh_owner;

CREATE TABLE public.quota_signed_heads (
    no bigint NOT NULL,
    signed_at timestamp with time zone NOT NULL,
    nos bigint[] NOT NULL,
    digest bytea NOT NULL,
    previous_hash bytea NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT quota_signed_heads_every_shard CHECK ((cardinality(nos) = 64))
);

ALTER TABLE public.quota_signed_heads OWNER TO bubuh_owner;

CREATE TABLE public.quota_transfers (
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
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT quota_transfers_arrow CHECK ((((((kind || ': '::text) || debit) || ' > '::text) || credit) = ANY (ARRAY['allot: minted > free'::text, 'allot: sold > free'::text, 'hold: free > held'::text, 'hold: shared > held'::text, 'capture: held > used'::text, 'capture: held > paid_back'::text, 'capture: held > shared'::text, 'release: held > free'::text, 'release: held > shared'::text, 'transfer_out: free > in_transit'::text, 'transfer_in: transferred > free'::text, 'transfer_ack: in_transit > transferred'::text]))),
    CONSTRAINT quota_transfers_counter CHECK (((counter_account_id IS NOT NULL) OR ((kind !~~ 'transfer_%'::text) AND (('shared'::text <> debit) AND ('shared'::text <> credit))))),
    CONSTRAINT quota_transfers_counter_of_two CHECK (((kind <> 'allot'::text) OR (counter_account_id IS NULL))),
    CONSTRAINT quota_transfers_no_positive CHECK ((no > 0)),
    CONSTRAINT quota_transfers_positive CHECK ((stamps > 0)),
    CONSTRAINT quota_transfers_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.quota_transfers OWNER TO bubuh_owner;

CREATE TABLE public.quota_watch (
    shard smallint NOT NULL,
    begun_at timestamp with time zone DEFAULT now() NOT NULL,
    taken_at timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    passed_at timestamp with time zone,
    read_to timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    patrolled_at timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    patrol_after bigint DEFAULT 0 NOT NULL,
    audit_no bigint DEFAULT 0 NOT NULL,
    audit_hash bytea,
    CONSTRAINT quota_watch_shard CHECK (((shard >= 0) AND (shard <= 63)))
);

ALTER TABLE public.quota_watch OWNER TO bubuh_owner;

CREATE TABLE public.refund_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    refund_id uuid NOT NULL,
    state text NOT NULL,
    move text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT refund_events_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.refund_events OWNER TO bubuh_owner;

CREATE TABLE public.refunds (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    gateway text NOT NULL,
    payment_no text NOT NULL,
    kind text NOT NULL,
    stamps bigint NOT NULL,
    amount_idr bigint NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    approved_by text,
    request_sha256 bytea,
    fault text,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    overdue_at timestamp with time zone,
    end_told text,
    end_told_by text,
    end_told_why text,
    end_agreed_by text,
    CONSTRAINT refunds_amount_positive CHECK ((amount_idr > 0)),
    CONSTRAINT refunds_end_agreed CHECK (((end_agreed_by IS NULL) OR ((end_told_by IS NOT NULL) AND (ended_at IS NOT NULL)))),
    CONSTRAINT refunds_end_known CHECK ((end_told = ANY (ARRAY['done'::text, 'failed'::text]))),
    CONSTRAINT refunds_end_told_why CHECK ((num_nulls(end_told, end_told_by, end_told_why) = ANY (ARRAY[0, 3]))),
    CONSTRAINT refunds_ended CHECK (((state = ANY (ARRAY['done'::text, 'failed'::text, 'declined'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT refunds_kind_known CHECK ((kind = ANY (ARRAY['asked'::text, 'surplus'::text, 'reversal'::text]))),
    CONSTRAINT refunds_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT refunds_stamps_by_kind CHECK (
CASE kind
    WHEN 'asked'::text THEN (stamps > 0)
    WHEN 'surplus'::text THEN (stamps = 0)
    ELSE (stamps >= 0)
END),
    CONSTRAINT refunds_state_known CHECK ((state = ANY (ARRAY['waiting'::text, 'asked'::text, 'unknown'::text, 'pending'::text, 'done'::text, 'failed'::text, 'declined'::text]))),
    CONSTRAINT refunds_tried_while_open CHECK (((state = ANY (ARRAY['asked'::text, 'unknown'::text, 'pending'::text])) = (next_try_at IS NOT NULL))),
    CONSTRAINT refunds_two_people CHECK ((approved_by IS DISTINCT FROM actor)),
    CONSTRAINT refunds_two_people_end CHECK ((end_agreed_by <> end_told_by))
)
WITH (fillfactor='75');

ALTER TABLE public.refunds OWNER TO bubuh_owner;

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    phase text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.schema_migrations OWNER TO bubuh_owner;

CREATE TABLE public.seals (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    serial bigint NOT NULL,
    stamp_id uuid NOT NULL,
    digest bytea NOT NULL,
    signature bytea NOT NULL,
    key_id text NOT NULL,
    sealed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT seals_digest CHECK ((length(digest) = 32)),
    CONSTRAINT seals_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.seals OWNER TO bubuh_owner;

CREATE TABLE public.serial_blocks (
    block bigint NOT NULL,
    shard smallint NOT NULL,
    taken_by text NOT NULL,
    taken_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT serial_blocks_range CHECK (((block >= 0) AND (block <= '281474976710655'::bigint))),
    CONSTRAINT serial_blocks_shard CHECK (((shard >= 0) AND (shard <= 63)))
);

ALTER TABLE public.serial_blocks OWNER TO bubuh_owner;

CREATE TABLE public.service_facts (
    name text NOT NULL,
    value text NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.service_facts OWNER TO bubuh_owner;

CREATE TABLE public.sessions (
    secret_sha256 bytea NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    account_id bigint NOT NULL,
    agent text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sessions_secret_is_sha256 CHECK ((length(secret_sha256) = 32))
);

ALTER TABLE public.sessions OWNER TO bubuh_owner;

CREATE TABLE public.shown_partners (
    slot smallint NOT NULL,
    account_id bigint NOT NULL,
    name text NOT NULL,
    shown_by text NOT NULL,
    shown_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT shown_partners_slots CHECK (((slot >= 1) AND (slot <= 32)))
);

ALTER TABLE public.shown_partners OWNER TO bubuh_owner;

CREATE TABLE public.stamp_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    stamp_id uuid NOT NULL,
    state text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT stamp_events_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.stamp_events OWNER TO bubuh_owner;

CREATE TABLE public.stamp_levels (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    stamp_id uuid NOT NULL,
    document_id uuid NOT NULL,
    no integer NOT NULL,
    gap_at integer NOT NULL,
    wanted text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    lease_until timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    token bytea,
    dss_object_key text,
    dss_bytes integer,
    sha256 bytea,
    size_bytes bigint,
    level text,
    reason text,
    settled_at timestamp with time zone,
    CONSTRAINT stamp_levels_dss_after_token CHECK (((dss_object_key IS NULL) OR (token IS NOT NULL))),
    CONSTRAINT stamp_levels_dss_whole CHECK ((num_nulls(dss_object_key, dss_bytes) = ANY (ARRAY[0, 2]))),
    CONSTRAINT stamp_levels_level_of_what_came CHECK ((level =
CASE
    WHEN (token IS NULL) THEN 'B-B'::text
    WHEN (dss_object_key IS NULL) THEN 'B-T'::text
    ELSE 'B-LT'::text
END)),
    CONSTRAINT stamp_levels_settled_whole CHECK ((((state = 'settled'::text) = (level IS NOT NULL)) AND ((state = 'settled'::text) = (settled_at IS NOT NULL)))),
    CONSTRAINT stamp_levels_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT stamp_levels_state_known CHECK ((state = ANY (ARRAY['pending'::text, 'settled'::text]))),
    CONSTRAINT stamp_levels_token_whole CHECK ((num_nulls(token, sha256, size_bytes) = ANY (ARRAY[0, 3]))),
    CONSTRAINT stamp_levels_wanted CHECK ((wanted = ANY (ARRAY['B-T'::text, 'B-LT'::text]))),
    CONSTRAINT stamp_levels_why_less CHECK (((level IS NULL) OR (level = wanted) OR (reason IS NOT NULL)))
);

ALTER TABLE public.stamp_levels OWNER TO bubuh_owner;

CREATE TABLE public.stamps (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    request_sha256 bytea NOT NULL,
    document_id uuid NOT NULL,
    state text NOT NULL,
    page integer NOT NULL,
    x_pt double precision NOT NULL,
    y_pt double precision NOT NULL,
    side_pt double precision NOT NULL,
    document_type text NOT NULL,
    document_no text NOT NULL,
    document_date date NOT NULL,
    accepted_at timestamp with time zone DEFAULT now() NOT NULL,
    queue_at timestamp with time zone NOT NULL,
    fence integer DEFAULT 0 NOT NULL,
    lease_owner text,
    lease_until timestamp with time zone,
    deaths integer DEFAULT 0 NOT NULL,
    serial bigint,
    block bigint,
    serial_no text,
    base_revision integer,
    base_sha256 bytea,
    signed_at timestamp with time zone,
    file_id bytea,
    key_id text,
    level text,
    time_stamp_room integer,
    digest bytea,
    plan_sealed bytea,
    tier text,
    ended_at timestamp with time zone,
    reason text,
    CONSTRAINT stamps_affixed_whole CHECK (((state <> 'affixed'::text) OR (digest IS NOT NULL))),
    CONSTRAINT stamps_block CHECK ((block = (serial / 1000))),
    CONSTRAINT stamps_digest_of_intent CHECK (((digest IS NULL) OR ((serial IS NOT NULL) AND (length(digest) = 32)))),
    CONSTRAINT stamps_ended CHECK (((state = ANY (ARRAY['affixed'::text, 'returned'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT stamps_intent_whole CHECK ((num_nulls(serial, block, serial_no, base_revision, base_sha256, signed_at, file_id, key_id, level, time_stamp_room) = ANY (ARRAY[0, 10]))),
    CONSTRAINT stamps_leased CHECK (((state = 'processing'::text) OR ((lease_owner IS NULL) AND (lease_until IS NULL)))),
    CONSTRAINT stamps_level_known CHECK ((level = ANY (ARRAY['B-B'::text, 'B-T'::text, 'B-LT'::text]))),
    CONSTRAINT stamps_plan_with_digest CHECK (((plan_sealed IS NOT NULL) = ((digest IS NOT NULL) AND (state = 'processing'::text)))),
    CONSTRAINT stamps_returned_why CHECK (((state = 'returned'::text) = (reason IS NOT NULL))),
    CONSTRAINT stamps_room_of_level CHECK (((level = 'B-B'::text) = (time_stamp_room = 0))),
    CONSTRAINT stamps_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT stamps_state_known CHECK ((state = ANY (ARRAY['accepted'::text, 'processing'::text, 'affixed'::text, 'returned'::text]))),
    CONSTRAINT stamps_tier_known CHECK ((tier = ANY (ARRAY['t1'::text, 't2'::text, 't3'::text]))),
    CONSTRAINT stamps_tier_of_plan CHECK (((tier IS NULL) = (digest IS NULL)))
)
WITH (fillfactor='70');

ALTER TABLE ONLY public.stamps ALTER COLUMN plan_sealed SET STORAGE EXTERNAL;

ALTER TABLE public.stamps OWNER TO bubuh_owner;

CREATE TABLE public.statements (
    kind text NOT NULL,
    subject uuid NOT NULL,
    no integer NOT NULL,
    facts bytea NOT NULL,
    wanted_at timestamp with time zone DEFAULT now() NOT NULL,
    key_id text,
    signature bytea,
    signed_at timestamp with time zone,
    refused_at timestamp with time zone,
    CONSTRAINT statements_kind_known CHECK ((kind = ANY (ARRAY['outage'::text, 'turn'::text, 'turn_sheet'::text]))),
    CONSTRAINT statements_numbered CHECK ((no > 0)),
    CONSTRAINT statements_refused_unsigned CHECK (((refused_at IS NULL) OR (signature IS NULL))),
    CONSTRAINT statements_signed_whole CHECK ((((signature IS NULL) = (key_id IS NULL)) AND ((signature IS NULL) = (signed_at IS NULL)))),
    CONSTRAINT statements_small CHECK (((octet_length(facts) >= 2) AND (octet_length(facts) <= 65536)))
);

ALTER TABLE public.statements OWNER TO bubuh_owner;

CREATE TABLE public.turn_reminders (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    user_id uuid NOT NULL,
    lane smallint NOT NULL,
    number bigint NOT NULL,
    place bigint,
    language text NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    told_at timestamp with time zone,
    CONSTRAINT turn_reminders_lane_known CHECK (((lane >= 1) AND (lane <= 63))),
    CONSTRAINT turn_reminders_language_known CHECK ((language = ANY (ARRAY['id'::text, 'en'::text]))),
    CONSTRAINT turn_reminders_number CHECK (((number > 0) AND (place > 0))),
    CONSTRAINT turn_reminders_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT turn_reminders_told_placed CHECK (((told_at IS NULL) OR (place IS NOT NULL)))
);

ALTER TABLE public.turn_reminders OWNER TO bubuh_owner;

CREATE TABLE public.uploads (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    size_bytes bigint NOT NULL,
    received_bytes bigint DEFAULT 0 NOT NULL,
    parts bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    name_sealed bytea NOT NULL,
    key_sealed bytea NOT NULL,
    begun_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT uploads_parts CHECK (((received_bytes = 0) = (cardinality(parts) = 0))),
    CONSTRAINT uploads_received CHECK (((received_bytes >= 0) AND (received_bytes <= size_bytes))),
    CONSTRAINT uploads_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT uploads_size CHECK ((size_bytes > 0))
);

ALTER TABLE public.uploads OWNER TO bubuh_owner;

CREATE TABLE public.users (
    id uuid NOT NULL,
    name text NOT NULL,
    roles text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_roles_known CHECK ((roles <@ ARRAY['operator'::text, 'approver'::text, 'auditor'::text]))
);

ALTER TABLE public.users OWNER TO bubuh_owner;

CREATE TABLE public.webhook_deliveries (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    webhook_id uuid NOT NULL,
    no bigint NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT webhook_deliveries_attempts CHECK ((attempts >= 0)),
    CONSTRAINT webhook_deliveries_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.webhook_deliveries OWNER TO bubuh_owner;

CREATE TABLE public.webhook_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    no bigint NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    data jsonb NOT NULL,
    happened_at timestamp with time zone NOT NULL,
    noted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT webhook_events_no CHECK ((no > 0)),
    CONSTRAINT webhook_events_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.webhook_events OWNER TO bubuh_owner;

CREATE TABLE public.webhook_feeds (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    last_no bigint DEFAULT 0 NOT NULL,
    CONSTRAINT webhook_feeds_last_no CHECK ((last_no >= 0)),
    CONSTRAINT webhook_feeds_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.webhook_feeds OWNER TO bubuh_owner;

CREATE TABLE public.webhook_secrets (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    webhook_id uuid NOT NULL,
    id uuid NOT NULL,
    secret_sealed bytea NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    ends_at timestamp with time zone,
    CONSTRAINT webhook_secrets_shard CHECK ((shard = (account_id % (64)::bigint)))
);

ALTER TABLE public.webhook_secrets OWNER TO bubuh_owner;

CREATE TABLE public.webhooks (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    url text NOT NULL,
    state text DEFAULT 'on'::text NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    off_at timestamp with time zone,
    heard_at timestamp with time zone,
    failed_at timestamp with time zone,
    failure text,
    given_up bigint DEFAULT 0 NOT NULL,
    CONSTRAINT webhooks_failure CHECK (((failure IS NULL) = (failed_at IS NULL))),
    CONSTRAINT webhooks_off CHECK (((state = 'off'::text) = (off_at IS NOT NULL))),
    CONSTRAINT webhooks_shard CHECK ((shard = (account_id % (64)::bigint))),
    CONSTRAINT webhooks_state_known CHECK ((state = ANY (ARRAY['on'::text, 'off'::text]))),
    CONSTRAINT webhooks_url_length CHECK (((length(url) >= 1) AND (length(url) <= 2000)))
);

ALTER TABLE public.webhooks OWNER TO bubuh_owner;

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_secret_sha256_key UNIQUE (secret_sha256);

ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_pkey PRIMARY KEY (shard, no);

ALTER TABLE ONLY public.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (shard);

ALTER TABLE ONLY public.challenges
    ADD CONSTRAINT challenges_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.complaint_events
    ADD CONSTRAINT complaint_events_pkey PRIMARY KEY (shard, account_id, complaint_id, state);

ALTER TABLE ONLY public.complaints
    ADD CONSTRAINT complaints_pkey PRIMARY KEY (shard, account_id, id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (address_index);

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.deadline_entitled
    ADD CONSTRAINT deadline_entitled_pkey PRIMARY KEY (deadline_id, mark);

ALTER TABLE ONLY public.deadline_entries
    ADD CONSTRAINT deadline_entries_mark_once UNIQUE (deadline_id, mark);

ALTER TABLE ONLY public.deadline_entries
    ADD CONSTRAINT deadline_entries_pkey PRIMARY KEY (deadline_id, account_id);

ALTER TABLE ONLY public.deadlines
    ADD CONSTRAINT deadlines_lane_once UNIQUE (lane_id);

ALTER TABLE ONLY public.deadlines
    ADD CONSTRAINT deadlines_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.deadlines
    ADD CONSTRAINT deadlines_slug_once UNIQUE (slug);

ALTER TABLE ONLY public.document_revisions
    ADD CONSTRAINT document_revisions_one_a_stamp UNIQUE (shard, account_id, stamp_id);

ALTER TABLE ONLY public.document_revisions
    ADD CONSTRAINT document_revisions_pkey PRIMARY KEY (shard, account_id, document_id, no);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (shard, account_id, id);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_code_mac_key UNIQUE (code_mac);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lane_accounts
    ADD CONSTRAINT lane_accounts_pkey PRIMARY KEY (lane_id, account_id);

ALTER TABLE ONLY public.lane_turns
    ADD CONSTRAINT lane_turns_pkey PRIMARY KEY (lane_id, account_id);

ALTER TABLE ONLY public.log_leaves
    ADD CONSTRAINT log_leaves_pkey PRIMARY KEY (shard, serial);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (user_id, account_id);

ALTER TABLE ONLY public.named_lanes
    ADD CONSTRAINT named_lanes_name_once UNIQUE (name);

ALTER TABLE ONLY public.named_lanes
    ADD CONSTRAINT named_lanes_pkey PRIMARY KEY (lane_id);

ALTER TABLE ONLY public.order_events
    ADD CONSTRAINT order_events_pkey PRIMARY KEY (shard, account_id, order_id, state);

ALTER TABLE ONLY public.order_payments
    ADD CONSTRAINT order_payments_pkey PRIMARY KEY (shard, account_id, order_id, gateway, payment_no);

ALTER TABLE ONLY public.order_reversals
    ADD CONSTRAINT order_reversals_pkey PRIMARY KEY (shard, account_id, order_id, gateway, reversal_no);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (shard, account_id, id);

ALTER TABLE ONLY public.outage_updates
    ADD CONSTRAINT outage_updates_pkey PRIMARY KEY (outage_id, no);

ALTER TABLE ONLY public.outage_updates
    ADD CONSTRAINT outage_updates_word_once UNIQUE (word_id);

ALTER TABLE ONLY public.outages
    ADD CONSTRAINT outages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.outbox_facts
    ADD CONSTRAINT outbox_facts_pkey PRIMARY KEY (shard, account_id, topic, subject);

ALTER TABLE ONLY public.payment_attempt_events
    ADD CONSTRAINT payment_attempt_events_pkey PRIMARY KEY (shard, account_id, order_id, no, state);

ALTER TABLE ONLY public.payment_attempts
    ADD CONSTRAINT payment_attempts_pkey PRIMARY KEY (shard, account_id, order_id, no);

ALTER TABLE ONLY public.payment_attempts
    ADD CONSTRAINT payment_attempts_reference UNIQUE (shard, gateway, reference);

ALTER TABLE ONLY public.payment_bank_calls
    ADD CONSTRAINT payment_bank_calls_pkey PRIMARY KEY (gateway, day, external_no);

ALTER TABLE ONLY public.payment_notice_work
    ADD CONSTRAINT payment_notice_work_pkey PRIMARY KEY (gateway, event_id);

ALTER TABLE ONLY public.payment_notices
    ADD CONSTRAINT payment_notices_pkey PRIMARY KEY (gateway, event_id);

ALTER TABLE ONLY public.payment_unmatched
    ADD CONSTRAINT payment_unmatched_id UNIQUE (shard, id);

ALTER TABLE ONLY public.payment_unmatched
    ADD CONSTRAINT payment_unmatched_pkey PRIMARY KEY (shard, account_id, kind, gateway, subject);

ALTER TABLE ONLY public.quota_balances
    ADD CONSTRAINT quota_balances_pkey PRIMARY KEY (shard, account_id);

ALTER TABLE ONLY public.quota_breaches
    ADD CONSTRAINT quota_breaches_pkey PRIMARY KEY (shard, account_id, invariant, subject);

ALTER TABLE ONLY public.quota_folds
    ADD CONSTRAINT quota_folds_pkey PRIMARY KEY (shard, account_id);

ALTER TABLE ONLY public.quota_holds
    ADD CONSTRAINT quota_holds_pkey PRIMARY KEY (shard, account_id, id);

ALTER TABLE ONLY public.quota_link_heads
    ADD CONSTRAINT quota_link_heads_pkey PRIMARY KEY (shard);

ALTER TABLE ONLY public.quota_linked
    ADD CONSTRAINT quota_linked_pkey PRIMARY KEY (shard, account_id);

ALTER TABLE ONLY public.quota_links
    ADD CONSTRAINT quota_links_pkey PRIMARY KEY (shard, no);

ALTER TABLE ONLY public.quota_shares
    ADD CONSTRAINT quota_shares_pkey PRIMARY KEY (shard, account_id);

ALTER TABLE ONLY public.quota_signed_heads
    ADD CONSTRAINT quota_signed_heads_pkey PRIMARY KEY (no);

ALTER TABLE ONLY public.quota_transfers
    ADD CONSTRAINT quota_transfers_numbered UNIQUE (shard, account_id, no);

ALTER TABLE ONLY public.quota_transfers
    ADD CONSTRAINT quota_transfers_pkey PRIMARY KEY (shard, account_id, ref, kind);

ALTER TABLE ONLY public.quota_watch
    ADD CONSTRAINT quota_watch_pkey PRIMARY KEY (shard);

ALTER TABLE ONLY public.refund_events
    ADD CONSTRAINT refund_events_pkey PRIMARY KEY (shard, account_id, refund_id, state);

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_id UNIQUE (shard, id);

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (shard, account_id, id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.seals
    ADD CONSTRAINT seals_one_a_stamp UNIQUE (shard, account_id, stamp_id);

ALTER TABLE ONLY public.seals
    ADD CONSTRAINT seals_pkey PRIMARY KEY (shard, serial);

ALTER TABLE ONLY public.serial_blocks
    ADD CONSTRAINT serial_blocks_block_shard_key UNIQUE (block, shard);

ALTER TABLE ONLY public.serial_blocks
    ADD CONSTRAINT serial_blocks_pkey PRIMARY KEY (block);

ALTER TABLE ONLY public.service_facts
    ADD CONSTRAINT service_facts_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_id_key UNIQUE (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (secret_sha256);

ALTER TABLE ONLY public.shown_partners
    ADD CONSTRAINT shown_partners_account_once UNIQUE (account_id);

ALTER TABLE ONLY public.shown_partners
    ADD CONSTRAINT shown_partners_name_once UNIQUE (name);

ALTER TABLE ONLY public.shown_partners
    ADD CONSTRAINT shown_partners_pkey PRIMARY KEY (slot);

ALTER TABLE ONLY public.stamp_events
    ADD CONSTRAINT stamp_events_pkey PRIMARY KEY (shard, account_id, stamp_id, state);

ALTER TABLE ONLY public.stamp_levels
    ADD CONSTRAINT stamp_levels_one_a_revision UNIQUE (shard, account_id, document_id, no);

ALTER TABLE ONLY public.stamp_levels
    ADD CONSTRAINT stamp_levels_pkey PRIMARY KEY (shard, account_id, stamp_id);

ALTER TABLE ONLY public.stamps
    ADD CONSTRAINT stamps_pkey PRIMARY KEY (shard, account_id, id);

ALTER TABLE ONLY public.stamps
    ADD CONSTRAINT stamps_serial UNIQUE (shard, serial);

ALTER TABLE ONLY public.statements
    ADD CONSTRAINT statements_pkey PRIMARY KEY (kind, subject, no);

ALTER TABLE ONLY public.turn_reminders
    ADD CONSTRAINT turn_reminders_pkey PRIMARY KEY (shard, account_id, user_id, lane);

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (shard, account_id, id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (shard, account_id, webhook_id, no);

ALTER TABLE ONLY public.webhook_events
    ADD CONSTRAINT webhook_events_once UNIQUE (shard, account_id, id);

ALTER TABLE ONLY public.webhook_events
    ADD CONSTRAINT webhook_events_pkey PRIMARY KEY (shard, account_id, no);

ALTER TABLE ONLY public.webhook_feeds
    ADD CONSTRAINT webhook_feeds_pkey PRIMARY KEY (shard, account_id);

ALTER TABLE ONLY public.webhook_secrets
    ADD CONSTRAINT webhook_secrets_pkey PRIMARY KEY (shard, account_id, webhook_id, id);

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (shard, account_id, id);

CREATE INDEX api_keys_account ON public.api_keys USING btree (account_id);

CREATE INDEX challenges_expiry ON public.challenges USING btree (expires_at);

CREATE INDEX complaints_no ON public.complaints USING btree (shard, id);

CREATE INDEX complaints_open ON public.complaints USING btree (shard, answer_by) WHERE (state = 'open'::text);

CREATE INDEX contacts_user ON public.contacts USING btree (user_id);

CREATE INDEX credentials_nik ON public.credentials USING btree (nik_index) WHERE (nik_index IS NOT NULL);

CREATE INDEX deadline_entries_number ON public.deadline_entries USING btree (deadline_id, number) WHERE (number IS NOT NULL);

CREATE INDEX document_revisions_objects ON public.document_revisions USING btree (shard, object_key);

CREATE INDEX documents_base_objects ON public.documents USING btree (shard, base_object_key) WHERE (base_object_key IS NOT NULL);

CREATE INDEX documents_leftovers ON public.documents USING btree (shard) WHERE ((state = 'destroyed'::text) AND (object_key IS NOT NULL));

CREATE INDEX documents_objects ON public.documents USING btree (shard, object_key) WHERE (object_key IS NOT NULL);

CREATE INDEX documents_unkept ON public.documents USING btree (shard, received_at) WHERE ((state = ANY (ARRAY['receiving'::text, 'ready'::text])) AND (kept_at IS NULL));

CREATE INDEX invitations_account ON public.invitations USING btree (account_id) WHERE (ended_at IS NULL);

CREATE INDEX invitations_expiry ON public.invitations USING btree (expires_at);

CREATE INDEX invitations_no ON public.invitations USING btree (no) WHERE (ended_at IS NULL);

CREATE INDEX lane_accounts_account ON public.lane_accounts USING btree (account_id) WHERE (ended_at IS NULL);

CREATE INDEX memberships_account ON public.memberships USING btree (account_id, created_at, user_id);

CREATE INDEX orders_history ON public.orders USING btree (shard, account_id, placed_at DESC, id DESC);

CREATE UNIQUE INDEX orders_one_open ON public.orders USING btree (shard, account_id) WHERE ((state = 'placed'::text) AND is_only);

CREATE INDEX orders_open ON public.orders USING btree (shard, expires_at) WHERE (state = 'placed'::text);

CREATE INDEX outages_began ON public.outages USING btree (began_at);

CREATE INDEX outages_open ON public.outages USING btree (began_at) WHERE (ended_at IS NULL);

CREATE INDEX outbox_facts_untold ON public.outbox_facts USING btree (shard, not_before) WHERE (told_at IS NULL);

CREATE INDEX payment_attempts_due ON public.payment_attempts USING btree (shard, next_ask_at) WHERE (next_ask_at IS NOT NULL);

CREATE INDEX payment_attempts_va ON public.payment_attempts USING btree (shard, gateway, va) WHERE (va IS NOT NULL);

CREATE INDEX payment_notice_work_waiting ON public.payment_notice_work USING btree (not_before) WHERE (state = 'waiting'::text);

CREATE INDEX payment_unmatched_open ON public.payment_unmatched USING btree (shard, listed_at) WHERE (state = 'open'::text);

CREATE INDEX payment_unmatched_order ON public.payment_unmatched USING btree (shard, account_id, order_id) WHERE (order_id IS NOT NULL);

CREATE INDEX quota_balances_children ON public.quota_balances USING btree (shard, account_id) WHERE (parent_id IS NOT NULL);

CREATE INDEX quota_breaches_open ON public.quota_breaches USING btree (shard, account_id) WHERE (gone_at IS NULL);

CREATE INDEX quota_holds_live ON public.quota_holds USING btree (shard, account_id) WHERE (state = 'held'::text);

CREATE INDEX quota_shares_of_parent ON public.quota_shares USING btree (shard, parent_id, account_id);

CREATE INDEX quota_transfers_recorded ON public.quota_transfers USING btree (shard, recorded_at);

CREATE INDEX refunds_due ON public.refunds USING btree (shard, next_try_at) WHERE (next_try_at IS NOT NULL);

CREATE INDEX refunds_end_told ON public.refunds USING btree (shard, asked_at) WHERE ((end_told IS NOT NULL) AND (ended_at IS NULL));

CREATE INDEX refunds_history ON public.refunds USING btree (shard, account_id, asked_at DESC, id DESC);

CREATE INDEX refunds_order ON public.refunds USING btree (shard, account_id, order_id);

CREATE INDEX refunds_overdue ON public.refunds USING btree (shard, asked_at) WHERE ((next_try_at IS NOT NULL) AND (overdue_at IS NULL));

CREATE INDEX refunds_waiting ON public.refunds USING btree (shard, asked_at) WHERE (state = 'waiting'::text);

CREATE INDEX sessions_expiry ON public.sessions USING btree (expires_at);

CREATE INDEX sessions_user ON public.sessions USING btree (user_id);

CREATE INDEX stamp_levels_objects ON public.stamp_levels USING btree (shard, dss_object_key) WHERE (dss_object_key IS NOT NULL);

CREATE INDEX stamp_levels_pending ON public.stamp_levels USING btree (shard, account_id, document_id) WHERE (state = 'pending'::text);

CREATE INDEX stamps_history ON public.stamps USING btree (shard, account_id, accepted_at DESC, id DESC);

CREATE UNIQUE INDEX stamps_one_in_work ON public.stamps USING btree (shard, account_id, document_id) WHERE (state = 'processing'::text);

CREATE INDEX stamps_queue ON public.stamps USING btree (shard, queue_at, id) WHERE (state = 'accepted'::text);

CREATE INDEX stamps_waiting ON public.stamps USING btree (shard, accepted_at) WHERE (state = 'accepted'::text);

CREATE INDEX statements_unsigned ON public.statements USING btree (wanted_at) WHERE ((signature IS NULL) AND (refused_at IS NULL));

CREATE INDEX turn_reminders_expired ON public.turn_reminders USING btree (shard, expires_at);

CREATE INDEX turn_reminders_untold ON public.turn_reminders USING btree (shard, lane, place) WHERE (told_at IS NULL);

CREATE INDEX uploads_expired ON public.uploads USING btree (shard, expires_at);

CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (shard, account_id, webhook_id, due_at, no);

CREATE INDEX webhook_events_noted ON public.webhook_events USING btree (shard, noted_at);

CREATE UNIQUE INDEX webhook_secrets_newest ON public.webhook_secrets USING btree (shard, account_id, webhook_id) WHERE (ends_at IS NULL);

CREATE TRIGGER audit_entries_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER complaint_events_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.complaint_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER document_revisions_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.document_revisions FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER log_leaves_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.log_leaves FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER order_events_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.order_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER order_payments_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.order_payments FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER order_reversals_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.order_reversals FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER outage_updates_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.outage_updates FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER payment_attempt_events_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.payment_attempt_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER payment_notices_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.payment_notices FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER quota_links_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.quota_links FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER quota_shares_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.quota_shares FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER quota_signed_heads_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.quota_signed_heads FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER quota_transfers_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.quota_transfers FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER refund_events_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.refund_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER seals_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seals FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER serial_blocks_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.serial_blocks FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER service_facts_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.service_facts FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER stamp_events_ro BEFORE DELETE OR UPDATE OR TRUNCATE ON public.stamp_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.challenges
    ADD CONSTRAINT challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.deadline_entitled
    ADD CONSTRAINT deadline_entitled_deadline_id_fkey FOREIGN KEY (deadline_id) REFERENCES public.deadlines(id);

ALTER TABLE ONLY public.deadline_entries
    ADD CONSTRAINT deadline_entries_deadline_id_fkey FOREIGN KEY (deadline_id) REFERENCES public.deadlines(id);

ALTER TABLE ONLY public.deadline_entries
    ADD CONSTRAINT deadline_entries_listed FOREIGN KEY (deadline_id, mark) REFERENCES public.deadline_entitled(deadline_id, mark);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_accepted_by_fkey FOREIGN KEY (accepted_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.lane_accounts
    ADD CONSTRAINT lane_accounts_lane_id_fkey FOREIGN KEY (lane_id) REFERENCES public.named_lanes(lane_id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.outage_updates
    ADD CONSTRAINT outage_updates_outage_id_fkey FOREIGN KEY (outage_id) REFERENCES public.outages(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.stamps
    ADD CONSTRAINT stamps_block_known FOREIGN KEY (block, shard) REFERENCES public.serial_blocks(block, shard);

GRANT USAGE ON SCHEMA public TO bubuh_app;

GRANT USAGE ON SCHEMA public TO bubuh_signer;

REVOKE ALL ON FUNCTION public.audit_append(_shard smallint, _account_id bigint, _act text, _actor text, _facts text) FROM PUBLIC;

GRANT ALL ON FUNCTION public.audit_append(_shard smallint, _account_id bigint, _act text, _actor text, _facts text) TO bubuh_app;

REVOKE ALL ON FUNCTION public.audit_hash(_previous bytea, _shard smallint, _no bigint, _account_id bigint, _act text, _actor text, _facts text, _at timestamp with time zone) FROM PUBLIC;

GRANT ALL ON FUNCTION public.audit_hash(_previous bytea, _shard smallint, _no bigint, _account_id bigint, _act text, _actor text, _facts text, _at timestamp with time zone) TO bubuh_app;

REVOKE ALL ON FUNCTION public.in_scope(_id bigint, _wanted bigint[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.in_scope(_id bigint, _wanted bigint[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.in_scope(_id uuid, _wanted uuid[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.in_scope(_id uuid, _wanted uuid[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.orders_expire_n(_shard smallint, _limit integer) FROM PUBLIC;

GRANT ALL ON FUNCTION public.orders_expire_n(_shard smallint, _limit integer) TO bubuh_app;

REVOKE ALL ON FUNCTION public.orders_place_money(_shard smallint, _id uuid, _account_id bigint, _gateway text, _payment_no text, _amount_idr bigint, _outcome text, _over_idr bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.orders_place_n(_shard smallint, _ids uuid[], _account_ids bigint[], _requests_sha256 bytea[], _stamps bigint[], _methods text[], _amounts_idr bigint[], _actors text[], _valid_s double precision[], _gateways text[], _references text[], _are_only boolean[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.orders_place_n(_shard smallint, _ids uuid[], _account_ids bigint[], _requests_sha256 bytea[], _stamps bigint[], _methods text[], _amounts_idr bigint[], _actors text[], _valid_s double precision[], _gateways text[], _references text[], _are_only boolean[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.orders_return_money(_shard smallint, _account_id bigint, _id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.orders_return_n(_shard smallint, _grace_s double precision, _limit integer) FROM PUBLIC;

GRANT ALL ON FUNCTION public.orders_return_n(_shard smallint, _grace_s double precision, _limit integer) TO bubuh_app;

REVOKE ALL ON FUNCTION public.orders_reverse(_shard smallint, _account_id bigint, _id uuid, _gateway text, _reversal_no text, _payment_no text, _amount_idr bigint, _reversed_at timestamp with time zone) FROM PUBLIC;

GRANT ALL ON FUNCTION public.orders_reverse(_shard smallint, _account_id bigint, _id uuid, _gateway text, _reversal_no text, _payment_no text, _amount_idr bigint, _reversed_at timestamp with time zone) TO bubuh_app;

REVOKE ALL ON FUNCTION public.orders_settle_n(_shard smallint, _ids uuid[], _account_ids bigint[], _gateways text[], _payment_nos text[], _amounts_idr bigint[], _paid_ats timestamp with time zone[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.orders_settle_n(_shard smallint, _ids uuid[], _account_ids bigint[], _gateways text[], _payment_nos text[], _amounts_idr bigint[], _paid_ats timestamp with time zone[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.outbox_mark_told_n(_shard smallint, _account_ids bigint[], _topics text[], _subjects uuid[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.outbox_mark_told_n(_shard smallint, _account_ids bigint[], _topics text[], _subjects uuid[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.outbox_put_off_n(_shard smallint, _account_ids bigint[], _topics text[], _subjects uuid[], _waits_s double precision[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.outbox_put_off_n(_shard smallint, _account_ids bigint[], _topics text[], _subjects uuid[], _waits_s double precision[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.payments_end_notices_n(_gateways text[], _event_ids text[], _states text[], _outcomes text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.payments_end_notices_n(_gateways text[], _event_ids text[], _states text[], _outcomes text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.payments_explain_order(_shard smallint, _account_id bigint, _order_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.payments_keep_notices_n(_gateways text[], _event_ids text[], _addresses text[], _bodies bytea[], _headers text[], _refusals text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.payments_keep_notices_n(_gateways text[], _event_ids text[], _addresses text[], _bodies bytea[], _headers text[], _refusals text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.payments_lease_notices_n(_limit integer) FROM PUBLIC;

GRANT ALL ON FUNCTION public.payments_lease_notices_n(_limit integer) TO bubuh_app;

REVOKE ALL ON FUNCTION public.payments_lessen_line(_shard smallint, _account_id bigint, _kind text, _gateway text, _subject text, _by bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.payments_line_id(_shard smallint, _kind text, _gateway text, _subject text) FROM PUBLIC;

GRANT ALL ON FUNCTION public.payments_line_id(_shard smallint, _kind text, _gateway text, _subject text) TO bubuh_app;

REVOKE ALL ON FUNCTION public.payments_list_unmatched_n(_shard smallint, _account_ids bigint[], _kinds text[], _gateways text[], _subjects text[], _order_ids uuid[], _references text[], _amounts bigint[], _currencies text[], _whys text[], _suggestions text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.payments_list_unmatched_n(_shard smallint, _account_ids bigint[], _kinds text[], _gateways text[], _subjects text[], _order_ids uuid[], _references text[], _amounts bigint[], _currencies text[], _whys text[], _suggestions text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.payments_match_line_n(_shard smallint, _account_ids bigint[], _kinds text[], _gateways text[], _subjects text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.payments_match_line_n(_shard smallint, _account_ids bigint[], _kinds text[], _gateways text[], _subjects text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.payments_next_ask(_now timestamp with time zone, _state text, _asks integer, _looked_at timestamp with time zone, _expires_at timestamp with time zone) FROM PUBLIC;

GRANT ALL ON FUNCTION public.payments_next_ask(_now timestamp with time zone, _state text, _asks integer, _looked_at timestamp with time zone, _expires_at timestamp with time zone) TO bubuh_app;

REVOKE ALL ON FUNCTION public.payments_note_bank_call(_gateway text, _day date, _external_no text, _request_sha256 bytea) FROM PUBLIC;

GRANT ALL ON FUNCTION public.payments_note_bank_call(_gateway text, _day date, _external_no text, _request_sha256 bytea) TO bubuh_app;

REVOKE ALL ON FUNCTION public.payments_record_n(_shard smallint, _account_ids bigint[], _order_ids uuid[], _nos integer[], _states text[], _qris text[], _vas text[], _pay_urls text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.payments_record_n(_shard smallint, _account_ids bigint[], _order_ids uuid[], _nos integer[], _states text[], _qris text[], _vas text[], _pay_urls text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.payments_resolve_line(_shard smallint, _id uuid, _resolution text, _reason text, _actor text) FROM PUBLIC;

GRANT ALL ON FUNCTION public.payments_resolve_line(_shard smallint, _id uuid, _resolution text, _reason text, _actor text) TO bubuh_app;

REVOKE ALL ON FUNCTION public.payments_take_due_n(_shard smallint, _resting text[], _limit integer) FROM PUBLIC;

GRANT ALL ON FUNCTION public.payments_take_due_n(_shard smallint, _resting text[], _limit integer) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_allot_n(_shard smallint, _refs uuid[], _account_ids bigint[], _stamps bigint[], _sources text[], _actors text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_allot_n(_shard smallint, _refs uuid[], _account_ids bigint[], _stamps bigint[], _sources text[], _actors text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_capture_n(_shard smallint, _ids uuid[], _account_ids bigint[], _credit text, _actors text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_capture_n(_shard smallint, _ids uuid[], _account_ids bigint[], _credit text, _actors text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_end_n(_shard smallint, _ids uuid[], _account_ids bigint[], _kind text, _credit text, _actors text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.quota_end_shared_n(_shard smallint, _ids uuid[], _account_ids bigint[], _kind text, _credit text, _actors text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.quota_fold(_shard smallint, _account_ids bigint[], _least integer) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_fold(_shard smallint, _account_ids bigint[], _least integer) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_freeze(_shard smallint, _account_id bigint) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_freeze(_shard smallint, _account_id bigint) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_hold_n(_shard smallint, _ids uuid[], _account_ids bigint[], _stamps bigint[], _purpose text, _actors text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_hold_n(_shard smallint, _ids uuid[], _account_ids bigint[], _stamps bigint[], _purpose text, _actors text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_hold_shared_n(_shard smallint, _ids uuid[], _account_ids bigint[], _stamps bigint[], _purpose text, _actors text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.quota_keep_head(_no bigint, _signed_at timestamp with time zone, _nos bigint[], _digest bytea, _previous_hash bytea, _key_id text, _signature bytea) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_keep_head(_no bigint, _signed_at timestamp with time zone, _nos bigint[], _digest bytea, _previous_hash bytea, _key_id text, _signature bytea) TO bubuh_signer;

REVOKE ALL ON FUNCTION public.quota_leaf(_shard smallint, _account_id bigint, _no bigint, _ref uuid, _kind text, _debit text, _credit text, _stamps bigint, _counter_account_id bigint, _at timestamp with time zone, _actor text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.quota_left_n(_shard smallint, _account_ids bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.quota_link(_shard smallint, _after bigint, _limit bigint) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_link(_shard smallint, _after bigint, _limit bigint) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_link_hash(_previous bytea, _shard smallint, _no bigint, _at timestamp with time zone, _account_ids bigint[], _firsts bigint[], _lasts bigint[], _leaves bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.quota_lock_parents(_shard smallint, _account_ids bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.quota_mark_n(_shard smallint, _places tid[], _state text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.quota_release_n(_shard smallint, _ids uuid[], _account_ids bigint[], _actors text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_release_n(_shard smallint, _ids uuid[], _account_ids bigint[], _actors text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_share_change(_shard smallint, _parent_id bigint, _child_id bigint, _limit bigint, _is_closed boolean) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_share_change(_shard smallint, _parent_id bigint, _child_id bigint, _limit bigint, _is_closed boolean) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_share_open(_shard smallint, _parent_id bigint, _child_id bigint, _name text, _limit bigint) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_share_open(_shard smallint, _parent_id bigint, _child_id bigint, _name text, _limit bigint) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_thaw(_shard smallint, _account_id bigint) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_thaw(_shard smallint, _account_id bigint) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_transfer_n(_shard smallint, _leg text, _refs uuid[], _account_ids bigint[], _counter_account_ids bigint[], _stamps bigint[], _actors text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_transfer_n(_shard smallint, _leg text, _refs uuid[], _account_ids bigint[], _counter_account_ids bigint[], _stamps bigint[], _actors text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.quota_unfold(_shard smallint, _account_ids bigint[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.quota_unfold(_shard smallint, _account_ids bigint[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.refunds_ask(_shard smallint, _id uuid, _account_id bigint, _order_id uuid, _request_sha256 bytea, _stamps bigint, _refundable_idr bigint, _limit_idr bigint, _reason text, _actor text) FROM PUBLIC;

GRANT ALL ON FUNCTION public.refunds_ask(_shard smallint, _id uuid, _account_id bigint, _order_id uuid, _request_sha256 bytea, _stamps bigint, _refundable_idr bigint, _limit_idr bigint, _reason text, _actor text) TO bubuh_app;

REVOKE ALL ON FUNCTION public.refunds_close(_shard smallint, _account_id bigint, _id uuid, _end text, _why text, _move text, _actor text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.refunds_decide(_shard smallint, _id uuid, _agrees boolean, _actor text) FROM PUBLIC;

GRANT ALL ON FUNCTION public.refunds_decide(_shard smallint, _id uuid, _agrees boolean, _actor text) TO bubuh_app;

REVOKE ALL ON FUNCTION public.refunds_left(_shard smallint, _account_id bigint, _order_id uuid) FROM PUBLIC;

GRANT ALL ON FUNCTION public.refunds_left(_shard smallint, _account_id bigint, _order_id uuid) TO bubuh_app;

REVOKE ALL ON FUNCTION public.refunds_list_overdue(_shard smallint, _after_s double precision, _limit integer) FROM PUBLIC;

GRANT ALL ON FUNCTION public.refunds_list_overdue(_shard smallint, _after_s double precision, _limit integer) TO bubuh_app;

REVOKE ALL ON FUNCTION public.refunds_open_surplus(_shard smallint, _account_id bigint, _order_id uuid, _gateway text, _payment_no text, _amount_idr bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.refunds_record(_shard smallint, _account_id bigint, _id uuid, _word text, _why text) FROM PUBLIC;

GRANT ALL ON FUNCTION public.refunds_record(_shard smallint, _account_id bigint, _id uuid, _word text, _why text) TO bubuh_app;

REVOKE ALL ON FUNCTION public.refunds_take_due_n(_shard smallint, _resting text[], _limit integer) FROM PUBLIC;

GRANT ALL ON FUNCTION public.refunds_take_due_n(_shard smallint, _resting text[], _limit integer) TO bubuh_app;

REVOKE ALL ON FUNCTION public.refunds_tell_end(_shard smallint, _id uuid, _end text, _why text, _limit_idr bigint, _actor text) FROM PUBLIC;

GRANT ALL ON FUNCTION public.refunds_tell_end(_shard smallint, _id uuid, _end text, _why text, _limit_idr bigint, _actor text) TO bubuh_app;

REVOKE ALL ON FUNCTION public.refuse_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.stamping_accept_n(_shard smallint, _ids uuid[], _account_ids bigint[], _actors text[], _request_sha256s bytea[], _document_ids uuid[], _pages integer[], _xs double precision[], _ys double precision[], _sides double precision[], _types text[], _nos text[], _dates date[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_accept_n(_shard smallint, _ids uuid[], _account_ids bigint[], _actors text[], _request_sha256s bytea[], _document_ids uuid[], _pages integer[], _xs double precision[], _ys double precision[], _sides double precision[], _types text[], _nos text[], _dates date[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_affix_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _object_keys text[], _increment_bytes integer[], _sha256s bytea[], _sizes bigint[], _gaps integer[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_affix_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _object_keys text[], _increment_bytes integer[], _sha256s bytea[], _sizes bigint[], _gaps integer[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_bury(_shard smallint, _worker text) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_bury(_shard smallint, _worker text) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_intend_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _serials bigint[], _serial_nos text[], _base_revisions integer[], _base_sha256s bytea[], _signed_ats timestamp with time zone[], _file_ids bytea[], _key_ids text[], _levels text[], _time_stamp_rooms integer[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_intend_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _serials bigint[], _serial_nos text[], _base_revisions integer[], _base_sha256s bytea[], _signed_ats timestamp with time zone[], _file_ids bytea[], _key_ids text[], _levels text[], _time_stamp_rooms integer[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_lease_n(_shard smallint, _worker text, _limit integer, _suspects integer, _lease_s double precision, _unrenewed uuid[], _untils timestamp with time zone[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_lease_n(_shard smallint, _worker text, _limit integer, _suspects integer, _lease_s double precision, _unrenewed uuid[], _untils timestamp with time zone[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_level_append(_shard smallint, _id uuid, _account_id bigint, _object_key text, _bytes integer, _sha256 bytea, _size_bytes bigint) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_level_append(_shard smallint, _id uuid, _account_id bigint, _object_key text, _bytes integer, _sha256 bytea, _size_bytes bigint) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_level_give_up(_shard smallint, _id uuid, _account_id bigint, _reason text) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_level_give_up(_shard smallint, _id uuid, _account_id bigint, _reason text) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_level_lease_n(_shard smallint, _limit integer, _lease_s double precision) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_level_lease_n(_shard smallint, _limit integer, _lease_s double precision) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_level_stamp(_shard smallint, _id uuid, _account_id bigint, _token bytea, _sha256 bytea, _size_bytes bigint) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_level_stamp(_shard smallint, _id uuid, _account_id bigint, _token bytea, _sha256 bytea, _size_bytes bigint) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_level_wait(_shard smallint, _id uuid, _account_id bigint, _reason text, _wait_s double precision) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_level_wait(_shard smallint, _id uuid, _account_id bigint, _reason text, _wait_s double precision) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_lock_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.stamping_renew_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _lease_s double precision) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_renew_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _lease_s double precision) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_return_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _reasons text[], _actors text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_return_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _reasons text[], _actors text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_seal_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _digests bytea[], _signatures bytea[], _key_ids text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_seal_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _digests bytea[], _signatures bytea[], _key_ids text[]) TO bubuh_signer;

REVOKE ALL ON FUNCTION public.stamping_write_plan_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _digests bytea[], _plans_sealed bytea[], _tiers text[]) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_write_plan_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _digests bytea[], _plans_sealed bytea[], _tiers text[]) TO bubuh_app;

REVOKE ALL ON FUNCTION public.stamping_yield_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _wait_s double precision) FROM PUBLIC;

GRANT ALL ON FUNCTION public.stamping_yield_n(_shard smallint, _ids uuid[], _account_ids bigint[], _fences integer[], _wait_s double precision) TO bubuh_app;

REVOKE ALL ON FUNCTION public.statement_refuse(_kind text, _subject uuid, _no integer) FROM PUBLIC;

GRANT ALL ON FUNCTION public.statement_refuse(_kind text, _subject uuid, _no integer) TO bubuh_signer;

REVOKE ALL ON FUNCTION public.statement_sign(_kind text, _subject uuid, _no integer, _key_id text, _signature bytea) FROM PUBLIC;

GRANT ALL ON FUNCTION public.statement_sign(_kind text, _subject uuid, _no integer, _key_id text, _signature bytea) TO bubuh_signer;

GRANT SELECT,INSERT ON TABLE public.accounts TO bubuh_app;

GRANT UPDATE(name) ON TABLE public.accounts TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.api_keys TO bubuh_app;

GRANT UPDATE(revoked_at) ON TABLE public.api_keys TO bubuh_app;

GRANT SELECT ON TABLE public.audit_entries TO bubuh_app;

GRANT SELECT ON TABLE public.audit_heads TO bubuh_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.challenges TO bubuh_app;

GRANT UPDATE(tries_left) ON TABLE public.challenges TO bubuh_app;

GRANT UPDATE(proved_at) ON TABLE public.challenges TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.complaint_events TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.complaints TO bubuh_app;

GRANT UPDATE(words_sealed) ON TABLE public.complaints TO bubuh_app;

GRANT UPDATE(state) ON TABLE public.complaints TO bubuh_app;

GRANT UPDATE(answer_sealed) ON TABLE public.complaints TO bubuh_app;

GRANT UPDATE(answered_at) ON TABLE public.complaints TO bubuh_app;

GRANT UPDATE(answered_by) ON TABLE public.complaints TO bubuh_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.contacts TO bubuh_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.credentials TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.deadline_entitled TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.deadline_entries TO bubuh_app;

GRANT UPDATE(turn) ON TABLE public.deadline_entries TO bubuh_app;

GRANT UPDATE(code) ON TABLE public.deadline_entries TO bubuh_app;

GRANT UPDATE(number) ON TABLE public.deadline_entries TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.deadlines TO bubuh_app;

GRANT UPDATE(closed_at) ON TABLE public.deadlines TO bubuh_app;

GRANT SELECT ON TABLE public.document_revisions TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(state) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(pages) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(boxes) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(name_sealed) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(key_sealed) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(object_key) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(reason) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(flags) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(base_object_key) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(base_sha256) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(base_size_bytes) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(normalised_for) ON TABLE public.documents TO bubuh_app;

GRANT UPDATE(kept_at) ON TABLE public.documents TO bubuh_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.invitations TO bubuh_app;

GRANT UPDATE(tries_left) ON TABLE public.invitations TO bubuh_app;

GRANT UPDATE(ended_at) ON TABLE public.invitations TO bubuh_app;

GRANT UPDATE(accepted_by) ON TABLE public.invitations TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.lane_accounts TO bubuh_app;

GRANT UPDATE(named_by) ON TABLE public.lane_accounts TO bubuh_app;

GRANT UPDATE(named_at) ON TABLE public.lane_accounts TO bubuh_app;

GRANT UPDATE(ended_at) ON TABLE public.lane_accounts TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.lane_turns TO bubuh_app;

GRANT UPDATE(turn) ON TABLE public.lane_turns TO bubuh_app;

GRANT UPDATE(code) ON TABLE public.lane_turns TO bubuh_app;

GRANT UPDATE(number) ON TABLE public.lane_turns TO bubuh_app;

GRANT UPDATE(taken_at) ON TABLE public.lane_turns TO bubuh_app;

GRANT SELECT ON TABLE public.log_leaves TO bubuh_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.memberships TO bubuh_app;

GRANT UPDATE(role) ON TABLE public.memberships TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.named_lanes TO bubuh_app;

GRANT UPDATE(title) ON TABLE public.named_lanes TO bubuh_app;

GRANT UPDATE(floor) ON TABLE public.named_lanes TO bubuh_app;

GRANT UPDATE(ceiling) ON TABLE public.named_lanes TO bubuh_app;

GRANT UPDATE(weight) ON TABLE public.named_lanes TO bubuh_app;

GRANT UPDATE(closed_at) ON TABLE public.named_lanes TO bubuh_app;

GRANT SELECT ON TABLE public.order_events TO bubuh_app;

GRANT SELECT ON TABLE public.order_payments TO bubuh_app;

GRANT SELECT ON TABLE public.order_reversals TO bubuh_app;

GRANT SELECT ON TABLE public.orders TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.outage_updates TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.outages TO bubuh_app;

GRANT UPDATE(ended_at) ON TABLE public.outages TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.outbox_facts TO bubuh_app;

GRANT UPDATE(facts) ON TABLE public.outbox_facts TO bubuh_app;

GRANT UPDATE(attempts) ON TABLE public.outbox_facts TO bubuh_app;

GRANT UPDATE(not_before) ON TABLE public.outbox_facts TO bubuh_app;

GRANT UPDATE(told_at) ON TABLE public.outbox_facts TO bubuh_app;

GRANT SELECT ON TABLE public.payment_attempt_events TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.payment_attempts TO bubuh_app;

GRANT UPDATE(next_ask_at) ON TABLE public.payment_attempts TO bubuh_app;

GRANT UPDATE(asked_at) ON TABLE public.payment_attempts TO bubuh_app;

GRANT UPDATE(looked_at) ON TABLE public.payment_attempts TO bubuh_app;

GRANT UPDATE(asks) ON TABLE public.payment_attempts TO bubuh_app;

GRANT UPDATE(fault) ON TABLE public.payment_attempts TO bubuh_app;

GRANT SELECT ON TABLE public.payment_bank_calls TO bubuh_app;

GRANT SELECT ON TABLE public.payment_notice_work TO bubuh_app;

GRANT SELECT ON TABLE public.payment_notices TO bubuh_app;

GRANT SELECT ON TABLE public.payment_unmatched TO bubuh_app;

GRANT SELECT ON TABLE public.quota_balances TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.quota_breaches TO bubuh_app;

GRANT UPDATE(expected) ON TABLE public.quota_breaches TO bubuh_app;

GRANT UPDATE(found) ON TABLE public.quota_breaches TO bubuh_app;

GRANT UPDATE(found_by) ON TABLE public.quota_breaches TO bubuh_app;

GRANT UPDATE(found_at) ON TABLE public.quota_breaches TO bubuh_app;

GRANT UPDATE(gone_at) ON TABLE public.quota_breaches TO bubuh_app;

GRANT SELECT ON TABLE public.quota_folds TO bubuh_app;

GRANT SELECT ON TABLE public.quota_holds TO bubuh_app;

GRANT SELECT ON TABLE public.quota_link_heads TO bubuh_app;

GRANT SELECT ON TABLE public.quota_link_heads TO bubuh_signer;

GRANT SELECT ON TABLE public.quota_linked TO bubuh_app;

GRANT SELECT ON TABLE public.quota_links TO bubuh_app;

GRANT SELECT ON TABLE public.quota_links TO bubuh_signer;

GRANT SELECT ON TABLE public.quota_shares TO bubuh_app;

GRANT SELECT ON TABLE public.quota_shown TO bubuh_app;

GRANT SELECT ON TABLE public.quota_signed_heads TO bubuh_app;

GRANT SELECT ON TABLE public.quota_signed_heads TO bubuh_signer;

GRANT SELECT ON TABLE public.quota_transfers TO bubuh_app;

GRANT SELECT ON TABLE public.quota_watch TO bubuh_app;

GRANT UPDATE(taken_at) ON TABLE public.quota_watch TO bubuh_app;

GRANT UPDATE(passed_at) ON TABLE public.quota_watch TO bubuh_app;

GRANT UPDATE(read_to) ON TABLE public.quota_watch TO bubuh_app;

GRANT UPDATE(patrolled_at) ON TABLE public.quota_watch TO bubuh_app;

GRANT UPDATE(patrol_after) ON TABLE public.quota_watch TO bubuh_app;

GRANT UPDATE(audit_no) ON TABLE public.quota_watch TO bubuh_app;

GRANT UPDATE(audit_hash) ON TABLE public.quota_watch TO bubuh_app;

GRANT SELECT ON TABLE public.refund_events TO bubuh_app;

GRANT SELECT ON TABLE public.refunds TO bubuh_app;

GRANT UPDATE(fault) ON TABLE public.refunds TO bubuh_app;

GRANT SELECT ON TABLE public.seals TO bubuh_app;

GRANT SELECT ON TABLE public.seals TO bubuh_signer;

GRANT SELECT,INSERT ON TABLE public.serial_blocks TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.service_facts TO bubuh_app;

GRANT SELECT ON TABLE public.service_facts TO bubuh_signer;

GRANT SELECT,INSERT,DELETE ON TABLE public.sessions TO bubuh_app;

GRANT UPDATE(account_id) ON TABLE public.sessions TO bubuh_app;

GRANT UPDATE(seen_at) ON TABLE public.sessions TO bubuh_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.shown_partners TO bubuh_app;

GRANT SELECT ON TABLE public.stamp_events TO bubuh_app;

GRANT SELECT ON TABLE public.stamp_levels TO bubuh_app;

GRANT SELECT ON TABLE public.stamps TO bubuh_app;

GRANT SELECT(shard) ON TABLE public.stamps TO bubuh_signer;

GRANT SELECT(account_id) ON TABLE public.stamps TO bubuh_signer;

GRANT SELECT(id) ON TABLE public.stamps TO bubuh_signer;

GRANT SELECT(state) ON TABLE public.stamps TO bubuh_signer;

GRANT SELECT(fence) ON TABLE public.stamps TO bubuh_signer;

GRANT SELECT(serial) ON TABLE public.stamps TO bubuh_signer;

GRANT SELECT(serial_no) ON TABLE public.stamps TO bubuh_signer;

GRANT SELECT(key_id) ON TABLE public.stamps TO bubuh_signer;

GRANT SELECT(digest) ON TABLE public.stamps TO bubuh_signer;

GRANT SELECT ON TABLE public.statements TO bubuh_app;

GRANT SELECT ON TABLE public.statements TO bubuh_signer;

GRANT INSERT(kind) ON TABLE public.statements TO bubuh_app;

GRANT INSERT(subject) ON TABLE public.statements TO bubuh_app;

GRANT INSERT(no) ON TABLE public.statements TO bubuh_app;

GRANT INSERT(facts) ON TABLE public.statements TO bubuh_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.turn_reminders TO bubuh_app;

GRANT UPDATE(number) ON TABLE public.turn_reminders TO bubuh_app;

GRANT UPDATE(place) ON TABLE public.turn_reminders TO bubuh_app;

GRANT UPDATE(language) ON TABLE public.turn_reminders TO bubuh_app;

GRANT UPDATE(asked_at) ON TABLE public.turn_reminders TO bubuh_app;

GRANT UPDATE(expires_at) ON TABLE public.turn_reminders TO bubuh_app;

GRANT UPDATE(told_at) ON TABLE public.turn_reminders TO bubuh_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.uploads TO bubuh_app;

GRANT UPDATE(received_bytes) ON TABLE public.uploads TO bubuh_app;

GRANT UPDATE(parts) ON TABLE public.uploads TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.users TO bubuh_app;

GRANT UPDATE(name) ON TABLE public.users TO bubuh_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.webhook_deliveries TO bubuh_app;

GRANT UPDATE(attempts) ON TABLE public.webhook_deliveries TO bubuh_app;

GRANT UPDATE(due_at) ON TABLE public.webhook_deliveries TO bubuh_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.webhook_events TO bubuh_app;

GRANT SELECT,INSERT ON TABLE public.webhook_feeds TO bubuh_app;

GRANT UPDATE(last_no) ON TABLE public.webhook_feeds TO bubuh_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.webhook_secrets TO bubuh_app;

GRANT UPDATE(ends_at) ON TABLE public.webhook_secrets TO bubuh_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.webhooks TO bubuh_app;

GRANT UPDATE(state) ON TABLE public.webhooks TO bubuh_app;

GRANT UPDATE(off_at) ON TABLE public.webhooks TO bubuh_app;

GRANT UPDATE(heard_at) ON TABLE public.webhooks TO bubuh_app;

GRANT UPDATE(failed_at) ON TABLE public.webhooks TO bubuh_app;

GRANT UPDATE(failure) ON TABLE public.webhooks TO bubuh_app;

GRANT UPDATE(given_up) ON TABLE public.webhooks TO bubuh_app;

ALTER DEFAULT PRIVILEGES FOR ROLE bubuh_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
