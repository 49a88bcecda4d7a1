"""Everything that a document says and a machine can check."""
