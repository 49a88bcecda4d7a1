"""What an attacker could send; the long run is `python -m tests.hostile`."""
