import { text } from '../strings';

/** What an example is called that the inspector made of others, by its kind. */
export const madeNames: Readonly<Record<string, string>> = {
  manifold: text.anInterpolation,
  reconstruction: text.aReconstruction,
  edited: text.anEdited,
};
