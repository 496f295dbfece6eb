"""What a printed figure may be off by: learned from the facts, read by the draws."""
