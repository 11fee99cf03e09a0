/** A flow that can be run: its definition, its tensors, and graphs of it compiled when first needed. */
import { createHash } from 'node:crypto';
import { dropOldest } from '../../base/drop-oldest';
import type { CheckpointHeader } from '../../checkpoint/checkpoint';
import type { Preprocess } from '../../flow/nets/context';
import { quantizationNats } from '../../flow/flow';
import { sizeOf } from '../../base/shape';
import type { Graph } from '../../graph/ir';
import { bindUsed } from '../../graph/passes/bind-constants';
import type { Program, Feeds } from '../backends/backend';
import { contextInfo } from './context';
import { createFlowRunner, type FlowSource } from './flow-runner';
import type { FlowRunner } from './runner';
import { parameterCount, type ModelLayer } from './layer-list';
import type { ModelData } from './model-data';

export interface FlowModel extends FlowSource {
  header: CheckpointHeader;
  layers: readonly ModelLayer[];
  data: ModelData;
  runner: FlowRunner;
  /** Values of one example as the flow takes it. */
  dimensions: number;
  /** Its programs are compiled and run in a moment, also over batches and back. */
  quick: boolean;
  /** D ln(levels) for images, else 0. */
  quantization: number;
  /**
   * The graph with the model's tensors bound, compiled once. Programs made for one batch size are dropped, oldest first,
   * when others have been made since.
   */
  program(key: string, graph: () => Graph, options?: ProgramOptions): Promise<Program>;
  dispose(): Promise<void>;
}

export interface ProgramOptions {
  /** The only batch size that it is for. */
  batch?: number;
  /** As of `Backend.compile`. */
  bulk?: boolean;
}

/** Programs of single batch sizes that are kept. */
const keptPrograms = 3;
/** Multiplications for an example, roughly, of which 256 examples take a tenth of a second. */
const fewProducts = 2e7;
/** Bytes of a small model. Its programs are kept on disk, where each holds the parameters once more. */
const mostOfSmall = 4 << 20;

/** The same for models that compute the same, whatever their files are called. */
function identityOf({ config, standardize }: CheckpointHeader, tensors: FlowModel['tensors']): string {
  const hash = createHash('sha256').update(JSON.stringify([config.model, standardize]));
  for (const [name, { shape, data }] of Object.entries(tensors))
    hash.update(JSON.stringify([name, shape])).update(data);
  return hash.digest('hex');
}

export function createFlowModel({
  settled,
  ...parts
}: Pick<FlowModel, 'header' | 'flow' | 'layers' | 'tensors' | 'backend' | 'data'> & {
  preprocess?: Preprocess;
  /** The model is likely to be opened again, so that its programs are worth keeping on disk. */
  settled: boolean;
}): FlowModel {
  const { header, flow, preprocess, layers, tensors, backend } = parts;
  const config = header.config.model;
  const programs = new Map<string, ReturnType<typeof keepProgram> & { sized: boolean }>();
  const context = contextInfo(header, flow, tensors);
  const runner = createFlowRunner({ context, config, flow, preprocess, tensors, backend });
  const dimensions = sizeOf(flow.inputShape);
  const values = parameterCount(Object.values(tensors));
  const small = 4 * values <= mostOfSmall;
  const places = flow.inputShape.length > 1 ? flow.inputShape[0]! * flow.inputShape[1]! : 1;
  // The way back through an autoregressive layer is its network once for each feature.
  const quick = values * places <= fewProducts && layers.every(({ info }) => info.order === undefined);
  let identity: string | undefined;

  return {
    ...parts,
    config,
    ...(context ? { context } : {}),
    runner,
    dimensions,
    quick,
    quantization: quantizationNats(config, dimensions),
    program(key, graph, { batch, bulk = false } = {}) {
      const full = batch === undefined ? key : `${key}@${batch}`;
      const known = programs.get(full);
      if (known) return known.program;
      const kept = keepProgram(async () => {
        // Those of single batch sizes are many, and each is asked for by one view.
        const keep =
          batch === undefined && small ? `${(identity ??= identityOf(header, tensors))}/${key}` : undefined;
        const restored = keep === undefined ? undefined : await backend.restore?.(keep, { bulk });
        return (
          restored ??
          backend.compile(bindUsed(graph(), tensors), {
            optimize: true,
            bulk,
            ...(keep && settled ? { keep } : {}),
          })
        );
      });
      programs.set(full, { ...kept, sized: batch !== undefined });
      kept.program.catch(() => programs.delete(full));
      for (const { drop } of dropOldest(programs, keptPrograms, ({ sized }) => sized))
        void drop().catch(() => undefined);
      return kept.program;
    },
    async dispose() {
      const made = [...programs.values()];
      programs.clear();
      await runner.dispose();
      await parts.data.close();
      for (const { drop } of made) await drop();
    },
  };
}

/**
 * A program of which only some are kept. Whoever asked for one runs it a moment later, when others may have taken its
 * place, and must not find it gone.
 */
export function keepProgram(compile: () => Promise<Program>) {
  let running = 0;
  let dropped = false;
  let compiled: Promise<Program> | undefined = Promise.resolve().then(compile);
  const release = async (): Promise<void> => {
    if (!dropped || running > 0) return;
    const old = compiled;
    compiled = undefined;
    await (await old?.catch(() => undefined))?.dispose();
  };
  /** Lets go of what was compiled as soon as no run is under way; a later run compiles it again. */
  const drop = (): Promise<void> => {
    dropped = true;
    return release();
  };
  const kept: Program = {
    async run(feeds: Feeds): Promise<Feeds> {
      running++;
      try {
        compiled ??= Promise.resolve().then(compile);
        return await (await compiled).run(feeds);
      } finally {
        running--;
        await release();
      }
    },
    dispose: drop,
  };
  /** Resolves when it is compiled. What it gives may be run at any time, also after it was dropped. */
  const program = compiled.then(() => kept);
  return { program, drop };
}
