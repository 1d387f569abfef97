"""A surge: far more come than can be let in, most never to enter, some with files meant to hurt."""
