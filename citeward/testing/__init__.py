"""For tests, ours and yours: doubles that follow the contracts, and one conformance suite per contract."""
