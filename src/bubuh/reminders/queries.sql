-- name: ask(shard, account_id, user_id, lane, number, place, language, expires_at)!
-- Another number takes the place of the one before; the same one changes nothing, told or not.
INSERT INTO turn_reminders AS r (shard, account_id, user_id, lane, number, place, language, expires_at)
VALUES (:shard, :account_id, :user_id, :lane, :number, :place, :language, :expires_at)
ON CONFLICT (shard, account_id, user_id, lane) DO UPDATE
   SET number = excluded.number, place = excluded.place, language = excluded.language, asked_at = now(),
       expires_at = excluded.expires_at, told_at = NULL
 WHERE r.number <> excluded.number;

-- name: list_of(shard, account_id, user_id)
-- Those of a person in one account whose turns still live, the newest first.
SELECT r.account_id, r.user_id, r.lane, r.number, r.place, r.language, r.asked_at, r.expires_at, r.told_at
  FROM turn_reminders AS r
 WHERE r.shard = :shard AND r.account_id = :account_id AND r.user_id = :user_id AND r.expires_at > now()
 ORDER BY r.asked_at DESC, r.lane;

-- name: withdraw(shard, account_id, user_id, lane)!
DELETE FROM turn_reminders
 WHERE shard = :shard AND account_id = :account_id AND user_id = :user_id AND lane = :lane;

-- name: forget(shard, account_id, user_id)!
-- All of a person's in one account.
DELETE FROM turn_reminders WHERE shard = :shard AND account_id = :account_id AND user_id = :user_id;

-- name: find_due(shard, lanes, servings, are_drawn)
-- The shard, if somebody in it was called, or is to be given their drawn place.
SELECT r.shard
  FROM turn_reminders AS r
  JOIN unnest(:lanes::smallint[], :servings::bigint[], :are_drawn::boolean[]) AS x (lane, serving, is_drawn)
    ON x.lane = r.lane
 WHERE r.shard = :shard AND r.told_at IS NULL AND r.expires_at > now()
   AND (r.place <= x.serving OR (r.place IS NULL AND x.is_drawn))
 LIMIT 1;

-- name: lock_due(shard, lanes, servings, are_drawn, at_most)
-- Without those another is telling just now.
SELECT r.account_id, r.user_id, r.lane, r.number, r.place, r.language, r.asked_at, r.expires_at, r.told_at
  FROM turn_reminders AS r
  JOIN unnest(:lanes::smallint[], :servings::bigint[], :are_drawn::boolean[]) AS x (lane, serving, is_drawn)
    ON x.lane = r.lane
 WHERE r.shard = :shard AND r.told_at IS NULL AND r.expires_at > now()
   AND (r.place <= x.serving OR (r.place IS NULL AND x.is_drawn))
 ORDER BY r.place, r.account_id, r.user_id, r.lane
 LIMIT :at_most
   FOR NO KEY UPDATE OF r SKIP LOCKED;

-- name: place_n(shard, account_ids, user_ids, lanes, places)!
-- Where the draw put them.
UPDATE turn_reminders AS r
   SET place = x.place
  FROM unnest(:account_ids::bigint[], :user_ids::uuid[], :lanes::smallint[], :places::bigint[])
    AS x (account_id, user_id, lane, place)
 WHERE r.shard = :shard AND r.account_id = x.account_id AND r.user_id = x.user_id AND r.lane = x.lane;

-- name: mark_told(shard, account_ids, user_ids, lanes)!
UPDATE turn_reminders AS r
   SET told_at = now()
  FROM unnest(:account_ids::bigint[], :user_ids::uuid[], :lanes::smallint[]) AS x (account_id, user_id, lane)
 WHERE r.shard = :shard AND r.account_id = x.account_id AND r.user_id = x.user_id AND r.lane = x.lane;

-- name: sweep(shard)!
-- Their turns' lives are over.
DELETE FROM turn_reminders WHERE shard = :shard AND expires_at <= now();
