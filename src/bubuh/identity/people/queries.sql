-- name: add_contact(address_index, user_id, address_sealed)
-- No row: somebody else has the address.
INSERT INTO contacts (address_index, user_id, address_sealed)
VALUES (:address_index, :user_id, :address_sealed)
ON CONFLICT DO NOTHING
RETURNING user_id;

-- name: find_user_of(address_index)
-- No row: nobody has the address.
SELECT c.user_id FROM contacts AS c WHERE c.address_index = :address_index;

-- name: list_contacts(user_id)
SELECT c.address_index, c.address_sealed
  FROM contacts AS c
 WHERE c.user_id = :user_id
 ORDER BY c.created_at, c.address_index;

-- name: list_account_contacts(account_id)
-- For each user of the account, the address they gave first.
SELECT DISTINCT ON (c.user_id) c.user_id, c.address_sealed
  FROM memberships AS m
  JOIN contacts AS c ON c.user_id = m.user_id
 WHERE m.account_id = :account_id
 ORDER BY c.user_id, c.created_at, c.address_index;

-- name: list_member_contacts(account_ids, user_ids)
-- The addresses of each user who is in the account that stands beside them, in the order they were given.
SELECT m.account_id, m.user_id, c.address_sealed
  FROM unnest(:account_ids::bigint[], :user_ids::uuid[]) AS x (account_id, user_id)
  JOIN memberships AS m ON m.account_id = x.account_id AND m.user_id = x.user_id
  JOIN contacts AS c ON c.user_id = m.user_id
 ORDER BY m.account_id, m.user_id, c.created_at, c.address_index;

-- name: add_credentials(user_id, password_hash)!
INSERT INTO credentials (user_id, password_hash) VALUES (:user_id, :password_hash);

-- name: find_credentials(user_id)
-- No row: this user signs in nowhere, or is forgotten.
SELECT c.user_id, c.password_hash, c.pin_hash, c.pin_tries, c.totp_sealed, c.totp_step, c.nik_sealed
  FROM credentials AS c
 WHERE c.user_id = :user_id;

-- name: set_password(user_id, password_hash)!
UPDATE credentials SET password_hash = :password_hash WHERE user_id = :user_id;

-- name: set_pin(user_id, pin_hash)!
UPDATE credentials SET pin_hash = :pin_hash, pin_tries = 0 WHERE user_id = :user_id;

-- name: try_pin(user_id)
-- Counts a try before it is made, so that many at once are no more than five. No row: none is left, or no PIN.
UPDATE credentials SET pin_tries = pin_tries + 1
 WHERE user_id = :user_id AND pin_hash IS NOT NULL AND pin_tries < 5
RETURNING pin_hash, pin_tries;

-- name: pass_pin(user_id)!
UPDATE credentials SET pin_tries = 0 WHERE user_id = :user_id;

-- name: set_totp(user_id, totp_sealed, totp_step)!
UPDATE credentials SET totp_sealed = :totp_sealed, totp_step = :totp_step WHERE user_id = :user_id;

-- name: pass_totp(user_id, totp_step)
-- No row: a code of this step or a later one was used before.
UPDATE credentials SET totp_step = :totp_step
 WHERE user_id = :user_id AND totp_step < :totp_step
RETURNING user_id;

-- name: set_nik(user_id, nik_sealed, nik_index)!
UPDATE credentials SET nik_sealed = :nik_sealed, nik_index = :nik_index WHERE user_id = :user_id;

-- name: add_session(secret_sha256, id, user_id, account_id, agent, valid_s)!
INSERT INTO sessions (secret_sha256, id, user_id, account_id, agent, expires_at)
VALUES (:secret_sha256, :id, :user_id, :account_id, :agent, now() + make_interval(secs => :valid_s));

-- name: find_session(secret_sha256)
-- No row: nobody is signed in with it, or its time is over, or its user left the account. `is_unseen`: its use was not
-- noted within the minute.
SELECT s.id, s.user_id, s.account_id, u.name AS user_name, a.name AS account_name, a.kind AS account_kind,
       u.roles, s.agent, s.created_at, s.seen_at, s.expires_at, s.seen_at < now() - interval '1 minute' AS is_unseen
  FROM sessions AS s
  JOIN users AS u ON u.id = s.user_id
  JOIN accounts AS a ON a.id = s.account_id
  JOIN memberships AS m ON m.user_id = s.user_id AND m.account_id = s.account_id
 WHERE s.secret_sha256 = :secret_sha256 AND s.expires_at > now();

-- name: session_stands(id, account_id)
-- No row: it ended meanwhile, acts for another account, or its user left that one.
SELECT s.id
  FROM sessions AS s
  JOIN memberships AS m ON m.user_id = s.user_id AND m.account_id = s.account_id
 WHERE s.id = :id AND s.account_id = :account_id AND s.expires_at > now();

-- name: see_session(id)!
-- Noted at most once a minute.
UPDATE sessions SET seen_at = now() WHERE id = :id AND seen_at < now() - interval '1 minute';

-- name: list_sessions(user_id)
SELECT s.id, s.user_id, s.account_id, u.name AS user_name, a.name AS account_name, a.kind AS account_kind,
       u.roles, s.agent, s.created_at, s.seen_at, s.expires_at
  FROM sessions AS s
  JOIN users AS u ON u.id = s.user_id
  JOIN accounts AS a ON a.id = s.account_id
 WHERE s.user_id = :user_id AND s.expires_at > now()
 ORDER BY s.seen_at DESC, s.id;

-- name: end_session(id, user_id)!
DELETE FROM sessions WHERE id = :id AND user_id = :user_id;

-- name: end_sessions(user_id, but)!
-- All of the user's, but one.
DELETE FROM sessions WHERE user_id = :user_id AND id <> :but;

-- name: turn_session(id, user_id, account_id)
-- No row: the user is not in that account.
UPDATE sessions AS s SET account_id = m.account_id
  FROM memberships AS m
 WHERE s.id = :id AND s.user_id = :user_id AND m.user_id = s.user_id AND m.account_id = :account_id
RETURNING s.id;

-- name: list_memberships(user_id)
SELECT m.account_id, a.kind, a.name, m.role
  FROM memberships AS m
  JOIN accounts AS a ON a.id = m.account_id
 WHERE m.user_id = :user_id
 ORDER BY m.created_at, m.account_id;

-- name: add_challenge(id, purpose, browser_sha256, user_id, address_index, address_sealed, code_mac, tries, valid_s)!
INSERT INTO challenges
    (id, purpose, browser_sha256, user_id, address_index, address_sealed, code_mac, tries_left, expires_at)
VALUES (:id, :purpose, :browser_sha256, :user_id, :address_index, :address_sealed, :code_mac, :tries,
        now() + make_interval(secs => :valid_s));

-- name: find_challenge(id, browser_sha256)
-- No row: there is none of this id for this browser, or its time is over.
SELECT c.id, c.purpose, c.user_id, c.address_index, c.address_sealed, c.code_mac, c.tries_left, c.proved_at,
       c.expires_at
  FROM challenges AS c
 WHERE c.id = :id AND c.browser_sha256 = :browser_sha256 AND c.expires_at > now();

-- name: try_challenge(id)
-- Counts a try before it is made. No row: none is left.
UPDATE challenges SET tries_left = tries_left - 1
 WHERE id = :id AND tries_left > 0 AND expires_at > now()
RETURNING tries_left;

-- name: prove_challenge(id)!
UPDATE challenges SET proved_at = now() WHERE id = :id;

-- name: use_challenge(id)
-- A proved challenge opens one thing, once. No row: it was used, or never proved.
DELETE FROM challenges WHERE id = :id AND proved_at IS NOT NULL
RETURNING id;

-- name: sweep()!
WITH gone AS (DELETE FROM challenges WHERE expires_at < now() - interval '1 hour')
DELETE FROM sessions WHERE expires_at < now();

-- name: forget_contacts(user_id)!
DELETE FROM contacts WHERE user_id = :user_id;

-- name: forget_credentials(user_id)!
DELETE FROM credentials WHERE user_id = :user_id;

-- name: forget_sessions(user_id)!
DELETE FROM sessions WHERE user_id = :user_id;

-- name: forget_challenges(user_id)!
DELETE FROM challenges WHERE user_id = :user_id;

-- name: rename_user(user_id, name)!
UPDATE users SET name = :name WHERE id = :user_id;

-- name: rename_account(account_id, name)!
UPDATE accounts SET name = :name WHERE id = :account_id;

-- name: forget_memberships(user_id)!
DELETE FROM memberships WHERE user_id = :user_id;
