/**
 * Takes entries out of a map in which those used last stand last, until `keep` of those that may leave are left. Returns
 * what was taken out.
 */
export function dropOldest<K, V>(
  entries: Map<K, V>,
  keep: number,
  mayLeave: (value: V) => boolean = () => true,
): V[] {
  const leaving = [...entries].filter(([, value]) => mayLeave(value));
  const dropped = leaving.slice(0, Math.max(0, leaving.length - keep));
  for (const [key] of dropped) entries.delete(key);
  return dropped.map(([, value]) => value);
}
