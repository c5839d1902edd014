/**
 * Conventional colours of underground utilities (APWA Uniform Color Code: electricity red, gas yellow,
 * telecom orange, water blue, sewer and drain green). Tuned to be told apart on a light base map, and
 * never by colour alone: each utility also has its own line pattern. Heating is not in the APWA code.
 */
export interface UtilityStyle {
  /** Colour of the line. */
  line: string;
  /** Thin darker edge, for light colours that would drown in the base map. */
  edge: string;
  /** Dash pattern in line widths; null is a solid line. */
  dash: [number, ...number[]] | null;
  /** Colour of text on the chip and along the line; at least 4.5:1 on white. */
  ink: string;
}

export const UTILITIES = ["water", "sewer", "stormwater", "gas", "electricity", "telecom", "heating"] as const;
export type UtilityName = (typeof UTILITIES)[number];

export const UTILITY_STYLE: Record<UtilityName, UtilityStyle> = {
  water: { line: "#0a6ed1", edge: "#ffffff", dash: null, ink: "#0858a8" },
  sewer: { line: "#2c8a3c", edge: "#ffffff", dash: null, ink: "#1f6b2d" },
  stormwater: { line: "#4aa564", edge: "#ffffff", dash: [6, 2], ink: "#2b6e3f" },
  gas: { line: "#ffcf0a", edge: "#6b5200", dash: null, ink: "#6b5200" },
  electricity: { line: "#d81e1e", edge: "#ffffff", dash: [5, 1.2, 1, 1.2], ink: "#b01414" },
  telecom: { line: "#f07c00", edge: "#ffffff", dash: [2, 1], ink: "#9a4d00" },
  heating: { line: "#a63d8f", edge: "#ffffff", dash: [8, 2], ink: "#86286f" },
};

export function isUtility(value: unknown): value is UtilityName {
  return typeof value === "string" && value in UTILITY_STYLE;
}

export const VERDICT_COLOUR = {
  violates: "#b3261e",
  undecidable: "#b26a00",
  no_information: "#5c6b75",
  clear: "#1e7a45",
} as const;

/** Places of a report: issues by severity, changes by kind. */
export const MARK_COLOUR = {
  error: "#b3261e", warning: "#b26a00", notice: "#0b5563", fact: "#5c6b75",
  added: "#1e7a45", changed: "#b26a00", removed: "#b3261e",
} as const;

/** Shapes of a file that is looked at before it is delivered. */
export const SIGHT_COLOUR = { good: "#6d28a8", repaired: "#b26a00", refused: "#b3261e" } as const;

/** The crisis desk's bands and grounds: colours that no utility has, so that nobody takes a band for a pipe. */
export const CRISIS_COLOUR = {
  segment: "#d6006e", unintended: "#6a3fc4", flow: "#00807c", in_danger: "#b3261e", hazard: "#b3261e", area: "#0b5563", incident: "#d6006e",
  trench: "#1b2a33", start: "#8a0046",
} as const;

/** Works of the calendar by kind, and streets closed to digging; dash and sign say the same. */
export const DIG_COLOUR = { connection: "#0b5563", development: "#4b2f91", incident: "#b3261e", plan: "#4b2f91", paving: "#8a4f00", lit: "#f2b705" } as const;

export const BASE = {
  ground: "#f3f2ee",
  outside: "#e9e9e5",
  parcel: "#faf9f6",
  parcelLine: "#cfcbc0",
  building: "#e2ddd2",
  buildingLine: "#b9b1a1",
  street: "#ffffff",
  streetLine: "#d5d0c5",
  landuse: "#e6eddc",
  tree: "#7da33c",
  treeLine: "#4c6b1f",
  trunk: "#5d4037",
  ink: "#3d4a52",
  halo: "#ffffff",
  brand: "#0b5563",
  dig: "#1b2a33",
} as const;
