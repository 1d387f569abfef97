-- 0016_pre_reminders.sql
-- Why: who waits may ask to be told when their turn is called (ADR-0035). A row says who, and for which number of which
-- lane; it holds no address. It goes with the turn's life, with the account, and when it is withdrawn.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE turn_reminders (
    shard smallint NOT NULL,
    account_id bigint NOT NULL,
    user_id uuid NOT NULL,
    lane smallint NOT NULL,
    number bigint NOT NULL,
    place bigint, -- where the number stands in its lane; NULL: it takes part in a draw that is still to come
    language text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    told_at timestamptz,
    PRIMARY KEY (shard, account_id, user_id, lane),
    CONSTRAINT turn_reminders_shard CHECK (shard = account_id % 64),
    CONSTRAINT turn_reminders_lane_known CHECK (lane BETWEEN 1 AND 63),
    CONSTRAINT turn_reminders_number CHECK (number > 0 AND place > 0),
    CONSTRAINT turn_reminders_language_known CHECK (language IN ('id', 'en')),
    CONSTRAINT turn_reminders_told_placed CHECK (told_at IS NULL OR place IS NOT NULL)
);
CREATE INDEX turn_reminders_untold ON turn_reminders (shard, lane, place) WHERE told_at IS NULL;
CREATE INDEX turn_reminders_expired ON turn_reminders (shard, expires_at);
GRANT SELECT, INSERT, DELETE ON turn_reminders TO bubuh_app;
GRANT UPDATE (number, place, language, asked_at, expires_at, told_at) ON turn_reminders TO bubuh_app;
