"""The past: records each state of each bot in day files and gives back the state of any moment; draws nothing."""
