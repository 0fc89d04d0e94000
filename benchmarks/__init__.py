"""Every figure that Kefu claims, one command each; see docs/operations.md."""
