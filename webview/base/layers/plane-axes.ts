import type { ModelSummary } from '../../../src/protocol/model';
import { planeAxes, type PlaneFrame } from '../canvas/points';
import { featureName } from './layer-names';

/** Draws the axes of the data of a two-dimensional flow, with the names of its features. */
export const axesOf =
  (model: ModelSummary) =>
  (context: CanvasRenderingContext2D, frame: PlaneFrame): void =>
    planeAxes(context, frame, [featureName(model, 0), featureName(model, 1)]);
