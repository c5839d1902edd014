/** A seamless 45° hatch as raw pixels, for the excavation's fill. */
export function hatch(size: number, stroke: [number, number, number], width: number): { width: number; height: number; data: Uint8ClampedArray } {
  const data = new Uint8ClampedArray(size * size * 4);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      // distance to the nearest diagonal, wrapped at the tile's edge so that tiles join
      const offset = (x + y) % size;
      const distance = Math.min(offset, size - offset) / Math.SQRT2;
      const alpha = Math.max(0, Math.min(1, width / 2 - distance + 0.5));
      data.set([...stroke, Math.round(alpha * 205)], (y * size + x) * 4);
    }
  }
  return { width: size, height: size, data };
}
