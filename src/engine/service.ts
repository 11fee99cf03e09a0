/** The engine's answers, for the forked process and for callers in the same process. */
import { realpath, stat } from 'node:fs/promises';
import { answerImport, importForm, nameData } from '../checkpoint/recognize/load';
import { requestControl } from '../checkpoint/control';
import { type ModelFile, openModelFile } from '../checkpoint/model-file';
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
import type { ModelOutline } from '../protocol/model';
import { findNonFinite, scoreFile, summarizeCheckpoint } from './assistant/reports';
import type { Backend } from './backends/backend';
import { chooseBackend, chooseInferenceBackend } from './backends/choose';
import { backends } from './backends/registry';
import { threadsToUse } from './backends/threads';
import type { ProgramCacheOptions } from './backends/program-cache';
import { createThreadedOnnxRuntime } from './backends/threaded';
import { exportAnimation } from './export/animation';
import { exportHtml, type Inspected } from './export/html';
import { exportOnnx } from './export/onnx';
import { exportTorch } from './export/torch';
import { createInspector } from './inspect/inspector';
import { convertCheckpoint, targetsOf } from './model/convert';
import { openModel } from './open/open-model';
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

type OnOutline = (outline: ModelOutline) => void;

export interface EngineService extends EngineApi {
  /** Cancels everything, waits until trainings have saved, and lets go of all models. */
  shutDown(): Promise<void>;
}

interface Entry extends Stamped, Inspected {
  id: string;
  users: number;
  /** All who used it have closed it. */
  resting: boolean;
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
  let lastRequest: Promise<unknown> = Promise.resolve();
  let nextId = 1;
  const preference = options.backend ?? 'auto';
  const threads = (): number => threadsToUse(options.threads);
  const training = loadedOnce(() => chooseBackend(preference, threads()));
  const { onnxThread, cache } = options;
  const inference = loadedOnce(() =>
    chooseInferenceBackend(preference, threads(), {
      ...(onnxThread && {
        onnx: (choice) => createThreadedOnnxRuntime(onnxThread, { ...choice, ...(cache ? { cache } : {}) }),
      }),
      otherwise: training.get,
      log: (line) => events.log?.(line),
    }),
  );

  const entryOf = (id: string): Entry => {
    const entry = entries.get(id);
    if (!entry?.users) throw new UserError('This model is no longer open. Open its file again.');
    return entry;
  };

  const load = async (file: ModelFile, stamped: Stamped, onOutline?: OnOutline): Promise<Entry> => {
    for (const old of [...entries.values()]) if (old.resting && old.real === stamped.real) await release(old);
    const backend = await inference.get().catch(async (error: unknown) => {
      await file.close();
      throw error;
    });
    const model = await openModel(file, backend, onOutline);
    const id = String(nextId++);
    const entry: Entry = {
      id,
      ...stamped,
      users: 0,
      resting: false,
      model,
      inspector: createInspector(id, model, (other) => entryOf(other).model, backend),
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
  const openFile = (file: string): Promise<ModelFile> =>
    openModelFile(file, { ownFilesOnly: options.ownFilesOnly });

  const release = async (entry: Entry): Promise<void> => {
    entries.delete(entry.id);
    entry.inspector.dispose();
    await entry.model.dispose();
  };

  /** One more user of the model in a file, which is closed; `close` gives it back. */
  const acquire = async (source: string | ModelFile, onOutline?: OnOutline): Promise<Entry> => {
    // Its threads start while the file is looked for; whether that fails is known below.
    inference.get().catch(() => undefined);
    const file = typeof source === 'string' ? await openFile(source) : source;
    let loading: Entry | Promise<Entry> | undefined;
    try {
      const stamped = await stampOf(file.file);
      const { stamp } = stamped;
      loading = [...entries.values()].find((known) => known.stamp === stamp) ?? opening.get(stamp);
      if (loading) await file.close();
      else {
        loading = load(file, stamped, onOutline).finally(() => opening.delete(stamp));
        opening.set(stamp, loading);
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    const entry = await loading;
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
    work: (acquired: typeof acquire, onEnd: (end: () => unknown) => void) => Promise<T>,
  ): Promise<T> => {
    const ends: (() => unknown)[] = [];
    try {
      return await work(
        async (source) => {
          const entry = await acquire(source);
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
    async open(path) {
      const { inspector } = await acquire(path, (outline) => events.outlined?.(path, outline));
      return inspector.ask('summary', undefined, new AbortController().signal);
    },
    close,
    async importForm(path) {
      const file = await openFile(path);
      return file.kind === 'onnx' ? onnxForm(file.file) : importForm(file);
    },
    async answerImport(path, answers) {
      const file = await openFile(path);
      await (file.kind === 'onnx' ? answerOnnx(file.file, answers) : answerImport(file, answers));
    },
    async nameData(path, source) {
      return nameData(await openFile(path), source);
    },
    async convertTargetsOf(path, token) {
      const file = await openFile(path);
      return cancellable(token, (signal) => targetsOf(file, signal));
    },
    async convert(path, to, output, token) {
      const file = await openFile(path);
      return cancellable(token, (signal) => convertCheckpoint(file, to, output, { signal }));
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
    exportOnnx: (id, output, token) =>
      cancellable(token, (signal) => exportOnnx(entryOf(id).model, output, { signal })),
    exportTorch: async (id, output) => exportTorch(entryOf(id).model, output),
    async exportHtml(id, output, token, comparedWith) {
      const entry = entryOf(id);
      const compared = comparedWith === undefined ? {} : { compared: entryOf(comparedWith) };
      return cancellable(token, (signal) => exportHtml(entry, output, { signal, ...compared }));
    },
    exportAnimation: (id, output, token) =>
      cancellable(token, (signal) => exportAnimation(entryOf(id).model, output, { signal })),
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
      const telling = lastRequest.then(() => requestControl(folder, request));
      lastRequest = telling.catch(() => undefined);
      const { id } = await telling;
      return { id };
    },
    async summarizeCheckpoint(path, token) {
      const file = await openFile(path);
      return cancellable(token, (signal) => summarizeCheckpoint(file, signal));
    },
    scoreFile: (query, token) =>
      cancellable(token, (signal) =>
        whileOpen(async (acquired, onEnd) => {
          const open = async (file: ModelFile) => (await acquired(file)).model;
          return scoreFile(query, await openFile(query.model), { open, threads, onEnd }, signal);
        }),
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

type Stamped = Awaited<ReturnType<typeof stampOf>>;

/**
 * The file's path without links, its bytes, and what tells it from a later one: a file that is replaced is another one, even
 * at the same path; and so is one with another sidecar.
 */
async function stampOf(file: string) {
  const real = await realpath(file);
  const { size, mtimeMs, ino } = await stat(real);
  return { real, size, stamp: `${real} ${size} ${mtimeMs} ${ino} ${await sidecarStamp(file)}` };
}
