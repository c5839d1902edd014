/** First sight of a file: a person's mapping, made from the proposed one. Pure. */
import type { ProposedField, SightPreview, SightSaid } from "./delivery_types";

export type Mapping = NonNullable<SightSaid["fields"]>;

/** The mapping as it stands: what a person said, else what is proposed. */
export function mappingOf(preview: Pick<SightPreview, "fields"> | null, said: Pick<SightSaid, "fields">): Mapping {
  return said.fields ?? Object.fromEntries((preview?.fields ?? []).map((one) => [one.field, { column: one.column, unit: one.unit }]));
}

const withField = (said: SightSaid, field: string): string[] => [...new Set([...(said.settled ?? []), field])];

/** What is said once a field has another column; "" takes the column away. A new column begins without a unit. */
export function withColumn(preview: SightPreview, said: SightSaid, field: string, column: string): SightSaid {
  const { [field]: _, ...others } = mappingOf(preview, said);
  if (column === "") return { ...said, fields: others, settled: (said.settled ?? []).filter((one) => one !== field) };
  return { ...said, fields: { ...others, [field]: { column, unit: null } }, settled: withField(said, field) };
}

export function withUnit(preview: SightPreview, said: SightSaid, field: string, unit: string): SightSaid {
  const mapping = mappingOf(preview, said);
  const before = mapping[field];
  if (!before) return said;
  return { ...said, fields: { ...mapping, [field]: { ...before, unit: unit || null } }, settled: withField(said, field) };
}

/** The proposal of a field, or its not being there, is right as it is. */
export function withSettled(preview: SightPreview, said: SightSaid, field: string): SightSaid {
  return { ...said, fields: mappingOf(preview, said), settled: withField(said, field) };
}

/** What one word of a code list becomes; "" leaves it out. */
export function withWord(preview: SightPreview, said: SightSaid, field: string, word: string, ours: string): SightSaid {
  const now = Object.fromEntries(
    Object.entries(preview.codes).map(([name, words]) => [
      name, Object.fromEntries(words.flatMap((one): [string, string][] => (one.ours === null ? [] : [[one.word, one.ours]]))),
    ]),
  );
  const { [word]: _, ...others } = (said.codes ?? now)[field] ?? {};
  return { ...said, codes: { ...now, ...said.codes, [field]: ours === "" ? others : { ...others, [word]: ours } } };
}

/** Fields in the order they are looked at: the asked ones, those with a column, the rest. */
export function rowsOf(preview: SightPreview): { field: string; proposed: ProposedField | null }[] {
  const asked = new Set(preview.questions.map((one) => one.field));
  const rows = preview.choices.map(({ field }) => ({ field, proposed: preview.fields.find((one) => one.field === field) ?? null }));
  const rank = (row: (typeof rows)[number]): number => (row.field === "feature_id" ? 0 : asked.has(row.field) ? 1 : row.proposed ? 2 : 3);
  return rows.sort((a, b) => rank(a) - rank(b));
}

/** The columns of the first rows, those that are filled at all, in the order of the fields. */
export function headingsOfRows(preview: Pick<SightPreview, "rows" | "choices">): string[] {
  const known = preview.choices.map((one) => one.field);
  const there = new Set(preview.rows.flatMap((row) => Object.keys(row)));
  return [...known.filter((one) => there.has(one)), ...[...there].filter((one) => !known.includes(one) && one !== "attributes" && one !== "geometry")];
}
