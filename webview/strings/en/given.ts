/** Texts about files that become examples. */

export const given = {
  openFile: 'Open file…',
  openFileHint: 'Show an image file, or drop one on the page (in VS Code with Shift held)',
  openNumbersHint: 'Show a row of numbers from a file, or drop one on the page (in VS Code with Shift held)',
  dropHere: 'Drop to show this file as the example',
  dropHint: 'In VS Code hold Shift while dropping.',
  reading: (name: string) => `Reading ${name}`,
  fileNotRead: (name: string) => `${name} was not read`,
  tooLarge: (name: string, size: string, most: string) => `${name}: has ${size}; expected at most ${most}.`,
  dismiss: 'Dismiss',
  grey: 'grey',
  colour: 'colour',
  pictureAsIs: (name: string, size: string, levels: number) => `${name}: ${size}, ${levels} levels.`,
  pictureRecoloured: (name: string, from: string, size: string, levels: number) =>
    `${name}: ${from}, taken as ${size}, ${levels} levels.`,
  pictureFitted: (name: string, from: string, size: string, levels: number) =>
    `${name}: ${from}, scaled and cut to ${size}, ${levels} levels.`,
  numbersRead: (name: string, n: number) => `${name}: ${n} numbers.`,
};
