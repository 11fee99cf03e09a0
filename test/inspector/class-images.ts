/** A flow of 8×8 images that is given a class. */

/** Given which of the ten digits it is. */
export const classImageModel = {
  ...{ kind: 'image', height: 8, width: 8, channels: 1, levels: 17, dataConstraint: 'unit' },
  context: { height: 1, width: 1, channels: 10 },
  layers: [
    { kind: 'squeeze' },
    {
      ...{ kind: 'coupling', mask: [1, 1, 0, 0], seesContext: true },
      net: { kind: 'convolutions', kernels: [3, 1], widths: [6] },
    },
    { kind: 'prior', seesContext: true },
  ],
};
