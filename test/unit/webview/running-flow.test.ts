import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { FlowMessage, FlowRequest } from '../../../src/protocol/live';
import { runningFlow } from '../../../webview/base/host/running-flow';

/** The page's window, which hears whoever holds the flow. */
function page() {
  const window = new EventTarget();
  Object.assign(globalThis, { window, document: { hidden: false } });
  const posted: (FlowMessage & { op: FlowRequest['op'] })[] = [];
  const flow = runningFlow(
    { page: 'p', version: 'v' },
    (message) => posted.push({ ...message, op: (JSON.parse(message.request) as FlowRequest).op }),
    () => undefined,
    () => undefined,
  );
  return {
    flow,
    posted,
    hear: (data: object) =>
      window.dispatchEvent(Object.assign(new Event('message'), { data: { flowscope: 'p', ...data } })),
  };
}

describe('a running flow', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));
  afterEach(() => {
    mock.timers.reset();
    for (const name of ['window', 'document']) Reflect.deleteProperty(globalThis, name);
  });

  it('is asked for its weights at each stop of its program, however short the way there was', () => {
    const { flow, posted, hear } = page();
    hear({ id: posted[0]!.id, reply: { version: 'v' } });
    assert.equal(flow.state.value.kind, 'live');
    hear({ here: true });
    assert.equal(posted.length, 2);
    hear({ id: posted[1]!.id, reply: { version: 'w', changed: true } });
    assert.equal(flow.state.value.kind, 'changed');
  });

  it('is asked again at the next stop for an answer that was lost', async () => {
    const { flow, posted, hear } = page();
    hear({ id: posted[0]!.id, reply: { version: 'v' } });
    const asked = flow.ask({ op: 'draw', count: 1 });
    hear({ here: true });
    const [, lost, again] = posted;
    assert.deepEqual([lost!.op, again!.op], ['draw', 'draw']);
    hear({ id: lost!.id, reply: { version: 'v', bytes: new Uint8Array([1]) } });
    hear({ id: again!.id, reply: { version: 'v', bytes: new Uint8Array([2]) } });
    assert.deepEqual([...(await asked)], [2], 'an answer of before the stop counts no more');
  });
});
