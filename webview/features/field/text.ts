/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Field', 'Feld'],
  here: (who: 'this' | 'first', time: string, speed: string, rate: string) => [
    `At t = ${time}, ${who === 'this' ? 'this example' : 'the first example'} moves ${speed} per unit of t; a unit toward the noise adds ${rate} nats to log p(x).`,
    `Bei t = ${time} bewegt sich ${who === 'this' ? 'dieses Beispiel' : 'das erste Beispiel'} ${speed} je Einheit von t; eine Einheit zum Rauschen hin trägt ${rate} Nat zu log p(x) bei.`,
  ],
  board: (time: string, across: string, up: string) => [
    `The vector field at t = ${time}, ${across} across and ${up} up`,
    `Das Vektorfeld bei t = ${time}, ${across} nach rechts und ${up} nach oben`,
  ],
  rate: ['Log-det rate', 'Rate der Log-Determinante'],
  unit: ['nats per unit of t', 'Nat je Einheit von t'],
  arrows: (towardData: boolean) => [
    `Arrows: dx/dt, t rising, from ${towardData ? 'noise to data' : 'data to noise'}. Color: what a unit of t toward the noise adds to log p(x). Dots: the batch at this time.`,
    `Pfeile: dx/dt bei steigendem t, ${towardData ? 'vom Rauschen zu den Daten' : 'von den Daten zum Rauschen'}. Farbe: was eine Einheit von t zum Rauschen hin zu log p(x) beiträgt. Punkte: der Batch zu dieser Zeit.`,
  ],
  section: [
    'A section: the other features have the values of the example. The color counts all features.',
    'Ein Schnitt: Alle anderen Merkmale sind die des Beispiels, und die Farbe zählt alle Merkmale.',
  ],
  noField: ['This layer follows no vector field', 'Diese Schicht folgt keinem Vektorfeld'],
  chooseSlice: ['Choose a slice of time in the strip.', 'Wählen Sie im Streifen einen Zeitabschnitt.'],
});
