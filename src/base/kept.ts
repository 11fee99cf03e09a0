/** What `make` gives for an object that does not change: made once, and gone with the object. */
export function keptOf<T extends object, R>(make: (of: T) => R): (of: T) => R {
  const made = new WeakMap<T, { result: R }>();
  return (of) => {
    let known = made.get(of);
    if (!known) made.set(of, (known = { result: make(of) }));
    return known.result;
  };
}
