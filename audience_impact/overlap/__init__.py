"""The overlap of audiences: how people of one country use services together."""
