/** Milliseconds that this process has computed for: what a busy machine does besides does not count. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
