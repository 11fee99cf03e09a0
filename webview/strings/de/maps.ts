/** Texte der Karten einer Schicht: Zoom, Wertebereich, Ablesen. */
import { compact, count } from '../../base/format/numbers';
import type { maps as english } from '../en/maps';

export const maps: typeof english = {
  zoomIn: 'In alle Karten hineinzoomen (+)',
  zoomOut: 'Herauszoomen (−)',
  zoomReset: 'Ganze Karten zeigen (0)',
  zoomKeys:
    'Plus und Minus zoomen alle Karten, Umschalt mit Pfeilen verschiebt den Ausschnitt, 0 zeigt alles.',
  colourRange: 'Farben',
  rangeMost: '99,5 %',
  rangeAll: 'alle Werte',
  beyondRange: (beyond, full) => `${count(beyond)} darüber, bis ±${compact(full)}`,
  mapHint:
    'Auf eine Karte zeigen, um eine Stelle abzulesen; Strg und Mausrad zoomen, Klicken markiert ein Element',
};
