"""Publishers' files: downloaded, stored, compared with previous ones, and converted to facts."""
