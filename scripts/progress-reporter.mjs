// Reporter for node:test: a JSON line for each thing that happens, as it happens, so that an end ahead of time loses nothing.
// { event: 'planned' | 'start' | 'pass' | 'fail' | 'skip' | 'suite', test: 'suite > test', message? }
// "suite" says that a name which was planned and started is not a test.
export default async function* progress(source) {
  /** Names of what runs now, by nesting. */
  const running = [];
  const line = (event, test, more) => `${JSON.stringify({ event, test, ...more })}\n`;
  for await (const { type, data } of source) {
    const name = () => [...running.slice(0, data.nesting), data.name].join(' > ');
    if (type === 'test:enqueue') yield line('planned', name());
    else if (type === 'test:dequeue') {
      running.length = data.nesting;
      running[data.nesting] = data.name;
      yield line('start', name());
    } else if (type === 'test:pass' || type === 'test:fail') {
      const suite = data.details?.type === 'suite';
      if (suite) yield line('suite', name());
      if (type === 'test:fail' && data.todo === undefined) {
        // A suite's result repeats its tests' results; only one that fails by itself (in a hook, say) is a failure of its own.
        if (data.details?.error?.failureType === 'subtestsFailed') continue;
        const { message = '', cause } = data.details?.error ?? {};
        yield line('fail', name(), { message: String(cause?.message ?? message) });
      } else if (!suite) {
        yield line(data.skip === undefined && data.todo === undefined ? 'pass' : 'skip', name());
      }
    }
  }
}
