/** The ten lines that make a bot appear: write one whole file and rename it. Runs with Python alone. */

export const EXAMPLE = `import datetime, json, os, pathlib
now = datetime.datetime.now(datetime.timezone.utc)
folder = pathlib.Path(os.environ.get("AION_DATA", "aion-data"), "intraday", "sim_logs")
folder.mkdir(parents=True, exist_ok=True)
state = {"schema": "aion/sim_log/1", "bot": "mine", "mode": "paper", "currency": "USD",
         "day": f"{now:%Y-%m-%d}", "as_of": now.isoformat(), "equity": 1000.0, "cash": 1000.0}
target = folder / f"{state['day']}_mine.json"
partial = folder / ".mine.partial"
partial.write_text(json.dumps(state))
partial.rename(target)`;
