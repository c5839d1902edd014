/**
 * The only code that asks which way the page reads. MapLibre's corners and paddings are physical
 * (left/right); the page is logical (start/end). These functions translate.
 */
import type { Direction } from "../i18n/language";

export type Corner = "top-left" | "top-right" | "bottom-left" | "bottom-right";
export interface LogicalPadding { blockStart: number; blockEnd: number; inlineStart: number; inlineEnd: number }
export interface PhysicalPadding { top: number; bottom: number; left: number; right: number }

export function inlineStart(block: "top" | "bottom", direction: Direction): Corner {
  return `${block}-${direction === "rtl" ? "right" : "left"}`;
}

export function inlineEnd(block: "top" | "bottom", direction: Direction): Corner {
  return `${block}-${direction === "rtl" ? "left" : "right"}`;
}

export function physicalPadding(padding: LogicalPadding, direction: Direction): PhysicalPadding {
  const [left, right] =
    direction === "rtl" ? [padding.inlineEnd, padding.inlineStart] : [padding.inlineStart, padding.inlineEnd];
  return { top: padding.blockStart, bottom: padding.blockEnd, left, right };
}
