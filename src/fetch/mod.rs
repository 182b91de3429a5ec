//! Floor 4: everything on the wire; the only user of reqwest.
