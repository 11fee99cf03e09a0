import { inLanguage } from '../base/format/language';
import { count } from '../base/format/numbers';

const english = {
  names: {
    saved: 'Saved page',
    asleep: 'Not live',
    live: 'Live',
    waiting: 'Waiting',
    changed: 'Weights changed',
    failed: 'Error',
    costs: 'A long answer',
  },
  stepAt: (step: number, time: string) => `step ${count(step)}, ${time}`,
  saved: (moment: string) => `No kernel; as recorded at ${moment}.`,
  asleep: (moment: string) => `As recorded at ${moment}; the kernel still has the flow.`,
  live: (rows: number, moment: string) => `${count(rows)} rows; the flow as of ${moment}.`,
  waiting: (seconds: number, moment: string) =>
    `The kernel was asked ${count(seconds)} s ago; shown: ${moment}.`,
  changed: (moment: string) => `The flow as of ${moment} is shown, and is not asked any more.`,
  failed: (message: string) => `The flow raised ${message}`,
  costs: (seconds: number) => `The flow would take about ${count(seconds)} s.`,
  anyway: 'Compute anyway',
  withdraw: 'Withdraw',
  recordAgain: 'Record again',
  wake: 'Go live',
};

const german: typeof english = {
  names: {
    saved: 'Gespeicherte Seite',
    asleep: 'Nicht live',
    live: 'Live',
    waiting: 'Wartet',
    changed: 'Gewichte geändert',
    failed: 'Fehler',
    costs: 'Eine lange Antwort',
  },
  stepAt: (step, time) => `Schritt ${count(step)}, ${time}`,
  saved: (moment) => `Kein Kernel; aufgenommen: ${moment}.`,
  asleep: (moment) => `Aufgenommen: ${moment}; der Kernel hat den Flow noch.`,
  live: (rows, moment) => `${count(rows)} Zeilen; Stand des Flows: ${moment}.`,
  waiting: (seconds, moment) => `Vor ${count(seconds)} s angefragt; gezeigt: ${moment}.`,
  changed: (moment) => `Gezeigt ist der Stand von ${moment}; der Flow wird nicht mehr gefragt.`,
  failed: (message) => `Der Flow meldet ${message}`,
  costs: (seconds) => `Der Flow bräuchte etwa ${count(seconds)} s.`,
  anyway: 'Trotzdem rechnen',
  withdraw: 'Zurückziehen',
  recordAgain: 'Neu aufnehmen',
  wake: 'Live schalten',
};

export const text = inLanguage(english, german);
