/** Texts of this feature, in English and in German. */
import { count, bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Plane', 'Ebene'],
  dataSpace: ['Data space, x', 'Datenraum, x'],
  latentSpace: ['Latent space, z', 'Latenter Raum, z'],
  afterLayer: (name: string) => [`After ${name}`, `Nach ${name}`],
  planeNote: (done: number, all: number) => [
    done === all ? 'with its grid' : `${done} of ${all} layers, with the grid of z as it lies there`,
    done === all
      ? 'mit seinem Gitter'
      : `${done} von ${all} Schichten, mit dem Gitter von z, wie es dort liegt`,
  ],
  behind: ['Backdrop', 'Hintergrund'],
  behindGrid: ['Grid', 'Gitter'],
  cellAreaNote: [
    'log of cell area against the flat cell of z, nats',
    'Logarithmus der Zellfläche gegen die flache Zelle von z, Nats',
  ],
  dividing: ['Drawing the grid more finely…', 'Das Gitter wird feiner gezeichnet…'],
  stillFolded: (n: number) => [
    `Not drawn: ${count(n)} ${n === 1 ? 'cell that is' : 'cells that are'} squeezed to a line.`,
    `Nicht gezeichnet: ${count(n)} ${n === 1 ? 'Zelle' : 'Zellen'}, zu einem Strich gestaucht.`,
  ],
  densityAt: (letter: string) => [
    `p(${letter}) = p(z) · |det ∂z/∂${letter}|, per unit of area of this plane`,
    `p(${letter}) = p(z) · |det ∂z/∂${letter}|, je Flächeneinheit dieser Ebene`,
  ],
  densityRange: [
    'Each stage has its own range: its unit of area is another.',
    'Jede Stufe hat ihren eigenen Bereich: ihre Flächeneinheit ist eine andere.',
  ],
  densityUnknown: (n: number, all: number) => [
    `${count(n)} of ${count(all)} cells are empty: no point of the data was found that leads there.`,
    `${count(n)} von ${count(all)} Zellen sind leer: Es fand sich kein Punkt der Daten, der dorthin führt.`,
  ],
  play: ['Play through the layers', 'Durch die Schichten abspielen'],
  pace: ['Pace', 'Tempo'],
  times: (factor: number) => (factor === 0.5 ? '½×' : `${factor}×`),
  planeHint: [
    'Arrow keys move the point that is followed, with Shift in larger steps. Page Up and Page Down go through the layers, Space plays, Escape goes back to the selected example.',
    'Die Pfeiltasten bewegen den verfolgten Punkt, mit Umschalt in größeren Schritten. Bild auf und Bild ab gehen durch die Schichten, die Leertaste spielt ab, Escape führt zum gewählten Beispiel zurück.',
  ],
  planeHintSaved: [
    'Page Up and Page Down go through the layers, Space plays.',
    'Bild auf und Bild ab gehen durch die Schichten, die Leertaste spielt ab.',
  ],
  probe: ['Path', 'Weg'],
  probeSelected: ['the selected example', 'das gewählte Beispiel'],
  probePoint: ['a point of the plane', 'ein Punkt der Ebene'],
  probeExample: (source: string, index: number) => `${source} ${index}`,
  probeNone: [
    'Click in the plane, or choose an example: its path through the layers is drawn and listed here.',
    'In die Ebene klicken oder ein Beispiel wählen: Sein Weg durch die Schichten wird gezeichnet und hier aufgelistet.',
  ],
  probeSaved: [
    'A saved page has the paths of its examples.',
    'Eine gespeicherte Seite hat die Wege ihrer Beispiele.',
  ],
  pathTable: ['The path, layer by layer', 'Der Weg, Schicht für Schicht'],
  pathAfter: ['after', 'nach'],
  pathPrior: ['log p(z), nats', 'log p(z), Nats'],
  pathTotal: ['log p(x), nats', 'log p(x), Nats'],
  smallest: ['smallest', 'kleinste'],
  median: ['median', 'Median'],
  largest: ['largest', 'größte'],
  planeReading: [
    'Violet cells are squeezed: the same share of z on less area, so higher density.',
    'Violette Zellen sind gestaucht: derselbe Anteil von z auf weniger Fläche, also höhere Dichte.',
  ],
  walk: ['Layers applied', 'Angewandte Schichten'],
});
