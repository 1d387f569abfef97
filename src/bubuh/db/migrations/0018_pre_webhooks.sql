-- 0018_pre_webhooks.sql
-- Why: programs that sell or stamp for others hear of what became of their orders, refunds and stamps without asking all
-- the time, and can read what they missed (ADR-0038). Kept for accounts with a webhook only: nobody else pays for it.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

-- One row an account that ever had a webhook. Whoever writes an event, or changes the account's webhooks, locks it first:
-- so events are numbered in the order in which they are committed, and a reader that has seen a number misses none below.
CREATE TABLE webhook_feeds (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    last_no bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (shard, account_id),
    CONSTRAINT webhook_feeds_shard CHECK (shard = account_id % 64),
    CONSTRAINT webhook_feeds_last_no CHECK (last_no >= 0)
);
GRANT SELECT, INSERT ON webhook_feeds TO bubuh_app;
GRANT UPDATE (last_no) ON webhook_feeds TO bubuh_app;

CREATE TABLE webhook_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    no bigint NOT NULL, -- from 1, without a gap in an account
    id uuid NOT NULL, -- the same wherever it is told of, for ever
    type text NOT NULL, -- the topic of the fact that it was
    subject text NOT NULL, -- what it is about; this id and those in `data` are as the world sees them
    data jsonb NOT NULL,
    happened_at timestamptz NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id, no),
    CONSTRAINT webhook_events_once UNIQUE (shard, account_id, id),
    CONSTRAINT webhook_events_shard CHECK (shard = account_id % 64),
    CONSTRAINT webhook_events_no CHECK (no > 0)
);
CREATE INDEX webhook_events_noted ON webhook_events (shard, noted_at);
GRANT SELECT, INSERT, DELETE ON webhook_events TO bubuh_app;

CREATE TABLE webhooks (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    url text NOT NULL,
    state text NOT NULL DEFAULT 'on', -- off: its server said 410
    made_at timestamptz NOT NULL DEFAULT now(),
    off_at timestamptz,
    heard_at timestamptz, -- the last 2xx, to a second
    failed_at timestamptz, -- the last that was none
    failure text, -- what came then: a status, or why no answer came
    given_up bigint NOT NULL DEFAULT 0, -- events that it never heard, and that nobody tries any more
    PRIMARY KEY (shard, account_id, id),
    CONSTRAINT webhooks_shard CHECK (shard = account_id % 64),
    CONSTRAINT webhooks_state_known CHECK (state IN ('on', 'off')),
    CONSTRAINT webhooks_off CHECK ((state = 'off') = (off_at IS NOT NULL)),
    CONSTRAINT webhooks_failure CHECK ((failure IS NULL) = (failed_at IS NULL)),
    CONSTRAINT webhooks_url_length CHECK (length(url) BETWEEN 1 AND 2000)
);
GRANT SELECT, INSERT, DELETE ON webhooks TO bubuh_app;
GRANT UPDATE (state, off_at, heard_at, failed_at, failure, given_up) ON webhooks TO bubuh_app;

-- What a webhook's messages are signed with, sealed under the person key. The newest has no end.
CREATE TABLE webhook_secrets (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    webhook_id uuid NOT NULL,
    id uuid NOT NULL, -- derived from the Idempotency-Key that it was made by
    secret_sealed bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz,
    PRIMARY KEY (shard, account_id, webhook_id, id),
    CONSTRAINT webhook_secrets_shard CHECK (shard = account_id % 64)
);
CREATE UNIQUE INDEX webhook_secrets_newest ON webhook_secrets (shard, account_id, webhook_id) WHERE ends_at IS NULL;
GRANT SELECT, INSERT, DELETE ON webhook_secrets TO bubuh_app;
GRANT UPDATE (ends_at) ON webhook_secrets TO bubuh_app;

-- One row an event that a webhook has yet to hear. It goes when it was heard, or when nobody tries any more.
CREATE TABLE webhook_deliveries (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    webhook_id uuid NOT NULL,
    no bigint NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    made_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id, webhook_id, no),
    CONSTRAINT webhook_deliveries_shard CHECK (shard = account_id % 64),
    CONSTRAINT webhook_deliveries_attempts CHECK (attempts >= 0)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (shard, account_id, webhook_id, due_at, no);
GRANT SELECT, INSERT, DELETE ON webhook_deliveries TO bubuh_app;
GRANT UPDATE (attempts, due_at) ON webhook_deliveries TO bubuh_app;
