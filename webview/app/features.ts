/** Every feature of the page, the tabs of a region in their order. A new one is its folder and a line here. */
import type { Feature } from '../base/store/store';
import { activations } from '../features/activations';
import { calibration } from '../features/calibration';
import { check } from '../features/check';
import { compare } from '../features/compare';
import { conditions } from '../features/conditions';
import { curve } from '../features/curve';
import { dataAndSamples } from '../features/data-and-samples';
import { diagnostics } from '../features/diagnostics';
import { element } from '../features/element';
import { examples } from '../features/examples';
import { field } from '../features/field';
import { file } from '../features/file';
import { interpolate } from '../features/interpolate';
import { jacobian } from '../features/jacobian';
import { latents } from '../features/latents';
import { logdet } from '../features/logdet';
import { lossOverTime } from '../features/loss-over-time';
import { mask } from '../features/mask';
import { matrix } from '../features/matrix';
import { nearest } from '../features/nearest';
import { network } from '../features/network';
import { order } from '../features/order';
import { paths } from '../features/paths';
import { plane } from '../features/plane';
import { reconstruct } from '../features/reconstruct';
import { run } from '../features/run';
import { samples } from '../features/samples';
import { solver } from '../features/solver';
import { strip } from '../features/strip';

export const features: readonly Feature[] = [
  plane,
  activations,
  paths,
  field,
  curve,
  order,
  matrix,
  conditions,
  mask,
  logdet,
  network,
  jacobian,
  solver,
  lossOverTime,
  samples,
  dataAndSamples,
  examples,
  nearest,
  interpolate,
  reconstruct,
  latents,
  diagnostics,
  calibration,
  check,
  element,
  run,
  strip,
  compare,
  file,
];
