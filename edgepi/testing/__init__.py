"""What plugin authors get: fixtures, conformance suites, fault injection."""
