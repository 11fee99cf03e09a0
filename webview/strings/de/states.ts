/** Texts of states of a view, and of a file that cannot be run. */
import { count } from '../../base/format/numbers';
import type { states as english } from '../en/states';

export const states: typeof english = {
  loading: 'Wird berechnet…',
  cancel: 'Abbrechen',
  cancelled: 'Abgebrochen',
  cancelledWhy: 'Für diese Auswahl wurde nichts berechnet.',
  retry: 'Erneut versuchen',
  showLog: 'Protokoll zeigen',
  failed: 'Dies konnte nicht gezeigt werden',
  modelFailed: 'Das Modell konnte nicht geöffnet werden',
  notRecorded: 'Die gespeicherte Seite enthält diese Antwort nicht. Flowscope zeigt sie am Modell selbst.',
  notRecordedTitle: 'Nicht in dieser gespeicherten Seite',
  noExample: 'Kein Beispiel',
  noExamples: 'Keine Beispiele vorhanden',
  noExamplesWhy: 'Die Daten, mit denen das Modell trainiert wurde, sind nicht zu finden.',
  notRunnable: 'Dieses Modell kann hier nicht ausgeführt werden',
  tensors: 'Tensoren',
  dtype: 'Typ',
  inputs: 'Eingaben',
  outputs: 'Ausgaben',
  operators: 'Operatoren',
  operator: 'Operator',
  metadata: 'Metadaten',
  filter: 'Nach Namen filtern',
  notRead: 'nicht gelesen',
  remarks: 'Bemerkungen',
  moreTensors: (n: number) => `${count(n)} weitere; ein Filter zeigt sie`,
};
