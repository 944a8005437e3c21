"""What `brainsim verify` does: compare what the engine gives with what was obtained in other ways."""

from brainsim.testing.verification.comparisons import verify

__all__ = ["verify"]
