/** The engine's answers, for the forked process and for callers in the same process. */
import { realpath, stat } from 'node:fs/promises';
import { answerImport, importForm, nameData } from '../checkpoint/recognize/form';
import { requestControl } from '../checkpoint/control';
import { type ResolvedModel, resolveModelPath } from '../checkpoint/resolve-model';
import { listCheckpoints, runPaths } from '../checkpoint/run-folder';
import { sidecarStamp } from '../checkpoint/sidecar';
import { dropOldest } from '../base/drop-oldest';
import { UserError } from '../base/user-error';
import { planePoints } from '../data/open/plane-points';
import { previewData } from '../data/open/preview';
import { tableOverview } from '../data/open/table-overview';
import { doctorLines } from '../native/doctor';
import type { BackendPreference } from '../protocol/backends';
import type { EngineApi, EngineEvents } from '../protocol/engine';
import type { InspectorAnswer, InspectorMethod, InspectorQuery } from '../protocol/inspector-questions';
import { findNonFinite } from './assistant/find-non-finite';
import { scoreFile } from './assistant/score-file';
import { summarizeCheckpoint } from './assistant/summarize-checkpoint';
import type { Backend } from './backends/backend';
import { chooseBackend, chooseInferenceBackend } from './backends/choose';
import { backends } from './backends/registry';
import { threadsToUse } from './backends/threads';
import type { ProgramCacheOptions } from './backends/program-cache';
import { createThreadedOnnxRuntime } from './backends/threaded';
import { exportHtml } from './export/html';
import { exportOnnx } from './export/onnx';
import { exportTorch } from './export/torch';
import { createInspector, type Inspector } from './inspect/inspector';
import { convertCheckpoint, targetsOf } from './model/convert';
import { openModel, outlineModel } from './open/open-model';
import type { Model } from './model/model';
import { answerOnnx, onnxForm } from './onnx-flow/ports-form';
import { estimateTraining } from './training/estimate';
import { placeStates } from './training/launch/places';
import { submitTraining } from './training/launch/submit';
import { train } from './training/train';

export interface ServiceOptions {
  events?: Partial<EngineEvents>;
  /** By default what the environment says, or the best that is found. */
  backend?: BackendPreference;
  threads?: number;
  /** Script of the threads that ONNX Runtime runs flows on; by default it runs on the calling thread. */
  onnxThread?: string;
  /** Where programs of small models are kept, for who opens them again; only with `onnxThread`. */
  cache?: ProgramCacheOptions;
  /** Opens no model that other software wrote, whatever it is called. */
  ownFilesOnly?: boolean;
}

export interface EngineService extends EngineApi {
  /** Cancels everything, waits until trainings have saved, and lets go of all models. */
  shutDown(): Promise<void>;
}

interface Entry extends Stamped {
  id: string;
  users: number;
  /** All who used it have closed it. */
  resting: boolean;
  model: Model;
  inspector: Inspector;
}

/** Closed models are kept for an editor that is moved or opened again: at most this many, of this many bytes. */
const mostResting = 3;
const largestResting = 16 << 20;

export function createService(options: ServiceOptions = {}): EngineService {
  const { events = {} } = options;
  /** By id; among resting models the one closed last comes last. */
  const entries = new Map<string, Entry>();
  /** By stamp, so that two that open the same file at once share it. */
  const opening = new Map<string, Promise<Entry>>();
  const running = new Map<string, { controller: AbortController; done: Promise<unknown> }>();
  /** The last request to a training: each takes along what the one before asked for, so they follow one another. */
  let told: Promise<unknown> = Promise.resolve();
  let nextId = 1;
  const preference = options.backend ?? 'auto';
  const threads = (): number => threadsToUse(options.threads);
  const training = loadedOnce(() => chooseBackend(preference, threads()));
  const { onnxThread, cache } = options;
  const inference = loadedOnce(() =>
    chooseInferenceBackend(preference, threads(), {
      ...(onnxThread
        ? {
            onnx: (given) => createThreadedOnnxRuntime(onnxThread, { ...given, ...(cache ? { cache } : {}) }),
          }
        : {}),
      otherwise: training.get,
    }),
  );

  const entryOf = (id: string): Entry => {
    const entry = entries.get(id);
    if (!entry?.users) throw new UserError('This model is no longer open. Open its file again.');
    return entry;
  };

  const load = async (file: string, stamped: Stamped): Promise<Entry> => {
    for (const old of [...entries.values()]) if (old.resting && old.real === stamped.real) await release(old);
    const model = await openModel(file, await inference.get());
    const id = String(nextId++);
    const entry: Entry = {
      id,
      ...stamped,
      users: 0,
      resting: false,
      model,
      inspector: createInspector(id, model, (other) => entryOf(other).model),
    };
    entries.set(id, entry);
    return entry;
  };

  /** Runs work that `cancel(token)` ends. */
  const cancellable = async <T>(token: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const controller = new AbortController();
    const done = work(controller.signal);
    const entry = { controller, done };
    running.set(token, entry);
    try {
      return await done;
    } finally {
      if (running.get(token) === entry) running.delete(token);
    }
  };

  /** @throws UserError also for a file of other software, where only our own are let in */
  const resolve = async (given: string): Promise<ResolvedModel> => {
    const resolved = await resolveModelPath(given);
    if (options.ownFilesOnly && resolved.kind !== 'checkpoint' && resolved.kind !== 'recording') {
      throw new UserError(
        `${resolved.file}: is named like a file of Flowscope, but was not written by it. Take ".flow" or ".flowrec" out of its name to open it.`,
      );
    }
    return resolved;
  };

  const release = async (entry: Entry): Promise<void> => {
    entries.delete(entry.id);
    entry.inspector.dispose();
    await entry.model.dispose();
  };

  /** One more user of the model at a path; `close` gives it back. */
  const acquire = async (path: string): Promise<Entry> => {
    // Its threads start while the file is looked for; whether that fails is known below.
    inference.get().catch(() => undefined);
    const { file } = await resolve(path);
    const stamped = await stampOf(file);
    const { stamp } = stamped;
    let entry = [...entries.values()].find((known) => known.stamp === stamp);
    if (!entry) {
      let loading = opening.get(stamp);
      if (!loading) {
        loading = load(file, stamped).finally(() => opening.delete(stamp));
        opening.set(stamp, loading);
      }
      entry = await loading;
    }
    entry.resting = false;
    entry.users++;
    return entry;
  };

  const close = async (id: string): Promise<void> => {
    const entry = entries.get(id);
    if (!entry?.users || --entry.users > 0) return;
    if (entry.size > largestResting) return release(entry);
    entry.resting = true;
    entries.delete(id);
    entries.set(id, entry);
    for (const old of dropOldest(entries, mostResting, ({ resting }) => resting)) await release(old);
  };

  /** For work that opens files and lets go of them at its end. */
  const whileOpen = async <T>(
    work: (acquired: (path: string) => Promise<Entry>, onEnd: (end: () => unknown) => void) => Promise<T>,
  ): Promise<T> => {
    const ends: (() => unknown)[] = [];
    try {
      return await work(
        async (path) => {
          const entry = await acquire(path);
          ends.push(() => close(entry.id));
          return entry;
        },
        (end) => ends.push(end),
      );
    } finally {
      for (const end of ends.reverse()) await end();
    }
  };

  return {
    async info() {
      const [{ info }, lines] = await Promise.all([training.get(), doctorLines(Object.values(backends))]);
      return {
        backend: info,
        doctor: lines.map(({ label, value, state, advice }) => ({
          name: label,
          value,
          ok: state !== 'missing',
          ...(advice ? { advice } : {}),
        })),
      };
    },
    places: placeStates,
    async outline(path) {
      return outlineModel(path, (await inference.get()).info);
    },
    async open(path) {
      const { inspector } = await acquire(path);
      return inspector.ask('summary', undefined, new AbortController().signal);
    },
    close,
    async importForm(path) {
      const { kind, file } = await resolve(path);
      return kind === 'onnx' ? onnxForm(file) : importForm(path);
    },
    async answerImport(path, answers) {
      const { kind, file } = await resolve(path);
      await (kind === 'onnx' ? answerOnnx(file, answers) : answerImport(path, answers));
    },
    nameData,
    async convertTargetsOf(path, token) {
      await resolve(path);
      return cancellable(token, (signal) => targetsOf(path, signal));
    },
    async convert(path, to, output, token) {
      await resolve(path);
      return cancellable(token, (signal) => convertCheckpoint(path, to, output, { signal }));
    },
    ask: async <M extends InspectorMethod>(
      id: string,
      method: M,
      query: InspectorQuery<M>,
      token: string,
      context?: readonly number[],
    ): Promise<InspectorAnswer<M>> => {
      const { inspector } = entryOf(id);
      return cancellable(token, (signal) => inspector.ask(method, query, signal, context));
    },
    async exportOnnx(id, output, token) {
      const { model } = entryOf(id);
      return cancellable(token, (signal) => exportOnnx(model, output, { signal }));
    },
    exportTorch: async (id, output) => exportTorch(entryOf(id).model, output),
    async exportHtml(id, output, token, comparedWith) {
      const entry = entryOf(id);
      const compared = comparedWith === undefined ? {} : { compared: entryOf(comparedWith) };
      return cancellable(token, (signal) => exportHtml(entry, output, { signal, ...compared }));
    },
    runCheckpoints: (folders) =>
      Promise.all(
        folders.map(async (folder) => ({ folder, checkpoints: await listCheckpoints(runPaths(folder)) })),
      ),
    previewData: (source, token, choice) =>
      cancellable(token, (signal) => previewData(source, process.cwd(), { signal, ...choice })),
    tableOverview: (source, token) => cancellable(token, () => tableOverview(source, process.cwd())),
    async estimateTraining(request, token) {
      const backend = await training.get();
      return cancellable(token, (signal) => estimateTraining(request, { backend, signal }));
    },
    planePoints: (source, count, token) =>
      cancellable(token, (signal) => planePoints(source, count, process.cwd(), signal)),
    async train(request, token) {
      const chosen = await training.get();
      return cancellable(token, (signal) =>
        train(request, {
          backend: chosen,
          signal,
          onProgress: (progress) => events.trainProgress?.(token, progress),
          onNote: (text) => events.log?.(text),
          log: (line) => events.log?.(line),
        }),
      );
    },
    async submit(request, job, token) {
      const chosen = await training.get();
      return cancellable(token, (signal) => submitTraining(request, job, { backend: chosen, signal }));
    },
    async control(folder, request) {
      const telling = told.then(() => requestControl(folder, request));
      told = telling.catch(() => undefined);
      const { id } = await telling;
      return { id };
    },
    async summarizeCheckpoint(path, token) {
      await resolve(path);
      return cancellable(token, (signal) => summarizeCheckpoint(path, signal));
    },
    scoreFile: (query, token) =>
      cancellable(token, (signal) =>
        whileOpen((acquired, onEnd) =>
          scoreFile(query, { open: async (path) => (await acquired(path)).model, threads, onEnd }, signal),
        ),
      ),
    findNonFinite: (query, token) =>
      cancellable(token, (signal) =>
        whileOpen(async (acquired) => {
          const { model, inspector } = await acquired(query.model);
          return findNonFinite(query, model, inspector, signal);
        }),
      ),
    cancel(token) {
      running.get(token)?.controller.abort();
      return Promise.resolve();
    },
    async shutDown() {
      const works = [...running.values()];
      for (const { controller } of works) controller.abort();
      await Promise.allSettled(works.map(({ done }) => done));
      for (const entry of [...entries.values()]) await release(entry);
      await inference.dispose();
      await training.dispose();
    },
  };
}

/** Loaded when first needed, and again after a failure. */
function loadedOnce(load: () => Promise<Backend>): { get: () => Promise<Backend>; dispose(): Promise<void> } {
  let loading: Promise<Backend> | undefined;
  return {
    get: () => {
      loading ??= Promise.resolve().then(load);
      loading.catch(() => (loading = undefined));
      return loading;
    },
    async dispose() {
      await (await loading?.catch(() => undefined))?.dispose();
    },
  };
}

interface Stamped {
  /** Path of the file, without links. */
  real: string;
  /** Bytes. */
  size: number;
  /** What tells this file from a later one at the same path. */
  stamp: string;
}

/** A file that is replaced is another one, even at the same path; and so is one with another sidecar. */
async function stampOf(file: string): Promise<Stamped> {
  const real = await realpath(file);
  const { size, mtimeMs, ino } = await stat(real);
  return { real, size, stamp: `${real} ${size} ${mtimeMs} ${ino} ${await sidecarStamp(file)}` };
}
