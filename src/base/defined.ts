type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The properties that have a value: where undefined and absent are not the same, as in what is compared or spread over others. */
export function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** What another program has no value for. */
export function withoutNull<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], null> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null)) as {
    [K in keyof T]: Exclude<T[K], null>;
  };
}
