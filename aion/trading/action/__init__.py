"""What happens to a position without an order: corporate actions, expiries, funding."""
