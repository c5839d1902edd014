/** Map tiles out of the archive inside the page, under an address scheme of their own. */
import { addProtocol } from "maplibre-gl";
import { PMTiles, type Source } from "pmtiles";

export const TILES_URL = "pack://tile/{z}/{x}/{y}";
const ADDRESS = /^pack:\/\/tile\/(\d+)\/(\d+)\/(\d+)$/;

export function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes.buffer;
}

export function serveTiles(base64: string): void {
  const whole = bytesOf(base64);
  const source: Source = {
    getKey: () => "pack",
    getBytes: (offset, length) => Promise.resolve({ data: whole.slice(offset, offset + length) }),
  };
  const archive = whole.byteLength > 0 ? new PMTiles(source) : null;
  addProtocol("pack", async ({ url }) => {
    const [, z, x, y] = ADDRESS.exec(url) ?? [];
    const tile = archive && (await archive.getZxy(Number(z), Number(x), Number(y)));
    return { data: tile?.data ?? new ArrayBuffer(0) };
  });
}
