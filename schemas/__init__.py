"""The contract: what goes in (events), what comes out (verdicts, alerts, rejects), and the words they use."""
