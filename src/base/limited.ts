/**
 * Does `work` for 0 … count − 1, at most `atOnce` at the same time. After a failure or an abort nothing more is begun, and
 * it rejects when what runs has ended.
 */
export async function eachLimited(
  count: number,
  atOnce: number,
  work: (i: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    while (next < count && failures.length === 0) {
      const i = next++;
      try {
        signal?.throwIfAborted();
        await work(i);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  if (failures.length > 0) throw failures[0];
}
