"""What a row may claim and why: reasons, status, attribution, and the rules over results."""
