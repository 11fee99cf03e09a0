/** Texts of the layer's maps: zoom, range, readout. */
import { compact, count } from '../../base/format/numbers';

export const maps = {
  zoomIn: 'Zoom in on all maps (+)',
  zoomOut: 'Zoom out (−)',
  zoomReset: 'Show whole maps (0)',
  zoomKeys: 'Plus and minus zoom all maps, Shift with arrows moves what is seen, 0 shows all of it.',
  colourRange: 'Colours',
  rangeMost: '99.5 %',
  rangeAll: 'all values',
  beyondRange: (beyond: number, full: number) => `${count(beyond)} beyond, up to ±${compact(full)}`,
  mapHint: 'Point at a map to read a place; Ctrl and wheel zoom, click marks an element',
};
