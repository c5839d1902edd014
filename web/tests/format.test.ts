import { describe, expect, it } from "vitest";
import { fieldText, parseNumber } from "../src/format/digits";
import { makeFormatter } from "../src/format/format";

const plain = (text: string): string => text.replace(/[\u2066-\u2069]/g, "").replace(/\u00a0/g, " ");
const fa = makeFormatter("fa", "Asia/Tehran");
const en = makeFormatter("en", "Asia/Tehran");

describe("numbers", () => {
  it("are Persian in Persian, with their unit", () => {
    expect(fa.number(1234567.5, 1)).toBe("۱٬۲۳۴٬۵۶۷٫۵");
    expect(plain(fa.metres(0.42))).toBe("۰٫۴۲ متر");
    expect(plain(en.metres(0.42))).toBe("0.42 m");
  });
  it("keep a sign beside its digits in right-to-left text", () => {
    expect(fa.number(-4.9, 1).startsWith("\u2066")).toBe(true);
    expect(fa.number(-4.9, 1).endsWith("\u2069")).toBe(true);
  });
  it("never round a probability to a certainty", () => {
    expect(plain(en.percent(0.9999))).toBe(">99%");
    expect(plain(en.percent(0.0001))).toBe("<1%");
    expect(plain(en.percent(1))).toBe("100%");
  });
});

describe("instants, in the city's own zone", () => {
  const beforeMidnight = "2026-11-22T21:00:00Z"; // 00:30 of the next day in Tehran
  it("are Jalali in Persian", () => {
    expect(fa.date(beforeMidnight)).toBe("۲ آذر ۱۴۰۵");
    expect(fa.dateTime(beforeMidnight)).toBe("۲ آذر ۱۴۰۵، ۰۰:۳۰");
  });
  it("are ISO in English", () => {
    expect(en.date(beforeMidnight)).toBe("2026-11-23");
    expect(en.dateTime(beforeMidnight)).toBe("2026-11-23 00:30");
  });
  it("say what cannot be read as a dash", () => expect(fa.date("soon")).toBe("—"));
  it("are told relative to now", () => {
    const now = new Date("2026-11-22T00:00:00Z");
    expect(en.relative("2026-11-25T00:00:00Z", now)).toBe("in 3 days");
    expect(en.relative("2026-11-21T22:00:00Z", now)).toBe("2 hours ago");
  });
});

describe("numbers as people type them", () => {
  it.each([
    ["۲٫۴", 2.4], ["2.4", 2.4], ["٢٫٤", 2.4], ["2,4", 2.4], ["", null], ["۱٬۲۰۰", 1200], ["-3", -3],
  ])("%s is %s", (text, value) => expect(parseNumber(text)).toBe(value));
  it("are not guessed", () => expect(parseNumber("two")).toBeNaN());
  it("stand in the field in the language's digits", () => {
    expect(fieldText(2.4, "fa")).toBe("۲٫۴");
    expect(fieldText(2.4, "en")).toBe("2.4");
    expect(fieldText(null, "fa")).toBe("");
  });
});
