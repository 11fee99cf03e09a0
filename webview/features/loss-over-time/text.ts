/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Loss over t', 'Verlust über t'],
  crossing: (loss: string, crossing: string) => [
    `Of the loss of ${loss}, ${crossing} is there because lines cross, and no network can lower it.`,
    `Vom Verlust von ${loss} kommen ${crossing} daher, dass Linien sich kreuzen; kein Netz kann sie senken.`,
  ],
  error: (error: string, from: string, to: string) => [
    `The network is ${error} off the best field, half of it from t = ${from} to ${to}.`,
    `Das Netz weicht um ${error} vom besten Feld ab, zur Hälfte von t = ${from} bis ${to}.`,
  ],
  unknown: (loss: string) => [
    `The loss is ${loss}. How much of it the network could still lower is not known.`,
    `Der Verlust ist ${loss}. Wie viel davon das Netz noch senken könnte, ist nicht bekannt.`,
  ],
  loss: ['Loss', 'Verlust'],
  unit: ['of standardized velocities', 'standardisierter Geschwindigkeiten'],
  own: ['Distance from the best field', 'Abstand vom besten Feld'],
  time: ['t, from data to noise', 't, von den Daten zum Rauschen'],
  note: (count: string) => [
    `Mean square over the features of ${count} validation examples. A straight line joins each example to random noise, and its velocity is the target. Gray: what no network can lower.`,
    `Mittlere Quadrate über die Merkmale und ${count} Validierungsbeispiele, jedes mit zufälligem Rauschen; die Geschwindigkeit ist die einer Geraden. Grau: was kein Netz senken kann.`,
  ],
  best: (rows: string) => [
    `The best field at a place is the mean velocity of all lines through it, from ${rows} training rows. Where the curve has gaps, the network is too close to tell.`,
    `Das beste Feld ist das Mittel aller Linien durch einen Ort, aus ${rows} Trainingszeilen. Wo die Linie Lücken hat, ist das Netz zu nah daran, um es zu sagen.`,
  ],
  few: (edge: string) => [
    `From the data to t = ${edge}, too few rows count.`,
    `Von den Daten bis t = ${edge} sind es zu wenige.`,
  ],
  context: [
    'The best field would need many training rows with the same context.',
    'Dazu müssten viele Trainingszeilen denselben Kontext haben.',
  ],
});
