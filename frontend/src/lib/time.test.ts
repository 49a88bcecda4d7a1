import { afterEach, describe, expect, it } from "vitest";
import {
  clock,
  dayName,
  dayOrClock,
  dayStart,
  fromField,
  instant,
  isoDay,
  localStamp,
  monthName,
  setShownZone,
  shortStamp,
  shownName,
  stamp,
  toField,
  UTC,
  zoneName,
} from "./time";

const NOW = Date.parse("2022-05-19T14:32:00Z");
const at = (iso: string): number => Date.parse(iso);

describe("market time", () => {
  it("of today is the clock with its zone", () => {
    expect(stamp(NOW, NOW)).toBe("14:32 UTC");
    expect(clock(NOW)).toBe("14:32");
  });

  it("of another day has its day, of another year its year", () => {
    expect(stamp(at("2022-05-18T20:00:00Z"), NOW)).toBe("18 May 20:00 UTC");
    expect(stamp(at("2021-11-19T21:00:00Z"), NOW)).toBe("19 Nov 2021 21:00 UTC");
    expect(shortStamp(at("2022-05-18T20:00:00Z"), undefined)).toBe("18 May 2022 20:00");
  });

  it("agrees with Intl around every change of the clocks, to the second", () => {
    const zones = ["America/New_York", "Europe/London", "Asia/Hong_Kong", "Australia/Lord_Howe", "Asia/Kathmandu"];
    for (const zone of zones) {
      const exact = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", timeStyle: "short" });
      for (const noon of ["2022-03-13", "2022-03-27", "2022-04-03", "2022-10-02", "2022-10-30", "2022-11-06"]) {
        for (let minute = -900; minute <= 900; minute += 5) {
          const ms = Date.parse(`${noon}T12:00:00Z`) + minute * 60_000 + 59_999;
          expect(clock(ms, zone)).toBe(exact.format(ms));
        }
      }
    }
  });

  it("in a zone has that zone's clock, day and name", () => {
    const open = at("2022-05-20T01:30:00Z");
    expect(localStamp(open, NOW, "Asia/Hong_Kong")).toBe("Fri 09:30 HKT");
    expect(localStamp(at("2022-05-19T15:30:00Z"), NOW, "Europe/London")).toBe("16:30 BST");
    expect(localStamp(at("2022-05-19T20:00:00Z"), NOW, "America/New_York")).toBe("16:00 EDT");
    expect(zoneName("America/New_York", at("2022-01-19T20:00:00Z"))).toBe("EST");
    expect(isoDay(at("2022-05-19T20:00:00Z"), "Asia/Hong_Kong")).toBe("2022-05-20");
  });

  it("at midnight is 00, not 24", () => {
    expect(clock(at("2022-05-19T00:00:00Z"))).toBe("00:00");
  });

  it("of a day is its name, with the year where it differs", () => {
    expect(dayName("2022-05-18", NOW)).toBe("18 May");
    expect(dayName("2021-09-01", NOW)).toBe("1 Sep 2021");
    expect(dayName("soon", NOW)).toBe("soon");
    expect(dayOrClock(NOW - 60_000, NOW)).toBe("14:31");
    expect(dayOrClock(at("2022-05-18T20:00:00Z"), NOW)).toBe("18 May");
  });

  it("of a month has its year when asked", () => {
    expect(monthName(at("2022-03-01T00:00:00Z"), true)).toBe("Mar 22");
    expect(monthName(at("2021-09-01T00:00:00Z"), false)).toBe("Sep");
  });

  it("that is no time is absent", () => {
    expect(instant(undefined)).toBeUndefined();
    expect(instant("")).toBeUndefined();
    expect(instant("yesterday")).toBeUndefined();
    expect(instant("2022-05-19T14:32:00Z")).toBe(NOW);
  });
});

describe("the zone that was chosen", () => {
  afterEach(() => setShownZone(UTC));

  it("is that of every text given no other", () => {
    setShownZone("Asia/Hong_Kong");
    expect(stamp(at("2022-05-19T14:32:00Z"), NOW)).toBe("22:32 HKT");
    expect(stamp(at("2022-05-19T20:00:00Z"), NOW)).toBe("20 May 04:00 HKT");
    expect(isoDay(at("2022-05-19T20:00:00Z"))).toBe("2022-05-20");
    expect(shownName(NOW)).toBe("HKT");
    expect(dayStart(NOW)).toBe(at("2022-05-18T16:00:00Z"));
    setShownZone("America/New_York");
    expect(dayStart(NOW)).toBe(at("2022-05-19T04:00:00Z"));
  });
});

it("a date field is read in the zone it was shown in, across a change of summer time", () => {
  for (const zone of ["UTC", "Asia/Hong_Kong", "America/New_York", "Europe/London"]) {
    for (const iso of ["2022-03-13T12:30:00Z", "2022-05-19T14:32:00Z", "2022-11-06T23:15:00Z"]) {
      expect(fromField(toField(at(iso), zone), zone)).toBe(at(iso));
    }
  }
  expect(fromField("")).toBeUndefined();
});

it("shows, and names, UTC for a zone that this browser does not know", () => {
  const at = Date.UTC(2022, 4, 19, 14, 32);
  expect(stamp(at, at, "Mars/Olympus_Mons")).toBe("14:32 UTC");
  expect(zoneName("Etc/Unknown", at)).toBe("UTC");
});
