-- name: lock_organisation(account_id)
-- Whoever changes who is in an account waits here for the others. No row: there is no such account, or it is a person's
-- own, which nobody else is in.
SELECT a.id, a.name
  FROM accounts AS a
 WHERE a.id = :account_id AND a.kind <> 'person'
   FOR NO KEY UPDATE;

-- name: add_organisation(id, name)
-- No row: it was founded before.
INSERT INTO accounts (id, kind, name) VALUES (:id, 'organisation', :name)
ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: add_member(user_id, account_id, role)
-- No row: they are in it.
INSERT INTO memberships (user_id, account_id, role) VALUES (:user_id, :account_id, :role)
ON CONFLICT (user_id, account_id) DO NOTHING
RETURNING user_id;

-- name: count_accounts(user_id)
-- How many accounts a person is in.
SELECT count(*) AS accounts FROM memberships AS m WHERE m.user_id = :user_id;

-- name: count_people(account_id)
SELECT count(*) AS members, count(*) FILTER (WHERE m.role = 'owner') AS administrators
  FROM memberships AS m
 WHERE m.account_id = :account_id;

-- name: has_owner_who_signs_in(account_id)
SELECT EXISTS (SELECT FROM memberships AS m
                 JOIN credentials AS c ON c.user_id = m.user_id
                WHERE m.account_id = :account_id AND m.role = 'owner') AS found;

-- name: count_invitations(account_id)
SELECT count(*) AS invitations
  FROM invitations AS i
 WHERE i.account_id = :account_id AND i.ended_at IS NULL AND i.expires_at > now();

-- name: list_organisations(user_id)
-- The accounts the user is in beside their own, in the order in which locks are taken.
SELECT m.account_id
  FROM memberships AS m
  JOIN accounts AS a ON a.id = m.account_id
 WHERE m.user_id = :user_id AND a.kind <> 'person'
 ORDER BY m.account_id;

-- name: list_members(account_id, after, most)
-- In the order in which they came; from behind `after`, a member's user (NULL: from the first).
SELECT m.user_id, u.name, m.role, m.created_at AS since, c.address_sealed
  FROM memberships AS m
  JOIN users AS u ON u.id = m.user_id
  LEFT JOIN LATERAL (
       SELECT k.address_sealed FROM contacts AS k
        WHERE k.user_id = m.user_id
        ORDER BY k.created_at, k.address_index
        LIMIT 1) AS c ON true
 WHERE m.account_id = :account_id
   AND (:after::uuid IS NULL OR (m.created_at, m.user_id) > (
       SELECT p.created_at, p.user_id FROM memberships AS p
        WHERE p.account_id = :account_id AND p.user_id = :after))
 ORDER BY m.created_at, m.user_id
 LIMIT :most;

-- name: find_member(account_id, user_id)
-- No row: the user is not in the account, or it is a person's own.
SELECT m.user_id, u.name, m.role, m.created_at AS since, c.address_sealed
  FROM memberships AS m
  JOIN users AS u ON u.id = m.user_id
  JOIN accounts AS a ON a.id = m.account_id
  LEFT JOIN LATERAL (
       SELECT k.address_sealed FROM contacts AS k
        WHERE k.user_id = m.user_id
        ORDER BY k.created_at, k.address_index
        LIMIT 1) AS c ON true
 WHERE m.account_id = :account_id AND m.user_id = :user_id AND a.kind <> 'person';

-- name: set_role(account_id, user_id, role)!
UPDATE memberships SET role = :role WHERE account_id = :account_id AND user_id = :user_id;

-- name: drop_member(account_id, user_id)!
DELETE FROM memberships WHERE account_id = :account_id AND user_id = :user_id;

-- name: drop_sessions(account_id, user_id)!
-- Sign the user out where they act for the account: were they invited again, no old session would open it.
DELETE FROM sessions WHERE account_id = :account_id AND user_id = :user_id;

-- name: drop_keys(account_id, user_id)
-- Close the keys that act through the user. A row for each.
UPDATE api_keys SET revoked_at = now()
 WHERE account_id = :account_id AND user_id = :user_id AND revoked_at IS NULL
RETURNING id;

-- name: add_invitation(id, account_id, no, code_mac, role, address_sealed, invited_by, tries, valid_s)
-- No row: the same form was sent before.
INSERT INTO invitations
    (id, account_id, no, code_mac, role, address_sealed, invited_by, tries_left, expires_at)
VALUES (:id, :account_id, :no, :code_mac, :role, :address_sealed, :invited_by, :tries,
        now() + make_interval(secs => :valid_s))
ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: list_invitations(account_id, most)
-- Those that are open, the newest first.
SELECT i.id, i.role, i.address_sealed, i.tries_left, i.expires_at
  FROM invitations AS i
 WHERE i.account_id = :account_id AND i.ended_at IS NULL AND i.expires_at > now()
 ORDER BY i.created_at DESC, i.id
 LIMIT :most;

-- name: withdraw(account_id, id)
-- No row: the account has no such open invitation.
UPDATE invitations SET ended_at = now()
 WHERE account_id = :account_id AND id = :id AND ended_at IS NULL
RETURNING id;

-- name: withdraw_of(account_id, user_id)!
-- Those that somebody gave out who may no longer.
UPDATE invitations SET ended_at = now()
 WHERE account_id = :account_id AND invited_by = :user_id AND ended_at IS NULL;

-- name: try_code(no, code_mac)
-- What is tried against the open invitations of that number. One whose code it is not loses a try, in the statement that
-- compares: however many try at once, they are no more than five.
UPDATE invitations SET tries_left = tries_left - CASE WHEN code_mac = :code_mac THEN 0 ELSE 1 END
 WHERE no = :no AND ended_at IS NULL AND expires_at > now() AND tries_left > 0
RETURNING account_id, code_mac = :code_mac AS is_right;

-- name: find_open(code_mac)
-- No row: no open invitation has this code.
SELECT i.account_id, a.name, i.role
  FROM invitations AS i
  JOIN accounts AS a ON a.id = i.account_id
 WHERE i.code_mac = :code_mac AND i.ended_at IS NULL AND i.expires_at > now() AND i.tries_left > 0;

-- name: accept(account_id, code_mac, user_id)
-- No row: it ended meanwhile.
UPDATE invitations SET ended_at = now(), accepted_by = :user_id
 WHERE account_id = :account_id AND code_mac = :code_mac AND ended_at IS NULL AND expires_at > now() AND tries_left > 0
RETURNING id, role;

-- name: find_accepted(code_mac, user_id)
-- What the user joined by this code and is in still. No row: nothing.
SELECT i.account_id, a.name, m.role
  FROM invitations AS i
  JOIN memberships AS m ON m.account_id = i.account_id AND m.user_id = i.accepted_by
  JOIN accounts AS a ON a.id = i.account_id
 WHERE i.code_mac = :code_mac AND i.accepted_by = :user_id;

-- name: rename(account_id, name)!
UPDATE accounts SET name = :name WHERE id = :account_id;

-- name: sweep()!
-- Those whose time was over a month ago.
DELETE FROM invitations WHERE expires_at < now() - interval '30 days';
