//! Floor 5: the loop, frontier policy, scope, one page end to end.
