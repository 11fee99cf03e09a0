/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Solver', 'Löser'],
  off: (how: string, error: string) => [
    `${how}: log p(x) is off by ${error} nats.`,
    `${how.replace(/steps?$/, 'Schritte')}: log p(x) weicht um ${error} Nats ab.`,
  ],
  limit: (nats: string) => [`Up to ${nats} is enough.`, `Bis ${nats} ist genug.`],
  enough: (steps: number, nats: string, are: boolean) => [
    `${steps} steps are ${are ? '' : 'not '}enough for ${nats} nats.`,
    `${steps} Schritte reichen ${are ? '' : 'nicht '}für ${nats} Nats.`,
  ],
  steps: (count?: number) => [`${count ?? ''} steps`, `${count ?? ''} Schritte`],
  slice: ['slice, from data to noise', 'Abschnitt, von den Daten zum Rauschen'],
  against: (steps: number, count: number) => [
    `Error of log p(x) against ${steps} steps, nats: mean of ${count} examples (dots) and the largest (rings). Dashed: what is enough.`,
    `Fehler von log p(x) gegenüber ${steps} Schritten, Nats: Mittel von ${count} Beispielen (Punkte) und der größte (Ringe). Gestrichelt: was reicht.`,
  ],
  local: [
    'Error of each log-det against a finer solver from the same states, nats: mean of sizes. Dashed: what is enough for all slices together.',
    'Fehler jeder Log-Determinante gegenüber einem feineren Löser von denselben Zuständen, Nats: Mittel der Beträge. Gestrichelt: was für alle Abschnitte zusammen reicht.',
  ],
});
