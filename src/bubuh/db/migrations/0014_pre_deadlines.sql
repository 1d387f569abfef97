-- 0014_pre_deadlines.sql
-- Why: an agency announces a deadline, and who is eligible stands in a lane of its own. Of a list only keyed hashes of
-- salted hashes are kept: neither names nor numbers, and nothing that a stolen database could be tried against. Who
-- says to be eligible says so once. None of these tables is hot: an account enters a deadline once.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE deadlines (
    id uuid PRIMARY KEY,
    slug text NOT NULL,
    lane_id smallint NOT NULL, -- never given to another: turns and codes bear it
    name text NOT NULL,
    agency text NOT NULL,
    at timestamptz NOT NULL,
    eligibility text NOT NULL,
    salt text,
    expected integer NOT NULL,
    registered_by text NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    CONSTRAINT deadlines_slug_once UNIQUE (slug),
    CONSTRAINT deadlines_lane_once UNIQUE (lane_id),
    CONSTRAINT deadlines_lane_known CHECK (lane_id BETWEEN 10 AND 53),
    CONSTRAINT deadlines_expected CHECK (expected >= 0),
    CONSTRAINT deadlines_eligibility_known CHECK (eligibility IN ('list', 'declared')),
    CONSTRAINT deadlines_list_salted CHECK ((eligibility = 'list') = (salt IS NOT NULL))
);
GRANT SELECT, INSERT ON deadlines TO bubuh_app;
GRANT UPDATE (closed_at) ON deadlines TO bubuh_app;

CREATE TABLE deadline_entitled (
    deadline_id uuid NOT NULL REFERENCES deadlines (id),
    mark bytea NOT NULL,
    PRIMARY KEY (deadline_id, mark),
    CONSTRAINT deadline_entitled_mark CHECK (length(mark) = 32)
);
GRANT SELECT, INSERT ON deadline_entitled TO bubuh_app;

CREATE TABLE deadline_entries (
    deadline_id uuid NOT NULL REFERENCES deadlines (id),
    account_id bigint NOT NULL,
    mark bytea, -- of the list; NULL: they said so
    holder_sealed bytea, -- the agency's own hash of them, for proofs of turn
    entered_at timestamptz NOT NULL DEFAULT now(),
    turn text,
    code text,
    number bigint,
    PRIMARY KEY (deadline_id, account_id),
    CONSTRAINT deadline_entries_mark_once UNIQUE (deadline_id, mark),
    CONSTRAINT deadline_entries_listed FOREIGN KEY (deadline_id, mark)
    REFERENCES deadline_entitled (deadline_id, mark),
    CONSTRAINT deadline_entries_holder CHECK ((mark IS NULL) = (holder_sealed IS NULL)),
    CONSTRAINT deadline_entries_turn_whole CHECK (num_nonnulls(turn, code, number) IN (0, 3))
);
CREATE INDEX deadline_entries_number ON deadline_entries (deadline_id, number) WHERE number IS NOT NULL;
GRANT SELECT, INSERT ON deadline_entries TO bubuh_app;
GRANT UPDATE (turn, code, number) ON deadline_entries TO bubuh_app;
