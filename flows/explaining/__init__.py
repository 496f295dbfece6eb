"""One answer taken apart, step by step, down to the lines of the fact tables."""
