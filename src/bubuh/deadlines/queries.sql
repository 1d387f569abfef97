-- name: register(id, slug, lane_id, name, agency, at, eligibility, salt, expected, actor)^
-- No row where the slug or the lane is taken.
INSERT INTO deadlines (id, slug, lane_id, name, agency, at, eligibility, salt, expected, registered_by)
VALUES (:id, :slug, :lane_id, :name, :agency, :at, :eligibility, :salt, :expected, :actor)
ON CONFLICT DO NOTHING
RETURNING id, slug, lane_id, name, agency, at, eligibility, salt, expected, registered_at, closed_at;

-- name: list_all()
SELECT d.id, d.slug, d.lane_id, d.name, d.agency, d.at, d.eligibility, d.salt, d.expected, d.registered_at, d.closed_at
  FROM deadlines AS d
 ORDER BY d.lane_id;

-- name: find(slug)^
SELECT d.id, d.slug, d.lane_id, d.name, d.agency, d.at, d.eligibility, d.salt, d.expected, d.registered_at, d.closed_at
  FROM deadlines AS d
 WHERE d.slug = :slug;

-- name: find_of_lane(lane_id)^
SELECT d.id, d.slug, d.lane_id, d.name, d.agency, d.at, d.eligibility, d.salt, d.expected, d.registered_at, d.closed_at
  FROM deadlines AS d
 WHERE d.lane_id = :lane_id;

-- name: close(slug)^
-- No row where it is closed, or there is none.
UPDATE deadlines AS d SET closed_at = now()
 WHERE d.slug = :slug AND d.closed_at IS NULL
RETURNING d.id, d.slug, d.lane_id, d.name, d.agency, d.at, d.eligibility, d.salt, d.expected, d.registered_at,
          d.closed_at;

-- name: entitle_n(deadline_id, marks)!
INSERT INTO deadline_entitled (deadline_id, mark)
SELECT :deadline_id, mark FROM unnest(:marks::bytea[]) AS x (mark)
ON CONFLICT DO NOTHING;

-- name: count_entries(deadline_id)$
SELECT count(*) FROM deadline_entries AS e WHERE e.deadline_id = :deadline_id;

-- name: is_entitled(deadline_id, mark)$
SELECT EXISTS (SELECT FROM deadline_entitled AS t WHERE t.deadline_id = :deadline_id AND t.mark = :mark);

-- name: enter(deadline_id, account_id, mark, holder_sealed)!
-- Nothing where the account has entered, or another has by the same mark.
INSERT INTO deadline_entries (deadline_id, account_id, mark, holder_sealed)
VALUES (:deadline_id, :account_id, :mark, :holder_sealed)
ON CONFLICT DO NOTHING;

-- name: find_entry(deadline_id, account_id)^
SELECT e.deadline_id, e.account_id, e.entered_at, e.turn, e.code
  FROM deadline_entries AS e
 WHERE e.deadline_id = :deadline_id AND e.account_id = :account_id;

-- name: keep_turn(deadline_id, account_id, before, turn, code, number)^
-- The turn that stands: this one, or one that somebody else kept meanwhile in place of `before`.
WITH kept AS (
    UPDATE deadline_entries AS e SET turn = :turn, code = :code, number = :number
     WHERE e.deadline_id = :deadline_id AND e.account_id = :account_id AND e.turn IS NOT DISTINCT FROM :before::text
    RETURNING e.deadline_id, e.account_id, e.entered_at, e.turn, e.code
)
SELECT k.deadline_id, k.account_id, k.entered_at, k.turn, k.code FROM kept AS k;

-- name: holder_of(deadline_id, number)$
SELECT e.holder_sealed FROM deadline_entries AS e WHERE e.deadline_id = :deadline_id AND e.number = :number;
