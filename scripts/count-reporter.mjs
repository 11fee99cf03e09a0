// Reporter for node:test: one JSON line with the numbers of tests, counted from the events and so also after a crash.
export default async function* count(source) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A suite's result repeats those of its tests; only one that fails by itself (in a hook, say) is a failure of its own.
    const suite = data.details?.type === 'suite';
    const fromTests = data.details?.error?.failureType === 'subtestsFailed';
    if (type === 'test:fail' && data.todo === undefined) {
      if (fromTests) continue;
      counts.failed++;
      const { message = '', cause } = data.details?.error ?? {};
      counts.failures.push(`${data.name}: ${cause?.message ?? message}`);
    } else if (suite) continue;
    else if (data.skip !== undefined || data.todo !== undefined) counts.skipped++;
    else counts.passed++;
  }
  yield `${JSON.stringify(counts)}\n`;
}
