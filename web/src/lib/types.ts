/** Shapes of the API's JSON as the page reads them. Lengths in metres, instants ISO UTC, geometry WGS 84. */
import type { Feature, FeatureCollection, Geometry, Polygon } from "geojson";

export type Words = { en: string; fa: string };
export type LngLat = [number, number];
export type Bounds = [number, number, number, number];

export interface Me { actor_id: string; role: string; name: string | null; agency: string | null; city: string | null; may: readonly string[] }

export interface CitySummary {
  id: string;
  name: Words;
  bounds_wgs84: Bounds;
  center: LngLat;
  crs: string;
  currency: string;
  calendar: string;
  timezone: string;
}

export interface Agency {
  id: string;
  kind: string;
  utilities: string[];
  name: Words;
  contact?: { phone?: string | null; email?: string | null; desk?: Words | string | null } | null;
  consulted: boolean;
  capability?: string;
  tariffs: { class: string; code: string; name: Words }[];
}

export type FreshnessState = "fresh" | "stale" | "missing";
export interface Freshness { state: FreshnessState; surveyed_on?: string | null; as_of?: string | null; age_days?: number | null; limit_days?: number | null }

export type LayerTarget =
  | "parcel" | "building" | "street" | "landuse" | "address" | "tree" | "network_line" | "network_node" | "network_device";

export interface MapLayer {
  id: string;
  name: Words;
  target: LayerTarget;
  utility: string | null;
  owner: string;
  sensitivity: string;
  /** Whether this actor may see it on the map. */
  visible: boolean;
  colour: string | null;
  min_zoom: number;
  credit?: string | null;
  licence?: string | null;
  freshness: Freshness | null;
}

export interface City extends CitySummary {
  agencies: Agency[];
  layers: MapLayer[];
}

export interface DossierBuilding { building_id: string; use?: string | null; area_m2?: number | null; geometry?: Geometry | null }
export interface DossierNetwork { utility: string; layer_id?: string; feature_id?: string | null; distance_m: number | null; count?: number }
export interface DossierFreshness { layer_id: string; state: FreshnessState; surveyed_on?: string | null }

export interface Dossier {
  parcel_id: string;
  area_m2?: number | null;
  landuse?: string | null;
  geometry?: Geometry | null;
  buildings: DossierBuilding[];
  streets: { street_id: string; name?: string | null }[];
  networks: DossierNetwork[];
  freshness: DossierFreshness[];
  suggested_conditions?: Condition[];
}

export type Verdict = "violates" | "undecidable" | "no_information" | "clear";

export interface Finding {
  /** `layer_id/feature_id`, as conditions and the map name a line. */
  ref?: string;
  layer_id: string;
  feature_id: string | null;
  utility: string | null;
  verdict: Verdict;
  separation_h_m: number | null;
  separation_v_m: number | null;
  required_h_m: number | null;
  required_v_m: number | null;
  p_violation: number | null;
  rule_id?: string | null;
  clause: string | null;
  source: string | null;
  rule_status: string | null;
  uncertainty_h_m: number | null;
  uncertainty_v_m: number | null;
  owner: string | null;
  explanation: string | null;
  params: Record<string, string | number>;
  assumptions?: string[];
  rule_pack?: string | null;
  rule_date?: string | null;
  /** With what one may dig near the line, and how the line runs to the works. */
  zone?: string;
  zones?: { machine_m: number | null; hand_m: number | null } | null;
  relation?: string | null;
  angle_deg?: number | null;
  trial_pits?: TrialPit[];
}

/** A place where a pit would decide a finding, and what measuring there would mean. */
export interface TrialPit {
  point: { type: "Point"; coordinates: LngLat };
  why: string;
  half_width_m: number;
  clear_from_separation_m: number | null;
  clear_from_cover_m: number | null;
  clear_to_cover_m: number | null;
  p_clear: number | null;
}

/** A service line met on the way: a finding of the new line against an old one. */
export interface Encounter extends Partial<Finding> {
  ref: string; utility: string; owner: string | null; crossing: boolean; verdict: Verdict;
  /** A foundation, a tree or a plot line, by `utility`. */
  obstacle?: boolean;
}

export interface SharedTrench {
  with: string[]; length_m: number; separate_m: number; saved_m: number; width_m: number;
  slots: { agency: string; offset_m: number; cover_m: number }[];
}

/** One company's connection: proposed, impossible or built. What only a proposal has is absent in the others. */
export interface ServiceLine {
  agency: string;
  state: "proposed" | "unserved" | "built" | "recorded" | "unrecorded";
  serviceable: boolean;
  reason?: string;
  utility?: string;
  main?: { layer_id: string; feature_id: string; diameter_mm: number | null; spare: number | null };
  length_m?: number | null;
  inside_m?: number;
  cover_m?: number;
  over_parcels_m?: number;
  size?: { name: string; outer_diameter_mm: number };
  demand?: { amount: number; unit: string };
  price?: Offer & { formula_id: string; valid_from: string; status: string } | null;
  verdict?: Verdict;
  encounters?: Encounter[];
  shared_trench?: SharedTrench | null;
  as_built?: { length_m?: number; cover_m?: number | null; surveyed_on?: string | null; problem?: string } | null;
}

export interface Offer { amount: number; currency: string; items?: { code: string; amount: number }[]; valid_until?: string | null }

export interface Consultation {
  agency: string;
  status: "pending" | "answered" | "lapsed";
  asked_at: string | null;
  answered_at: string | null;
  due_at: string | null;
  serviceable: boolean | null;
  reason_code: string | null;
  reason: Words | string | null;
  conditions: ({ code: string; text: Words | string } | string)[];
  offer: Offer | null;
  proposed_capacity?: Record<string, number> | null;
}

export interface ExchangeAgency {
  agency: string;
  order_number: string | null;
  try: string | null;
  confirm: string | null;
  cancel: string | null;
  attempts: number;
  refusal: string | null;
  connection: Record<string, unknown> | null;
  tariff_from: string | null;
  tariff_to: string | null;
  receipt: string | null;
  /** On what `tariff_from` rests. */
  tariff_basis?: "confirmed" | "recorded" | "assumed" | null;
}

export interface Exchange {
  purpose: "construction" | "permanent";
  revision: number;
  state: "trying" | "confirming" | "cancelling" | "confirmed" | "cancelled";
  effective_at: string | null;
  decide_by: string | null;
  hold_until: string | null;
  agencies: ExchangeAgency[];
}

export interface TariffLine { agency: string; desired: string | null; confirmed: string | null; effective_at: string | null }
export interface HumanTask { task_id: string; kind: string; agency: string | null; opened_at: string; detail?: unknown }
/** What is told of an order on which a company's books and ours differ, or that only the company has. */
export interface BooksDetail {
  our_ref?: string; order_number?: string | null; our_number?: string | null; status?: string; reason?: string;
  ours?: string; theirs?: string; their_number?: string | null;
}
export interface UnexplainedOrder { task_id: string; agency: string; case_id: string | null; case_no: string | null; opened_at: string; detail: BooksDetail }
export interface Wish { wish: "now" | "later" | "not_needed"; capacity?: Record<string, number> | null }

/** One line of the worklist. */
export interface CaseSummary {
  case_id: string;
  case_no: string;
  city: string;
  status: string;
  version: number;
  parcel_id: string;
  works: string;
  applicant: string;
  verdict: Verdict;
  submitted_at: string;
  due_at: string | null;
  open_tasks: number;
}

export interface Condition { code: string; params?: Record<string, unknown> | null; note?: string | null }

export interface CaseView {
  case_id: string;
  case_no: string;
  city: string;
  status: string;
  version: number;
  parcel_id: string;
  works: string;
  applicant: { name: string };
  verdict: Verdict;
  submitted_at: string;
  storeys: number;
  units: Record<string, number>;
  wishes: Record<string, Wish>;
  excavation: { geometry: Polygon; depth_m: number; area_m2: number; method: string };
  dossier: Dossier | null;
  findings: Finding[];
  service_lines?: ServiceLine[];
  missing_information: { layer_id: string; state: string }[];
  consultations: Consultation[];
  decision: { outcome: string; by: string; at: string; conditions: Condition[]; reason: string | null } | null;
  permit: { permit_no: string; issued_at: string; valid_until: string | null } | null;
  exchanges: Exchange[];
  tariffs: TariffLine[];
  tasks: HumanTask[];
  actions: string[];
  audit_head?: string;
}

export interface HistoryEntry { n: number; at: string; actor: string; on_behalf_of: string; event: string; body: Record<string, unknown> | null; hash: string }

export type CaseMap = FeatureCollection<Geometry, { kind?: string; verdict?: Verdict; finding_id?: string; feature_id?: string; layer_id?: string; agency?: string }>;
export type ParcelShape = Feature<Geometry>;

export interface NewCase {
  parcel_id: string;
  works: string;
  storeys: number;
  units: Record<string, number>;
  excavation: { geometry: Polygon; crs: string; depth_m: number; method: string; top_m?: number };
  wishes: Record<string, Wish>;
  applicant: { name: string; national_id?: string; phone?: string };
}
