import type { Parts } from '../services/parts';

/** Opens a page to draw data of two features on. The argument answers what it would ask when they are saved. */
export function drawData({ drawings }: Parts, given?: unknown): void {
  drawings.show(typeof given === 'object' && given !== null ? given : {});
}
