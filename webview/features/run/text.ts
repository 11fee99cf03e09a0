/** Texts of this feature, in English and in German. */
import { count, bilingual } from '../../base/format/numbers';

export const text = bilingual({
  noRun: ['This model is not in a run folder', 'Dieses Modell liegt in keinem Lauf-Ordner'],
  noRunWhy: [
    'Curves and checkpoints appear for models inside the folder of a run.',
    'Kurven und Checkpoints erscheinen bei Modellen im Ordner eines Laufs.',
  ],
  noMetrics: ['No metrics yet', 'Noch keine Messwerte'],
  checkpoints: 'Checkpoints',
  velocityError: {
    title: ['Velocity error', 'Fehler der Geschwindigkeit'],
    note: ['what is trained: mean square, never 0', 'was trainiert wird: mittleres Quadrat, nie 0'],
  },
  efficiency: {
    title: ['Draws that count', 'Ziehungen, die zählen'],
    note: ['validation: ESS by the number of draws', 'Validierung: ESS durch die Anzahl der Ziehungen'],
  },
  gradient: ['Gradient norm', 'Gradientennorm'],
  gradientNote: ['by step, log axis', 'nach Schritt, log. Achse'],
  statusNames: {
    running: ['running', 'läuft'],
    paused: ['paused', 'pausiert'],
    finished: ['finished', 'beendet'],
    stopped: ['stopped', 'angehalten'],
    failed: ['failed', 'gescheitert'],
    interrupted: ['interrupted', 'unterbrochen'],
    unknown: ['unknown', 'unbekannt'],
  },
  lookingAt: (step: number) => [`Looking at step ${count(step)}`, `Gezeigt wird Schritt ${count(step)}`],
  openByItself: ['Open in its own editor', 'In eigenem Editor öffnen'],
  followNewest: ['Follow the newest checkpoint', 'Dem neuesten Checkpoint folgen'],
  train: ['train', 'Training'],
  learningRate: ['learning rate', 'Lernrate'],
  rateChanged: (step: number, rate: string) => [
    `learning rate ${rate} from step ${count(step)}`,
    `Lernrate ${rate} ab Schritt ${count(step)}`,
  ],
  loss: '−log p',
  lossKey: (unit: string) => [
    `${unit}; line validation, thin train`,
    `${unit}; Linie Validierung, dünn Training`,
  ],
  rate: ['Learning rate', 'Lernrate'],
  pause: ['Pause', 'Pausieren'],
  goOn: ['Resume', 'Fortsetzen'],
  stop: ['Stop', 'Anhalten'],
  newRate: ['New learning rate', 'Neue Lernrate'],
  rateExpected: (input: string) => [
    `“${input}” is not a learning rate: expected a number above 0, at most 10.`,
    `„${input}“ ist keine Lernrate: erwartet wird eine Zahl über 0, höchstens 10.`,
  ],
  asking: ['Asked; waiting for the training to answer…', 'Angefragt; warte auf die Antwort des Trainings…'],
  notAnswered: [
    'No answer for 10 seconds. The training may have ended, or be in the middle of a long step.',
    'Seit 10 Sekunden keine Antwort. Das Training ist vielleicht beendet oder mitten in einem langen Schritt.',
  ],
  notCarriedOut: (why: string) => [`Not carried out: ${why}`, `Nicht ausgeführt: ${why}`],
  heardAt: (step: number) => [`Took effect at step ${count(step)}.`, `Wirksam ab Schritt ${count(step)}.`],
  goOnTraining: ['Resume training', 'Training fortsetzen'],
  progressOf: (step: number, total: number) => [
    `step ${count(step)} of ${count(total)}`,
    `Schritt ${count(step)} von ${count(total)}`,
  ],
});
