"""The candidates of each stage for a restriction, and the shift of its draws by corrections."""
