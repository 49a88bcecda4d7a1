"""What the desk says of itself, as JSON for the System page and in Prometheus' format."""
