-- name: add_user(id, name, roles)!
INSERT INTO users (id, name, roles) VALUES (:id, :name, :roles);

-- name: add_account(id, kind, name)!
INSERT INTO accounts (id, kind, name) VALUES (:id, :kind, :name);

-- name: add_membership(user_id, account_id, role)!
INSERT INTO memberships (user_id, account_id, role) VALUES (:user_id, :account_id, :role);

-- name: find_account(id)
-- No row: there is no such account.
SELECT a.id, a.kind, a.name
  FROM accounts AS a
 WHERE a.id = :id;

-- name: find_membership(user_id, account_id)
-- No row: the user is not in the account, or one of them does not exist.
SELECT m.role
  FROM memberships AS m
 WHERE m.user_id = :user_id AND m.account_id = :account_id;

-- name: find_owner(account_id)
-- The account's first owner, the user its commands act through. No row: there is no such account.
SELECT m.user_id
  FROM memberships AS m
 WHERE m.account_id = :account_id AND m.role = 'owner'
 ORDER BY m.created_at, m.user_id
 LIMIT 1;

-- name: add_key(id, secret_sha256, ending, account_id, user_id, scopes)!
INSERT INTO api_keys (id, secret_sha256, ending, account_id, user_id, scopes)
VALUES (:id, :secret_sha256, :ending, :account_id, :user_id, :scopes);

-- name: revoke_key(id, account_id)
-- No row: the account has no such key, or it was revoked before.
UPDATE api_keys SET revoked_at = now()
 WHERE id = :id AND account_id = :account_id AND revoked_at IS NULL
RETURNING id;

-- name: find_key(id, account_id)
-- No row: the account has no such key.
SELECT k.id
  FROM api_keys AS k
 WHERE k.id = :id AND k.account_id = :account_id;

-- name: find_principal(secret_sha256)
-- Who a secret speaks for. No row: no key has it, or it is revoked, or its maker left the account.
SELECT k.user_id, k.account_id, k.scopes, u.roles, p.slot
  FROM api_keys AS k
  JOIN users AS u ON u.id = k.user_id
  JOIN memberships AS m ON m.user_id = k.user_id AND m.account_id = k.account_id
  LEFT JOIN shown_partners AS p ON p.account_id = k.account_id
 WHERE k.secret_sha256 = :secret_sha256 AND k.revoked_at IS NULL;
