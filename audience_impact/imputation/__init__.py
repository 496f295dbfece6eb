"""Audiences that nobody counted: the share of the people online who use a service, from others."""
