-- name: add(lane_id, name, kind, title, floor, ceiling, weight, actor)^
-- No row where its id or its name is taken.
INSERT INTO named_lanes (lane_id, name, kind, title, floor, ceiling, weight, opened_by)
VALUES (:lane_id, :name, :kind, :title, :floor, :ceiling, :weight, :actor)
ON CONFLICT DO NOTHING
RETURNING lane_id, name, kind, title, floor, ceiling, weight, opened_at, closed_at;

-- name: change(name, kind, title, floor, ceiling, weight)^
-- Also opens one that was closed. No row where its name is of a lane of the other kind.
UPDATE named_lanes AS l
   SET title = :title, floor = :floor, ceiling = :ceiling, weight = :weight, closed_at = NULL
 WHERE l.name = :name AND l.kind = :kind
RETURNING l.lane_id, l.name, l.kind, l.title, l.floor, l.ceiling, l.weight, l.opened_at, l.closed_at;

-- name: close(name)^
-- No row where none is open.
UPDATE named_lanes AS l SET closed_at = now()
 WHERE l.name = :name AND l.closed_at IS NULL
RETURNING l.lane_id, l.name, l.kind, l.title, l.floor, l.ceiling, l.weight, l.opened_at, l.closed_at;

-- name: list_all()
SELECT l.lane_id, l.name, l.kind, l.title, l.floor, l.ceiling, l.weight, l.opened_at, l.closed_at
  FROM named_lanes AS l
 ORDER BY l.lane_id;

-- name: list_of(account_id)
-- The open lanes in which an account is named.
SELECT l.lane_id, l.name, l.kind, l.title, l.floor, l.ceiling, l.weight, l.opened_at, l.closed_at
  FROM lane_accounts AS a JOIN named_lanes AS l ON l.lane_id = a.lane_id
 WHERE a.account_id = :account_id AND a.ended_at IS NULL AND l.closed_at IS NULL
 ORDER BY l.lane_id;

-- name: name_n(lane_id, account_ids, actor)!
INSERT INTO lane_accounts (lane_id, account_id, named_by)
SELECT :lane_id, account_id, :actor FROM unnest(:account_ids::bigint[]) AS x (account_id)
ON CONFLICT (lane_id, account_id) DO UPDATE
   SET named_by = EXCLUDED.named_by, named_at = EXCLUDED.named_at, ended_at = NULL
 WHERE lane_accounts.ended_at IS NOT NULL;

-- name: unname_n(lane_id, account_ids)!
UPDATE lane_accounts AS a SET ended_at = now()
 WHERE a.lane_id = :lane_id AND a.account_id = ANY (:account_ids::bigint[]) AND a.ended_at IS NULL;

-- name: is_named(lane_id, account_id)$
SELECT EXISTS (
    SELECT FROM lane_accounts AS a
     WHERE a.lane_id = :lane_id AND a.account_id = :account_id AND a.ended_at IS NULL
);

-- name: list_named(lane_id)
SELECT a.account_id FROM lane_accounts AS a
 WHERE a.lane_id = :lane_id AND a.ended_at IS NULL
 ORDER BY a.account_id;

-- name: find_turn(lane_id, account_id)^
SELECT t.lane_id, t.account_id, t.turn, t.code, t.number, t.taken_at
  FROM lane_turns AS t
 WHERE t.lane_id = :lane_id AND t.account_id = :account_id;

-- name: keep_turn(lane_id, account_id, before, turn, code, number)^
-- No row where another was kept meanwhile in place of `before`.
INSERT INTO lane_turns (lane_id, account_id, turn, code, number)
VALUES (:lane_id, :account_id, :turn, :code, :number)
ON CONFLICT (lane_id, account_id) DO UPDATE
   SET turn = EXCLUDED.turn, code = EXCLUDED.code, number = EXCLUDED.number, taken_at = EXCLUDED.taken_at
 WHERE lane_turns.turn = :before::text
RETURNING lane_id, account_id, turn, code, number, taken_at;
