"""The contract: the records that go in (events) and come out (verdicts, alerts), and their vocabulary."""
