/** The engine's answers, for the forked process and for whoever runs it in their own process. */
import { availableParallelism } from 'node:os';
import { realpath, stat } from 'node:fs/promises';
import { answerImport, importForm } from '../checkpoint/import/form';
import { requestControl } from '../checkpoint/control';
import { resolveModelPath } from '../checkpoint/resolve-model';
import { sidecarStamp } from '../checkpoint/sidecar';
import { UserError } from '../config/user-error';
import { planePoints } from '../data/plane-points';
import { previewData } from '../data/preview';
import { doctorLines } from '../native/doctor';
import type { EngineApi, EngineEvents } from '../protocol/engine';
import type { InspectorAnswer, InspectorMethod, InspectorQuery } from '../protocol/inspect';
import type { Backend } from './backends/backend';
import { chooseBackend, type BackendPreference } from './backends/choose';
import { createOnnxRuntimeBackend } from './backends/onnxruntime';
import { exportHtml } from './export/html';
import { exportOnnx } from './export/onnx';
import { createInspector, type Inspector } from './inspect/inspector';
import { convertCheckpoint } from './model/convert';
import { openModel, type OpenModel } from './model/open-model';
import { answerOnnx, onnxForm } from './onnx-flow/ports-form';
import { train } from './training/train';

export interface ServiceOptions {
  events?: Partial<EngineEvents>;
  /** By default what the environment says, or the best that is found. */
  backend?: BackendPreference;
  threads?: number;
}

export interface EngineService extends EngineApi {
  /** Cancels everything, waits until trainings have saved, and lets go of all models. */
  shutDown(): Promise<void>;
}

interface Entry {
  id: string;
  /** What tells this file from a later one at the same path. */
  stamp: string;
  users: number;
  model: OpenModel;
  inspector: Inspector;
}

/** @throws UserError when FLOWSCOPE_THREADS is not a number of threads */
export function threadsFromEnvironment(env: NodeJS.ProcessEnv = process.env): number {
  const text = env['FLOWSCOPE_THREADS'];
  const asked = text ? Number(text) : 0;
  if (!Number.isSafeInteger(asked) || asked < 0) {
    throw new UserError(`FLOWSCOPE_THREADS is "${text}"; a whole number is expected, 0 for all processors.`);
  }
  return asked || availableParallelism();
}

export function createService(options: ServiceOptions = {}): EngineService {
  const { events = {} } = options;
  const entries = new Map<string, Entry>();
  /** By stamp, so that two that open the same file at once share it. */
  const opening = new Map<string, Promise<Entry>>();
  const running = new Map<string, { controller: AbortController; done: Promise<unknown> }>();
  let nextId = 1;
  const preference = options.backend ?? 'auto';
  const threads = (): number => options.threads ?? threadsFromEnvironment();
  const training = loadedOnce(() => chooseBackend(preference, threads()));
  // Where nobody says otherwise, ONNX Runtime runs flows: it compiles sooner, needs less memory and leaves this thread free.
  const inference = loadedOnce(() =>
    preference === 'auto' && isAuto(process.env['FLOWSCOPE_BACKEND'])
      ? createOnnxRuntimeBackend({
          threads: threads(),
          reason: 'runs flows; native TensorFlow trains them',
        }).catch(training.get)
      : training.get(),
  );

  const entryOf = (id: string): Entry => {
    const entry = entries.get(id);
    if (!entry) throw new UserError('This model is no longer open. Open its file again.');
    return entry;
  };

  const load = async (file: string, stamp: string): Promise<Entry> => {
    const model = await openModel(file, await inference.get());
    const id = String(nextId++);
    const entry: Entry = { id, stamp, users: 0, model, inspector: createInspector(id, model) };
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

  const release = async (entry: Entry): Promise<void> => {
    entries.delete(entry.id);
    entry.inspector.dispose();
    await entry.model.dispose();
  };

  return {
    async info() {
      const [{ info }, lines] = await Promise.all([training.get(), doctorLines()]);
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
    async open(path) {
      const { file } = await resolveModelPath(path);
      const stamp = await stampOf(file);
      const known = [...entries.values()].find((entry) => entry.stamp === stamp);
      let entry = known;
      if (!entry) {
        let loading = opening.get(stamp);
        if (!loading) {
          loading = load(file, stamp).finally(() => opening.delete(stamp));
          opening.set(stamp, loading);
        }
        entry = await loading;
      }
      entry.users++;
      const { inspector } = entry;
      return inspector.ask('summary', undefined, new AbortController().signal);
    },
    async close(id) {
      const entry = entries.get(id);
      if (entry && --entry.users <= 0) await release(entry);
    },
    async importForm(path) {
      const { kind, file } = await resolveModelPath(path);
      return kind === 'onnx' ? onnxForm(file) : importForm(path);
    },
    async answerImport(path, answers) {
      const { kind, file } = await resolveModelPath(path);
      await (kind === 'onnx' ? answerOnnx(file, answers) : answerImport(path, answers));
    },
    async convert(path, to, output, token) {
      return cancellable(token, (signal) => convertCheckpoint(path, to, output, { signal }));
    },
    ask: async <M extends InspectorMethod>(
      id: string,
      method: M,
      query: InspectorQuery<M>,
      token: string,
    ): Promise<InspectorAnswer<M>> => {
      const { inspector } = entryOf(id);
      return cancellable(token, (signal) => inspector.ask(method, query, signal));
    },
    async exportOnnx(id, output, token) {
      const { model } = entryOf(id);
      return cancellable(token, (signal) => exportOnnx(model, output, { signal }));
    },
    async exportHtml(id, output, token) {
      const { model, inspector } = entryOf(id);
      return cancellable(token, (signal) => exportHtml({ model, inspector }, output, { signal }));
    },
    previewData: (source, token) =>
      cancellable(token, (signal) => previewData(source, process.cwd(), signal)),
    planePoints: (source, count, token) =>
      cancellable(token, (signal) => planePoints(source, count, process.cwd(), signal)),
    async train(request, token) {
      const chosen = await training.get();
      return cancellable(token, (signal) =>
        train(request, {
          backend: chosen,
          signal,
          onProgress: (progress) => events.trainProgress?.(token, progress),
          log: (line) => events.log?.(line),
        }),
      );
    },
    async control(folder, request) {
      const { id } = await requestControl(folder, request);
      return { id };
    },
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

function isAuto(wanted: string | undefined): boolean {
  return !wanted || wanted === 'auto';
}

/** Loaded when first needed, and anew after a failure. */
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

/** A file that is replaced is another one, even at the same path; and so is one with other answers beside it. */
async function stampOf(file: string): Promise<string> {
  const real = await realpath(file);
  const { size, mtimeMs, ino } = await stat(real);
  return `${real} ${size} ${mtimeMs} ${ino} ${await sidecarStamp(file)}`;
}
