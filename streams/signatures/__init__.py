"""Signatures of webhooks: the schemes of vendors, their verification, and the scheme by which we sign."""
