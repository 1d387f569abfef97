-- Why: money goes back. A refund is an object of its own: it first holds the stamps, captures them to sink paid_back when
-- the gateway confirms, gives them back on failure, and keeps the hold while the outcome is not known.
-- Kinds: `asked` (unused stamps, by the buyer or a clerk), `surplus` (money that bought nothing, by itself) and
-- `reversal` (a bank took the money back already: done at once).
-- Lock order: orders, refunds, balances, the audit's head.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

-- States: waiting (for a second person), asked, unknown (sent, or about to be: the gateway may or may not have it),
-- pending (the gateway has it), done, failed, declined (the second person said no).
CREATE TABLE refunds (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    gateway text NOT NULL,
    payment_no text NOT NULL, -- money goes back to the payment it came by, and nowhere else
    kind text NOT NULL,
    stamps bigint NOT NULL,
    amount_idr bigint NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    approved_by text,
    request_sha256 bytea,
    fault text, -- why the gateway could not be asked, or what it said of a failure
    tries integer NOT NULL DEFAULT 0,
    next_try_at timestamptz,
    asked_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    overdue_at timestamptz, -- when it was put on the operators' list, as its end did not come
    end_told text, -- what an operator said of its end: done or failed; above the limit a second one says so as well
    end_told_by text,
    end_told_why text,
    end_agreed_by text,
    PRIMARY KEY (shard, account_id, id),
    CONSTRAINT refunds_id UNIQUE (shard, id),
    CONSTRAINT refunds_shard CHECK (shard = account_id % 64),
    CONSTRAINT refunds_kind_known CHECK (kind IN ('asked', 'surplus', 'reversal')),
    CONSTRAINT refunds_stamps_by_kind CHECK (
        CASE kind WHEN 'asked' THEN stamps > 0 WHEN 'surplus' THEN stamps = 0 ELSE stamps >= 0 END
    ),
    CONSTRAINT refunds_amount_positive CHECK (amount_idr > 0),
    CONSTRAINT refunds_state_known CHECK (
        state IN ('waiting', 'asked', 'unknown', 'pending', 'done', 'failed', 'declined')
    ),
    CONSTRAINT refunds_two_people CHECK (approved_by IS DISTINCT FROM actor),
    CONSTRAINT refunds_two_people_end CHECK (end_agreed_by <> end_told_by),
    CONSTRAINT refunds_end_known CHECK (end_told IN ('done', 'failed')),
    CONSTRAINT refunds_end_told_why CHECK (num_nulls(end_told, end_told_by, end_told_why) IN (0, 3)),
    CONSTRAINT refunds_end_agreed CHECK (end_agreed_by IS NULL OR (end_told_by IS NOT NULL AND ended_at IS NOT NULL)),
    CONSTRAINT refunds_tried_while_open CHECK ((state IN ('asked', 'unknown', 'pending')) = (next_try_at IS NOT NULL)),
    CONSTRAINT refunds_ended CHECK ((state IN ('done', 'failed', 'declined')) = (ended_at IS NOT NULL))
) WITH (fillfactor = 75);
CREATE INDEX refunds_due ON refunds (shard, next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX refunds_overdue ON refunds (shard, asked_at) WHERE next_try_at IS NOT NULL AND overdue_at IS NULL;
CREATE INDEX refunds_order ON refunds (shard, account_id, order_id);
CREATE INDEX refunds_history ON refunds (shard, account_id, asked_at DESC, id DESC);
CREATE INDEX refunds_waiting ON refunds (shard, asked_at) WHERE state = 'waiting';
CREATE INDEX refunds_end_told ON refunds (shard, asked_at) WHERE end_told IS NOT NULL AND ended_at IS NULL;
GRANT SELECT ON refunds TO bubuh_app;
GRANT UPDATE (fault) ON refunds TO bubuh_app;

CREATE TABLE refund_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    refund_id uuid NOT NULL,
    state text NOT NULL,
    move text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id, refund_id, state),
    CONSTRAINT refund_events_shard CHECK (shard = account_id % 64)
);
CREATE TRIGGER refund_events_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON refund_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON refund_events TO bubuh_app;

-- Money that bought nothing goes back. Called by settling, with the order locked; a payment's surplus goes back once.
CREATE FUNCTION refunds_open_surplus(
    _shard smallint, _account_id bigint, _order_id uuid, _gateway text, _payment_no text, _amount_idr bigint
) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

-- What of each payment of an order neither went back nor is on its way back.
CREATE FUNCTION refunds_left(_shard smallint, _account_id bigint, _order_id uuid)
RETURNS TABLE (gateway text, payment_no text, left_idr bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION refunds_left(smallint, bigint, uuid) TO bubuh_app;

-- Ask for the money of `_stamps` unused stamps of an order, and hold them. The caller says what it believes is still
-- refundable: who read an older state is refused. Above `_limit_idr` it waits for a second person.
-- done, already_done or conflict (the id stands for another request); unknown (no such order); not_filled; stale (more or
-- less is refundable than the caller believes); too_much (more than is left, or than one payment has left: `most_idr`);
-- exhausted or frozen, as for any hold.
CREATE FUNCTION refunds_ask(
    _shard smallint, _id uuid, _account_id bigint, _order_id uuid, _request_sha256 bytea, _stamps bigint,
    _refundable_idr bigint, _limit_idr bigint, _reason text, _actor text
) RETURNS TABLE (outcome text, refundable_idr bigint, most_idr bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION refunds_ask(
    smallint, uuid, bigint, uuid, bytea, bigint, bigint, bigint, text, text
) TO bubuh_app;

-- A second person agrees, or declines, by which the stamps are given back. done, same_person, unknown, or conflict (it does
-- not wait for anybody).
CREATE FUNCTION refunds_decide(_shard smallint, _id uuid, _agrees boolean, _actor text)
RETURNS TABLE (outcome text, account_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION refunds_decide(smallint, uuid, boolean, text) TO bubuh_app;

-- Take up to `_limit` refunds of one shard that are due, but those at resting gateways. One that was not sent yet is `unknown` from here
-- on, whatever becomes of us: it is asked for by its number, which stands for one refund for ever. The next try is put off,
-- twice as far each time up to 5 minutes. `before` is the state it was in; `reference` is NULL where no attempt is known.
CREATE FUNCTION refunds_take_due_n(_shard smallint, _resting text [], _limit integer)
RETURNS TABLE (
    account_id bigint, id uuid, order_id uuid, gateway text, payment_no text, amount_idr bigint, reason text,
    before text, reference text, method text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION refunds_take_due_n(smallint, text [], integer) TO bubuh_app;

-- Put refunds of one shard that nobody has settled `_after_s` after they were to be sent on the unmatched list, at most
-- `_limit`, each once; how many. They are asked about as before, and their line goes by itself when their end comes.
CREATE FUNCTION refunds_list_overdue(_shard smallint, _after_s double precision, _limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION refunds_list_overdue(smallint, double precision, integer) TO bubuh_app;

-- A refund that is at work, and whose row is locked, ends: done (the stamps are captured) or failed (they are given back;
-- money that bought nothing goes on the unmatched list instead). What lay there as it was overdue goes.
CREATE FUNCTION refunds_close(
    _shard smallint, _account_id bigint, _id uuid, _end text, _why text, _move text, _actor text
) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

-- Record what a gateway says of a refund: pending, done or failed. done; already_done; conflict (it had ended the other
-- way: listed, and nothing moves); unknown (no such refund, or it was never sent).
CREATE FUNCTION refunds_record(_shard smallint, _account_id bigint, _id uuid, _word text, _why text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION refunds_record(smallint, bigint, uuid, text, text) TO bubuh_app;

-- An operator says how a refund ended whose gateway does not say so: done (its buyer has the money) or failed (nobody will
-- carry it). Only one that is on the unmatched list as overdue. Above `_limit_idr` what is said is kept, and a second,
-- different person says the same; another word takes its place. done; told (a second person is waited for); same_person;
-- conflict (it is not overdue, or has ended) or unknown.
CREATE FUNCTION refunds_tell_end(
    _shard smallint, _id uuid, _end text, _why text, _limit_idr bigint, _actor text
) RETURNS TABLE (outcome text, account_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
GRANT EXECUTE ON FUNCTION refunds_tell_end(smallint, uuid, text, text, bigint, text) TO bubuh_app;
