-- 0017_pre_partners.sql
-- Why: the public asks which partner still has stamps. An operator names those of whom the status page tells; of all
-- others it tells nothing. The slot bounds how many, and is all that metrics know of a partner.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE shown_partners (
    slot smallint PRIMARY KEY,
    account_id bigint NOT NULL,
    name text NOT NULL,
    shown_by text NOT NULL,
    shown_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT shown_partners_account_once UNIQUE (account_id),
    CONSTRAINT shown_partners_name_once UNIQUE (name),
    CONSTRAINT shown_partners_slots CHECK (slot BETWEEN 1 AND 32)
);
GRANT SELECT, INSERT, DELETE ON shown_partners TO bubuh_app;
