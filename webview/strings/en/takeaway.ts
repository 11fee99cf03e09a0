/** Texts of copying and saving a view. */
export const takeaway = {
  takeAway: (view: string) => `Copy or save: ${view}`,
  copyPicture: 'Copy picture',
  copyNumbers: 'Copy numbers (CSV)',
  asPng: 'Save PNG…',
  asSvg: 'Save SVG…',
  asCsv: 'Save CSV…',
  asNpy: 'Save NPY…',
  asNpz: 'Save NPZ…',
  copied: 'Copied',
  saved: (name: string) => `Saved ${name}`,
  notCopied: 'The picture could not be copied here; save it as PNG instead.',
  notTaken: (why: string) => `This could not be saved. ${why}`,
  statisticsOf: (count: number, split: string) => `statistics of ${count} ${split}`,
  normMode: (mode: string) => `batch norm ${mode}`,
  exampleNamed: (name: string) => `example ${name}`,
  drawnBy: 'Flowscope',
};
