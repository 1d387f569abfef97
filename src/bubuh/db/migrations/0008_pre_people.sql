-- 0008_pre_people.sql
-- Why: people sign in to the site (ADR-0018): by an address they have proved, a password, and for stamping a PIN.
-- None of these tables is hot: a stamp's own path reads one row of them and writes at most one (the PIN's tries).
-- Addresses and national numbers are sealed under the person key; what they are found by is a keyed hash.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

-- Who forgets the service leaves a user without a name, for the ledger's sake.
GRANT UPDATE (name) ON users TO bubuh_app;
GRANT UPDATE (name) ON accounts TO bubuh_app;
GRANT DELETE ON memberships TO bubuh_app;

CREATE TABLE contacts (
    address_index bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    address_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT contacts_index_is_sha256 CHECK (length(address_index) = 32)
);
CREATE INDEX contacts_user ON contacts (user_id);
GRANT SELECT, INSERT, DELETE ON contacts TO bubuh_app;

CREATE TABLE credentials (
    user_id uuid PRIMARY KEY REFERENCES users (id),
    password_hash text NOT NULL,
    pin_hash text,
    pin_tries smallint NOT NULL DEFAULT 0,
    totp_sealed bytea,
    totp_step bigint NOT NULL DEFAULT 0,
    nik_sealed bytea,
    nik_index bytea,
    CONSTRAINT credentials_pin_tries CHECK (pin_tries BETWEEN 0 AND 5),
    CONSTRAINT credentials_nik_whole CHECK ((nik_sealed IS NULL) = (nik_index IS NULL))
);
CREATE INDEX credentials_nik ON credentials (nik_index) WHERE nik_index IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON credentials TO bubuh_app;

-- The browser holds the secret, the row its hash.
CREATE TABLE sessions (
    secret_sha256 bytea PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    user_id uuid NOT NULL REFERENCES users (id),
    account_id bigint NOT NULL REFERENCES accounts (id),
    agent text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT sessions_secret_is_sha256 CHECK (length(secret_sha256) = 32)
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
GRANT SELECT, INSERT, DELETE ON sessions TO bubuh_app;
GRANT UPDATE (seen_at, account_id) ON sessions TO bubuh_app;

-- A one-time code that was sent, or a sign-in that waits for its second step. Bound to one browser.
CREATE TABLE challenges (
    id uuid PRIMARY KEY,
    purpose text NOT NULL,
    browser_sha256 bytea NOT NULL,
    user_id uuid REFERENCES users (id),
    address_index bytea,
    address_sealed bytea,
    code_mac bytea,
    tries_left smallint NOT NULL,
    proved_at timestamptz,
    expires_at timestamptz NOT NULL,
    CONSTRAINT challenges_purpose_known CHECK (purpose IN ('register', 'reset', 'pin', 'totp')),
    CONSTRAINT challenges_tries CHECK (tries_left BETWEEN 0 AND 5)
);
CREATE INDEX challenges_expiry ON challenges (expires_at);
GRANT SELECT, INSERT, DELETE ON challenges TO bubuh_app;
GRANT UPDATE (tries_left, proved_at) ON challenges TO bubuh_app;
