/** One trench for many works, as it is shown: each party's line, its sums, and whose word is still missing. Pure. */
import type { Overlap, Split, SplitWork } from "./digs";

export interface Party extends SplitWork {
  /** Its number in the card, from 1. */
  no: number;
  isOwn: boolean;
  /** What it bears in all, in the currency's smallest step. */
  cost: number;
  /** Its share of the whole bill, 0 to 1. */
  share: number;
  word: Word;
}
/** `in`: in the agreed trench; `said`: has accepted; `open`: its acceptance is missing; `declined`; `far`: meets this work only through others. */
export type Word = "in" | "said" | "open" | "declined" | "far";

/** Sums of money are made of whole steps: parts that are added again must not show a binary remainder. */
const added = (a: number, b: number): number => Math.round((a + b) * 100) / 100;

export function partiesOf(split: Split, own: string, overlaps: readonly Overlap[], members: readonly string[]): Party[] {
  const order = (work: SplitWork): number => (work.ref === own ? 0 : 1);
  return [...split.works]
    .sort((x, y) => order(x) - order(y))
    .map((work, index) => {
      const cost = added(work.cost_alone, work.cost_shared);
      return { ...work, no: index + 1, isOwn: work.ref === own, cost, share: split.total > 0 ? cost / split.total : 0, word: wordOf(work.ref, own, overlaps, members) };
    });
}

function wordOf(ref: string, own: string, overlaps: readonly Overlap[], members: readonly string[]): Word {
  if (members.includes(ref)) return "in";
  if (ref === own) return openOf(overlaps).length ? "open" : "said";
  const pair = overlaps.find((one) => one.with_ref === ref && one.shared_m > 0);
  if (!pair) return "far";
  if (pair.state === "declined") return "declined";
  return pair.theirs === null ? "open" : "said";
}

/** The works with which this one has not yet said yes to one trench. */
export const openOf = (overlaps: readonly Overlap[]): string[] =>
  overlaps.filter((one) => one.shared_m > 0 && one.state !== "declined" && one.mine === null).map((one) => one.with_ref);

/** Whether both speak of the same works: then one card says it. */
export const isSameSplit = (a: Split | null, b: Split | null): boolean =>
  a !== null && b !== null && a.works.length === b.works.length && a.works.every((one) => b.works.some((other) => other.ref === one.ref));
