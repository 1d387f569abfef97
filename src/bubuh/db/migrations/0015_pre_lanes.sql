-- 0015_pre_lanes.sql
-- Why: an operator opens lanes for customers and partners whom they name, and an account keeps the turn that it took by
-- API or on such a lane's page: one number a lane, shown again on all its devices. None of these tables is hot: an
-- account joins a lane once.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE named_lanes (
    lane_id smallint PRIMARY KEY, -- never given to another: turns and codes bear it
    name text NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    floor double precision NOT NULL,
    ceiling double precision NOT NULL,
    weight double precision NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    CONSTRAINT named_lanes_name_once UNIQUE (name),
    CONSTRAINT named_lanes_lane_known CHECK (lane_id BETWEEN 5 AND 9 OR lane_id BETWEEN 54 AND 63),
    CONSTRAINT named_lanes_kind_known CHECK (kind IN ('group', 'partner')),
    CONSTRAINT named_lanes_shares CHECK (0 <= floor AND floor <= ceiling AND ceiling <= 1 AND weight > 0)
);
GRANT SELECT, INSERT ON named_lanes TO bubuh_app;
GRANT UPDATE (title, floor, ceiling, weight, closed_at) ON named_lanes TO bubuh_app;

CREATE TABLE lane_accounts (
    lane_id smallint NOT NULL REFERENCES named_lanes (lane_id),
    account_id bigint NOT NULL,
    named_by text NOT NULL,
    named_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz, -- it may stand there no more
    PRIMARY KEY (lane_id, account_id)
);
CREATE INDEX lane_accounts_account ON lane_accounts (account_id) WHERE ended_at IS NULL;
GRANT SELECT, INSERT ON lane_accounts TO bubuh_app;
GRANT UPDATE (named_by, named_at, ended_at) ON lane_accounts TO bubuh_app;

CREATE TABLE lane_turns (
    lane_id smallint NOT NULL, -- of any lane
    account_id bigint NOT NULL,
    turn text NOT NULL,
    code text NOT NULL,
    number bigint NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (lane_id, account_id)
);
GRANT SELECT, INSERT ON lane_turns TO bubuh_app;
GRANT UPDATE (turn, code, number, taken_at) ON lane_turns TO bubuh_app;
