/** What an offline pack says, as `layers/offline_pack.py` writes it. */
import type { Geometry } from "geojson";
import type { City, FreshnessState, LayerTarget, MapLayer, Words } from "../lib/types";

export interface PackLayer {
  id: string; name: Words; target: LayerTarget; utility: string | null; owner: string; colour: string | null;
  min_zoom: number; sensitivity: string; features: number; state: FreshnessState; as_of: string | null; credit: string;
}
export interface PackContact {
  agency: string; name_en: string; name_fa: string; phone: string; email: string; desk_en: string; desk_fa: string;
}
export interface Pack {
  city: { id: string; name: Words; calendar: string; timezone: string };
  made_at: string; made_by: string; note: string;
  area: Geometry;
  layers: PackLayer[];
  left_out: { layer_id: string; why: string }[];
  /** By layer and feature: what the tiles leave out. */
  details: Record<string, Record<string, Record<string, unknown>>>;
  contacts: PackContact[];
  /** The PMTiles archive, base64. */
  tiles: string;
}

export function readPack(text: string): Pack {
  return JSON.parse(text) as Pack;
}

/** The pack's layers as the map and its popup know layers. */
export function mapLayers(pack: Pack): MapLayer[] {
  return pack.layers.map((layer) => ({
    id: layer.id, name: layer.name, target: layer.target, utility: layer.utility, owner: layer.owner,
    sensitivity: layer.sensitivity, visible: true, colour: layer.colour, min_zoom: layer.min_zoom, credit: layer.credit,
    freshness: { state: layer.state, as_of: layer.as_of },
  } as MapLayer));
}

/** As much of a city as a popup asks for. */
export function cityOf(pack: Pack): City {
  const agencies = pack.contacts.map((one) => ({ id: one.agency, name: { en: one.name_en, fa: one.name_fa } }));
  return { id: pack.city.id, name: pack.city.name, agencies, layers: mapLayers(pack) } as unknown as City;
}
