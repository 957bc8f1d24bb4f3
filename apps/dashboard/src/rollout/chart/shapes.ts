import type { Level } from './model.js';

type Scale = (value: number) => number;

/** Sum of the shares up to and with `index`: where the stack's `index`th layer ends. */
export function topOf(level: Level, index: number): number {
  return level.permilles.slice(0, index + 1).reduce((sum, permille) => sum + permille, 0);
}

/** A stepped line along the top of one layer, from the first level to `endMs`. */
export function steppedLine(levels: readonly Level[], index: number, endMs: number, x: Scale, y: Scale): string {
  const points = corners(levels, index, endMs, x, y);
  return points.length === 0 ? '' : `M${points.join('L')}`;
}

/** The area of one layer, between the tops of this and the one below. */
export function steppedArea(levels: readonly Level[], index: number, endMs: number, x: Scale, y: Scale): string {
  const top = corners(levels, index, endMs, x, y);
  const bottom = corners(levels, index - 1, endMs, x, y).reverse();
  return top.length === 0 ? '' : `M${top.join('L')}L${bottom.join('L')}Z`;
}

function corners(levels: readonly Level[], index: number, endMs: number, x: Scale, y: Scale): string[] {
  return levels.flatMap((level, at) => {
    const untilMs = Math.max(level.atMs, levels[at + 1]?.atMs ?? endMs);
    const height = y(topOf(level, index)).toFixed(1);
    return [`${x(level.atMs).toFixed(1)},${height}`, `${x(untilMs).toFixed(1)},${height}`];
  });
}
