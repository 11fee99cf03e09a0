import type { DrawPanels } from '../draw/draw-panel';

/** Opens a page to draw data of two features on. The argument answers what it would ask when they are saved. */
export function drawData(panels: DrawPanels, given?: unknown): void {
  panels.show(typeof given === 'object' && given !== null ? given : {});
}
