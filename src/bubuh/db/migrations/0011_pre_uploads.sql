-- Why: on a slow link a document comes in parts, and goes on where it was cut off (tus 1.0, its core). What has come so
-- far waits here, sealed, and is never opened before it is whole; the row's key goes with the row.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE uploads (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    size_bytes bigint NOT NULL, -- that were announced
    received_bytes bigint NOT NULL DEFAULT 0,
    parts bigint [] NOT NULL DEFAULT '{}', -- the numbers of the objects they lie in, in their order
    name_sealed bytea NOT NULL,
    key_sealed bytea NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (shard, account_id, id),
    CONSTRAINT uploads_shard CHECK (shard = account_id % 64),
    CONSTRAINT uploads_size CHECK (size_bytes > 0),
    CONSTRAINT uploads_received CHECK (received_bytes BETWEEN 0 AND size_bytes),
    CONSTRAINT uploads_parts CHECK ((received_bytes = 0) = (cardinality(parts) = 0))
);
CREATE INDEX uploads_expired ON uploads (shard, expires_at);
GRANT SELECT, INSERT, DELETE ON uploads TO bubuh_app;
GRANT UPDATE (received_bytes, parts) ON uploads TO bubuh_app;
