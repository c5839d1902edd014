import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fieldText, parseNumber, persianProse } from "../src/format/digits";
import { bounded, makeFormatter } from "../src/format/format";
import { makeCatalogue } from "../src/i18n/catalogue";

const plain = (text: string): string => text.replace(/[\u2066-\u2069]/g, "").replace(/\u00a0/g, " ");
const ftl = readFileSync(join(__dirname, "../../locales/fa.ftl"), "utf8");
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
    expect(bounded(0.9999)).toEqual({ bound: "above", share: 0.99 });
    expect(bounded(0.0001).bound).toBe("below");
    expect(bounded(1)).toEqual({ bound: null, share: 1 });
    expect(bounded(0.5)).toEqual({ bound: null, share: 0.5 });
    // in words: "<" and ">" point the other way in right-to-left text
    expect(plain(makeCatalogue("fa", ftl).text("ui-more-than", { value: fa.percent(0.99) }))).toBe("بیش از ۹۹٪");
  });
  it("write sizes with their unit", () => {
    expect(plain(en.bytes(482133))).toBe("482 kB");
    expect(plain(en.bytes(1_200_000))).toBe("1.2 MB");
    expect(plain(fa.bytes(482133))).toBe("۴۸۲ کیلوبایت");
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

describe("Persian prose that came with Latin digits", () => {
  it("reads in Persian digits", () => expect(persianProse("تا فاصله 1.5 متری حفاری دستی")).toBe("تا فاصله ۱٫۵ متری حفاری دستی"));
  it("keeps identifiers as stored", () =>
    expect(persianProse("خط W-104 در 08-5440-00437، قطعهٔ 12a، 3 انشعاب")).toBe("خط W-104 در 08-5440-00437، قطعهٔ 12a، ۳ انشعاب"));
  it("keeps a full stop after a number", () => expect(persianProse("انشعاب 2.")).toBe("انشعاب ۲."));
});
