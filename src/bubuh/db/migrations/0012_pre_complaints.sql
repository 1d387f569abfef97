-- 0012_pre_complaints.sql
-- Why: a complaint opens from a row of the history, when the machine has looked and did not solve it. It holds all that
-- the machine saw, so that nobody is asked for a screenshot. What people write is sealed under the person key, as their
-- addresses are: both texts may hold personal data. Whoever has the number may follow it.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE complaints (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    request_sha256 bytea NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    words_sealed bytea, -- NULL once forgotten
    findings jsonb NOT NULL, -- what the machine saw when it was opened
    state text NOT NULL,
    actor text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    answer_by timestamptz NOT NULL, -- promised
    answer_sealed bytea, -- NULL once forgotten
    answered_at timestamptz,
    answered_by text,
    PRIMARY KEY (shard, account_id, id),
    CONSTRAINT complaints_shard CHECK (shard = account_id % 64),
    CONSTRAINT complaints_id_names_shard CHECK (get_byte(uuid_send(id), 0) = shard),
    CONSTRAINT complaints_request_sha256 CHECK (length(request_sha256) = 32),
    CONSTRAINT complaints_subject_known CHECK (subject_kind IN ('stamp', 'order', 'refund')),
    CONSTRAINT complaints_state_known CHECK (state IN ('open', 'answered', 'withdrawn')),
    CONSTRAINT complaints_answered_whole CHECK (
        num_nonnulls(answered_at, answered_by) = CASE state WHEN 'answered' THEN 2 ELSE 0 END
    ),
    -- who is forgotten leaves neither their words nor the answer to them
    CONSTRAINT complaints_answer_of_words CHECK (answer_sealed IS NULL OR (words_sealed IS NOT NULL AND state = 'answered'))
);
-- By its number alone: who follows it need not be signed in.
CREATE INDEX complaints_no ON complaints (shard, id);
CREATE INDEX complaints_open ON complaints (shard, answer_by) WHERE state = 'open';
GRANT SELECT, INSERT ON complaints TO bubuh_app;
GRANT UPDATE (state, answer_sealed, answered_at, answered_by, words_sealed) ON complaints TO bubuh_app;

CREATE TABLE complaint_events (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    complaint_id uuid NOT NULL,
    state text NOT NULL,
    move text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, account_id, complaint_id, state),
    CONSTRAINT complaint_events_shard CHECK (shard = account_id % 64)
);
CREATE TRIGGER complaint_events_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON complaint_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON complaint_events TO bubuh_app;
