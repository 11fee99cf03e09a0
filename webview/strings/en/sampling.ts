/** Texts about how samples are drawn, and the way of one of them. */

export const sampling = {
  byScaleShort: 'by scale',
  truncation: 'Truncation',
  noTruncation: 'none',
  scaleTruncation: (scale: number) => `Truncation of scale ${scale}`,
  playWay: 'Play the way from z to x',
  previousStep: 'Previous layer on the way',
  nextStep: 'Next layer on the way',
};
