/** The flow that a page shows, where it still runs: asked through its kernel or debugger, one request at a time. */
import { signal } from '@preact/signals';
import { toBase64, fromBase64 } from '../../../src/base/base64';
import type { AskFlow, FlowMessage, FlowReply, FlowRequest } from '../../../src/protocol/live';
import type { NdArray } from '../../../src/protocol/tensors';
import { words } from '../words';
import { NoAnswerError, type FlowState, type LiveFlow, type Connection } from './page-api';
import type { InPageEngine, InPageInspector } from '../../../src/protocol/in-page';
import type { PageEvents, PageHost } from '../../../src/protocol/webview';
import { standAloneHost } from './stand-alone';

/** What comes back. */
interface Received {
  flowscope: string;
  id?: number;
  reply?: FlowReply;
  /** The kernel has gone, or the program runs. */
  gone?: true;
  /** It is there again. */
  here?: true;
}

/** ms between questions whether anybody is there, and how many. */
const greeting = { every: 1000, most: 20 };
/** ms between looks at whether the weights have changed since the recording. */
const lookEvery = 4000;
/** ms after which a request counts as one that waits. */
const soon = 300;

interface Waiting {
  request: FlowRequest;
  resolve(bytes: Uint8Array): void;
  reject(error: Error): void;
}

/**
 * What comes while a request is under way waits here, where it can be taken back.
 * @param version of the weights that the page's recording was made with
 * @param came called at the first answer, and at the first after a silence
 * @param gone called when no answers will come
 */
export function runningFlow(
  { page, version }: { page: string; version: string },
  post: (message: FlowMessage) => void,
  came: (ask: AskFlow) => void,
  gone: () => void,
): LiveFlow & { ask: AskFlow } {
  const state = signal<FlowState>({ kind: 'saved' });
  const queue: Waiting[] = [];
  let shown = version;
  let isThere = false;
  /** Whether the flow should be there: a question without an answer is asked again. */
  let expected = true;
  let sent: { id: number; since: number; waiting: Waiting } | undefined;
  /** What the user has to say yes to first. */
  let expensive: Waiting | undefined;
  let next = 1;
  const load = crypto.randomUUID();
  let greeted = 0;

  const send = (): void => {
    const waiting = sent || expensive ? undefined : queue.shift();
    if (!waiting) return;
    sent = { id: next++, since: performance.now(), waiting };
    const request = JSON.stringify({ ...waiting.request, version: shown }, inBase64);
    post({ flowscope: page, id: sent.id, load, request });
  };
  const ask: AskFlow = (request) =>
    new Promise((resolve, reject) => {
      queue.push({ request, resolve, reject });
      send();
    });
  const endAll = (message: string): void => {
    const all = [...queue.splice(0), ...(sent ? [sent.waiting] : []), ...(expensive ? [expensive] : [])];
    expensive = undefined;
    for (const { reject } of all) reject(new NoAnswerError(message));
  };

  const look = (): void => void ask({ op: 'state' }).catch(() => {});

  const take = (waiting: Waiting, { version: now, bytes, changed, costs, error }: FlowReply): void => {
    if (waiting.request.op === 'record' && error === undefined) shown = now;
    if (costs !== undefined) {
      expensive = waiting;
      state.value = { kind: 'costs', seconds: costs };
    } else if (changed) {
      state.value = { kind: 'changed' };
      waiting.reject(new NoAnswerError(words.weightsChanged));
    } else if (error !== undefined) {
      state.value = { kind: 'failed', message: error };
      waiting.reject(new NoAnswerError(error));
    } else {
      state.value = { kind: 'live' };
      waiting.resolve(bytes ?? new Uint8Array());
    }
  };
  const receive = ({ id, reply, gone: left, here }: Received): void => {
    if (here) {
      expected = true;
      // The program ran meanwhile: the weights may be others, and what it was asked before may have been lost.
      if (sent) queue.unshift(sent.waiting);
      sent = undefined;
      look();
    }
    if (left) {
      isThere = expected = false;
      state.value = { kind: 'saved' };
      endAll(words.notRecorded);
      sent = undefined;
      gone();
      return;
    }
    if (!reply || !sent || id !== sent.id) return;
    const { waiting } = sent;
    sent = undefined;
    if (reply.asleep) {
      clearInterval(greet);
      isThere = expected = false;
      state.value = { kind: 'asleep' };
      waiting.reject(new NoAnswerError(words.notRecorded));
      endAll(words.notRecorded);
      return;
    }
    const isGreeting = waiting.request.op === 'state' || waiting.request.op === 'wake';
    if (isGreeting && reply.error !== undefined) {
      waiting.reject(new NoAnswerError(reply.error));
      send();
      return;
    }
    take(waiting, reply);
    if (!isThere) {
      isThere = true;
      greeted = 0;
      came(ask);
    }
    send();
  };
  window.addEventListener('message', ({ data }: MessageEvent<Received | null>) => {
    if (data?.flowscope === page) receive(data);
  });

  const greet = setInterval(() => {
    if (isThere || ++greeted === greeting.most) {
      clearInterval(greet);
      return;
    }
    sent = undefined;
    queue.length = 0;
    look();
  }, greeting.every);
  look();
  setInterval(() => {
    const { kind } = state.peek();
    const isIdle = !sent && (kind === 'live' || kind === 'changed' || kind === 'saved');
    if (expected && greeted !== greeting.most && isIdle && !document.hidden) look();
  }, lookEvery);
  setInterval(() => {
    if (isThere && sent && performance.now() - sent.since > soon)
      state.value = { kind: 'waiting', since: sent.since };
  }, soon);

  return {
    state,
    ask,
    withdraw: () => {
      endAll(words.withdrawn);
      if (!sent) state.value = { kind: 'live' };
      send();
    },
    allow: () => {
      if (!expensive) return;
      queue.unshift({ ...expensive, request: { ...expensive.request, anyway: true } });
      expensive = undefined;
      send();
    },
    wake: () => {
      expected = true;
      ask({ op: 'wake' }).catch(() => {});
    },
    recordAgain: () => ask({ op: 'record' }),
  };
}

function inBase64(_: string, value: unknown): unknown {
  if (!(value instanceof Object) || !('data' in value) || !(value.data instanceof Float32Array)) return value;
  const { shape, data } = value as NdArray<Float32Array>;
  return { shape, data: toBase64(data) };
}

/**
 * @param element with the bytes of a recording in base64; `data-name` of its file; where a flow may answer, `data-page` and the
 *   `data-version` of its weights
 * @param post sends to the kernel or debugger that holds the flow
 */
export function connectInPage(element: HTMLElement, post: (message: FlowMessage) => void): Connection {
  const { flowscopeEngine } = globalThis as unknown as { flowscopeEngine: InPageEngine };
  const { name = 'recording', page, version = '' } = element.dataset;
  const listeners: PageEvents[] = [];
  const openRequests = new Map<string, AbortController>();
  let bytes: Uint8Array = fromBase64(element.textContent.trim());
  let opened: Promise<InPageInspector> = flowscopeEngine.open(name, bytes);

  const open = async (next: Uint8Array, ask?: AskFlow): Promise<void> => {
    bytes = next;
    void opened.then((before) => before.dispose()).catch(() => {});
    opened = flowscopeEngine.open(name, bytes, ask);
    await opened;
    for (const listener of listeners) listener.changed('model');
  };
  const flow =
    page === undefined
      ? undefined
      : runningFlow(
          { page, version },
          post,
          (ask) => void open(bytes, ask),
          () => void open(bytes),
        );

  /** Ends the work when the question is taken back. */
  const until = async <T>(token: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const ended = new AbortController();
    openRequests.set(token, ended);
    try {
      return await work(ended.signal);
    } catch (error) {
      throw error instanceof Error && error.name === 'UserError' ? new NoAnswerError(error.message) : error;
    } finally {
      openRequests.delete(token);
    }
  };

  return {
    host: standAloneHost({
      ask: ((method, query, token, _, context) =>
        until(token, async (signal) =>
          (await opened).ask(method, query, signal, context),
        )) as PageHost['ask'],
      async cancel(token) {
        openRequests.get(token)?.abort();
      },
    }),
    inPage: true,
    ...(flow && {
      live: {
        ...flow,
        async recordAgain() {
          const again = await flow.recordAgain();
          await open(again, flow.ask);
          return again;
        },
      },
    }),
    loadState: () => undefined,
    saveState: () => {},
    listen: (listener) => void listeners.push(listener),
  };
}
