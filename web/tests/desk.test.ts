import { describe, expect, it } from "vitest";
import { answerBody, blankAnswer, blankOrder, deskLines, dueTone, isAnswerReady, isOrderReady, orderBody, type DeskTask } from "../src/lib/desk";
import type { DigSummary } from "../src/lib/digs";

describe("a company's desk", () => {
  it("shows what is due first on top, whatever it is, and what has no date last", () => {
    const task = (id: string, due: string | null): DeskTask => ({ task_id: id, due_at: due }) as DeskTask;
    const dig = { dig_id: "d", due_at: "2026-05-02T00:00:00Z" } as DigSummary;
    const lines = deskLines([task("none", null), task("late", "2026-05-03T00:00:00Z"), task("first", "2026-05-01T00:00:00Z")], [dig]);
    expect(lines.map((line) => (line.kind === "task" ? line.task.task_id : line.dig.dig_id))).toEqual(["first", "d", "late", "none"]);
    expect(dueTone("2026-05-01T00:00:00Z", new Date("2026-05-02T00:00:00Z"))).toBe("bad");
    expect(dueTone("2026-05-03T00:00:00Z", new Date("2026-05-02T00:00:00Z"))).toBe("warn");
  });

  it("asks for a yes or no, and for the reason of a no", () => {
    expect(isAnswerReady(blankAnswer())).toBe(false);
    expect(isAnswerReady({ ...blankAnswer(), serviceable: "no" })).toBe(false);
    expect(isAnswerReady({ ...blankAnswer(), serviceable: "yes", amount: -1 })).toBe(false);
    expect(isAnswerReady({ ...blankAnswer(), serviceable: "yes", capacity: { m3_hour: undefined, ampere: null } })).toBe(true);
    const no = { ...blankAnswer(), serviceable: "no" as const, reason: "no-capacity", amount: 5, note: " full " };
    expect(isAnswerReady(no)).toBe(true);
    expect(answerBody(no, 0)).toEqual({ expected_version: 0, serviceable: false, reason_code: "no-capacity", note: "full" });
  });

  it("sends an offer with its end and its number, conditions by the line, capacities that were chosen", () => {
    const yes = { ...blankAnswer(), serviceable: "yes" as const, amount: 12.5, until: "2026-06-01", offerRef: "O-1", conditions: "a\n\n b ", capacity: { m3_hour: 6, ampere: undefined } };
    expect(answerBody(yes, 2)).toEqual({
      expected_version: 2, serviceable: true, conditions: ["a", "b"], offer: { amount: 12.5, valid_until: "2026-06-01", offer_ref: "O-1" }, proposed_capacity: { m3_hour: 6 },
    });
  });

  it("wants a number for what is held or carried out, and a reason for what is refused", () => {
    expect(isOrderReady(blankOrder(), "try")).toBe(false);
    expect(isOrderReady(blankOrder(), "cancel")).toBe(true);
    expect(orderBody({ ...blankOrder(), number: " G-1 " }, 3)).toEqual({ path: "done", body: { expected_version: 3, number: "G-1" } });
    const refusal = { ...blankOrder(), isRefusal: true, reason: "debt", number: "G-1" };
    expect(isOrderReady({ ...refusal, reason: "" }, "confirm")).toBe(false);
    expect(orderBody(refusal, 0)).toEqual({ path: "refuse", body: { expected_version: 0, reason_code: "debt" } });
  });
});
