-- name: add(account_id, name, actor)^
-- No row where no slot is left, or another has the name.
INSERT INTO shown_partners (slot, account_id, name, shown_by)
SELECT min(n), :account_id, :name, :actor
  FROM generate_series(1, 32) AS n
 WHERE NOT EXISTS (SELECT FROM shown_partners AS p WHERE p.slot = n)
HAVING min(n) IS NOT NULL
ON CONFLICT DO NOTHING
RETURNING slot, account_id, name, shown_at;

-- name: remove(account_id)
-- No row where it is not shown.
DELETE FROM shown_partners AS p
 WHERE p.account_id = :account_id
RETURNING p.slot, p.account_id, p.name, p.shown_at;

-- name: list_all()
SELECT p.slot, p.account_id, p.name, p.shown_at
  FROM shown_partners AS p
 ORDER BY p.name;
