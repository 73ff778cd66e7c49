"""What a history costs: appended, folded, replayed, audited."""
