/** Texts of this feature, in English and in German. */
import { count } from '../../base/format/numbers';
import { inLanguage } from '../../base/format/language';

export const english = {
  tab: 'Plane',
  dataSpace: 'Data space, x',
  latentSpace: 'Latent space, z',
  afterLayer: (name: string) => `After ${name}`,
  planeNote: (done: number, all: number) =>
    done === all ? 'with its grid' : `${done} of ${all} layers, with the grid of z as it lies there`,
  behind: 'Backdrop',
  behindGrid: 'Grid',
  cellAreaNote: 'log of cell area against the flat cell of z, nats',
  dividing: 'Drawing the grid more finely…',
  stillFolded: (n: number) =>
    `Not drawn: ${count(n)} ${n === 1 ? 'cell that is' : 'cells that are'} squeezed to a line.`,
  densityAt: (letter: string) => `p(${letter}) = p(z) · |det ∂z/∂${letter}|, per unit of area of this plane`,
  densityRange: 'Each stage has its own range: its unit of area is another.',
  densityUnknown: (n: number, all: number) =>
    `${count(n)} of ${count(all)} cells are empty: no point of the data was found that leads there.`,
  play: 'Play through the layers',
  pace: 'Pace',
  times: (factor: number) => (factor === 0.5 ? '½×' : `${factor}×`),
  planeHint:
    'Arrow keys move the point that is followed, with Shift in larger steps. Page Up and Page Down go through the layers, Space plays, Escape goes back to the selected example.',
  planeHintSaved: 'Page Up and Page Down go through the layers, Space plays.',
  probe: 'Path',
  probeSelected: 'the selected example',
  probePoint: 'a point of the plane',
  probeExample: (source: string, index: number) => `${source} ${index}`,
  probeNone:
    'Click in the plane, or choose an example: its path through the layers is drawn and listed here.',
  probeSaved: 'A saved page has the paths of its examples.',
  pathTable: 'The path, layer by layer',
  pathAfter: 'after',
  pathPrior: 'ln p(z), nats',
  pathTotal: 'ln p(x), nats',
  smallest: 'smallest',
  median: 'median',
  largest: 'largest',
  planeReading: 'Violet cells are squeezed: the same share of z on less area, so higher density.',
  walk: 'Layers applied',
};

export const german: typeof english = {
  tab: 'Ebene',
  dataSpace: 'Datenraum, x',
  latentSpace: 'Latenter Raum, z',
  afterLayer: (name: string) => `Nach ${name}`,
  planeNote: (done: number, all: number) =>
    done === all
      ? 'mit seinem Gitter'
      : `${done} von ${all} Schichten, mit dem Gitter von z, wie es dort liegt`,
  behind: 'Hintergrund',
  behindGrid: 'Gitter',
  cellAreaNote: 'Logarithmus der Zellfläche gegen die flache Zelle von z, Nats',
  dividing: 'Das Gitter wird feiner gezeichnet…',
  stillFolded: (n: number) =>
    `Nicht gezeichnet: ${count(n)} ${n === 1 ? 'Zelle' : 'Zellen'}, zu einem Strich gestaucht.`,
  densityAt: (letter: string) => `p(${letter}) = p(z) · |det ∂z/∂${letter}|, je Flächeneinheit dieser Ebene`,
  densityRange: 'Jede Stufe hat ihren eigenen Bereich: ihre Flächeneinheit ist eine andere.',
  densityUnknown: (n: number, all: number) =>
    `${count(n)} von ${count(all)} Zellen sind leer: Es fand sich kein Punkt der Daten, der dorthin führt.`,
  play: 'Durch die Schichten abspielen',
  pace: 'Tempo',
  times: (factor: number) => (factor === 0.5 ? '½×' : `${factor}×`),
  planeHint:
    'Die Pfeiltasten bewegen den verfolgten Punkt, mit Umschalt in größeren Schritten. Bild auf und Bild ab gehen durch die Schichten, die Leertaste spielt ab, Escape führt zum gewählten Beispiel zurück.',
  planeHintSaved: 'Bild auf und Bild ab gehen durch die Schichten, die Leertaste spielt ab.',
  probe: 'Weg',
  probeSelected: 'das gewählte Beispiel',
  probePoint: 'ein Punkt der Ebene',
  probeExample: (source: string, index: number) => `${source} ${index}`,
  probeNone:
    'In die Ebene klicken oder ein Beispiel wählen: Sein Weg durch die Schichten wird gezeichnet und hier aufgelistet.',
  probeSaved: 'Eine gespeicherte Seite hat die Wege ihrer Beispiele.',
  pathTable: 'Der Weg, Schicht für Schicht',
  pathAfter: 'nach',
  pathPrior: 'ln p(z), Nats',
  pathTotal: 'ln p(x), Nats',
  smallest: 'kleinste',
  median: 'Median',
  largest: 'größte',
  planeReading:
    'Violette Zellen sind gestaucht: derselbe Anteil von z auf weniger Fläche, also höhere Dichte.',
  walk: 'Angewandte Schichten',
};

export const text = inLanguage(english, german);
