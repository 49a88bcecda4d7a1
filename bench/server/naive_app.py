"""The naive design: every client has a handler of its own that reads the files again at every interval."""

import asyncio
import json
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

root, port, every_s = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
app = FastAPI()


def bundle() -> str:
    return json.dumps(json.loads(root.read_bytes()))


@app.get("/events")
async def events() -> StreamingResponse:
    async def messages():
        while True:
            yield f"event: bots\ndata: {bundle()}\n\n"
            await asyncio.sleep(every_s)

    return StreamingResponse(messages(), media_type="text/event-stream")


@app.get("/bundle")
def get() -> dict[str, object]:
    return json.loads(root.read_bytes())


uvicorn.run(app, port=port, loop="uvloop", http="httptools", log_level="error", access_log=False, backlog=4096)
