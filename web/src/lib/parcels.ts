/** A parcel that a number found, and by which of its numbers. */
export interface ParcelFound {
  parcel_id: string;
  found_by: "parcel_id" | "renovation_code" | "postal_code" | "plate";
  renovation_code: string | null;
  postal_code: string | null;
  /** `sub` 0: the main plate itself. */
  plate: { main: number; sub: number; section: number | null } | null;
}
