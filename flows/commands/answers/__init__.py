"""The commands that tell an answer, take it apart, and compare it with another."""
