"""Places below the country: who lives there, who of them is online, and over which networks."""
