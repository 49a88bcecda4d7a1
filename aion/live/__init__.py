"""Fresh snapshots of files and their push over SSE; knows nothing of trading and mounts in any FastAPI app."""
