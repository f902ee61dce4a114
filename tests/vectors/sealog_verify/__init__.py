"""An independent verifier of Sealog archives, written from crates/chain/FORMAT.md alone.

    report.py    findings, levels, outcomes, the JSON report
    hashing.py   Merkle trees of RFC 6962
    notes.py     verifier keys, signed notes, checkpoints
    commit.py    the only form of a commit
    fold.py      the state of a log, commit by commit
    evidence.py  Parquet objects and their rows
    footer.py    codecs of a Parquet file
    images.py    whether each change begins from the image that the one before left
    proof.py     the proof of one row
    store.py     a log as a directory of objects
    tiles.py     the log as C2SP tlog-tiles
    log.py       one log, all checks
    archive.py   all logs of an archive
"""
