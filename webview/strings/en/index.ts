/** Every text of the inspector in English, by part: two parts may use the same key. */
import { bar } from './bar';
import { conditioner } from './conditioner';
import { compare } from './compare';
import { contribution } from './contribution';
import { diagnostics } from './diagnostics';
import { findings } from './findings';
import { gallery } from './gallery';
import { given } from './given';
import { jacobian } from './jacobian';
import { latents } from './latents';
import { layer } from './layer';
import { layers } from './layers';
import { maps } from './maps';
import { nearest } from './nearest';
import { plane } from './plane';
import { population } from './population';
import { run } from './run';
import { sampling } from './sampling';
import { states } from './states';
import { strip } from './strip';
import { takeaway } from './takeaway';

export const english = {
  bar,
  strip,
  layer,
  layers,
  conditioner,
  jacobian,
  maps,
  plane,
  gallery,
  sampling,
  latents,
  nearest,
  given,
  population,
  contribution,
  diagnostics,
  findings,
  states,
  takeaway,
  run,
  compare,
};
