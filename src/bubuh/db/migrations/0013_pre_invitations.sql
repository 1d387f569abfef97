-- 0013_pre_invitations.sql
-- Why: people act for organisations together. Somebody joins by a one-time code that an administrator hands over or has
-- sent. Of the code only a keyed hash is kept, and its first letters, by which wrong tries are counted against it.
-- A row that has ended says how: with `accepted_by` it was used, without it was withdrawn.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts (id),
    no text NOT NULL,
    code_mac bytea NOT NULL UNIQUE,
    role text NOT NULL,
    address_sealed bytea, -- where the code was sent; NULL: it was handed over
    invited_by uuid NOT NULL REFERENCES users (id),
    tries_left smallint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    accepted_by uuid REFERENCES users (id),
    CONSTRAINT invitations_mac_is_sha256 CHECK (length(code_mac) = 32),
    CONSTRAINT invitations_role_known CHECK (role IN ('owner', 'member')),
    CONSTRAINT invitations_tries CHECK (tries_left BETWEEN 0 AND 5),
    CONSTRAINT invitations_end_whole CHECK (accepted_by IS NULL OR ended_at IS NOT NULL)
);
CREATE INDEX invitations_no ON invitations (no) WHERE ended_at IS NULL;
CREATE INDEX invitations_account ON invitations (account_id) WHERE ended_at IS NULL;
CREATE INDEX invitations_expiry ON invitations (expires_at);
GRANT SELECT, INSERT, DELETE ON invitations TO bubuh_app;
GRANT UPDATE (tries_left, ended_at, accepted_by) ON invitations TO bubuh_app;
