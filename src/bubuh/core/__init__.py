"""Words everyone uses: errors, ids, shards, money, clock, moves. No I/O."""
