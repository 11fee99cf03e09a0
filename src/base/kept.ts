/** What `make` gives for an object that does not change: made once, and gone with the object. */
export function keptOf<T extends object, R>(make: (of: T) => R): (of: T) => R {
  const made = new WeakMap<T, { result: R }>();
  return (of) => {
    let known = made.get(of);
    if (!known) made.set(of, (known = { result: make(of) }));
    return known.result;
  };
}

/** What a map has under a key; where it has nothing yet, it gets what `make` gives. */
export function entryOf<K, V>(
  map: { get(key: K): V | undefined; set(key: K, entry: V): unknown },
  key: K,
  make: () => V,
): V {
  let entry = map.get(key);
  if (entry === undefined) map.set(key, (entry = make()));
  return entry;
}

/** The same of what may fail: a failure is not kept. */
export function pendingOf<K, V>(map: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  return entryOf(map, key, () => {
    const entry = make();
    entry.catch(() => map.delete(key));
    return entry;
  });
}
