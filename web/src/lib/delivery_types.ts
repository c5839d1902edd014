/** Shapes of the API's JSON about layers as they are delivered: deliveries with their reports, files at first sight, owners' levels. */
import type { FeatureCollection, Geometry } from "geojson";
import type { LayerTarget, Words } from "./types";

/** How a delivery stands. Running: received, reading, checking, staged; the others are ends. */
export type DeliveryState =
  | "received" | "reading" | "checking" | "staged"
  | "published" | "unchanged" | "held" | "refused" | "previewed" | "rolled_back" | "corrected" | "interrupted" | "failed";
export type DecisionChoice = "accept" | "correct" | "refuse";
export type Severity = "error" | "warning" | "notice" | "fact";

export interface Correction {
  origin_m: [number, number];
  shift_m: [number, number];
  rotation_deg: number;
  scale_ppm: number;
  source_crs?: string | null;
}

export interface LookAlike { source: string; name: string; operation?: string | null; misreading: string }

export interface Comparison {
  layer_id: string;
  how: string;
  verdict: AgreementVerdict;
  reason: string | null;
  within_m: number | null;
  offset_m: [number, number] | null;
  offset_length_m: number | null;
  rotation_deg: number | null;
  scale_ppm: number | null;
  /** Two standard errors of the movement; absent where nothing was matched. */
  offset_error_m?: [number | null, number | null];
  rotation_error_deg?: number | null;
  scale_error_ppm?: number | null;
  /** The part of the smaller set that found its partner, and what chance would have found. */
  inlier_share?: number | null;
  chance_share?: number | null;
  anchors: [number, number] | null;
  partners: number | null;
  residual_p95_m: number | null;
  reading: string | null;
  looks_like: LookAlike[];
}

export type AgreementVerdict = "agrees" | "off" | "no-match";

export interface Agreement {
  verdict: AgreementVerdict;
  limit_m: number;
  worst: string | null;
  compared: Comparison[];
  correction: Correction | null;
}

/** Located where `lon`, `lat` are there; anything else a rule says of the case stands beside. */
export interface Issue {
  severity: Severity;
  code: string;
  row?: number | null;
  feature_id?: string | null;
  lon?: number | null;
  lat?: number | null;
  x?: number | null;
  y?: number | null;
  [param: string]: unknown;
}

/** A unit, calendar or code list that a column's values went through. */
export interface Conversion { field: string; column: string; values: number; unit?: string; factor?: number; codes?: number }

/** How a grid of its own was fitted from control points; `rejected` are positions among them. */
export interface LocalGridFacts { model: string; points: number; residuals_m: [number, number][]; rejected: number[]; rms_m: number }

export interface DeliveryReport {
  outcome: string;
  read: number;
  good: number;
  repaired: number;
  refused: number;
  source: { name: string; crs: string | null; operation: string | null };
  added: number;
  changed: number;
  removed: number;
  same: number;
  counts: Record<string, number>;
  issues: Issue[];
  issues_not_listed: number;
  facts: Record<string, unknown> & { conversions?: Conversion[] };
  agreement?: Agreement | null;
}

export interface DeliveryCounts {
  read: number; good: number; repaired: number; refused: number;
  added: number; changed: number; removed: number; same: number;
}

export interface Delivery {
  delivery_id: number;
  city_id: string;
  layer_id: string;
  state: DeliveryState;
  running: boolean;
  current: boolean;
  preview: boolean;
  incremental: boolean;
  file_name: string | null;
  size_bytes: number | null;
  as_of: string | null;
  submitted_by: string | null;
  received_at: string;
  updated_at: string | null;
  published_at: string | null;
  previous_id: number | null;
  reverts_id: number | null;
  corrects_id: number | null;
  /** The delivery that was published in place of this one, moved by the offered correction. */
  corrected_by?: number | null;
  correction: Correction | null;
  decision: { choice: string; by: string; at: string; note: string | null } | null;
  decisions: DecisionChoice[];
  problem: { code: string; title: string; detail: string; params?: Record<string, unknown> } | null;
  counts: DeliveryCounts | null;
  report?: DeliveryReport | null;
}

/** What the checks changed in one feature; `back`: what taking that back would do. */
export interface RepairedFeature {
  feature_id: string;
  codes: string[];
  before: Geometry;
  after: Geometry | null;
  is_shown: boolean;
  back: "delivered" | "removed";
}

export interface DiffFeature {
  feature_id: string;
  change: "added" | "changed" | "removed";
  moved_m?: number | null;
  fields?: string[];
  lon?: number | null;
  lat?: number | null;
}

export interface Diff {
  from: number | null;
  to: number;
  added: number;
  changed: number;
  removed: number;
  moved: { count: number; median_m: number | null; max_m: number | null } | null;
  features: DiffFeature[];
  not_listed: number;
}

/** A layer as an OGC collection: how many features it shows now, and where it can be fetched as a file. */
export interface Collection {
  id: string;
  itemCount?: number | null;
  links: { rel: string; href: string; type?: string; title?: string }[];
}

export interface OwnerScore {
  agency: string;
  level: number | null;
  features: number;
  layers: string[];
  measures: { measure: string; share: number | null; level: number | null; features: number; thresholds: number[] }[];
}

export interface UploadOptions { as_of: string; preview: boolean; incremental: boolean; table: string }

/** How sure a proposed field is; `asked`: nobody but a person can say. */
export type Confidence = "sure" | "likely" | "asked" | "said";
export interface ProposedField { field: string; column: string; unit: string | null; why: string; confidence: Confidence }
export interface SightQuestion { code: string; field: string | null; column: string | null; candidates: string[] }
export interface SightColumn { name: string; filled: number; of: number; samples: string[] }
export interface CodeWord { word: string; count: number; ours: string | null }
export type ShapeState = "good" | "repaired" | "refused";

/** A file as it would be taken with the mapping of now. */
export interface SightPreview {
  target: LayerTarget;
  utility: string | null;
  owner: string;
  table: string | null;
  is_known: boolean;
  crs: string | null;
  operation: string | null;
  read: number;
  good: number;
  repaired: number;
  refused: number;
  refusal: string | null;
  fields: ProposedField[];
  questions: SightQuestion[];
  blocking: Omit<SightQuestion, "candidates">[];
  columns: SightColumn[];
  choices: { field: string; units: string[]; words: string[] | null }[];
  codes: Record<string, CodeWord[]>;
  systems: { stated: string | null; is_stated: boolean; chosen: string | null; known: { code: string; name: string; fits: boolean }[] };
  conversions: Conversion[];
  counts: Record<string, number>;
  issues: Issue[];
  unused: string[];
  rows: Record<string, unknown>[];
  agreement: Agreement | null;
  shapes: (FeatureCollection<Geometry, { row: number; state: ShapeState }> & { left_off: number }) | null;
}

export interface Sight {
  sight_id: string;
  city_id: string;
  layer_id: string;
  file_name: string;
  size_bytes: number;
  problem: { code: string; title: string; detail: string; params?: Record<string, unknown> } | null;
  preview: SightPreview | null;
}

/** A person's mapping; what is left out is proposed by the server. */
export interface SightSaid {
  table?: string;
  crs?: string;
  encoding?: string;
  target?: string;
  utility?: string;
  fields?: Record<string, { column: string; unit: string | null }>;
  codes?: Record<string, Record<string, string>>;
  settled?: string[];
  name?: Words;
  owner?: string;
  sensitivity?: string;
}
