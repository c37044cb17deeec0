"""What comes from elsewhere: files of events, and mappings from other people's columns to canonical events."""
