"""Places below the country: their residents, the people online there, and their networks."""
