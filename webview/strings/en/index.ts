/** Every text of the inspector in English. */
import { bar } from './bar';
import { conditioner } from './conditioner';
import { compare } from './compare';
import { contribution } from './contribution';
import { diagnostics } from './diagnostics';
import { findings } from './findings';
import { gallery } from './gallery';
import { given } from './given';
import { jacobian } from './jacobian';
import { layer } from './layer';
import { maps } from './maps';
import { plane } from './plane';
import { population } from './population';
import { run } from './run';
import { states } from './states';
import { strip } from './strip';
import { takeaway } from './takeaway';

export const english = {
  ...bar,
  ...strip,
  ...layer,
  ...conditioner,
  ...jacobian,
  ...maps,
  ...plane,
  ...gallery,
  ...given,
  ...population,
  ...contribution,
  ...diagnostics,
  ...findings,
  ...states,
  ...takeaway,
  ...run,
  ...compare,
};
