/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Activations', 'Aktivierungen'],
  markedElement: [
    'Marked element. Arrow keys move the mark.',
    'Markiertes Element. Pfeiltasten bewegen die Marke.',
  ],
  zoomIn: ['Zoom in on all maps (+)', 'In alle Karten hineinzoomen (+)'],
  zoomOut: ['Zoom out (−)', 'Herauszoomen (−)'],
  zoomReset: ['Show whole maps (0)', 'Ganze Karten zeigen (0)'],
  zoomKeys: [
    'Plus and minus zoom all maps, Shift with arrows moves what is seen, 0 shows all of it.',
    'Plus und Minus zoomen alle Karten, Umschalt mit Pfeilen verschiebt den Ausschnitt, 0 zeigt alles.',
  ],
  colorRange: ['Colors', 'Farben'],
  rangeMost: ['99.5%', '99,5 %'],
  rangeAll: ['all values', 'alle Werte'],
  mapHint: [
    'Point at a map to read values; Ctrl and the wheel zoom',
    'Auf eine Karte zeigen, um Werte abzulesen; Strg und Mausrad zoomen',
  ],
});
