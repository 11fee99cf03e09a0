/** Texts of this feature, in English and in German. */
import { inLanguage } from '../../base/format/language';

export const english = {
  tab: 'Activations',
  markedElement: 'Marked element. Arrow keys move the mark.',
  zoomIn: 'Zoom in on all maps (+)',
  zoomOut: 'Zoom out (−)',
  zoomReset: 'Show whole maps (0)',
  zoomKeys: 'Plus and minus zoom all maps, Shift with arrows moves what is seen, 0 shows all of it.',
  colourRange: 'Colors',
  rangeMost: '99.5%',
  rangeAll: 'all values',
  mapHint: 'Point at a map to read values; Ctrl and the wheel zoom',
};

export const german: typeof english = {
  tab: 'Aktivierungen',
  markedElement: 'Markiertes Element. Pfeiltasten bewegen die Marke.',
  zoomIn: 'In alle Karten hineinzoomen (+)',
  zoomOut: 'Herauszoomen (−)',
  zoomReset: 'Ganze Karten zeigen (0)',
  zoomKeys:
    'Plus und Minus zoomen alle Karten, Umschalt mit Pfeilen verschiebt den Ausschnitt, 0 zeigt alles.',
  colourRange: 'Farben',
  rangeMost: '99,5 %',
  rangeAll: 'alle Werte',
  mapHint: 'Auf eine Karte zeigen, um Werte abzulesen; Strg und Mausrad zoomen',
};

export const text = inLanguage(english, german);
