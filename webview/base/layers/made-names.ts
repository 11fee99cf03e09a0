import { text } from '../../strings';

/** What an example is called that the inspector made of others, by its kind. */
export const madeNames: Readonly<Record<string, string>> = {
  manifold: text.bar.anInterpolation,
  reconstruction: text.bar.aReconstruction,
  edited: text.latents.anEdited,
};
