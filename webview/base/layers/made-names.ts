import { words } from '../words';

/** What an example is called that the inspector made of others, by its kind. */
export const madeNames: Readonly<Record<string, string>> = {
  manifold: words.anInterpolation,
  reconstruction: words.aReconstruction,
  edited: words.anEdited,
};
