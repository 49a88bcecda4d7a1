"""All bots together: results by span, what they hold, and pages of their positions and trades; currencies apart."""
