-- Why: paid means credited. An order, the attempts to have it paid, the gateway's words as they came, and the one
-- function that turns money into quota.
-- Order does not matter: a notice, an answer to a question and a settlement line all end in the same rows, because
-- a payment counts once by its gateway's number, and an attempt's state only rises.
-- Lock order: new orders by account, orders by id, attempts by order, balances by account.
-- Batches are decided and written a row at a time, each found by its whole key: of a join with a batch, whose length
-- it does not know, the planner thinks that it had better read the whole shard, until a shard is thousands of rows. What
-- a partial index says of a row (`state = 'open'`) does not stand beside its key: that index would be read, all of it.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

-- ---------------------------------------------------------------- orders

-- The shard stands in the id's first byte: a gateway's reference, which shows the id, says where to look.
CREATE TABLE orders (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    request_sha256 bytea NOT NULL,
    stamps bigint NOT NULL,
    method text NOT NULL,
    amount_idr bigint NOT NULL,
    amount_paid_idr bigint NOT NULL DEFAULT 0, -- all that came
    amount_returned_idr bigint NOT NULL DEFAULT 0, -- of that, what bought nothing and goes or went back
    state text NOT NULL,
    actor text NOT NULL,
    is_only boolean NOT NULL DEFAULT false, -- placed while people queue: its account's one open order
    placed_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (shard, account_id, id),
    CONSTRAINT orders_shard CHECK (shard = account_id % 64),
    CONSTRAINT orders_id_names_shard CHECK (get_byte(uuid_send(id), 0) = shard),
    CONSTRAINT orders_request_sha256 CHECK (length(request_sha256) = 32),
    CONSTRAINT orders_stamps_positive CHECK (stamps > 0),
    CONSTRAINT orders_amount_positive CHECK (amount_idr > 0),
    CONSTRAINT orders_paid_not_negative CHECK (amount_paid_idr >= 0),
    CONSTRAINT orders_returned_was_paid CHECK (amount_returned_idr BETWEEN 0 AND amount_paid_idr),
    CONSTRAINT orders_method_known CHECK (method IN ('qris', 'va')),
    CONSTRAINT orders_state_known CHECK (state IN ('placed', 'paid', 'filled', 'expired', 'cancelled')),
    CONSTRAINT orders_paid_whole CHECK (
        state NOT IN ('paid', 'filled') OR amount_paid_idr - amount_returned_idr >= amount_idr
    )
) WITH (fillfactor = 85);
CREATE INDEX orders_history ON orders (shard, account_id, placed_at DESC, id DESC);
CREATE INDEX orders_open ON orders (shard, expires_at) WHERE state = 'placed';
-- However many ask at once: of those placed while people queue, an account has one that is not paid.
CREATE UNIQUE INDEX orders_one_open ON orders (shard, account_id) WHERE state = 'placed' AND is_only;
GRANT SELECT ON orders TO bubuh_app;

-- An order enters each state once, by a named move: `pay_late` is one that the gateway forced.
CREATE TABLE order_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    order_id uuid NOT NULL,
    state text NOT NULL,
    move text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id, order_id, state),
    CONSTRAINT order_events_shard CHECK (shard = account_id % 64)
);
CREATE TRIGGER order_events_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON order_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON order_events TO bubuh_app;

-- Money that arrived, once for each of the gateway's own payment numbers: partial, double and late ones too.
-- A refund of money goes back to one of these rows.
CREATE TABLE order_payments (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    order_id uuid NOT NULL,
    gateway text NOT NULL,
    payment_no text NOT NULL,
    amount_idr bigint NOT NULL,
    paid_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id, order_id, gateway, payment_no),
    CONSTRAINT order_payments_shard CHECK (shard = account_id % 64),
    CONSTRAINT order_payments_positive CHECK (amount_idr > 0)
);
CREATE TRIGGER order_payments_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON order_payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON order_payments TO bubuh_app;

-- Money of a payment that a bank took back, once for each of the gateway's own numbers.
CREATE TABLE order_reversals (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    order_id uuid NOT NULL,
    gateway text NOT NULL,
    reversal_no text NOT NULL,
    payment_no text NOT NULL,
    amount_idr bigint NOT NULL,
    reversed_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id, order_id, gateway, reversal_no),
    CONSTRAINT order_reversals_shard CHECK (shard = account_id % 64),
    CONSTRAINT order_reversals_positive CHECK (amount_idr > 0)
);
CREATE TRIGGER order_reversals_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON order_reversals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON order_reversals TO bubuh_app;

-- Place orders, each with its first attempt to have it paid. One row per request, in its order, with the order as it
-- is: done, already_done (the same request came before), conflict (the id stands for another body), child (the
-- account lives on its parent's stamps) or one_order (wanted as the account's only open one, and another is open); with
-- the last two nothing is placed, and there is no order.
-- The gateway is called once this is committed; should that fail, the asking job calls it soon.
CREATE FUNCTION orders_place_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _requests_sha256 bytea [], _stamps bigint [],
    _methods text [], _amounts_idr bigint [], _actors text [], _valid_s double precision [], _gateways text [],
    _references text [], _are_only boolean []
) RETURNS TABLE (
    outcome text, id uuid, account_id bigint, state text, stamps bigint, method text, amount_idr bigint,
    amount_paid_idr bigint, amount_returned_idr bigint, placed_at timestamptz, expires_at timestamptz
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION orders_place_n(
    smallint, uuid [], bigint [], bytea [], bigint [], text [], bigint [], text [], double precision [], text [],
    text [], boolean []
) TO bubuh_app;

-- Record payments and fill the orders they cover: placed, expired or cancelled to paid to filled, and the quota,
-- in this one transaction. Late money counts like any other. One row per request, in its order:
-- done (filled now; what is over goes back), already_done (this payment counted before and its order is filled),
-- underpaid (recorded, more is needed: on the unmatched list until it comes), surplus (recorded, the order was filled
-- without it: it goes back), conflict (this payment came before with another amount: listed, not recorded) or
-- unknown (no such order).
CREATE FUNCTION orders_settle_n(
    _shard smallint, _ids uuid [], _account_ids bigint [], _gateways text [], _payment_nos text [],
    _amounts_idr bigint [], _paid_ats timestamptz []
) RETURNS TABLE (id uuid, outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION orders_settle_n(
    smallint, uuid [], bigint [], text [], text [], bigint [], timestamptz []
) TO bubuh_app;

-- What a payment that was just recorded leaves over or lacking: too much goes back as a refund (what is over a filled
-- order's price, all of it where the order was filled before), too little and what contradicts lies on the unmatched
-- list, and what lay there until the rest came is resolved. `_over_idr`: what the order has now beyond its price.
CREATE FUNCTION orders_place_money(
    _shard smallint, _id uuid, _account_id bigint, _gateway text, _payment_no text, _amount_idr bigint, _outcome text,
    _over_idr bigint
) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

-- A bank took back `_amount_idr` of a payment. What it bought is taken out of `free` into sink paid_back; where less is
-- free than that, the rest lies on the unmatched list and the account is frozen: it is never brought below zero.
-- What had bought nothing is no longer owed back. done, already_done, conflict (told before with another amount:
-- nothing changes) or unknown (no such payment here).
CREATE FUNCTION orders_reverse(
    _shard smallint, _account_id bigint, _id uuid, _gateway text, _reversal_no text, _payment_no text,
    _amount_idr bigint, _reversed_at timestamptz
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION orders_reverse(
    smallint, bigint, uuid, text, text, text, bigint, timestamptz
) TO bubuh_app;

-- Give back what came for orders that nobody paid in full, `_grace_s` after they expired and it came: up to `_limit`
-- payments of one shard. They lie on the unmatched list until then. How many.
CREATE FUNCTION orders_return_n(_shard smallint, _grace_s double precision, _limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION orders_return_n(smallint, double precision, integer) TO bubuh_app;

-- Give back all that lies on the list for one order, whose row is locked; how many payments.
CREATE FUNCTION orders_return_money(_shard smallint, _account_id bigint, _id uuid) RETURNS integer
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

-- Expire up to `_limit` placed orders of one shard whose time is over by this database's clock.
-- Money may still come: settling does not ask whether an order has expired.
CREATE FUNCTION orders_expire_n(_shard smallint, _limit integer) RETURNS TABLE (id uuid, account_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION orders_expire_n(smallint, integer) TO bubuh_app;

-- ---------------------------------------------------------------- attempts: an order at a gateway

-- Committed with its order, before the gateway hears of it: whatever happens then, somebody will ask.
-- States: unknown (we do not know whether the gateway has it), open, closed (the gateway takes no more money, but may
-- still report some) and paid. What a payer needs is known once it is open.
CREATE TABLE payment_attempts (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    order_id uuid NOT NULL,
    no integer NOT NULL,
    gateway text NOT NULL,
    reference text NOT NULL,
    method text NOT NULL,
    amount_idr bigint NOT NULL,
    state text NOT NULL DEFAULT 'unknown',
    expires_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    -- what the payer needs
    qris text,
    va text,
    pay_url text,
    -- when the gateway is asked
    next_ask_at timestamptz,
    asked_at timestamptz,
    looked_at timestamptz,
    asks integer NOT NULL DEFAULT 0,
    fault text,
    PRIMARY KEY (shard, account_id, order_id, no),
    CONSTRAINT payment_attempts_shard CHECK (shard = account_id % 64),
    CONSTRAINT payment_attempts_no CHECK (no > 0),
    CONSTRAINT payment_attempts_reference UNIQUE (shard, gateway, reference),
    CONSTRAINT payment_attempts_state_known CHECK (state IN ('unknown', 'open', 'closed', 'paid')),
    CONSTRAINT payment_attempts_paid_rests CHECK (state <> 'paid' OR next_ask_at IS NULL)
) WITH (fillfactor = 70);
CREATE INDEX payment_attempts_due ON payment_attempts (shard, next_ask_at) WHERE next_ask_at IS NOT NULL;
-- Not unique: some gateways give a number again. Those that we give are as good as unique, and two alike are nobody's.
CREATE INDEX payment_attempts_va ON payment_attempts (shard, gateway, va) WHERE va IS NOT NULL;
GRANT SELECT, INSERT ON payment_attempts TO bubuh_app;
GRANT UPDATE (next_ask_at, asked_at, looked_at, asks, fault) ON payment_attempts TO bubuh_app;

-- An attempt enters each state once, by a named move: `pay_late` is one that the gateway forced. (That it was opened, as
-- `unknown`, its row says.)
CREATE TABLE payment_attempt_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    order_id uuid NOT NULL,
    no integer NOT NULL,
    state text NOT NULL,
    move text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id, order_id, no, state),
    CONSTRAINT payment_attempt_events_shard CHECK (shard = account_id % 64)
);
CREATE TRIGGER payment_attempt_events_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_attempt_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON payment_attempt_events TO bubuh_app;

-- When to ask about an attempt next, `_asks` questions after anybody last looked; NULL: never again by itself.
-- Looked at in the last 15 minutes, which is noted once a minute: every 40 s, so that with the asking itself an answer is
-- known within 60 s.
-- Else backing off to 5 minutes. Once in the last minute before expiry, and once a minute after it: a QRIS code can be
-- paid when it should not. An attempt the gateway has not closed is asked about for a day more.
CREATE FUNCTION payments_next_ask(
    _now timestamptz, _state text, _asks integer, _looked_at timestamptz, _expires_at timestamptz
) RETURNS timestamptz LANGUAGE sql STABLE AS $$
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
GRANT EXECUTE ON FUNCTION payments_next_ask(timestamptz, text, integer, timestamptz, timestamptz) TO bubuh_app;

-- Take up to `_limit` attempts of one shard, but those at resting gateways, whose hour to be asked about has come; the next hour is set at once, so
-- that a worker that dies while asking delays nothing but this one question.
CREATE FUNCTION payments_take_due_n(_shard smallint, _resting text [], _limit integer)
RETURNS TABLE (
    account_id bigint, order_id uuid, no integer, gateway text, reference text, method text, amount_idr bigint,
    state text, expires_at timestamptz, is_over boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION payments_take_due_n(smallint, text [], integer) TO bubuh_app;

-- Record what gateways say of many attempts. States only rise, so words that arrive out of order do no harm; what a
-- payer needs is kept when a gateway no longer tells it. One row for each, in its order: how the attempt stands now.
CREATE FUNCTION payments_record_n(
    _shard smallint, _account_ids bigint [], _order_ids uuid [], _nos integer [], _states text [], _qris text [],
    _vas text [], _pay_urls text []
) RETURNS TABLE (order_id uuid, state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION payments_record_n(
    smallint, bigint [], uuid [], integer [], text [], text [], text [], text []
) TO bubuh_app;

-- ---------------------------------------------------------------- the inbox: gateways' words, as they came

-- Raw, before anything is believed. It is no account's: a word may be garbage, so it has no shard.
-- A genuine notice's event_id is the gateway's; another's is its own hash, so that a forger takes nobody's place.
-- `address` is where it came to: what is signed for one is believed at no other.
CREATE TABLE payment_notices (
    gateway text NOT NULL,
    event_id text NOT NULL,
    address text NOT NULL,
    body bytea NOT NULL,
    headers text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gateway, event_id),
    CONSTRAINT payment_notices_address_known CHECK (address IN ('notices', 'payment'))
);
CREATE TRIGGER payment_notices_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_notices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON payment_notices TO bubuh_app;

-- What became of each notice. States: waiting, done, refused (forged: never acted on) and unmatched (genuine, and
-- nothing here that it fits: for people to look at). `outcome` says in one word how far it came.
CREATE TABLE payment_notice_work (
    gateway text NOT NULL,
    event_id text NOT NULL,
    state text NOT NULL,
    outcome text,
    tries integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (gateway, event_id),
    CONSTRAINT payment_notice_work_state_known CHECK (state IN ('waiting', 'done', 'refused', 'unmatched')),
    CONSTRAINT payment_notice_work_ended CHECK ((state = 'waiting') = (ended_at IS NULL))
) WITH (fillfactor = 75);
CREATE INDEX payment_notice_work_waiting ON payment_notice_work (not_before) WHERE state = 'waiting';
GRANT SELECT ON payment_notice_work TO bubuh_app;

-- The numbers banks give their calls, each good once a day (SNAP's X-EXTERNAL-ID). It is no account's, so it has no
-- shard. A number that stands for the same request again does no harm: a lost answer is asked for once more.
CREATE TABLE payment_bank_calls (
    gateway text NOT NULL,
    day date NOT NULL,
    external_no text NOT NULL,
    request_sha256 bytea NOT NULL,
    PRIMARY KEY (gateway, day, external_no),
    CONSTRAINT payment_bank_calls_request_sha256 CHECK (length(request_sha256) = 32)
);
GRANT SELECT ON payment_bank_calls TO bubuh_app;

-- Note a bank's call: false when its number stands for another request of that day. Each call takes away two that are
-- days old, so that the table stays as large as some days are.
CREATE FUNCTION payments_note_bank_call(_gateway text, _day date, _external_no text, _request_sha256 bytea)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION payments_note_bank_call(text, date, text, bytea) TO bubuh_app;

-- Keep notices, none named twice. One row for each, in its order: false of one that is there already. A refused one is
-- kept as the evidence that it is.
CREATE FUNCTION payments_keep_notices_n(
    _gateways text [], _event_ids text [], _addresses text [], _bodies bytea [], _headers text [], _refusals text []
) RETURNS TABLE (is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION payments_keep_notices_n(text [], text [], text [], bytea [], text [], text []) TO bubuh_app;

-- Lease up to `_limit` waiting notices. Each lease puts the next try off, twice as far each time up to 5 minutes: a
-- notice that kills its worker neither blocks the others nor is forgotten.
CREATE FUNCTION payments_lease_notices_n(_limit integer)
RETURNS TABLE (
    gateway text, event_id text, address text, body bytea, headers text, received_at timestamptz, tries integer,
    is_old boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION payments_lease_notices_n(integer) TO bubuh_app;

-- Say what became of notices that wait; one that stays `waiting` is tried again.
CREATE FUNCTION payments_end_notices_n(_gateways text [], _event_ids text [], _states text [], _outcomes text [])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION payments_end_notices_n(text [], text [], text [], text []) TO bubuh_app;

-- ---------------------------------------------------------------- the unmatched list: money and words that fit nothing

-- Whatever no rule can end lies here, open, until a later word explains it or an operator resolves it with a reason.
-- Told once by (kind, gateway, subject), however often it is found. A line that no account can be named for lies with
-- its shard, by the shard's number in place of an account's; then the shard is that of its gateway and subject.
-- `amount` is whole units of `currency`; NULL where no money is known of.
CREATE TABLE payment_unmatched (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    gateway text NOT NULL,
    subject text NOT NULL, -- the payment, notice or line of a file that it is about, by its own number
    order_id uuid,
    reference text,
    amount bigint,
    currency text NOT NULL DEFAULT 'IDR',
    why text NOT NULL,
    suggestion text NOT NULL,
    state text NOT NULL DEFAULT 'open',
    listed_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    resolution text,
    reason text,
    resolved_by text,
    PRIMARY KEY (shard, account_id, kind, gateway, subject),
    CONSTRAINT payment_unmatched_shard CHECK (shard = account_id % 64),
    CONSTRAINT payment_unmatched_id UNIQUE (shard, id),
    CONSTRAINT payment_unmatched_id_names_shard CHECK (get_byte(uuid_send(id), 0) = shard),
    CONSTRAINT payment_unmatched_amount_positive CHECK (amount > 0),
    CONSTRAINT payment_unmatched_state_known CHECK (state IN ('open', 'resolved')),
    CONSTRAINT payment_unmatched_resolved CHECK (
        (state = 'resolved') = (num_nulls(resolved_at, resolution, resolved_by) = 0)
    )
);
CREATE INDEX payment_unmatched_open ON payment_unmatched (shard, listed_at) WHERE state = 'open';
CREATE INDEX payment_unmatched_order ON payment_unmatched (shard, account_id, order_id) WHERE order_id IS NOT NULL;
GRANT SELECT ON payment_unmatched TO bubuh_app;

-- The id of a line: always the same for what it is about, its shard in the first byte.
CREATE FUNCTION payments_line_id(_shard smallint, _kind text, _gateway text, _subject text) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(set_byte(set_byte(set_byte(substr(h.hash, 1, 16), 0, _shard), 6, get_byte(h.hash, 6) & 15 | 128), 8,
                           get_byte(h.hash, 8) & 63 | 128), 'hex')::uuid
      FROM (SELECT sha256(convert_to(concat_ws(chr(31), 'bubuh unmatched', _kind, _gateway, _subject), 'UTF8')) AS hash) AS h
$$;
GRANT EXECUTE ON FUNCTION payments_line_id(smallint, text, text, text) TO bubuh_app;

-- List what does not fit; how many lines are new. One that is open takes the new amount; a resolved one stays so.
CREATE FUNCTION payments_list_unmatched_n(
    _shard smallint, _account_ids bigint [], _kinds text [], _gateways text [], _subjects text [], _order_ids uuid [],
    _references text [], _amounts bigint [], _currencies text [], _whys text [], _suggestions text []
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION payments_list_unmatched_n(
    smallint, bigint [], text [], text [], text [], uuid [], text [], bigint [], text [], text [], text []
) TO bubuh_app;

-- An operator resolves a line: done, already_done (it was resolved before, however) or unknown. What an order was
-- underpaid with counts for that order no longer: the operator has disposed of it.
CREATE FUNCTION payments_resolve_line(_shard smallint, _id uuid, _resolution text, _reason text, _actor text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION payments_resolve_line(smallint, uuid, text, text, text) TO bubuh_app;

-- All that an order was underpaid with has found its place: it was paid in full, or the money goes back.
CREATE FUNCTION payments_explain_order(_shard smallint, _account_id bigint, _order_id uuid) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
    UPDATE payment_unmatched AS u
       SET state = 'resolved', resolved_at = now(), resolution = 'matched', resolved_by = 'orders'
     WHERE u.shard = _shard AND u.account_id = _account_id AND u.order_id = _order_id AND u.kind = 'underpaid'
       AND u.resolved_at IS NULL
$$;

-- A line's amount is less by so much; with nothing left it is resolved.
CREATE FUNCTION payments_lessen_line(
    _shard smallint, _account_id bigint, _kind text, _gateway text, _subject text, _by bigint
) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

-- Something that was listed by what it is about has found its place by itself.
CREATE FUNCTION payments_match_line_n(
    _shard smallint, _account_ids bigint [], _kinds text [], _gateways text [], _subjects text []
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION payments_match_line_n(smallint, bigint [], text [], text [], text []) TO bubuh_app;
