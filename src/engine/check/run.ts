/** A whole check, from the target to the report. */
import { countNonFinite } from '../../base/finite';
import type { CheckReport } from '../../protocol/check';
import { UserError } from '../../base/user-error';
import { sizeOf } from '../../base/shape';
import { CancelledError } from '../../protocol/wire';
import type { BatchOptions } from '../model/latents';
import type { InspectedFlow } from '../model/inspected-flow';
import type { RunBothWays } from '../use/calibrate';
import { layersOf } from './layers';
import { namesOr } from './names';
import { weighDrawn, type Drawn } from './drawn';
import { report, type ReportOptions } from './report';
import { densitiesIn, logDensities, weigh, type Weighed } from './weigh';
import { openTarget, type TargetOptions } from './target';

export interface CheckOptions extends BatchOptions {
  ways: RunBothWays;
  /** The flow whose layers are asked; the ways are its own then. */
  flow: InspectedFlow | undefined;
  /** A function, or draws with its log density of each. */
  target: string | Drawn;
  draws: number;
  seed: number;
  timeout?: number;
  backend: TargetOptions['backend'];
  /** The observation of a conditional flow, which its ways have too. */
  condition?: ArrayLike<number> | undefined;
  names?: readonly string[] | undefined;
  /** Rows of a target that is a function, [m, D], data units. */
  rows?: Float32Array | undefined;
}

/** @throws UserError where the target fails, or did not get draws of the flow; CancelledError */
export async function check(options: CheckOptions): Promise<CheckReport> {
  const { ways, flow, seed, signal, backend, condition, timeout } = options;
  const size = sizeOf(ways.forward.inputShape);
  const names = namesOr(options.names, size);
  const written = async (
    weighed: Weighed,
    { rows, logZ }: Pick<ReportOptions, 'rows' | 'logZ'> = {},
  ): Promise<CheckReport> =>
    report(weighed, {
      ...{ seed, names, signal, rows, logZ },
      ...(flow ? { layers: layersOf(flow, weighed, names, signal) } : {}),
    });
  if (typeof options.target !== 'string') return written(await weighDrawn(ways, options.target, options));
  const target = await openTarget(options.target, {
    backend,
    condition,
    signal,
    ...(timeout ? { timeout } : {}),
  });
  try {
    let weighed: Weighed | undefined;
    for await (const now of weigh(ways, target, options)) weighed = now;
    if (!weighed) throw new CancelledError();
    const rows = options.rows && (await rowsOf(options.rows, size));
    return await written(weighed, { rows, logZ: target.logZ });
  } finally {
    target.end();
  }

  async function rowsOf(x: Float32Array, width: number): Promise<ReportOptions['rows']> {
    const count = x.length / width;
    const logQ = await logDensities(ways.forward, x, count, signal ? { signal } : {});
    const logP = await densitiesIn(target, x, width);
    const outside = countNonFinite(logP);
    if (outside > 0)
      throw new UserError(
        `The target's log density is not finite for ${outside} of ${count} rows that are said to be of it. Check the order and the units of their columns.`,
      );
    return { x, logP, logQ };
  }
}
