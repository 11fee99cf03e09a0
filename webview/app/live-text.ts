import { bilingual, count } from '../base/format/numbers';

export const text = bilingual({
  names: {
    saved: ['Saved page', 'Gespeicherte Seite'],
    asleep: ['Not live', 'Nicht live'],
    live: 'Live',
    waiting: ['Waiting', 'Wartet'],
    changed: ['Weights changed', 'Gewichte geändert'],
    failed: ['Error', 'Fehler'],
    costs: ['A long answer', 'Eine lange Antwort'],
  },
  stepAt: (step: number, time: string) => [`step ${count(step)}, ${time}`, `Schritt ${count(step)}, ${time}`],
  saved: (moment: string) => [`No kernel; as recorded at ${moment}.`, `Kein Kernel; aufgenommen: ${moment}.`],
  asleep: (moment: string) => [
    `As recorded at ${moment}; the kernel still has the flow.`,
    `Aufgenommen: ${moment}; der Kernel hat den Flow noch.`,
  ],
  live: (rows: number, moment: string) => [
    `${count(rows)} rows; the flow as of ${moment}.`,
    `${count(rows)} Zeilen; Stand des Flows: ${moment}.`,
  ],
  waiting: (seconds: number, moment: string) => [
    `The kernel was asked ${count(seconds)} s ago; shown: ${moment}.`,
    `Vor ${count(seconds)} s angefragt; gezeigt: ${moment}.`,
  ],
  changed: (moment: string) => [
    `The flow as of ${moment} is shown, and is not asked any more.`,
    `Gezeigt ist der Stand von ${moment}; der Flow wird nicht mehr gefragt.`,
  ],
  failed: (message: string) => [`The flow raised ${message}`, `Der Flow meldet ${message}`],
  costs: (seconds: number) => [
    `The flow would take about ${count(seconds)} s.`,
    `Der Flow bräuchte etwa ${count(seconds)} s.`,
  ],
  anyway: ['Compute anyway', 'Trotzdem rechnen'],
  withdraw: ['Withdraw', 'Zurückziehen'],
  recordAgain: ['Record again', 'Neu aufnehmen'],
  wake: ['Go live', 'Live schalten'],
});
