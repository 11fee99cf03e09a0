/** Texte zu Dateien, die Beispiele werden. */
import type { given as english } from '../en/given';

export const given: typeof english = {
  openFile: 'Datei öffnen…',
  openFileHint: 'Eine Bilddatei zeigen, oder auf der Seite ablegen (in VS Code mit gedrückter Umschalttaste)',
  openNumbersHint:
    'Eine Zeile Zahlen aus einer Datei zeigen, oder auf der Seite ablegen (in VS Code mit gedrückter Umschalttaste)',
  dropHere: 'Ablegen, um diese Datei als Beispiel zu zeigen',
  dropHint: 'In VS Code beim Ablegen die Umschalttaste halten.',
  reading: (name) => `${name} wird gelesen`,
  fileNotRead: (name) => `${name} wurde nicht gelesen`,
  tooLarge: (name, size, most) => `${name}: hat ${size}; erwartet werden höchstens ${most}.`,
  dismiss: 'Schließen',
  grey: 'grau',
  colour: 'farbig',
  pictureAsIs: (name, size, levels) => `${name}: ${size}, ${levels} Stufen.`,
  pictureRecoloured: (name, from, size, levels) =>
    `${name}: ${from}, als ${size} genommen, ${levels} Stufen.`,
  pictureFitted: (name, from, size, levels) =>
    `${name}: ${from}, auf ${size} skaliert und beschnitten, ${levels} Stufen.`,
  numbersRead: (name, n) => `${name}: ${n} Zahlen.`,
};
