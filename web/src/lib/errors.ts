/** The sentence of a refusal: our words for its code, else the server's, else the plain truth. */
import type { FluentVariable } from "@fluent/bundle";
import { i18n, t } from "../i18n/i18n.svelte";
import type { ApiError, Params } from "./api";

export function sentenceOf(error: ApiError): string {
  if (error.code === "offline") return t("ui-error-offline");
  // the server words its refusals in the language we asked for, with params and hint set in
  if (error.detail) return error.detail;
  const id = `error-${error.code}`;
  if (i18n.catalogue.has(id)) return i18n.catalogue.text(id, sayable(error.params));
  return t("ui-error-unknown", { status: error.status });
}

function sayable(params: Params): Record<string, FluentVariable> {
  const entries = Object.entries(params).map(([name, value]): [string, FluentVariable] => [
    name.replaceAll("_", "-"),
    typeof value === "number" || typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : JSON.stringify(value),
  ]);
  return Object.fromEntries(entries);
}
