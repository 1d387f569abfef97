-- name: find_attempts(shard, account_id, order_id)
-- An order's attempts, the newest first.
SELECT a.account_id, a.order_id, a.no, a.gateway, a.reference, a.method, a.amount_idr, a.state, a.expires_at,
       a.expires_at <= now() AS is_over
  FROM payment_attempts AS a
 WHERE a.shard = :shard AND a.account_id = :account_id AND a.order_id = :order_id
 ORDER BY a.no DESC;

-- name: match_attempts(shard, gateways, references)
-- The attempts that these references stand for. No row for one: not ours, or not committed yet.
SELECT a.account_id, a.order_id, a.no, a.gateway, a.reference, a.method, a.amount_idr, a.state, a.expires_at,
       a.expires_at <= now() AS is_over
  FROM unnest(:gateways::text[], :references::text[]) AS x (gateway, reference)
  JOIN LATERAL (SELECT * FROM payment_attempts AS i
                 WHERE i.shard = :shard AND i.gateway = x.gateway AND i.reference = x.reference LIMIT 1) AS a ON true;

-- name: match_accounts(shard, gateways, vas)
-- The attempts that have these virtual accounts. No row for one: not ours, or not committed yet; two: it names none.
SELECT a.account_id, a.order_id, a.no, a.gateway, a.reference, a.method, a.amount_idr, a.state, a.expires_at,
       a.expires_at <= now() AS is_over, a.va
  FROM unnest(:gateways::text[], :vas::text[]) AS x (gateway, va)
  JOIN LATERAL (SELECT * FROM payment_attempts AS i
                 WHERE i.shard = :shard AND i.gateway = x.gateway AND i.va = x.va LIMIT 2) AS a ON true;

-- name: look(shard, account_id, order_id)!
-- The buyer is looking: ask soon, and often. At most one write a minute, however often the page is loaded.
UPDATE payment_attempts AS a
   SET looked_at = now(), asks = 0,
       next_ask_at = least(a.next_ask_at, payments_next_ask(now(), a.state, 0, now(), a.expires_at))
 WHERE a.shard = :shard AND a.account_id = :account_id AND a.order_id = :order_id
   AND a.state <> 'paid' AND (a.looked_at IS NULL OR a.looked_at < now() - interval '1 minute');

-- name: take_now(shard, account_id, order_id)
-- Take an order's attempts to be asked about at once. No row: all are paid, or were asked about 2 s ago.
UPDATE payment_attempts AS a
   SET asked_at = now(), looked_at = now(), asks = 0,
       next_ask_at = payments_next_ask(now(), a.state, 0, now(), a.expires_at)
 WHERE a.shard = :shard AND a.account_id = :account_id AND a.order_id = :order_id
   AND a.state <> 'paid' AND (a.asked_at IS NULL OR a.asked_at < now() - interval '2 seconds')
RETURNING a.account_id, a.order_id, a.no, a.gateway, a.reference, a.method, a.amount_idr, a.state, a.expires_at,
          a.expires_at <= now() AS is_over;

-- name: find_due(shard, resting)
-- The shard, if it has attempts that are due, but at resting gateways.
SELECT a.shard
  FROM payment_attempts AS a
 WHERE a.shard = :shard AND a.next_ask_at <= now() AND a.gateway <> ALL(:resting::text[])
 LIMIT 1;

-- name: take_due_n(shard, resting, at_most)
-- Attempts, but at resting gateways, whose hour to be asked about has come; their next hour is set.
SELECT account_id, order_id, no, gateway, reference, method, amount_idr, state, expires_at, is_over
  FROM payments_take_due_n(:shard, :resting::text[], :at_most);

-- name: record_n(shard, account_ids, order_ids, nos, states, qris, vas, pay_urls)
-- One row for each, in its order: how the attempt stands now.
SELECT order_id, state
  FROM payments_record_n(:shard, :account_ids::bigint[], :order_ids::uuid[], :nos::integer[], :states::text[],
                         :qris::text[], :vas::text[], :pay_urls::text[]);

-- name: note_fault(shard, account_id, order_id, no, fault)!
-- Why the gateway could not be asked, for whoever wonders; the next answer clears it.
UPDATE payment_attempts AS a
   SET fault = :fault
 WHERE a.shard = :shard AND a.account_id = :account_id AND a.order_id = :order_id AND a.no = :no;

-- name: keep_notices_n(gateways, event_ids, addresses, bodies, headers, refusals)
-- Many in one commit, in their order: false of those that are kept already.
SELECT is_new
  FROM payments_keep_notices_n(:gateways::text[], :event_ids::text[], :addresses::text[], :bodies::bytea[],
                               :headers::text[], :refusals::text[]);

-- name: find_notice(gateway, event_id)
-- A kept notice, and why it is not believed. No row: there is none.
SELECT n.body, CASE WHEN w.state = 'refused' THEN w.outcome END AS refusal
  FROM payment_notices AS n
  JOIN payment_notice_work AS w ON w.gateway = n.gateway AND w.event_id = n.event_id
 WHERE n.gateway = :gateway AND n.event_id = :event_id;

-- name: note_bank_call(gateway, day, external_no, request_sha256)
-- False: the number stands for another request of that day.
SELECT payments_note_bank_call(:gateway, :day, :external_no, :request_sha256);

-- name: lease_notices_n(at_most)
-- Waiting notices; their next try is put off.
SELECT gateway, event_id, address, body, headers, received_at, tries, is_old
  FROM payments_lease_notices_n(:at_most);

-- name: end_notices_n(gateways, event_ids, states, outcomes)!
-- Say what became of notices; one that stays `waiting` is tried again.
SELECT payments_end_notices_n(:gateways::text[], :event_ids::text[], :states::text[], :outcomes::text[]);

-- name: list_unmatched_n(shard, account_ids, kinds, gateways, subjects, order_ids, reference_nos, amounts, currencies, whys, suggestions)
-- How many lines are new.
SELECT payments_list_unmatched_n(:shard, :account_ids::bigint[], :kinds::text[], :gateways::text[], :subjects::text[],
                                 :order_ids::uuid[], :reference_nos::text[], :amounts::bigint[], :currencies::text[],
                                 :whys::text[], :suggestions::text[]);

-- name: open_lines(shard, at_most)
-- The open lines of a shard, the oldest first.
SELECT u.id, u.account_id, u.kind, u.gateway, u.subject, u.order_id, u.reference, u.amount, u.currency, u.why,
       u.suggestion, u.listed_at, greatest(0, extract(epoch FROM now() - u.listed_at))::bigint AS age_s
  FROM payment_unmatched AS u
 WHERE u.shard = :shard AND u.state = 'open'
 ORDER BY u.listed_at
 LIMIT :at_most;

-- name: resolve_line(shard, id, resolution, reason, actor)
-- done, already_done or unknown.
SELECT payments_resolve_line(:shard, :id, :resolution, :reason, :actor);

-- name: owner_of_line(shard, id)
SELECT u.account_id FROM payment_unmatched AS u WHERE u.shard = :shard AND u.id = :id;

-- name: match_line_n(shard, account_ids, kinds, gateways, subjects)!
-- These have found their place.
SELECT payments_match_line_n(:shard, :account_ids::bigint[], :kinds::text[], :gateways::text[], :subjects::text[]);
